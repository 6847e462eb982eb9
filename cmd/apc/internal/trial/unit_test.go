//go:build linux && amd64

package trial

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestQuoteArgument(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/apc": "/usr/bin/apc", "/a b/c": `"/a b/c"`, `/a"b`: "", "/a\nb": "",
	} {
		if got, err := quoteArgument(path); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", path, got, err)
		}
	}
}

func TestParseAnswer(t *testing.T) {
	got, err := parseAnswer([]byte("allow 0x00000004\ndeny 0x10\naudit 0x0\nquiet 0x80000000\n"))
	if want := (Answer{Allow: 4, Deny: 0x10, Quiet: 1 << 31}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"allow x", "perhaps 0x1"} {
		if _, err := parseAnswer([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []Options{
		{},
		{Command: []string{"true"}, Dir: "relative"},
		{Command: []string{"true"}, Tmpfs: []string{"tmp"}},
		{Command: []string{"true"}, Write: []Copy{{From: "tmp", To: "/tmp"}}},
	} {
		if _, err := Run(context.Background(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestSpool(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var live bytes.Buffer
	s := spool{file: f, live: &live, room: 5}
	for _, piece := range []string{"abc", "def", "ghi"} {
		if n, err := s.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Error(n, err)
		}
	}
	kept, _ := os.ReadFile(f.Name())
	if string(kept) != "abcde" || live.String() != "abcdefghi" || !s.cut {
		t.Errorf("kept %q, live %q, cut %v", kept, live.String(), s.cut)
	}
}

// A guest's names and links lead nowhere but below the folder.
func TestUnpackStaysInside(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	for _, headers := range [][]tar.Header{
		{{Name: "0/../evil", Typeflag: tar.TypeReg}},
		{{Name: "0//etc/evil", Typeflag: tar.TypeReg}, {Name: "7/evil", Typeflag: tar.TypeReg}},
		{{Name: "0/link", Typeflag: tar.TypeSymlink, Linkname: outside}, {Name: "0/link/evil", Typeflag: tar.TypeReg}},
		{{Name: "0/up", Typeflag: tar.TypeSymlink, Linkname: ".."}, {Name: "0/up/evil", Typeflag: tar.TypeReg}},
		{{Name: "evil", Typeflag: tar.TypeReg}},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range headers {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		if err := unpack(&b, []Copy{{To: inside}}); err == nil {
			t.Errorf("%+v: no error", headers)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%v outside", left)
	}
}

func TestUnpackACutStream(t *testing.T) {
	var b bytes.Buffer
	tree := t.TempDir()
	if err := os.WriteFile(tree+"/file", make([]byte, 100_000), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := pack(&b, []string{tree}); err != nil {
		t.Fatal(err)
	}
	u := newUnpacker([]Copy{{To: t.TempDir()}})
	if err := u.take(b.Bytes()[:50_000]); err != nil {
		t.Fatal(err)
	}
	if err := u.close(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestLabels(t *testing.T) {
	w := &watcher{loaded: map[string]bool{"a b": false, "c": false, "d": false}}
	for _, label := range []string{"unconfined", "", "a b (enforce)", "c//null-/bin/x (complain)", "x//&d (kill)"} {
		w.note(label)
	}
	if attached, confined := w.seen(); !slices.Equal(attached, []string{"a b", "d"}) || !confined {
		t.Errorf("%q, %v", attached, confined)
	}
}

func TestShimObject(t *testing.T) {
	b, err := shimObject()
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if f.Type != elf.ET_DYN || f.Machine != elf.EM_X86_64 || len(f.Progs) != 3 {
		t.Errorf("%+v", f.FileHeader)
	}
}

// Whatever a guest sends, the host reads it or says that it cannot.
func FuzzInbox(f *testing.F) {
	var b bytes.Buffer
	w := frameWriter{w: &b}
	w.send(frameBooted, []byte("6.1"))
	w.send(frameStarted, nil)
	w.send(frameRecords, []byte("a\nb\n"))
	w.send(frameAnswers, make([]byte, 33))
	w.send(frameTar, nil)
	w.sendJSON(frameOutcome, outcome{ExitCode: 1})
	w.sendJSON(frameOutcome, outcome{Signal: 9})
	w.sendJSON(frameReport, report{Lost: "no"})
	f.Add(b.Bytes())
	f.Add([]byte{frameStdout, 255, 255, 255, 255})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, sent []byte) {
		in, err := newInbox(Options{}, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer in.result.Close()
		in.patience = time.NewTimer(time.Hour)
		err = in.read(bytes.NewReader(sent))
		r, err := in.finish(context.Background(), err)
		if err == nil && in.report == nil || r.RecordCount > len(sent) {
			t.Errorf("%+v", r)
		}
	})
}

// Lanes get the allowed processors in turn.
func TestProcessorOf(t *testing.T) {
	var allowed unix.CPUSet
	allowed.Set(1)
	allowed.Set(70)
	for lane, want := range map[int]uint32{1: 1, 2: 70, 3: 1, 4: 70} {
		if got := processorOf(lane, &allowed); got != want {
			t.Errorf("lane %d: processor %d, want %d", lane, got, want)
		}
	}
}
