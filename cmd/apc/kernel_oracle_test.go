package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"apc/cmd/apc/internal/trial"
	"apc/compiler"
	"apc/compiler/ir"
	"apc/lang/compiled"
	"apc/lang/glob"
	"apc/lang/rule"
	"apc/stdlib"
)

// pathsPerProfile is how many paths each profile is asked about.
const pathsPerProfile = 500

// fileBits are the permissions of which the kernel and the reader must say the
// same.
const fileBits = compiled.MayExec | compiled.MayWrite | compiled.MayRead | compiled.MayAppend | compiled.MayLock | compiled.MayMap | compiled.MayLink

// TestKernelAgrees asks a real kernel and the reader of compiled policies about
// paths of all examples and standard modules: what rules match, what they
// nearly match, and others. There may be no difference.
func TestKernelAgrees(t *testing.T) {
	if !kernelInstalled() || !parserInstalled(t) {
		t.Skip("linux.uml or apparmor_parser is missing, or the race detector is on: the kernel is not asked")
	}
	outputs, profiles := compiledExamples(t)
	q := questioner{random: rand.New(rand.NewPCG(1, 2))}
	for i, o := range outputs {
		policy, err := compiled.Read(profiles[i].Binary)
		if err != nil {
			t.Fatal(err)
		}
		m, err := resolved(o, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Profiles() {
			name := m.FullName(p)
			read := policy.Profile(name)
			if read == nil {
				t.Fatalf("no profile %q in what was compiled", name)
			}
			q.profile(name, read, rulePaths(t, m, p))
		}
	}
	r, err := trial.Run(t.Context(), trial.Options{Profiles: profiles, Queries: q.queries})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	q.compare(t, r.Answers)
}

// needed holds the arguments that standard modules cannot do without.
var needed = map[string]string{
	"tls-server": "certificates = [\"/etc/app/tls/*.pem\"]\nkeys = [\"/etc/app/tls/key\"]\n",
}

// compiledExamples compiles all examples, and a service for each standard
// module that uses nothing else.
func compiledExamples(t *testing.T) ([]*compiler.Output, []trial.Profile) {
	t.Helper()
	names, err := fs.Glob(stdlib.Modules, "*.hcl")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var text strings.Builder
	for _, name := range names {
		module := strings.TrimSuffix(name, ".hcl")
		fmt.Fprintf(&text, "service \"only-%s\" {\n  attachment = \"none\"\n  use %q {\n%s  }\n}\n", module, module, needed[module])
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "service.hcl"), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: io.Discard, stderr: t.Output(), today: "2000-01-01"}
	f := loadFlags{targets: []string{trialTarget}}
	l, err := a.load([]string{dir, "../../examples/..."}, f)
	if err != nil {
		t.Fatal(err)
	}
	outputs, diags := l.inspect(f, compiler.Options{Today: a.today})
	if l.diags.HasErrors() || diags.HasErrors() {
		t.Fatal(l.diags, diags)
	}
	profiles, diags, err := compileProfiles(t.Context(), outputs)
	if err != nil || withoutLoss(diags).HasErrors() {
		t.Fatal(err, diags)
	}
	return outputs, profiles
}

// rulePaths returns the patterns of a profile's rules, of its includes too, with
// their variables expanded.
func rulePaths(t *testing.T, m *ir.Module, p *ir.Profile) (out []string) {
	t.Helper()
	var each func(rules []ir.Rule)
	each = func(rules []ir.Rule) {
		for _, r := range rules {
			each(r.Included)
			f, ok := r.Body.(rule.File)
			if !ok || f.Path == "" {
				continue
			}
			g, err := glob.Parse(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			if g, err = g.Expand(m.Values); err != nil {
				t.Logf("%s: %v", f.Path, err) // a variable of the profile itself, as @{profile_name}
				continue
			}
			out = append(out, g.String())
		}
	}
	each(p.Rules)
	return out
}

// questioner makes questions, and keeps what the reader answers.
type questioner struct {
	random  *rand.Rand
	queries []trial.Query
	want    []compiled.Access
}

const classFile = 2

// others is a user who is not root, whom the objects of queries belong to.
const others = 65534

func (q *questioner) profile(name string, p *compiled.Profile, patterns []string) {
	for range pathsPerProfile {
		path := q.path(patterns)
		q.ask(trial.Query{Label: name, Class: classFile, Name: []byte(path)}, p.Path(path, compiled.Owner))
		q.ask(trial.Query{Label: name, Class: classFile, Name: []byte(path), UID: others}, p.Path(path, compiled.Others))
	}
}

func (q *questioner) ask(query trial.Query, want compiled.Access) {
	q.queries, q.want = append(q.queries, query), append(q.want, want)
}

// path returns a path that a rule matches, one that is nearly such, or another.
func (q *questioner) path(patterns []string) string {
	if len(patterns) == 0 || q.random.IntN(10) == 0 {
		return q.anything(1 + q.random.IntN(4))
	}
	path := q.member(patterns[q.random.IntN(len(patterns))])
	if q.random.IntN(2) == 0 {
		return path
	}
	return q.near(path, patterns)
}

var words = []string{"a", "x.so", ".hidden", "1", "lib", "etc", "passwd", "très", "\xff", "a b", "tmp", "{", "*"}

func (q *questioner) word() string { return words[q.random.IntN(len(words))] }

func (q *questioner) anything(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString("/" + q.word())
	}
	return b.String()
}

// member returns a string that a pattern matches, or nearly so: it reads what
// rules use, and not all of the language.
func (q *questioner) member(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '\\':
			i++
			if i < len(pattern) {
				b.WriteByte(pattern[i])
			}
		case '*':
			b.WriteString(q.word())
			if i+1 < len(pattern) && pattern[i+1] == '*' {
				i++
				b.WriteString([]string{"", "/", "/a/b"}[q.random.IntN(3)])
			}
		case '?':
			b.WriteByte('q')
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			b.WriteByte(pattern[i+1+q.random.IntN(end-1)])
			i += end
		case '{':
			options, rest := alternatives(pattern[i:])
			b.WriteString(q.member(options[q.random.IntN(len(options))]))
			i = len(pattern) - len(rest) - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// alternatives parts what stands in the braces that s begins with from the rest.
func alternatives(s string) (options []string, rest string) {
	depth, from := 0, 1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',', '}':
			if depth == 1 {
				options, from = append(options, s[from:i]), i+1
			}
			if s[i] == '}' {
				depth--
			}
			if depth == 0 {
				return options, s[i+1:]
			}
		}
	}
	return append(options, s[from:]), ""
}

// near changes a path a little.
func (q *questioner) near(p string, patterns []string) string {
	at := q.random.IntN(len(p) + 1)
	switch q.random.IntN(8) {
	case 0:
		return p + "/"
	case 1:
		return strings.TrimSuffix(p, "/")
	case 2:
		return p + "/" + q.word()
	case 3:
		return p + q.word()
	case 4:
		return p[:at] + q.word() + p[at:]
	case 5:
		return p[:at]
	case 6:
		return path.Dir(p) + "/" + q.word()
	default:
		return p + q.member(patterns[q.random.IntN(len(patterns))])
	}
}

// compare holds the kernel's answers against the reader's.
func (q *questioner) compare(t *testing.T, answers []trial.Answer) {
	t.Helper()
	if len(answers) != len(q.want) {
		t.Fatalf("%d answers to %d questions", len(answers), len(q.want))
	}
	granted, owners, wrong := 0, 0, 0
	for i, a := range answers {
		want, query := q.want[i], q.queries[i]
		got := compiled.Access{
			Allow: compiled.Perms(a.Allow) & fileBits,
			Audit: compiled.Perms(a.Audit&a.Allow) & fileBits,
			Quiet: compiled.Perms(a.Quiet&^a.Allow) & fileBits,
		}
		if got.Allow != want.Allow&fileBits || got.Audit != want.Audit&fileBits || got.Quiet != want.Quiet&fileBits {
			if wrong++; wrong <= 10 {
				t.Errorf("profile %q, path %q, uid %d: the kernel says %+v, the reader %+v", query.Label, query.Name, query.UID, got, want)
			}
		}
		if got.Allow != 0 {
			granted++
		}
		if i%2 == 1 && bytes.Equal(query.Name, q.queries[i-1].Name) && a.Allow != answers[i-1].Allow {
			owners++
		}
	}
	if granted*10 < len(answers) || granted*10 > 9*len(answers) || owners == 0 {
		t.Errorf("of %d answers %d grant something, and %d tell the owner apart: that asks too little", len(answers), granted, owners)
	}
	t.Logf("%d questions, %d answers that grant something, %d paths where the owner may do more, %d differences", len(answers), granted, owners, wrong)
}
