package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCorpusProfiles shows that the fields of an Event suffice to write the
// rule that its record asks for, as aa-logprof's authors expect it.
func TestCorpusProfiles(t *testing.T) {
	dir := corpus(t)
	files, _ := filepath.Glob(filepath.Join(dir, "*.profile"))
	equal := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".profile")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := firstEvent(t, filepath.Join(dir, name+".in"))
		want := strings.Join(strings.Fields(string(data)), " ")
		got := strings.Join(strings.Fields(profileFor(e)), " ")
		if got != want {
			t.Errorf("%s:\nwant %s\ngot  %s", name, want, got)
			continue
		}
		equal++
	}
	t.Logf("%d of %d profiles agree", equal, len(files))
}

// profileFor writes the profile that allows the event and nothing else.
func profileFor(e Event) string {
	names := SplitProfile(e.Profile)
	head := names[0] + " {"
	if !strings.HasPrefix(names[0], "/") {
		head = "profile " + head
	}
	body, tail := "", "}"
	for _, hat := range names[1:] {
		head += " ^" + hat + " {"
		tail += " }"
	}
	if words := ruleFor(e); words != "" {
		body = words + ","
	}
	return head + " " + body + " " + tail
}

func ruleFor(e Event) string {
	access := strings.Fields(e.Denied)
	slices.Sort(access)
	switch e.Kind() {
	case KindFile:
		return fileFor(e)
	case KindCapability:
		return "capability " + e.Capability
	case KindChangeProfile:
		return field("change_profile -> ", e.Target)
	case KindNetwork:
		return networkFor(e, access)
	case KindUnix:
		if len(access) == 0 {
			return ""
		}
		return list("unix", access) + field(" type=", e.Net.SockType) + field(" addr=", e.Net.Addr)
	case KindSignal:
		return "signal " + e.Denied + " set=" + e.Signal + " peer=" + e.Peer
	case KindDBus:
		return dbusFor(e)
	case KindIoUring:
		return "io_uring " + e.Denied + field(" label=", e.Peer)
	case KindMqueue:
		return "mqueue " + e.Denied + " type=" + strings.TrimSuffix(e.Class, "_mqueue") + field(" ", e.Name)
	case KindUserns:
		return "userns " + strings.TrimPrefix(e.Denied, "userns_")
	}
	return ""
}

func field(key, val string) string {
	if val == "" {
		return ""
	}
	return key + val
}

func list(keyword string, words []string) string {
	if len(words) == 0 {
		return keyword
	}
	return keyword + " (" + strings.Join(words, ", ") + ")"
}

func fileFor(e Event) string {
	mask := strings.NewReplacer("c", "w", "d", "w", "x", "", ":", "").Replace(e.Denied)
	if e.Operation == "exec" {
		mask = "mrix"
	}
	if e.Name == "" {
		return ""
	}
	owner := ""
	if e.Owner() {
		owner = "owner "
	}
	return owner + e.Name + " " + mask
}

func networkFor(e Event, access []string) string {
	rule := list("network", access) + field(" ", e.Net.Family) + field(" ", e.Net.SockType)
	rule += field(" ", strings.Join(endpoint(e.Net.LocalIP, e.Net.LocalPort), " "))
	// Accesses to a socket by itself have no peer (apparmor.d(5)).
	alone := slices.ContainsFunc(access, func(a string) bool { return a == "getattr" || a == "bind" })
	if peer := endpoint(e.Net.PeerIP, e.Net.PeerPort); len(peer) > 0 && !alone {
		rule += " peer=(" + strings.Join(peer, " ") + ")"
	}
	return rule
}

func endpoint(ip string, port int) (words []string) {
	if ip != "" {
		words = append(words, "ip="+ip)
	}
	if port != 0 {
		words = append(words, fmt.Sprint("port=", port))
	}
	return words
}

func dbusFor(e Event) string {
	rule := "dbus " + e.Denied + " bus=" + e.DBus.Bus
	switch e.Denied {
	case "bind":
		return rule + " name=" + e.Name
	case "eavesdrop":
		return rule
	}
	rule += field(" path=", e.DBus.Path) + field(" interface=", e.DBus.Interface) + field(" member=", e.DBus.Member)
	if e.Peer != "" {
		rule += " peer=(label=" + e.Peer + ")"
	}
	return rule
}
