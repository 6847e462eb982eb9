package propose

import (
	"bytes"

	"apc/lang/diag"
)

// Draft collects the edits of one file, made step by step, as edits of the
// text that it begins with.
type Draft struct {
	name      string
	src, text []byte // before and after the edits
	edits     []diag.Edit
}

// NewDraft returns a draft without edits.
func NewDraft(name string, src []byte) *Draft { return &Draft{name: name, src: src, text: src} }

// Edits returns the edits of the text that the draft began with, in order.
func (d *Draft) Edits() []diag.Edit { return ordered(d.edits) }

// Text returns the text with the edits.
func (d *Draft) Text() []byte { return d.text }

// Do makes one step: change gets an editor of the text so far, and where in it
// the ranges are. The error is that of [NewEditor] or of change, and then
// nothing has changed.
func (d *Draft) Do(change func(e *Editor, at []diag.Range) ([]diag.Edit, error), at ...diag.Range) error {
	e, err := NewEditor(d.name, d.text)
	if err != nil {
		return err
	}
	moved := make([]diag.Range, len(at))
	for i, r := range at {
		moved[i] = diag.Range{File: r.File, Start: e.pos(d.moved(r.Start.Byte)), End: e.pos(d.moved(r.End.Byte))}
	}
	step, err := change(e, moved)
	if err != nil {
		return err
	}
	d.join(step)
	return nil
}

// moved returns where a byte of the first text is in the text so far.
func (d *Draft) moved(at int) int {
	out := at
	for _, e := range d.edits {
		if e.Range.End.Byte <= at {
			out += grown(e)
		}
	}
	return min(out, len(d.text))
}

func grown(e diag.Edit) int { return len(e.New) - (e.Range.End.Byte - e.Range.Start.Byte) }

// join adds edits of the text so far. Where they touch what an earlier step
// wrote, all become one edit of what differs.
func (d *Draft) join(step []diag.Edit) {
	original := &Editor{name: d.name, src: d.src}
	after := Apply(d.text, step)
	edits := ordered(d.edits)
	for _, e := range step {
		from, to, ok := d.before(e)
		if !ok {
			edits = []diag.Edit{original.difference(after)}
			break
		}
		edits = append(edits, original.edit(from, to, e.New))
	}
	d.text, d.edits = after, edits
}

// before returns where in the first text an edit of the text so far is; ok is
// false where that is within what an earlier step wrote.
func (d *Draft) before(e diag.Edit) (from, to int, ok bool) {
	delta := 0
	for _, prior := range ordered(d.edits) {
		start := prior.Range.Start.Byte + delta
		if e.Range.Start.Byte >= start+len(prior.New) {
			delta += grown(prior)
		} else if e.Range.End.Byte > start {
			return 0, 0, false
		}
	}
	return e.Range.Start.Byte - delta, e.Range.End.Byte - delta, true
}

// difference returns the edit of whole lines that makes another text of the
// editor's.
func (e *Editor) difference(after []byte) diag.Edit {
	from := 0
	for from < min(len(e.src), len(after)) && e.src[from] == after[from] {
		from++
	}
	from = e.lineStart(from)
	end := 0
	for end < min(len(e.src), len(after))-from && e.src[len(e.src)-1-end] == after[len(after)-1-end] {
		end++
	}
	if i := bytes.IndexByte(e.src[len(e.src)-end:], '\n'); i >= 0 {
		end -= i
	} else {
		end = 0
	}
	return e.edit(from, len(e.src)-end, string(after[from:len(after)-end]))
}
