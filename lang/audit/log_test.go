package audit

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"

	"apc/lang/audit/audittest"
)

// logOf reads texts as logs that are named 0, 1, …
func logOf(t testing.TB, chunk int, texts ...string) *Log {
	t.Helper()
	l := NewLog()
	if chunk > 0 {
		l.chunkSize = chunk
	}
	for i, text := range texts {
		if err := l.Read(fmt.Sprint(i), strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// summary spells all that a log says.
func summary(l *Log) string {
	var b strings.Builder
	fmt.Fprintln(&b, l.Lines, l.Records, l.Damaged, l.Foreign, l.Suppressed, l.Distinct())
	for g := range l.Groups() {
		fmt.Fprintf(&b, "%d %d %d %s:%d %s\n", g.Count, g.First.UnixMilli(), g.Last.UnixMilli(), g.File, g.Line, g.Raw)
	}
	for _, u := range l.Unread() {
		fmt.Fprintf(&b, "%v %s %s:%d %s\n", u.Status, u.Problem, u.File, u.Line, u.Text)
	}
	return b.String()
}

func denial(millis, pid int, name string) string {
	return fmt.Sprintf(`type=AVC msg=audit(%d.%03d:%d): apparmor="DENIED" operation="open" profile="shop" name="%s" pid=%d comm="x" requested_mask="r" denied_mask="r" fsuid=0 ouid=0`+"\n",
		millis/1000, millis%1000, pid, name, pid)
}

// TestGroups groups what differs in time, number and process only, in every
// shape, and nothing else.
func TestGroups(t *testing.T) {
	same := denial(2000, 7, "/a") + denial(1000, 8, "/a") +
		"Jul 24 12:25:33 h kernel: audit: type=1400 " + denial(3000, 9, "/a")[len("type=AVC msg="):] +
		strings.TrimSuffix(denial(2500, 9, "/a"), "\n") + "\x1dFSUID=\"root\"\n"
	other := strings.Replace(denial(1000, 7, "/a"), "ouid=0", "ouid=1", 1) +
		strings.Replace(denial(1000, 7, "/a"), "DENIED", "ALLOWED", 1) +
		strings.Replace(denial(1000, 7, "/a"), `comm="x"`, `comm="y"`, 1) +
		strings.Replace(denial(1000, 7, "/a"), `comm="x"`, `comm="x" novel=1`, 1) +
		`type=USER_AVC msg=audit(1.000:1): pid=1 msg='` + denial(1000, 7, "/a")[len("type=AVC msg=audit(1.000:7): "):]
	l := logOf(t, 0, same+other)
	var got []string
	for g := range l.Groups() {
		got = append(got, fmt.Sprint(g.Count, g.First.Unix(), g.Last.Unix(), g.Line))
	}
	if want := "[4 1 3 1 1 1 1 5 1 1 1 6 1 1 1 7 1 1 1 8 1 1 1 9]"; fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	if l.Records != 9 || l.Lines != 9 || l.Damaged != 0 {
		t.Error(summary(l))
	}
}

// TestQuotedPid does not take a pid within a name for the record's.
func TestQuotedPid(t *testing.T) {
	line := `dbus[1]: apparmor="DENIED" operation="dbus_x" name="a pid=%d" pid=5` + "\n"
	l := logOf(t, 0, fmt.Sprintf("Jul 24 12:25:33 h "+line, 1)+fmt.Sprintf("Jul 24 12:25:33 h "+line, 2))
	if l.Distinct() != 2 {
		t.Error(summary(l))
	}
}

// TestLegacyModes keeps events apart whose mode stands in their type.
func TestLegacyModes(t *testing.T) {
	line := `type=APPARMOR_%s msg=audit(1.000:1): operation="open" name="/x" pid=1` + "\n"
	l := logOf(t, 0, fmt.Sprintf(line, "DENIED")+fmt.Sprintf(line, "ALLOWED"))
	if l.Distinct() != 2 {
		t.Error(summary(l))
	}
}

// mixed returns a log of many shapes, damaged and foreign lines among them.
func mixed(lines int) string {
	var b strings.Builder
	for i := range lines {
		switch i % 11 {
		case 0:
			b.WriteString("Jul 24 12:25:33 h sshd[1]: x apparmor=\"DENIED\" y\n")
		case 1:
			b.WriteString(denial(i, i, "/a")[:77] + "\n")
		case 2:
			b.WriteString("\n")
		case 3:
			b.WriteString("\x00\xff\xfe\x01 junk =\"\r\n")
		case 4:
			b.WriteString(`{"_TRANSPORT":"kernel","MESSAGE":` + byteList("audit: type=1400 "+denial(i, i, "/json")[len("type=AVC msg="):]) + "}\n")
		case 5:
			b.WriteString("Jul 24 12:25:33 h kernel: audit: kauditd_printk_skb: 12 callbacks suppressed\n")
		default:
			b.WriteString(denial(1000+i, i, fmt.Sprint("/", i%37)))
		}
	}
	return b.String()
}

// TestOrderDoesNotMatter gets the same result, in the same order, however the
// log is cut and whoever reads what.
func TestOrderDoesNotMatter(t *testing.T) {
	text := mixed(3000)
	want := summary(logOf(t, 1<<30, text))
	if !strings.HasPrefix(want, "3000 1635 273 273 3276 38\n") {
		t.Fatal(want[:40])
	}
	for _, chunk := range []int{1 << 12, 1<<12 + 1, 1 << 13, 1 << 16} {
		for range 5 {
			if got := summary(logOf(t, chunk, text)); got != want {
				t.Fatalf("chunks of %d: got\n%.2000s\nwant\n%.2000s", chunk, got, want)
			}
		}
	}
	l := NewLog()
	l.chunkSize = 1 << 12
	if err := l.Read("0", iotest.OneByteReader(strings.NewReader(text))); err != nil || summary(l) != want {
		t.Error("read by the byte: ", err)
	}
}

// TestManyLogs adds logs up, the last line of one without its newline.
func TestManyLogs(t *testing.T) {
	l := logOf(t, 0, denial(1000, 1, "/a")+strings.TrimSuffix(denial(2000, 2, "/b"), "\n"), denial(500, 3, "/b")+denial(3000, 4, "/c")+"\n"+denial(1, 1, "/x")[:77])
	want := "6 4 1 0 0 3\n" +
		"1 1000 1000 0:1 " + denial(1000, 1, "/a") +
		"2 500 2000 0:2 " + denial(2000, 2, "/b") +
		"1 3000 3000 1:2 " + denial(3000, 4, "/c") +
		"damaged cut within a quoted value 1:4 " + denial(1, 1, "/x")[:77] + "\n"
	if got := summary(l); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLongLines bounds the memory that a line can take.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	text := denial(1, 1, "/a") + long + "\n" + denial(2, 2, "/a") + strings.TrimSuffix(denial(3, 3, "/long"), "\n") + long + "\n" +
		"Jul 24 12:25:33 h x: " + `apparmor="` + long + "\n" + denial(4, 4, "/a") + long
	l := logOf(t, 0, text)
	if l.Lines != 7 || l.Records != 3 || l.Damaged != 1 || l.Foreign != 1 || l.Distinct() != 1 {
		t.Errorf("%.200s", summary(l))
	}
	if u := l.Unread(); len(u) != 2 || u[0].Problem != problemLong || u[0].Line != 4 || len(u[0].Text) != maxShownText || u[1].Line != 5 {
		t.Errorf("%.200v", u)
	}
}

// TestSuppressed counts what the kernel says that it left out.
func TestSuppressed(t *testing.T) {
	l := logOf(t, 0, "Jul 24 12:25:33 h kernel: [1.2] audit: kauditd_printk_skb: 12 callbacks suppressed\n"+
		"[  1.2] audit_printk_skb: 3 callbacks suppressed\n"+
		"Jul 24 12:25:33 h kernel: audit_printk_skb: 3 calls\n"+
		"Jul 24 12:25:33 h x: kauditd_printk_skb: 12 callbacks suppressed\n"+
		"Jul 24 12:25:33 h kernel: net_ratelimit: 12 callbacks suppressed\n"+
		`{"_TRANSPORT":"kernel","MESSAGE":"audit: kauditd_printk_skb: 4 callbacks suppressed"}`+"\n")
	if l.Suppressed != 19 || l.Records+l.Damaged+l.Foreign != 0 {
		t.Error(summary(l))
	}
}

// TestUnreadIsBounded keeps the first lines that could not be read.
func TestUnreadIsBounded(t *testing.T) {
	l := logOf(t, 1<<12, strings.Repeat(denial(1, 1, "/a")[:77]+"\n", 5*maxShown))
	u := l.Unread()
	if l.Damaged != 5*maxShown || len(u) != maxShown || u[0].Line != 1 || u[maxShown-1].Line != maxShown {
		t.Errorf("%d damaged, %d shown", l.Damaged, len(u))
	}
}

func compressed(t *testing.T, text string, open func(io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	w := open(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	return compressed(t, text, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

// TestCompressed reads what logrotate and others leave.
func TestCompressed(t *testing.T) {
	text := mixed(1000)
	want := summary(logOf(t, 0, text))
	zst := compressed(t, text, func(w io.Writer) io.WriteCloser {
		e, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return e
	})
	half := strings.Index(text[len(text)/2:], "\n") + len(text)/2 + 1
	for name, data := range map[string]string{
		"gzip":         gzipped(t, text),
		"two gzips":    gzipped(t, text[:half]) + gzipped(t, text[half:]),
		"zstd":         zst,
		"by the piece": gzipped(t, text),
	} {
		l := NewLog()
		if err := l.Read("0", iotest.HalfReader(strings.NewReader(data))); err != nil || summary(l) != want {
			t.Errorf("%s: %v\n%.300s", name, err, summary(l))
		}
	}
	bz2 := "BZh91AY&SYC\x8c1\x80\x00\x00\x02\xc1\x80\x00\x10\x00\x10\x00 \x00!\x80\x0c\x01\x92\xe2\xeeH\xa7\n\x12\x08q\x860\x00"
	if err := NewLog().Read("0", strings.NewReader(bz2)); err == nil {
		t.Error("broken bzip2 is no error")
	}
	for name, data := range map[string]string{"gzip": gzipped(t, text), "zstd": zst} {
		l := NewLog()
		if err := l.Read("0", strings.NewReader(data[:len(data)-20])); err == nil || name == "gzip" && l.Records == 0 {
			t.Errorf("cut %s: %v, %d records", name, err, l.Records)
		}
	}
	for _, data := range []string{"\xfd7zXZ\x00\x00\x00\x00\x00", "LPKSHHRH\x00\x00\x00", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd"} {
		if err := NewLog().Read("0", strings.NewReader(data)); err == nil {
			t.Errorf("%q is read", data)
		}
	}
	for _, data := range []string{"", "\n", "\x1f", "B", "BZh9"} {
		if err := NewLog().Read("0", strings.NewReader(data)); err != nil {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// TestReadError keeps what was read before an error.
func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	l := NewLog()
	err := l.Read("0", io.MultiReader(strings.NewReader(denial(1, 1, "/a")+denial(1, 2, "/b")), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || l.Records != 2 {
		t.Error(err, l.Records)
	}
	if err := NewLog().Read("0", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// changing calls a function once, after so many bytes.
type changing struct {
	io.Reader
	after  int
	change func()
}

func (c *changing) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p[:min(len(p), 4096)])
	if c.after -= n; c.after < 0 && c.change != nil {
		c.change()
		c.change = nil
	}
	return n, err
}

// TestChangingLog reads a log that grows, is renamed, or is truncated.
func TestChangingLog(t *testing.T) {
	text := strings.Repeat(denial(1, 1, "/a"), 1000)
	for name, test := range map[string]struct {
		change   func(path string) error
		min, max int64
	}{
		"grows":     {func(path string) error { return appendTo(path, denial(1, 1, "/a")) }, 1001, 1001},
		"renamed":   {func(path string) error { return os.Rename(path, path+".1") }, 1000, 1000},
		"removed":   {os.Remove, 1000, 1000},
		"truncated": {func(path string) error { return os.Truncate(path, 0) }, 20, 999},
		"replaced":  {func(path string) error { return os.WriteFile(path, []byte(text[:len(text)/2+50]), 0o600) }, 400, 999},
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		l := NewLog()
		l.chunkSize = 4096
		err = l.Read(path, &changing{f, 50_000, func() {
			if err := test.change(path); err != nil {
				t.Error(err)
			}
		}})
		f.Close()
		if err != nil || l.Records < test.min || l.Records > test.max || l.Distinct() != 1 || l.Damaged+l.Foreign > 1 {
			t.Errorf("%s: %v\n%.400s", name, err, summary(l))
		}
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// TestGroupEvent reads the event of a group, and the time of one without.
func TestGroupEvent(t *testing.T) {
	l := logOf(t, 0, "Jul 24 12:25:33 h audit[19651]: AVC "+testBody+"\n"+denial(5000, 1, "/x"))
	var events []Event
	for g := range l.Groups() {
		events = append(events, g.Event())
		if len(events) == 1 && !g.First.Equal(time.Time{}) {
			t.Error(g.First)
		}
	}
	if len(events) != 2 || events[0].Name != "/boot/" || events[1].Name != "/x" {
		t.Error(events)
	}
	for range l.Groups() {
		break
	}
}

// TestGenerated groups what the benchmarks read as a map would that is keyed
// by the events without their times and processes.
func TestGenerated(t *testing.T) {
	var b bytes.Buffer
	records := audittest.Generate(&b, 20_000, 5_000)
	l := logOf(t, 0, b.String())
	if l.Lines != 20_000 || l.Records != int64(records) || l.Distinct() != 5_000 || l.Damaged+l.Foreign != 0 {
		t.Fatalf("%d lines, %d records, %d distinct", l.Lines, l.Records, l.Distinct())
	}
	want := map[string]*Group{}
	for line := range bytes.Lines(b.Bytes()) {
		if e, status := ParseLine(line); status == Record {
			g := want[identity(e)]
			if g == nil {
				g = &Group{First: e.Time, Last: e.Time}
				want[identity(e)] = g
			}
			g.Count++
			if e.Time.Before(g.First) {
				g.First = e.Time
			}
			if e.Time.After(g.Last) {
				g.Last = e.Time
			}
		}
	}
	for g := range l.Groups() {
		w := want[identity(g.Event())]
		if w == nil || g.Count != w.Count || !g.First.Equal(w.First) || !g.Last.Equal(w.Last) {
			t.Fatalf("%+v, want %+v", g, w)
		}
		delete(want, identity(g.Event()))
	}
	if len(want) != 0 {
		t.Errorf("%d events are missing", len(want))
	}
}

// TestMemory holds that what is kept grows with distinct events, and not with
// lines.
func TestMemory(t *testing.T) {
	var b bytes.Buffer
	audittest.Generate(&b, 10_000, audittest.Realistic)
	l := NewLog()
	kept := func(times int) uint64 {
		for range times {
			if err := l.Read("0", bytes.NewReader(b.Bytes())); err != nil {
				t.Fatal(err)
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	once, often := kept(1), kept(7)
	if l.Lines != 80_000 || l.Distinct() != audittest.Realistic || often > once+256<<10 {
		t.Errorf("%d bytes after one log, %d after eight of the same; %d distinct", once, often, l.Distinct())
	}
}

// identity spells what tells an event from another.
func identity(e Event) string {
	e.Raw, e.Host, e.AuditID, e.Serial, e.Time, e.PID = "", "", "", 0, time.Time{}, 0
	return fmt.Sprintf("%+v", e)
}
