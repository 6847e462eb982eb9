package glob

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	vars := map[string][]string{
		"HOME":     {"@{HOMEDIRS}*/", "/root/"},
		"HOMEDIRS": {"/home/", "/data/home"},
		"PID":      {"[1-9]*"},
		"MULTI":    {"a", "b/"},
		"EMPTY":    {""},
		"STAR":     {"*"},
		"STARS":    {"*", "x"},
		"LIST":     {"x,y"},
		"QUOTED":   {`a\ b\052`},
		"SLASH":    {"/", "//"},
		"OPEN":     {"{a"},
		"CLOSE":    {",a}"},
		"CLASS":    {"a-c]"},
	}
	tests := []struct{ glob, want string }{
		{"/a", "/a"},
		{"/proc/@{PID}/maps", "/proc/[1-9]*/maps"},
		{"/x/@{MULTI}", "/x/{a,b/}"},
		{"/x/@{MULTI}/y", "/x/{a,b}/y"},
		{"/x@{MULTI}y", "/x{a,b/}y"},
		{"/usr/@{EMPTY}/x", "/usr/x"},
		{"@{HOME}/.ssh", "{/data/home*,/home/*,/root}/.ssh"},
		{"/mnt/@{HOME}", "/mnt/{data/home*/,home/*/,root/}"},
		{"/foo/@{STAR}", "/foo/*"},
		{"/foo/@{STARS}", "/foo/{*,x}"},
		{"/{@{LIST}}", "/{x,y}"},
		{"/[@{LIST}]", "/[x,y]"},
		{"/@{QUOTED}", `/a\ b\*`},
		{"/a@{SLASH}b", "/a{/,/}b"},
		{"/{@{LIST},z}", "/{x,y,z}"},
		{"/@{OPEN},b}", "/{a,b}"},
		{"/{b@{CLOSE}/c", "/{b,a}/c"},
		{"/@{OPEN}@{CLOSE}", "/{a,a}"},
		{"/x[@{CLASS}", "/x[a-c]"},
		{"/{@{LIST}]@{CLASS}", ""},
		{`/\@\{PID\}`, `/\@\{PID\}`},
	}
	for _, tt := range tests {
		g, err := mustParse(t, tt.glob).Expand(vars)
		if (err != nil) != (tt.want == "") {
			t.Errorf("%q: %v", tt.glob, err)
		}
		if err != nil {
			continue
		}
		if g.String() != tt.want {
			t.Errorf("%q expands to %q, want %q", tt.glob, g, tt.want)
		}
		if len(g.Variables()) > 0 || mustParse(t, g.String()).Match("/x") != g.Match("/x") {
			t.Errorf("%q is not what it prints", g)
		}
	}
	// The rule of /foo/* holds for the text after substitution.
	if g, _ := mustParse(t, "/foo/@{STAR}").Expand(vars); g.Match("/foo/") {
		t.Error("one value: /foo/ matches")
	}
	if g, _ := mustParse(t, "/foo/@{STARS}").Expand(vars); !g.Match("/foo/") {
		t.Error("several values: /foo/ does not match")
	}
}

func TestExpandErrors(t *testing.T) {
	vars := map[string][]string{
		"A": {"@{B}"}, "B": {"x", "@{C}"}, "C": {"@{A}"},
		"NONE":  {},
		"UNDEF": {"@{MISSING}"},
		"LONG":  {strings.Repeat("a", 4097)},
		"HALF":  {"{a"},
		"PAIR":  {`a\/`, "b"},
	}
	for i := range 40 {
		vars[fmt.Sprint("D", i)] = []string{fmt.Sprintf("@{D%d}", i+1), fmt.Sprintf("x@{D%d}", i+1)}
	}
	vars["D40"] = []string{"y"}
	tests := []struct{ glob, name, msg string }{
		{"/@{A}", "A", "refers to itself"},
		{"/@{NONE}", "NONE", "is not defined"},
		{"/@{UNDEF}", "MISSING", "is not defined"},
		{"/@{LONG}", "LONG", "has a value longer than 4096 bytes, which AppArmor cuts off"},
		{"/@{PAIR}/x", "PAIR", "has a value that ends in an escaped slash"},
		{"/@{D0}", "", "expands to too much text"},
	}
	for _, tt := range tests {
		_, err := mustParse(t, tt.glob).Expand(vars)
		var variable *VariableError
		if !errors.As(err, &variable) {
			t.Errorf("%q: %v", tt.glob, err)
		} else if tt.name != "" && variable.Name != tt.name || variable.Msg != tt.msg || variable.Hint == "" {
			t.Errorf("%q: %+v", tt.glob, variable)
		}
	}
	_, err := mustParse(t, "/@{HALF}").Expand(vars)
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || !strings.Contains(err.Error(), "/{a") {
		t.Errorf("unbalanced value: %v", err)
	}
}

// TestUnexpanded: a glob whose variables are not known is not guessed at.
func TestUnexpanded(t *testing.T) {
	g, lit := mustParse(t, "/a@{X}"), mustParse(t, "/a")
	if g.Match("/a") {
		t.Error("it matches")
	}
	for _, err := range []error{
		second(Compile(lit, g)), third(Includes(g, lit)), third(Includes(lit, g)),
		third(Equal(g, lit)), third(Intersects(g, lit)), third(Intersects(lit, g)),
	} {
		var variable *VariableError
		if !errors.As(err, &variable) || variable.Name != "X" {
			t.Errorf("got %v", err)
		}
	}
}

func second(_ *Automaton, err error) error    { return err }
func third(_ bool, _ string, err error) error { return err }

// FuzzExpand: whatever the values, Expand ends, and what it returns is what it
// prints.
func FuzzExpand(f *testing.F) {
	f.Add("/@{A}/@{B}", "a", "/b/")
	f.Add("/x@{A}", "{a,@{B}", "b}")
	f.Add("/@{B}[@{A}]", `\\`, "@{A}@{A}")
	f.Add("/@{A}{B}", "@", "@{C}")
	f.Fuzz(func(t *testing.T, text, a, b string) {
		g, err := Parse(text)
		if err != nil {
			return
		}
		g, err = g.Expand(map[string][]string{"A": {a}, "B": {b, "x@{A}"}, "C": {a, b}})
		if err != nil || len(g.String()) > maxToken || g.String() == "" {
			return
		}
		again, err := Parse(g.String())
		if err != nil || len(g.Variables()) > 0 || !sameNode(g.g.root, again.g.root) {
			t.Fatalf("%q with %q and %q is %q: %v", text, a, b, g, err)
		}
	})
}
