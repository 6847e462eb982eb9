package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"apc/compiler/ir"
	"apc/compiler/propose"
	"apc/lang/audit"
	"apc/lang/diag"
)

// denialList is what a log holds, sorted by profile and then by count. It has
// no text of the log: a long one is listed in little more memory than it is
// read in.
type denialList struct {
	rows   []row
	total  int64 // records behind the rows
	others int64 // records of what was not denied
}

// row is an event that is listed.
type row struct {
	ref   audit.Ref
	count int64
}

// collect finds the denials of a log, and sorts them.
func collect(log *audit.Log) denialList {
	var d denialList
	refs := log.Refs()
	distinct, sizes := 0, map[string]int{} // by profile
	for _, ref := range refs {
		if g := log.Group(ref); g.Denial {
			distinct++
			sizes[g.Profile]++
			d.total += g.Count
		} else {
			d.others += g.Count
		}
	}
	d.rows = make([]row, distinct)
	profiles, lists, rest := slices.Sorted(maps.Keys(sizes)), map[string][]row{}, d.rows
	for _, name := range profiles {
		lists[name], rest = rest[:0:sizes[name]], rest[sizes[name]:]
	}
	for _, ref := range refs {
		if g := log.Group(ref); g.Denial {
			lists[g.Profile] = append(lists[g.Profile], row{ref, g.Count})
		}
	}
	parallel(profiles, func(name string) struct{} { sortRows(lists[name]); return struct{}{} })
	return d
}

func sortRows(rows []row) {
	slices.SortFunc(rows, func(x, y row) int { return cmp.Or(cmp.Compare(y.count, x.count), x.ref.Compare(y.ref)) })
}

// pieceSize is how many entries of a list one worker spells at a time.
const pieceSize = 128

// spell writes n entries in order, which all cores spell at once: each call
// appends one to a text.
func spell(w io.Writer, n int, entry func(text []byte, i int) ([]byte, error)) error {
	type piece struct {
		text []byte
		err  error
	}
	const round = 16 // pieces, whose texts are used again
	pieces := make([]piece, round)
	numbers := make([]int, round)
	for from := 0; from < n; from += round * pieceSize {
		for i := range numbers {
			numbers[i] = from + i*pieceSize
		}
		parallel(numbers, func(first int) struct{} {
			p := &pieces[(first-from)/pieceSize]
			p.text = p.text[:0]
			for i := first; i < min(first+pieceSize, n) && p.err == nil; i++ {
				p.text, p.err = entry(p.text, i)
			}
			return struct{}{}
		})
		for _, p := range pieces {
			if p.err != nil {
				return p.err
			}
			if _, err := w.Write(p.text); err != nil {
				return machineError(err)
			}
		}
	}
	return nil
}

// denialsTable lists the denials for people.
func (a *app) denialsTable(log *audit.Log, d denialList, w *answerer) error {
	if err := w.resolveAll(); err != nil {
		return err
	}
	err := spell(a.stdout, len(d.rows), func(text []byte, i int) ([]byte, error) {
		g := log.Group(d.rows[i].ref)
		e := g.Event()
		if i == 0 || log.Group(d.rows[i-1].ref).Profile != g.Profile {
			text = append(text, diag.Printable(cmp.Or(g.Profile, "(no profile)"))...)
			text = append(text, '\n')
		}
		want := propose.Asks(&e)
		b, err := w.block(&e, want)
		return appendDenial(text, g, &e, want, b), err
	})
	a.denialsSummary(log, d)
	return err
}

// appendDenial spells a row of the table.
func appendDenial(text []byte, g audit.Group, e *audit.Event, want propose.Want, b *blockInfo) []byte {
	text = fmt.Appendf(text, "%7dx  %-8s ", g.Count, diag.Printable(string(e.Mode)))
	text = appendTime(text, g.Last)
	text = append(append(text, "  "...), diag.Printable(propose.Describe(e.Operation, want))...)
	if e.Comm != "" {
		text = append(append(append(text, "  ("...), diag.Printable(e.Comm)...), ')')
	}
	if e.Info != "" {
		text = append(append(text, "  "...), diag.Printable(e.Info)...)
	}
	if b != nil {
		text = fmt.Appendf(text, "\n%10s%s: %s, %s", "", string(b.Verdict), b.Intent, diag.Printable(b.Place))
	}
	return append(text, '\n')
}

// appendTime spells a time without its seconds' parts, in the machine's zone.
func appendTime(text []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(text, strings.Repeat(" ", len(time.DateTime))...)
	}
	return t.Local().AppendFormat(text, time.DateTime)
}

// shownUnread is how many of the lines that could not be read are shown.
const shownUnread = 10

// denialsSummary tells the counts, and the lines that could not be read.
func (a *app) denialsSummary(log *audit.Log, d denialList) {
	fmt.Fprintf(a.stderr, "%s in %s, %d of them distinct; %d other records\n", count(int(d.total), "denial"), count(int(log.Lines), "line"), len(d.rows), d.others)
	if log.Suppressed > 0 {
		fmt.Fprintf(a.stderr, "%d more records were left out by the kernel, which logs only so many a second\n", log.Suppressed)
	}
	unread := log.Unread()
	for _, u := range unread[:min(len(unread), shownUnread)] {
		fmt.Fprintf(a.stderr, "%s:%d: %s: %s\n  %s\n", diag.Printable(u.File), u.Line, u.Status, u.Problem, diag.Printable(string(u.Text[:min(len(u.Text), 300)])))
	}
	if log.Damaged+log.Foreign > 0 {
		fmt.Fprintf(a.stderr, "%d damaged and %d foreign lines are not counted as denials; `--format json` lists them\n", log.Damaged, log.Foreign)
	}
}

// blockInfo is the part of a policy that a denial is about.
type blockInfo struct {
	Verdict propose.Verdict `json:"verdict"`
	Profile string          `json:"profile"`
	Intent  string          `json:"intent"`
	Place   string          `json:"place"`
	Range   diag.Range      `json:"range"`
}

// block finds the part of the policy that an event is about: the deny that
// wins, the rule that comes near, or the body that a rule is missing in. It
// returns nil where no policy makes the profile.
func (w *answerer) block(e *audit.Event, want propose.Want) (*blockInfo, error) {
	if w == nil {
		return nil, nil
	}
	at, err := w.locate(e)
	if err != nil || at.profile == nil {
		return nil, err
	}
	f := propose.Decide(at.module, at.profile, want)
	o := at.profile.Origin
	for _, rules := range [][]ir.Rule{f.Deny, f.Allow, f.Near} {
		if len(rules) > 0 && want.File() {
			o = rules[0].Origins[0]
			break
		}
		if len(rules) > 0 && f.Verdict == propose.Denied {
			o = rules[0].Origins[0]
			break
		}
	}
	return &blockInfo{f.Verdict, at.module.FullName(at.profile), o.Intent, fmt.Sprintf("%s:%d", o.Range.File, o.Range.Start.Line), o.Range}, nil
}
