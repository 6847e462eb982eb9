package main

import (
	"encoding/json"
	"io"
	"time"

	"apc/compiler/propose"
	"apc/lang/audit"
)

// denialJSON is one entry of the list; SPEC.md documents it.
type denialJSON struct {
	Count     int64      `json:"count"`
	First     string     `json:"first,omitempty"`
	Last      string     `json:"last,omitempty"`
	File      string     `json:"file"`
	Line      int64      `json:"line"`
	Mode      audit.Mode `json:"mode"`
	Profile   string     `json:"profile"`
	Operation string     `json:"operation"`
	Kind      audit.Kind `json:"kind"`
	Name      string     `json:"name,omitempty"`
	Target    string     `json:"target,omitempty"`
	Requested string     `json:"requested,omitempty"`
	Denied    string     `json:"denied,omitempty"`
	Comm      string     `json:"comm,omitempty"`
	Peer      string     `json:"peer,omitempty"`
	Info      string     `json:"info,omitempty"`
	FSUID     *audit.ID  `json:"fsuid,omitempty"`
	OUID      *audit.ID  `json:"ouid,omitempty"`
	User      bool       `json:"user,omitempty"`
	Wants     string     `json:"wants"`
	Raw       string     `json:"raw"`
	Policy    *blockInfo `json:"policy,omitempty"`
}

type unreadJSON struct {
	Status  string `json:"status"`
	Problem string `json:"problem"`
	File    string `json:"file"`
	Line    int64  `json:"line"`
	Text    string `json:"text"`
}

// denialsJSON writes the list as one object, an entry a line, so that it need
// not be held at once.
func (a *app) denialsJSON(log *audit.Log, d denialList, w *answerer) error {
	if err := w.resolveAll(); err != nil {
		return err
	}
	out := jsonLines{w: a.stdout}
	out.text("{\"denials\": [")
	err := spell(a.stdout, len(d.rows), func(text []byte, i int) ([]byte, error) {
		g := log.Group(d.rows[i].ref)
		e := g.Event()
		want := propose.Asks(&e)
		b, err := w.block(&e, want)
		if err != nil {
			return text, err
		}
		entry, err := json.Marshal(entryFor(g, &e, want, b))
		return append(append(text, separator(i)...), entry...), err
	})
	if err != nil {
		return err
	}
	out.text("\n], \"unread\": [")
	for i, u := range log.Unread() {
		out.item(i, unreadJSON{u.Status.String(), u.Problem, u.File, u.Line, string(u.Text)})
	}
	out.text("\n], \"counts\": ")
	out.value(map[string]int64{"lines": log.Lines, "records": log.Records, "denials": d.total, "other": d.others,
		"damaged": log.Damaged, "foreign": log.Foreign, "suppressed": log.Suppressed})
	out.text("}\n")
	if out.err != nil {
		return machineError(out.err)
	}
	return nil
}

func entryFor(g audit.Group, e *audit.Event, want propose.Want, b *blockInfo) denialJSON {
	return denialJSON{
		Count: g.Count, First: rfc3339(g.First), Last: rfc3339(g.Last), File: g.File, Line: g.Line,
		Mode: e.Mode, Profile: e.Profile, Operation: e.Operation, Kind: e.Kind(), Name: e.Name, Target: e.Target,
		Requested: e.Requested, Denied: e.Denied, Comm: e.Comm, Peer: e.Peer, Info: e.Info, FSUID: known(e.FSUID), OUID: known(e.OUID),
		User: e.User, Wants: propose.Describe(e.Operation, want), Raw: e.Raw, Policy: b,
	}
}

func known(id audit.ID) *audit.ID {
	if id == audit.NoID {
		return nil
	}
	return &id
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// jsonLines writes JSON piece by piece and keeps the first error.
type jsonLines struct {
	w   io.Writer
	err error
}

func (j *jsonLines) text(s string) {
	if j.err == nil {
		_, j.err = io.WriteString(j.w, s)
	}
}

func (j *jsonLines) item(i int, v any) {
	j.text(separator(i))
	j.value(v)
}

// separator stands before the entry i of a list.
func separator(i int) string {
	if i == 0 {
		return "\n  "
	}
	return ",\n  "
}

func (j *jsonLines) value(v any) {
	text, err := json.Marshal(v)
	if err != nil && j.err == nil {
		j.err = err
	}
	j.text(string(text))
}
