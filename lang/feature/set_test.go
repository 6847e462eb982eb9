package feature

import (
	"slices"
	"testing"
)

func TestParseSet(t *testing.T) {
	set := parse(t, "caps {mask {chown kill\n}\n}\nnetwork_v8{af_inet {yes\n}\n}\nempty {}\ncapability {0xffffff\n}\n")
	for path, want := range map[string]bool{
		"caps": true, "caps/mask": true, "caps/mask/kill": true, "network_v8/af_inet/yes": true, "empty": true,
		"capability/0xffffff": true, "mask": false, "kill": false, "network_v8/mask": false, "": false,
	} {
		if set.Has(path) != want {
			t.Errorf("Has(%q) = %v", path, !want)
		}
	}
}

func TestParseSetRefuses(t *testing.T) {
	for _, text := range []string{"}", "a {", "a {b}}", "{a}", "a {{b}}", "a { {b } }"} {
		if _, err := ParseSet([]byte(text)); err == nil {
			t.Errorf("ParseSet(%q) finds no fault", text)
		}
	}
}

func FuzzParseSet(f *testing.F) {
	for _, target := range Targets() {
		f.Add(target.KernelFeatures.Text())
	}
	f.Add([]byte("a {b {c} d} e{f}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := ParseSet(text)
		if err == nil && len(set.paths) == 0 && len(tokens(string(text))) > 0 {
			t.Errorf("%q reads as nothing", text)
		}
	})
}

func TestVersion(t *testing.T) {
	var versions []Version
	for _, s := range []string{"3.0.8", "4.0", "4.0.0~beta4", "4.1", "4.1.7", "5.0.2", "10.2"} {
		v, err := ParseVersion(s)
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, v)
	}
	want := []Version{V3_0, V4_0, V4_0, V4_1, V4_1, V5_0, {10, 2}}
	if !slices.Equal(versions, want) || !slices.IsSortedFunc(versions, Version.Compare) {
		t.Errorf("got %v, want %v", versions, want)
	}
	for _, s := range []string{"", "x", "4", "4.x", "-1.0", "4.", "."} {
		if v, err := ParseVersion(s); err == nil {
			t.Errorf("ParseVersion(%q) = %v", s, v)
		}
	}
	if V4_1.String() != "4.1" || !V4_0.Less(V4_1) || V4_1.Less(V4_0) {
		t.Error("4.1 is misspelt or misplaced")
	}
}
