package grants_test

import (
	"strings"
	"testing"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/lang/profile"
)

// textModule lowers profile text without reading its includes.
func textModule(t *testing.T, body string) *ir.Module {
	t.Helper()
	p, diags, err := (&profile.Loader{}).LoadText(t.Context(), "p", "profile p {\n"+body+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range diags {
		if d.Code != "missing-include" {
			t.Fatal(d)
		}
	}
	modules, _ := lower.Text(p, "")
	return modules[0]
}

// TestAsk holds answers against those of the kernel: of the rules about a
// permission those with the highest priority decide, and of them a deny wins
// (apparmor.d(5) of 4.1, "priority").
func TestAsk(t *testing.T) {
	for _, c := range []struct {
		rules, access string
		want          string // "allowed", "owner" or "denied"
		missing       string
		allow, deny   int
		overruled     int
	}{
		{rules: "/a r,", access: "r", want: "allowed", allow: 1},
		{rules: "/a r,", access: "rw", want: "denied", missing: "w", allow: 1},
		{rules: "/a r, deny /a r,", access: "r", want: "denied", allow: 1, deny: 1},
		{rules: "priority=1 /a r, deny /a r,", access: "r", want: "allowed", allow: 1, overruled: 1},
		{rules: "/a r, priority=-1 deny /a r,", access: "r", want: "allowed", allow: 1, overruled: 1},
		{rules: "/a r, priority=2 deny /* r,", access: "r", want: "denied", deny: 1, overruled: 1},
		{rules: "priority=2 /a r, priority=2 deny /* r, deny /a r,", access: "r", want: "denied", allow: 1, deny: 1, overruled: 1},
		// Each permission is decided by itself.
		{rules: "priority=1 /a r, deny /a rw,", access: "r", want: "allowed", allow: 1, overruled: 1},
		{rules: "priority=1 /a r, deny /a rw,", access: "rw", want: "denied", allow: 1, deny: 1},
		{rules: "priority=5 /a r, priority=-5 /a w,", access: "rw", want: "allowed", allow: 2},
		// The owner and all others are two subjects.
		{rules: "owner /a r,", access: "r", want: "owner", allow: 1},
		{rules: "/a r, deny owner /a r,", access: "r", want: "allowed", allow: 1, deny: 1},
		{rules: "deny owner /a r,", access: "r", want: "denied", missing: "r", deny: 1},
		{rules: "priority=1 owner /a r, deny /a r,", access: "r", want: "owner", allow: 1, deny: 1},
		{rules: "priority=1 deny owner /a r, /a r,", access: "r", want: "allowed", allow: 1, deny: 1},
		{rules: "owner /a r, priority=1 deny owner /a r,", access: "r", want: "denied", missing: "r", deny: 1, overruled: 1},
	} {
		m := textModule(t, c.rules)
		want, _ := grants.ParseAccess(c.access)
		a := grants.Ask(m, m.Profile, "/a", want)
		verdict := "denied"
		switch {
		case a.OwnerOnly:
			verdict = "owner"
		case a.Allowed:
			verdict = "allowed"
		}
		if verdict != c.want || a.Missing.String() != c.missing || len(a.Allow) != c.allow || len(a.Deny) != c.deny || len(a.Overruled) != c.overruled {
			t.Errorf("%s asked for %s: %s, missing %q, %d allow, %d deny, %d overruled; want %+v", c.rules, c.access, verdict, a.Missing, len(a.Allow), len(a.Deny), len(a.Overruled), c)
		}
	}
}

func TestAskTellsWhatItDidNotLookInto(t *testing.T) {
	m := textModule(t, "include <x>\ninclude if exists <y>\n@{NONE}/** r,\n/a r,")
	want, _ := grants.ParseAccess("r")
	got := strings.Join(grants.Ask(m, m.Profile, "/a", want).Unknown, "|")
	if !strings.HasPrefix(got, "@{NONE}/** r,: ") || !strings.HasSuffix(got, "|include <x>") {
		t.Error(got)
	}
}
