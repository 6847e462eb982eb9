package glob

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const profiles = "/etc/apparmor.d"

var (
	ruleLine     = regexp.MustCompile(`^\s*(?:(?:owner|deny|audit|file)\s+)*("[^"]+"|[/@][^\s"]*)\s+(?:->.*|[rwaxlkmiupcPCUx]+),`)
	variableLine = regexp.MustCompile(`^\s*@\{(\w+)\}\s*\+?=\s*(.*)`)
)

// profileGlobs returns the paths of file rules in the profiles of this machine,
// as text and expanded, each once.
func profileGlobs(tb testing.TB) (texts []string, globs []Glob) {
	tb.Helper()
	vars := map[string][]string{"profile_name": {"profile"}}
	seen := map[string]bool{}
	err := filepath.WalkDir(profiles, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for line := range strings.SplitSeq(string(data), "\n") {
			if m := variableLine.FindStringSubmatch(line); m != nil {
				for _, v := range strings.Fields(m[2]) {
					vars[m[1]] = append(vars[m[1]], strings.Trim(v, `"`))
				}
			} else if m := ruleLine.FindStringSubmatch(line); m != nil && !seen[m[1]] {
				seen[m[1]] = true
				texts = append(texts, strings.Trim(m[1], `"`))
			}
		}
		return err
	})
	if err != nil || len(texts) == 0 {
		tb.Skipf("SKIPPED: no profiles on this machine (%v)", err)
	}
	for _, text := range texts {
		g, err := Parse(text)
		if err == nil {
			g, err = g.Expand(vars)
		}
		if err != nil {
			tb.Logf("%s: %v", text, err)
			continue
		}
		globs = append(globs, g)
	}
	return texts, globs
}

func BenchmarkParse(b *testing.B) {
	texts, _ := profileGlobs(b)
	n := 0
	for _, text := range texts {
		n += len(text)
	}
	b.SetBytes(int64(n / len(texts)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := Parse(texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
	}
}

var matchPaths = []string{
	"/etc/passwd", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/proc/1234/status",
	"/home/user/.config/app/settings.json", "/var/log/nginx/access.log", "/usr/share/locale/de/LC_MESSAGES/app.mo",
}

func BenchmarkMatch(b *testing.B) {
	_, globs := profileGlobs(b)
	for i := 0; b.Loop(); i++ {
		globs[i%len(globs)].Match(matchPaths[i%len(matchPaths)])
	}
}

// BenchmarkMatchTail is a match that goes through the automaton to its end.
func BenchmarkMatchTail(b *testing.B) {
	g, err := Parse("/usr/{,local/}lib{,32,64}/**.so*")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !g.Match("/usr/lib/x86_64-linux-gnu/libc.so.6") {
			b.Fatal("no match")
		}
	}
}

// BenchmarkIncludes asks for pairs from real profiles, all with all in turn.
func BenchmarkIncludes(b *testing.B) {
	_, globs := profileGlobs(b)
	yes := 0
	for i := 0; b.Loop(); i++ {
		ok, _, err := Includes(globs[i%len(globs)], globs[i/len(globs)%len(globs)])
		if err != nil {
			b.Fatal(err)
		}
		if ok {
			yes++
		}
	}
	b.ReportMetric(float64(yes)/float64(b.N), "included/op")
}

func BenchmarkIntersects(b *testing.B) {
	_, globs := profileGlobs(b)
	for i := 0; b.Loop(); i++ {
		if _, _, err := Intersects(globs[i%len(globs)], globs[i/len(globs)%len(globs)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompileGlob makes the automaton of one glob.
func BenchmarkCompileGlob(b *testing.B) {
	_, globs := profileGlobs(b)
	for i := 0; b.Loop(); i++ {
		if _, err := Compile(globs[i%len(globs)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompileAll makes one automaton of the globs of all profiles, but for
// those that take in whole directories of the root, and with them the others.
func BenchmarkCompileAll(b *testing.B) {
	_, globs := profileGlobs(b)
	globs = slices.DeleteFunc(globs, func(g Glob) bool { return strings.Count(g.g.prefix, "/") < 2 })
	for b.Loop() {
		a, err := Compile(globs...)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(a.States()), "states")
	}
	b.ReportMetric(float64(len(globs)), "globs")
}

// BenchmarkCompileLarge makes one automaton of 5,000 rules of an invented
// service.
func BenchmarkCompileLarge(b *testing.B) {
	var globs []Glob
	for i := range 5000 {
		g, err := Parse(fmt.Sprintf("/srv/app%d/data%d/{,**/}*.[a-z]", i%500, i))
		if err != nil {
			b.Fatal(err)
		}
		globs = append(globs, g)
	}
	for b.Loop() {
		if _, err := Compile(globs...); err != nil {
			b.Fatal(err)
		}
	}
}
