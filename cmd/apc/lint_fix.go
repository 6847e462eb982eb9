package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	if err == nil && found.input.HasErrors() {
		fmt.Fprintln(a.stderr, "nothing was fixed: the input has errors")
		return found, nil
	}
	fixed, files := 0, map[string]bool{}
	for range maxRounds {
		if err != nil {
			return nil, withEdited(err, files)
		}
		edits, n := chosen(found)
		if n == 0 {
			break
		}
		before := found.sources
		if err := editAll(before, edits, files); err != nil {
			return nil, withEdited(err, files)
		}
		if found, err = lint(); err == nil && found.input.HasErrors() {
			return nil, undo(before, edits, found.input)
		}
		fixed += n
	}
	if err != nil {
		return nil, withEdited(err, files)
	}
	fmt.Fprintf(a.stderr, "fixed %s in %s\n", count(fixed, "finding"), count(len(files), "file"))
	return found, nil
}

// editAll edits files in the order of their names, once it is known that all of
// them may be replaced and are as they were when they were linted. It notes in
// edited those that it edited, in an error too.
func editAll(before diag.Sources, edits map[string][]diag.Edit, edited map[string]bool) error {
	files := slices.Sorted(maps.Keys(edits))
	for _, file := range files {
		if err := checkEditable(file, before[file]); err != nil {
			return err
		}
	}
	for _, file := range files {
		if err := replaceFile(file, string(propose.Apply(before[file], edits[file]))); err != nil {
			return err
		}
		edited[file] = true
	}
	return nil
}

// checkEditable refuses a file that may not be replaced, or is not as it was.
func checkEditable(file string, before []byte) error {
	if _, _, err := replaceable(file); err != nil {
		return err
	}
	now, err := readRegular(file)
	if err != nil {
		return pathError(file, err)
	}
	if !bytes.Equal(now, before) {
		return machineError(fmt.Errorf("%s changed while it was linted; run it again", file))
	}
	return nil
}

// withEdited adds to an error which files were edited before it.
func withEdited(err error, edited map[string]bool) error {
	if len(edited) == 0 {
		return err
	}
	return fmt.Errorf("%w; these files were edited before: %s", err, strings.Join(slices.Sorted(maps.Keys(edited)), ", "))
}

// undo puts the files of edits back to what they were before, as many as it can.
func undo(before diag.Sources, edits map[string][]diag.Edit, why diag.List) error {
	var failed []error
	for _, file := range slices.Sorted(maps.Keys(edits)) {
		failed = append(failed, replaceFile(file, string(before[file])))
	}
	if err := errors.Join(failed...); err != nil {
		return err
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
