package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the list as one JSON object, {"diagnostics": [...]}, in the
// form that SPEC.md documents.
func WriteJSON(w io.Writer, list List) error {
	if list == nil {
		list = List{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(map[string]List{"diagnostics": list})
}

// WriteGitHub writes the list as workflow commands of GitHub Actions, one a
// line, which show it beside the changed lines of a pull request.
func WriteGitHub(w io.Writer, list List) error {
	for _, d := range list {
		if _, err := io.WriteString(w, githubCommand(d)); err != nil {
			return err
		}
	}
	return nil
}

func githubCommand(d Diagnostic) string {
	kind := map[Severity]string{Note: "notice", Warning: "warning", Error: "error"}[d.Severity]
	props := "title=" + githubEscape(d.Code, true)
	if d.Subject.File != "" {
		props = fmt.Sprintf("file=%s,line=%d,col=%d,endLine=%d,endColumn=%d,%s", githubEscape(d.Subject.File, true),
			d.Subject.Start.Line, d.Subject.Start.Column, d.Subject.End.Line, d.Subject.End.Column, props)
	}
	message := d.Summary
	if d.Detail != "" {
		message += ". " + d.Detail
	}
	return "::" + kind + " " + props + "::" + githubEscape(message, false) + "\n"
}

// githubEscape escapes what would end a workflow command, or in a property
// what would end that property. Other control characters, which no command can
// spell and a log would act on, are shown as U+FFFD.
func githubEscape(s string, property bool) string {
	s = Printable(strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s))
	if property {
		s = strings.NewReplacer(":", "%3A", ",", "%2C").Replace(s)
	}
	return s
}
