package compiled

import (
	"errors"
	"slices"
	"testing"
)

func said(differences []Difference) []string {
	var words []string
	for _, d := range differences {
		words = append(words, d.String())
	}
	return words
}

// Rules of two profiles and what Equal says of them. What Includes says are the
// lines with + and those of another domain, audit and quiet left out.
var comparisons = []struct {
	name string
	a, b string
	want []string
}{
	{"the same", "/a r,", "/a r,", nil},
	{"order and spelling", "/a r, /b rw, /c r,", "/c r, /b w, /b r, /a r,", nil},
	{"covered", "/srv/** rw,", "/srv/** rw, /srv/x r,", nil},
	{"alternation", "/srv/{a,b} r,", "/srv/a r, /srv/b r,", nil},
	{"paths that are none", "/srv/a r, /srv/../x r, /srv/./y rw,", "/srv/a r,", nil},
	{"one path", "/a r,", "/a r, /etc/cron.d/* w,", []string{"+ write /etc/cron.d/x"}},
	{"less", "/a rw,", "/a r,", []string{"- write /a"}},
	{"append in write", "/a w,", "/a a,", []string{"- write /a"}},
	{"owner", "/a r,", "/a r, owner /b/* rw,", []string{"+ owner read, write /b/x"}},
	{"not only the owner", "owner /a r,", "/a r,", []string{"+ other read /a"}},
	{"shortest", "/a r,", "/a r, /b/c/d w, /e w,", []string{"+ write /e"}},
	{"directory", "/a/* r,", "/a/{,*} r,", []string{"+ read /a/"}},
	{"star and two", "/a/* r,", "/a/** r,", []string{"+ read /a/x/"}},
	{"deny", "/a/** r,", "/a/** r, deny /a/b r,", []string{"- read /a/b"}},
	{"audit deny", "/a/** r,", "/a/** r, audit deny /a/b r,", []string{"- read /a/b"}},
	{"quiet", "/a r,", "/a r, deny /b r,", []string{"+ quiet read /b"}},
	{"audit", "/a rw,", "audit /a w, /a r,", []string{"+ audit write /a"}},
	{"exec", "/a r,", "/a rPx,", []string{"+ exec /a (Px)"}},
	{"no exec", "/a rix,", "/a rm,", []string{"- exec /a (was ix)"}},
	{"domain", "/a ix,", "/a mPx -> web,", []string{"~ exec /a (Px -> web, was ix)"}},
	{"domains by name", "/a Px -> one, /b Px -> two,", "/b Px -> two, /a Px -> one,", nil},
	{"scrubbing", "/a Px,", "/a px,", []string{"~ exec /a (px, was Px)"}},
	{"owner's domain", "owner /a ix, /b r,", "/a ix, /b r,", []string{"+ other exec, map /a (ix)"}},
	{"quoted", "/a r,", `/a r, "/b c" r,`, []string{`+ read "/b c"`}},
	{"bytes", "/a r,", `/a r, "/\001\377" r,`, []string{`+ read "/\x01\xff"`}},
	{"link", "/a r,", "/a r, link /a -> /b,", []string{"+ link /a -> /b"}},
	{"link subset", "link subset /a -> /b,", "link /a -> /b,", []string{"+ owner link without subset /a -> /b"}},
	{"change_profile", "change_profile -> mail,", "change_profile -> mail, change_profile -> web,",
		[]string{"+ change_profile -> web", "+ change_profile /x -> web"}},
	{"change at exec", "/a r, change_profile /bin/a -> web,", "/a r, change_profile /bin/* -> web,",
		[]string{"+ change_profile /bin/x -> web"}},
	{"capability", "capability chown,", "capability kill, capability chown, audit capability chown,",
		[]string{"+ capability kill", "+ audit capability chown"}},
	{"capability denied", "capability chown, capability kill,", "capability chown, deny capability kill,",
		[]string{"- capability kill"}},
	{"capability quiet", "capability chown,", "capability chown, deny capability kill,",
		[]string{"+ quiet capability kill"}},
	{"rlimit set", "/a r,", "/a r, set rlimit nofile <= 10,", []string{"- rlimit nofile (10)"}},
	{"rlimit unset", "set rlimit nofile <= 10,", "", []string{"+ rlimit nofile (was 10)"}},
	{"rlimit higher", "set rlimit nofile <= 10,", "set rlimit nofile <= 20,", []string{"+ rlimit nofile (20, was 10)"}},
	{"network type", "network inet stream,", "network inet stream, network inet dgram, network inet6 raw,",
		[]string{"+ network inet dgram", "+ network inet6 raw"}},
	{"network family", "network inet,", "network inet, network can,", []string{"+ network can"}},
	{"network all", "", "network,", []string{"+ network",
		"+ unix (create) type=stream", "+ unix (bind) type=stream addr=auto",
		"+ unix (accept, shutdown, getattr, setattr) type=stream addr=none",
		"+ unix (listen) type=stream addr=none", "+ unix (getopt, setopt) type=stream addr=none",
		"+ unix (connect, send, receive) type=stream addr=none peer=(addr=none, label=x)"}},
	{"network audit", "network inet,", "audit network inet,", []string{"+ audit network inet"}},
	{"signal", "signal (send) peer=a,", "signal (send) peer=a, signal (send, receive) set=(kill) peer=b*,",
		[]string{"+ signal (send, receive) set=(kill) peer=b"}},
	{"ptrace", "ptrace (read) peer=a,", "ptrace (read, trace) peer=a,", []string{"+ ptrace (trace) peer=a"}},
	{"mount", "umount /m/,", "umount /m/, mount fstype=ext4 options=(ro, nosuid) /dev/a -> /m/,",
		[]string{"+ mount fstype=ext4 options=(ro, nosuid) /dev/a -> /m/"}},
	{"umount", "umount /m/,", "umount /m/{,n/},", []string{"+ umount /m/n/"}},
	{"pivot_root", "", "pivot_root oldroot=/o/ /n/,", []string{"+ pivot_root oldroot=/o/ /n/"}},
	{"bind mount", "mount options=(rw, bind) /a -> /b,", "mount options=(rw, rbind) /a -> /b,",
		[]string{"- mount options=(bind) /a -> /b", "+ mount options=(rbind) /a -> /b"}},
	{"dbus", "dbus (receive) bus=system,", "dbus (send, receive) bus=system member=Get,",
		[]string{"- dbus (receive) bus=system path=x interface=x member=x peer=(name=x, label=x)",
			"+ dbus (send) bus=system path=x interface=x member=Get peer=(name=x, label=x)"}},
	{"dbus name", "", "dbus (bind) bus=session name=org.a,", []string{"+ dbus (bind) bus=session name=org.a"}},
	{"dbus eavesdrop", "", "dbus (eavesdrop) bus=session,", []string{"+ dbus (eavesdrop) bus=session"}},
	{"unix", "unix (bind) type=stream addr=@a,", "unix (bind) type=stream addr=@{a,b},",
		[]string{"+ unix (bind) type=stream addr=@b"}},
	{"unix peer", "unix (send) type=stream peer=(label=a),", "unix (send) type=stream peer=(label=b),",
		[]string{"- unix (send) type=stream addr=none peer=(addr=none, label=a)",
			"+ unix (send) type=stream addr=none peer=(addr=none, label=b)"}},
}

func TestEqualAndIncludes(t *testing.T) { eachForm(t, outOfTree+kernel61, testEqualAndIncludes) }

func testEqualAndIncludes(t *testing.T, parser tool) {
	for _, test := range comparisons {
		a, b := parser.profile(t, test.a), parser.profile(t, test.b)
		got, err := Equal(a, b)
		if err != nil || !slices.Equal(said(got), test.want) {
			t.Errorf("%s: got %q, %v, want %q", test.name, said(got), err, test.want)
		}
		back, err := Equal(b, a)
		if err != nil || len(back) != len(got) {
			t.Errorf("%s, the other way: got %q, %v", test.name, said(back), err)
		}
		checkIncludes(t, test.name, a, b, got)
	}
}

// checkIncludes holds Includes to what Equal said of the same profiles.
func checkIncludes(t *testing.T, name string, a, b *Profile, equal []Difference) {
	t.Helper()
	got, err := Includes(a, b)
	var want []Difference
	for _, d := range equal {
		if d.Effect == Domain || d.Sign == More && d.Effect != Audit && d.Effect != Quiet {
			want = append(want, d)
		}
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: got %q, %v, want %q", name, said(got), err, said(want))
	}
	if self, err := Includes(b, b); self != nil || err != nil {
		t.Errorf("%s: b does not include itself: %q, %v", name, said(self), err)
	}
}

func TestSettings(t *testing.T) { eachForm(t, kernel61, testSettings) }

func testSettings(t *testing.T, parser tool) {
	read := func(text string) *Profile { return parser.policy(t, text).Profiles[0] }
	tests := []struct {
		a, b string
		want []string
	}{
		{"profile a { /x r, }", "profile b { /x r, }", nil},
		{"profile a { /x r, }", "profile a flags=(complain) { /x r, }", []string{"+ mode (complain, was enforce)"}},
		{"profile a flags=(mediate_deleted) { }", "profile a flags=(mediate_deleted, attach_disconnected) { }",
			[]string{"+ flags (attach_disconnected, mediate_deleted, was mediate_deleted)"}},
		{"profile a { }", "profile a flags=(audit) { }", []string{"~ flags (mediate_deleted, audit, was mediate_deleted)"}},
		{"profile a /bin/a { }", "/bin/a { }", nil},
		{"profile a /bin/a { }", "profile a /bin/{a,b} { }", []string{"+ attach /bin/b"}},
		{"/bin/a { }", "profile a { }", []string{"- attach /bin/a"}},
		{"profile a { /x Cx -> k, profile k { } }", "profile b { /x Cx -> k, profile k { } }", nil},
	}
	for _, test := range tests {
		got, err := Equal(read(test.a), read(test.b))
		if err != nil || !slices.Equal(said(got), test.want) {
			t.Errorf("%s; %s: got %q, %v, want %q", test.a, test.b, said(got), err, test.want)
		}
	}
	if got, _ := Equal(read("profile a flags=(unconfined) { }"), read("profile a { }")); len(got) == 0 ||
		got[0].String() != "- mode (enforce, was unconfined)" {
		t.Errorf("enforced, was unconfined: got %q", said(got))
	}
	free, bound := read("profile a flags=(unconfined) { }"), read("profile a { /x r, network, }")
	if got, err := Includes(free, bound); got != nil || err != nil {
		t.Errorf("an unconfined profile does not include another: %q, %v", said(got), err)
	}
}

// A class that one profile leaves open counts as allowed in whole.
func TestUnmediated(t *testing.T) {
	with := parser308(t, outOfTree+kernel61)
	without := parser308(t, kernel61)
	a, b := with.profile(t, "/x r,"), without.profile(t, "/x r,")
	got, err := Includes(a, b)
	want := []string{
		"+ dbus (eavesdrop) bus=x (nothing mediates dbus)",
		"+ dbus (bind) bus=x name=x (nothing mediates dbus)",
		"+ dbus (send, receive) bus=x path=x interface=x member=x peer=(name=x, label=x) (nothing mediates dbus)",
	}
	if err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
	if got, err := Includes(b, a); len(got) > 0 || err != nil {
		t.Errorf("the other way: got %q, %v", said(got), err)
	}
	open, all := without.profile(t, "/x r,"), with.profile(t, "/x r, dbus,")
	if got, err := Equal(open, all); got != nil || err != nil {
		t.Errorf("all allowed and none mediated: got %q, %v", said(got), err)
	}
}

// A socket family told apart by type alone compares with one that goes on.
func TestCoarseAndFine(t *testing.T) {
	coarse := parser308(t, kernel61).profile(t, "network unix stream,")
	fine := parser308(t, outOfTree+kernel61).profile(t, "dbus, unix (create, bind) type=stream addr=@a,")
	got, err := Includes(coarse, fine)
	if len(got) > 0 || err != nil {
		t.Errorf("the coarse one does not include the fine one: %q, %v", said(got), err)
	}
	got, err = Includes(fine, coarse)
	want := []string{
		"+ unix (bind) type=stream addr=auto",
		"+ unix (accept, shutdown, getattr, setattr) type=stream addr=none",
		"+ unix (listen) type=stream addr=none",
		"+ unix (getopt, setopt) type=stream addr=none",
		"+ unix (connect, send, receive) type=stream addr=none peer=(addr=none, label=x)",
	}
	if err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
}

func TestTooManyStates(t *testing.T) { eachForm(t, kernel61, testTooManyStates) }

func testTooManyStates(t *testing.T, parser tool) {
	a, b := parser.profile(t, "/a{b,c}*d r,"), parser.profile(t, "/a*{e,f}d r,")
	if _, err := compare(a, b, 3); !errors.Is(err, ErrTooManyStates) {
		t.Errorf("got %v", err)
	}
	if _, err := compare(a, b, 1000); err != nil {
		t.Errorf("got %v", err)
	}
}
