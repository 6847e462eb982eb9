package audit

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// awkward are pieces of text that could lead a reader of JSON astray.
var awkward = []string{`"`, `\`, `\\`, `\"`, `,"MESSAGE":`, `"MESSAGE":"x"`, `{`, `}`, `[`, `]`, `,`, `:`, "\n", "\x00", "\x1d", "ä", "😀", "\u2028", "a", "apparmor=", " "}

func awkwardText(r *rand.Rand) string {
	s := ""
	for range r.IntN(8) {
		s += awkward[r.IntN(len(awkward))]
	}
	return s
}

// TestJournalJSON finds the fields that encoding/json finds, whatever else an
// entry holds.
func TestJournalJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		entry := map[string]any{"A" + awkwardText(r): awkwardText(r), "Z": []string{awkwardText(r), awkwardText(r)}, "N": nil, "M": 12.5, "L": [][]int{{1, 2}, {}}}
		message, host := awkwardText(r), "host"
		entry["MESSAGE"], entry["_HOSTNAME"], entry["_TRANSPORT"] = message, host, "kernel"
		line, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		j, ok := readJournal(line)
		got, decoded := appendMessage(nil, j.message)
		if !ok || !decoded || string(got) != message || string(unquote(j.host)) != host {
			t.Fatalf("%v %v %q, want %q: %s", ok, decoded, got, message, line)
		}
		for cut := range line {
			if _, ok := readJournal(line[:cut]); ok {
				t.Fatalf("cut at %d, and whole: %s", cut, line)
			}
		}
	}
}

// TestAppendMessage decodes strings as encoding/json does, and lists of bytes.
func TestAppendMessage(t *testing.T) {
	for _, value := range []string{`""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e4\u20ac"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ude00"`, `"\ud83d\u0041"`} {
		var want string
		if err := json.Unmarshal([]byte(value), &want); err != nil {
			t.Fatal(err)
		}
		if got, ok := appendMessage(nil, []byte(value)); !ok || string(got) != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
	for value, want := range map[string]string{`[]`: "", `[65]`: "A", `[65,255,0]`: "A\xff\x00", `[ 65, 66 ]`: "AB"} {
		if got, ok := appendMessage(nil, []byte(value)); !ok || string(got) != want {
			t.Errorf("%s: %q", value, got)
		}
	}
	for _, value := range []string{``, `1`, `true`, `[256]`, `[-1]`, `[65 66]`, `[a]`, `["a"]`, `[[65]]`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\"`} {
		if got, ok := appendMessage(nil, []byte(value)); ok {
			t.Errorf("%s: %q", value, got)
		}
	}
}
