package lint

import (
	"bytes"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
)

var unusedIgnore = &Rule{
	Name:     "unused-ignore",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "an ignore accepts nothing",
	Why: "What it was for is gone, or was never found. Left there, it would accept the next finding of its rule, which " +
		"nobody has looked at.",
	Instead: "Remove it.",
	Bad: `data = ["/var/lib/app/"]
ignore "broad-write" {
  reason = "a package manager"
}`,
	Good: `data = ["/opt/**"]
ignore "broad-write" {
  path   = "/opt/"
  reason = "a package manager"
}`,
	BadText: `  # apc:ignore broad-write a package manager
  /var/lib/app/** rw,`,
	GoodText: `  # apc:ignore broad-write a package manager
  /opt/** rw,`,
}

// Unused reports the ignores that accepted nothing in any of the results. One
// that stands in a module counts once, however many services use the module;
// those of standard modules are not the user's.
func Unused(results []Result) diag.List {
	type key struct {
		at   diag.Range
		rule string
	}
	used := map[key]bool{}
	keyOf := func(i Ignore) key { return key{i.Origin.Range, i.Rule} }
	for _, r := range results {
		for _, i := range r.Ignores {
			used[keyOf(i)] = used[keyOf(i)] || i.Used
		}
	}
	var out diag.List
	for _, r := range results {
		for _, i := range r.Ignores {
			if !used[keyOf(i)] && !standard(i) {
				used[keyOf(i)] = true // told once
				out = append(out, r.unused(i)...)
			}
		}
	}
	return out
}

// standard says whether an ignore stands in a standard module.
func standard(i Ignore) bool {
	return len(i.Origin.Via) > 0 && strings.HasPrefix(i.Origin.Range.File, "stdlib/")
}

// unused reports an ignore. One whose rule is off could not accept anything, and
// one of a rule that there is not is an error of its own.
func (r Result) unused(i Ignore) diag.List {
	c := r.context
	if !strings.HasPrefix(i.Rule, "loss-") {
		rule := Find(i.Rule)
		if rule == nil {
			return nil
		}
		if _, on := c.opts.severity(rule); !on {
			return nil
		}
	}
	severity, on := c.opts.severity(unusedIgnore)
	if !on {
		return nil
	}
	c.rule, c.severity, c.profile = unusedIgnore, severity, nil
	detail := "nothing of that name is found."
	if i.Expires != "" && i.Expires < c.opts.Today {
		detail = "it expired on " + i.Expires + "."
	}
	d := c.finding(ir.Origin{Range: i.Origin.Range}, "The ignore of "+i.Rule, "ignore "+i.Rule+" "+i.Origin.Reason, detail)
	if c.isText() {
		d.Fix = c.withoutComment(i.Origin.Range)
	}
	return diag.List{d}
}

// withoutComment returns the edit that takes a comment out of profile text, of
// which at is all but its beginning; none where more stands in the comment, on
// its line or on the next one.
func (c *context) withoutComment(at diag.Range) []diag.Edit {
	src, ok := c.Sources[at.File]
	if !ok || at.End.Byte > len(src) {
		return nil
	}
	line := bytes.LastIndexByte(src[:at.Start.Byte], '\n') + 1
	hash := line + bytes.IndexByte(src[line:at.Start.Byte], '#')
	if hash < line || strings.Trim(string(src[hash:at.Start.Byte]), "# \t") != "" {
		return nil
	}
	from := line + len(bytes.TrimRight(src[line:hash], " \t"))
	end := at.End.Byte
	if from == line {
		end = lineEnd(src, end)
		next := src[end:lineEnd(src, end)]
		if isComment(next) && !bytes.Contains(next, []byte("apc:ignore")) {
			return nil
		}
	}
	begin := diag.Range{File: at.File, Start: diag.Pos{Byte: line, Line: at.Start.Line, Column: 1}}
	return []diag.Edit{{Range: diag.Within(begin, src[line:end], from-line, end-line)}}
}

// UnknownIgnores reports ignores of what is neither a lint rule nor another of
// the names that can be accepted.
func UnknownIgnores(ignores []ir.Ignore, more []string) diag.List {
	names := slices.Clone(more)
	for _, r := range Rules {
		names = append(names, r.Name)
	}
	var out diag.List
	for _, i := range ignores {
		if !slices.Contains(names, i.Rule) {
			out = append(out, diag.Errorf(i.Origin.Range, "unknown-word", "there is no lint rule \""+i.Rule+"\"",
				"`apc lint --help` lists them.%s", diag.DidYouMean(i.Rule, names)))
		}
	}
	return out
}
