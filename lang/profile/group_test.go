package profile

import (
	"context"
	"strings"
	"testing"
)

// groupCases are rules in blocks, and the rule for which apparmor_parser 5.0
// compiles the same policy.
var groupCases = []struct{ block, want string }{
	{"{ /a r, }", "/a r,"},
	{"{ audit /a r, }", "audit /a r,"},
	{"{ owner /a r, }", "owner /a r,"},
	{"{ deny /a r, }", "audit /a r,"},
	{"{ audit deny /a r, }", "/a r,"},
	{"{ prompt /a r, }", "/a r,"},
	{"{ audit prompt /a r, }", "audit /a r,"},
	{"{ priority=3 /a r, }", "/a r,"},
	{"{ priority=3 deny /a r, }", "audit /a r,"},
	{"allow { deny owner /a r, }", "audit owner /a r,"},
	{"audit { /a r, }", "audit /a r,"},
	{"audit { deny /a r, }", "audit /a r,"},
	{"audit { audit deny /a r, }", "audit /a r,"},
	{"deny { /a r, }", "deny /a r,"},
	{"deny { audit /a r, }", "deny /a r,"},
	{"deny { deny /a r, }", "deny /a r,"},
	{"deny { audit deny /a r, }", "deny /a r,"},
	{"deny { prompt /a r, }", "deny /a r,"},
	{"audit deny { /a r, }", "audit deny /a r,"},
	{"audit deny { audit /a r, }", "deny /a r,"},
	{"audit deny { deny /a r, }", "deny /a r,"},
	{"audit deny { audit deny /a r, }", "audit deny /a r,"},
	{"audit deny { audit prompt /a r, }", "deny /a r,"},
	{"owner { /a r, }", "owner /a r,"},
	{"owner { deny /a r, }", "audit owner /a r,"},
	{"owner { audit deny /a r, }", "owner /a r,"},
	{"deny owner { /a r, }", "deny owner /a r,"},
	{"prompt { /a r, }", "prompt /a r,"},
	{"prompt { audit deny /a r, }", "prompt /a r,"},
	{"prompt { deny /a r, }", "audit prompt /a r,"},
	{"deny { { /a r, } }", "deny /a r,"},
	{"{ deny { /a r, } }", "audit /a r,"},
	{"owner { deny link /a -> /b, }", "audit owner link /a -> /b,"},
	{"owner { change_profile -> a, }", "change_profile -> a,"},
	{"deny { change_profile -> a, }", "deny change_profile -> a,"},
	{"audit { network, }", ""},
}

// TestMeanings holds what blocks of qualifiers make of rules.
func TestMeanings(t *testing.T) {
	for _, c := range groupCases {
		p, diags, err := (&Loader{FS: files(nil)}).LoadText(context.Background(), "x", "/x { "+c.block+" }\n")
		if diags.HasErrors() || err != nil {
			t.Fatalf("%s: %v %v", c.block, diags, err)
		}
		meanings, _ := Meanings(p)
		var said []string
		for _, s := range meanings[0].Said {
			said = append(said, s.String())
		}
		if got := strings.Join(said, " "); got != c.want {
			t.Errorf("%s says %q", c.block, got)
		}
	}
}
