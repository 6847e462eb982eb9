package main

import (
	"bytes"
	"fmt"
	"slices"

	"apc/compiler/propose"
	"apc/lang/diag"
)

// maxRounds bounds how often files are linted again after edits: those that
// touch each other are made one after the other.
const maxRounds = 50

// fix lints, makes the edits of the findings, and lints again, until there are
// no more. Files that could not be read any more after an edit, which would be a
// defect, get their text back.
func (a *app) fix(lint func() (*linted, error)) (*linted, error) {
	found, err := lint()
	fixed, files := 0, map[string]bool{}
	for range maxRounds {
		if err != nil || found.input.HasErrors() {
			return found, err
		}
		edits, n := chosen(found)
		if n == 0 {
			break
		}
		before := map[string]string{}
		for file, list := range edits {
			before[file] = string(found.sources[file])
			files[file] = true
			if err := edit(file, found.sources[file], list); err != nil {
				return nil, err
			}
		}
		if found, err = lint(); err == nil && found.input.HasErrors() {
			return nil, a.undo(before, found.input)
		}
		fixed += n
	}
	if err == nil {
		fmt.Fprintf(a.stderr, "fixed %s in %s\n", count(fixed, "finding"), count(len(files), "file"))
	}
	return found, err
}

// edit edits a file that is as it was when it was linted.
func edit(file string, before []byte, edits []diag.Edit) error {
	now, err := readRegular(file)
	if err != nil {
		return pathError(file, err)
	}
	if !bytes.Equal(now, before) {
		return machineError(fmt.Errorf("%s changed while it was linted; run it again", file))
	}
	return replaceFile(file, string(propose.Apply(before, edits)))
}

// undo puts files back to what they were before edits.
func (a *app) undo(before map[string]string, why diag.List) error {
	for file, text := range before {
		if err := replaceFile(file, text); err != nil {
			return err
		}
	}
	return codedError{exitDefect, fmt.Errorf("this is a defect of apc itself: a fix made text that cannot be read, and was undone: %w", why[0])}
}

// chosen returns edits of findings, by file, and how many findings they mend. All
// edits of a finding are made or none. None touches what another one changes, or
// what another finding is about: of two equal rules only one may go.
func chosen(found *linted) (edits map[string][]diag.Edit, n int) {
	edits = map[string][]diag.Edit{}
	var changed, needed []diag.Range
	for _, d := range found.findings {
		var changes, needs []diag.Range
		for _, e := range d.Fix {
			changes = append(changes, e.Range)
		}
		for _, r := range d.Related {
			needs = append(needs, r.Range)
		}
		foreign := slices.ContainsFunc(changes, func(r diag.Range) bool { return !found.own[r.File] })
		if len(changes) == 0 || foreign || touch(changes, changed) || touch(changes, needed) || touch(needs, changed) {
			continue
		}
		n++
		changed, needed = append(changed, changes...), append(needed, needs...)
		for _, e := range d.Fix {
			edits[e.Range.File] = append(edits[e.Range.File], e)
		}
	}
	return edits, n
}

// touch says whether a range of one list shares text with one of the other. An
// empty range shares text with what it borders on.
func touch(a, b []diag.Range) bool {
	return slices.ContainsFunc(a, func(x diag.Range) bool {
		return slices.ContainsFunc(b, func(y diag.Range) bool {
			from, to := max(x.Start.Byte, y.Start.Byte), min(x.End.Byte, y.End.Byte)
			empty := x.Start == x.End || y.Start == y.End
			return x.File == y.File && (from < to || empty && from == to)
		})
	})
}
