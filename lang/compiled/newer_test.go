package compiled

import (
	"slices"
	"strings"
	"testing"
)

// newest adds to the features what only newer kernels mediate.
func newest(features string) string {
	for old, more := range map[string]string{
		"namespaces {":             "namespaces {mask {userns_create\n}\n",
		"network_v8 {":             "network_v8 {af_inet {yes\n}\n",
		"mount {mask {mount umoun": "ipc {posix_mqueue {create read write open delete setattr getattr label\n}\n}\nio_uring {mask {sqpoll override_creds\n}\n}\nmount {mask {mount umoun",
	} {
		features = strings.Replace(features, old, more, 1)
	}
	return features
}

// eachNewer runs a test with each newer parser and each form that it writes.
func eachNewer(t *testing.T, test func(*testing.T, tool)) {
	eachForm(t, newest(kernel61), func(t *testing.T, parser tool) {
		if parser.base == "" {
			test(t, parser)
		}
	})
}

func TestPriority(t *testing.T) { eachNewer(t, testPriority) }

func testPriority(t *testing.T, parser tool) {
	p := parser.profile(t, "deny /a/** w, priority=1 /a/b rw, priority=-1 audit /a/c r, /a/* r,")
	for path, want := range map[string]string{"/a/b": "read, write", "/a/c": "read", "/a/x/y": ""} {
		if a := p.Path(path, Others); a.Allow.in(ClassFile) != want {
			t.Errorf("%s: got %+v, want %s", path, a, want)
		}
	}
}

func TestPrompt(t *testing.T) { eachNewer(t, testPrompt) }

func testPrompt(t *testing.T, parser tool) {
	if !strings.Contains(parser.features, "permstable32") {
		t.Skip("SKIPPED: only tables hold prompt")
	}
	p, q := parser.profile(t, "prompt /a rw, /b r,"), parser.profile(t, "/b r,")
	if a := p.Path("/a", Others); a.Prompt&(MayRead|MayWrite) != MayRead|MayWrite || a.Allow != 0 {
		t.Errorf("got %+v", a)
	}
	got, err := Includes(q, p)
	if want := []string{"+ prompt read, write /a"}; err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
	if got, err := Includes(p, q); err != nil || len(got) > 0 {
		t.Errorf("got %q, %v", said(got), err)
	}
}

func TestUserNamespace(t *testing.T) { eachNewer(t, testUserNamespace) }

func testUserNamespace(t *testing.T, parser tool) {
	with, without := parser.profile(t, "userns,"), parser.profile(t, "/x r,")
	if !with.UserNamespace().Has(MayCreateNamespace) || without.UserNamespace().Allow != 0 || !without.Mediates(ClassUserNS) {
		t.Errorf("got %+v and %+v", with.UserNamespace(), without.UserNamespace())
	}
	got, err := Includes(without, with)
	if want := []string{"+ userns (create)"}; err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
}

func TestRing(t *testing.T) { eachNewer(t, testRing) }

func testRing(t *testing.T, parser tool) {
	p := parser.profile(t, "io_uring (sqpoll), io_uring (override_creds) label=web,")
	if a := p.Ring("web"); !a.Has(MaySQPoll | MayOverrideCreds) {
		t.Errorf("web: got %+v", a)
	}
	if a := p.Ring("other"); a.Allow != MaySQPoll {
		t.Errorf("other: got %+v", a)
	}
	got, err := Includes(parser.profile(t, "/x r,"), p)
	want := []string{"+ io_uring (sqpoll)", "+ io_uring (override_creds) label=web"}
	if err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
}

func TestQueue(t *testing.T) { eachNewer(t, testQueue) }

func testQueue(t *testing.T, parser tool) {
	p := parser.profile(t, "mqueue (create, read, getattr) type=posix /q*, mqueue (write) type=posix label=web /w,")
	for _, test := range []struct{ name, label, want string }{
		{"/q1", "", "create, read, getattr"}, {"/q1", "any", "create, read, getattr"}, {"/x", "", ""},
		{"/w", "", ""}, {"/w", "web", "write"}, {"/w", "other", ""},
	} {
		if a := p.Queue(test.name, test.label); a.Allow.in(ClassMqueue) != test.want {
			t.Errorf("%s, label %q: got %+v, want %s", test.name, test.label, a, test.want)
		}
	}
	got, err := Includes(parser.profile(t, "mqueue (create, read, getattr) type=posix /q*,"), p)
	if want := []string{"+ mqueue (write) label=web /w"}; err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
}

func TestInet(t *testing.T) { eachNewer(t, testInet) }

func testInet(t *testing.T, parser tool) {
	base := "network (create) inet stream, "
	a, b := parser.profile(t, base), parser.profile(t, base+"network (bind) inet stream ip=127.0.0.1 port=80,")
	got, err := Equal(a, b)
	want := []string{"+ network (bind) inet stream ip=127.0.0.1 port=80"}
	if err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
	b = parser.profile(t, base+"network (send, receive, connect) inet stream peer=(ip=10.0.0.1 port=5432),")
	got, err = Equal(a, b)
	want = []string{"+ network (connect, send, receive) inet stream ip=none port=0 peer=(ip=10.0.0.1 port=5432)"}
	if err != nil || !slices.Equal(said(got), want) {
		t.Errorf("got %q, %v, want %q", said(got), err, want)
	}
	if x, _ := b.Network("inet", "stream"); x.Allow != MayCreate {
		t.Errorf("before any address: got %+v", x)
	}
}
