package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seeds returns lines in every shape, whole and damaged.
func seeds() []string {
	lines := strings.SplitAfter(mixed(11), "\n")
	return append(lines,
		"[   69.827705] audit: type=1400 "+testStamp+testBody,
		"node=x type=USER_AVC msg="+testStamp+"pid=1 uid=2 subj=? msg='"+testBus+" exe=\"/x\" addr=? terminal=?'UID=\"x\"",
		"Jul 24 12:25:33 h audit[1]: AVC "+testBody+"\x1dFSUID=\"root\"",
		"2010-07-24T12:25:33.365+02:00 h dbus-daemon[1]: "+testBus,
		"Sep  7 17:47:53 h kernel: [1.2] audit(1279967133.365:54): type=1503 operation=\"file_lock\" pid=1",
		"type=APPARMOR msg="+testStamp+"REJECTING r access",
		`{"MESSAGE":`+jsonString("AVC "+testBody)+`,"_TRANSPORT":"audit","_AUDIT_ID":"5"}`,
		`<5>[Mon Sep  6 11:23:47 2021] type=1400 `+testStamp+`apparmor="STATUS" info="x" pid=1 comm=4142FSUID="x"`,
	)
}

// FuzzParseLine: nothing panics, nothing is read twice differently, and every
// line is one of the four.
func FuzzParseLine(f *testing.F) {
	for _, line := range seeds() {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(trimNewline(line), '\n') >= 0 {
			t.Skip("more than a line")
		}
		before := bytes.Clone(line)
		e, status := ParseLine(line)
		if !bytes.Equal(line, before) {
			t.Fatal("the line was changed")
		}
		switch status {
		case Record, Damaged, Foreign:
			if (e.Problem == "") != (status == Record) || e.Raw != string(trimNewline(line)) {
				t.Fatalf("%v: problem %q, raw %q", status, e.Problem, e.Raw)
			}
		case Other:
			if mentionsRecord(line) && line[0] != '{' {
				t.Fatalf("a record that is not counted: %q", line)
			}
		}
		again, statusAgain := ParseLine([]byte(e.Raw))
		if status != Other && (status != statusAgain || again.Raw != e.Raw || len(again.Extra) != len(e.Extra) || again.Name != e.Name) {
			t.Fatalf("%v, then %v", status, statusAgain)
		}
		_ = e.Kind()
		_ = e.Owner()
		_ = SplitProfile(e.Profile)
	})
}

// FuzzReader: a Log counts what ParseLine says of each line, loses none, and
// groups each record, however the log is cut into chunks.
func FuzzReader(f *testing.F) {
	for _, line := range seeds() {
		f.Add([]byte(line+"\n"+line), uint16(300))
	}
	f.Add([]byte(mixed(50)), uint16(1000))
	f.Add([]byte("a\n\n\nb"), uint16(1))
	f.Add([]byte(`apparmor="DENIED" operation="open" pid=1`), uint16(len(`apparmor="DENIED" operation="open" pid=1`)-1))
	f.Fuzz(func(t *testing.T, text []byte, chunk uint16) {
		l := NewLog()
		l.chunkSize = int(chunk) + 1
		if err := l.Read("x", bytes.NewReader(text)); err != nil {
			return // what is taken for compressed
		}
		lines, counts, short := judge(text, l.chunkSize)
		if l.Lines != lines {
			t.Fatalf("%d lines of %d", l.Lines, lines)
		}
		if short && (l.Records != counts[Record] || l.Damaged != counts[Damaged] || l.Foreign != counts[Foreign]) {
			t.Fatalf("%d records, %d damaged, %d foreign; of single lines %v", l.Records, l.Damaged, l.Foreign, counts)
		}
		var grouped int64
		var line int64
		for g := range l.Groups() {
			grouped += g.Count
			if g.Line <= line || g.First.After(g.Last) {
				t.Fatalf("line %d after %d, from %v to %v", g.Line, line, g.First, g.Last)
			}
			line = g.Line
			if e, status := ParseLine(g.Raw); status != Record || e.Profile != g.Profile || e.Denial() != g.Denial {
				t.Fatalf("%v: %q, of %q, denial %t", status, g.Raw, g.Profile, g.Denial)
			}
		}
		if grouped != l.Records || int64(len(l.Unread())) != min(maxShown, l.Damaged)+min(maxShown, l.Foreign) {
			t.Fatalf("%d of %d records are grouped, %d lines are shown", grouped, l.Records, len(l.Unread()))
		}
	})
}

// judge counts the lines of a text one by one; short is false where one, with
// its newline, is longer than a chunk.
func judge(text []byte, chunk int) (lines int64, counts [Damaged + 1]int64, short bool) {
	short = true
	for line := range bytes.Lines(text) {
		_, status := ParseLine(line)
		counts[status]++
		lines++
		short = short && len(trimNewline(line)) < chunk
	}
	return lines, counts, short
}

// TestCorpusLog: a Log says of each record what ParseLine says of it.
func TestCorpusLog(t *testing.T) {
	inputs, _ := filepath.Glob(filepath.Join(corpus(t), "*.in"))
	for _, in := range inputs {
		data, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		l := logOf(t, 0, string(data))
		_, counts, _ := judge(data, chunkSize)
		if l.Records != counts[Record] || l.Damaged != counts[Damaged] || l.Foreign != counts[Foreign] {
			t.Errorf("%s: %s", in, summary(l))
		}
	}
}
