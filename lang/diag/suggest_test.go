package diag

import "testing"

func TestSuggest(t *testing.T) {
	options := []string{"dns", "tls", "config", "network"}
	for given, want := range map[string]string{
		"dsn": "dns", "dn": "dns", "dnss": "dns", "confg": "config", "ocnfig": "config", "netwrok": "network",
		"xyz": "", "d": "", "": "", "configuration": "",
	} {
		if got := Suggest(given, options); got != want {
			t.Errorf("Suggest(%q) is %q, want %q", given, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ba", 1}, {"abc", "acb", 1}, {"ca", "abc", 3}, {"abcd", "badc", 2}, {"kitten", "sitting", 3}} {
		if got, back := distance(c.a, c.b), distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("distance(%q, %q) is %d and %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}
