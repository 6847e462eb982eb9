package audit

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// corpus returns the folder of records with the fields that libapparmor reads
// in them, or skips the test.
func corpus(t testing.TB) string {
	dir := filepath.Join(cmp.Or(os.Getenv("APC_SHARED"), "../../../shared"), "corpora", "audit")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus of audit records at %s (APC_SHARED names another place): %v", dir, err)
	}
	return dir
}

// TestCorpusFields compares the fields of each record with those that
// libapparmor's authors expect.
func TestCorpusFields(t *testing.T) {
	dir := corpus(t)
	inputs, _ := filepath.Glob(filepath.Join(dir, "*.in"))
	equal := 0
	for _, in := range inputs {
		name := strings.TrimSuffix(filepath.Base(in), ".in")
		want := readFields(t, filepath.Join(dir, name+".out"))
		got := printed(firstEvent(t, in))
		differs := false
		for _, key := range fieldNames(want, got) {
			if want[key] != got[key] {
				differs = true
				t.Errorf("%s: %s: want %q, got %q", name, key, want[key], got[key])
			}
		}
		if !differs {
			equal++
		}
	}
	t.Logf("%d of %d records agree in all fields", equal, len(inputs))
}

func firstEvent(t *testing.T, file string) (Event, Status) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return ParseLine(line)
}

// readFields reads an .out file: "Key: value" lines after START.
func readFields(t *testing.T, file string) map[string]string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(data)) {
		key, val, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if ok && key != "File" {
			fields[key] = val
		}
	}
	return fields
}

func fieldNames(want, got map[string]string) []string {
	var names []string
	for key := range want {
		names = append(names, key)
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			names = append(names, key)
		}
	}
	return names
}

// printed spells an event as libapparmor's test program does.
func printed(e Event, s Status) map[string]string {
	f := map[string]string{"Event type": "AA_RECORD_" + string(e.Mode)}
	if s != Record {
		return printedUnread(e, s)
	}
	put := func(key, val string) {
		if val != "" {
			f[key] = val
		}
	}
	num := func(key string, n int) {
		if n != 0 {
			f[key] = strconv.Itoa(max(n, -n))
		}
	}
	id := func(key string, n ID) {
		if n != NoID {
			f[key] = strconv.FormatInt(int64(n), 10)
		}
	}
	put("Audit ID", e.AuditID)
	if e.AuditID != "" {
		put("Epoch", strconv.FormatInt(e.Time.Unix(), 10))
		put("Audit subid", strconv.FormatUint(e.Serial, 10))
	}
	put("Operation", e.Operation)
	put("Mask", e.Requested)
	put("Denied Mask", e.Denied)
	id("fsuid", e.FSUID)
	id("ouid", e.OUID)
	put("Profile", e.Profile)
	put(peerKey(e), e.Peer)
	put("Peer info", e.PeerInfo)
	put("Name", cmp.Or(e.Name, e.Capability))
	put("Command", cmp.Or(e.Comm, e.Exe))
	put("Name2", e.Target)
	put("Namespace", e.Namespace)
	put("Attribute", e.Attribute)
	num("Task", e.Task)
	num("Parent", e.Parent)
	num("Token", e.MagicToken)
	put("Info", e.Info)
	num("ErrorCode", e.Error)
	num("PID", e.PID)
	num("Peer PID", e.PeerPID)
	put("Network family", e.Net.Family)
	put("Socket type", e.Net.SockType)
	put("Protocol", e.Net.Protocol)
	put("Local addr", e.Net.LocalIP)
	put("Foreign addr", e.Net.PeerIP)
	num("Local port", e.Net.LocalPort)
	num("Foreign port", e.Net.PeerPort)
	if e.Net.Addr != "none" {
		put("Net Addr", e.Net.Addr)
	}
	if e.Net.PeerAddr != "none" {
		put("Peer Addr", e.Net.PeerAddr)
	}
	put("DBus bus", e.DBus.Bus)
	put("DBus path", e.DBus.Path)
	put("DBus interface", e.DBus.Interface)
	put("DBus member", e.DBus.Member)
	put("Signal", e.Signal)
	put("FS Type", e.Mount.Fstype)
	put("Flags", e.Mount.Flags)
	put("Src name", e.Mount.Source)
	put("Class", e.Class)
	put("Execpath", e.ExecPath)
	return f
}

// peerKey is the name under which libapparmor prints Event.Peer.
func peerKey(e Event) string {
	if e.Kind() == KindDBus || e.Kind() == KindIoUring {
		return "Peer profile"
	}
	return "Peer"
}

// printedUnread spells what is no record, or a damaged one: libapparmor calls
// it invalid, and of AppArmor 1's syntax shows the stamp and the text.
func printedUnread(e Event, s Status) map[string]string {
	f := map[string]string{"Event type": "AA_RECORD_INVALID"}
	if s == Damaged && e.Problem == problemOld {
		f["Audit ID"], f["Audit subid"] = e.AuditID, strconv.FormatUint(e.Serial, 10)
		f["Epoch"] = strconv.FormatInt(e.Time.Unix(), 10)
		f["Operation"] = "APPARMOR"
		_, f["Info"], _ = strings.Cut(e.Raw, "): ")
	}
	return f
}
