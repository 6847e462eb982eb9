package profile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"apc/lang/diag"
)

// Loader reads files and what they include. A file is read and parsed once,
// however many others include it. A Loader may be used by several goroutines
// at once; its fields must not change after its first use.
type Loader struct {
	// FS holds all files, by absolute paths without the first slash. Nil means
	// those of the machine.
	FS fs.FS
	// Base lists the directories in which `<path>` is looked up; the first that
	// has it wins.
	Base []string
	// Dir is the directory at which relative paths begin; "" means the working
	// directory.
	Dir string

	mu    sync.Mutex
	files map[string]*loaded
	found map[string]resolved // by what an include says
	sound globs
}

// resolved is what a path of an include or an abi leads to.
type resolved struct {
	files []string // the file, or those of a directory
	found bool
	dir   bool
}

// Policy is a file with all that it includes.
type Policy struct {
	File  *File
	Files map[string]*File // every file that is included, by path

	sound *globs // of all policies of the Loader
}

// globs is a set of globs that were found to be well, so that those of an
// abstraction are not read again for each profile.
type globs struct {
	mu  sync.Mutex
	set map[string]bool
}

// maxKept is how long a glob may be that is remembered.
const maxKept = 1000

func (g *globs) has(word string) bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.set[word]
}

func (g *globs) add(word string) {
	if g == nil || len(word) > maxKept {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.set == nil {
		g.set = map[string]bool{}
	}
	g.set[word] = true
}

// loaded is a file of the cache.
type loaded struct {
	once     sync.Once
	file     *File
	includes []*Include // those that bring something in
	diags    diag.List
	err      error
}

// Load reads a file and what it includes. It returns what could be read, and
// what is wrong with the text of all of them. The error is that of reading the
// file itself, or of the context.
func (l *Loader) Load(ctx context.Context, name string) (*Policy, diag.List, error) {
	entry := l.entry(l.abs(name))
	l.read(entry, name, l.abs(name))
	if entry.err != nil {
		return nil, nil, entry.err
	}
	return l.policy(ctx, entry)
}

// LoadText reads a text in place of a file, and what it includes.
func (l *Loader) LoadText(ctx context.Context, name, text string) (*Policy, diag.List, error) {
	entry := &loaded{}
	l.parse(entry, name, text)
	return l.policy(ctx, entry)
}

// policy collects what a file includes, directly and through others.
func (l *Loader) policy(ctx context.Context, root *loaded) (*Policy, diag.List, error) {
	p := &Policy{File: root.file, Files: map[string]*File{}, sound: &l.sound}
	diags := slices.Clone(root.diags)
	for queue := []*loaded{root}; len(queue) > 0; queue = queue[1:] {
		for _, inc := range queue[0].includes {
			for _, name := range inc.Paths {
				if p.Files[name] != nil {
					continue
				}
				if err := ctx.Err(); err != nil {
					return nil, nil, err
				}
				entry := l.entry(name)
				l.read(entry, name, name)
				if entry.err != nil {
					diags = append(diags, diag.Errorf(inc.Range, "unreadable-include", "include that cannot be read", "%v.", entry.err))
					p.Files[name] = &File{Name: name}
					continue
				}
				p.Files[name] = entry.file
				diags = append(diags, entry.diags...)
				queue = append(queue, entry)
			}
		}
	}
	return p, diags.Sorted(), nil
}

// Included returns the files that an include brings in.
func (p *Policy) Included(i *Include) []*File {
	out := make([]*File, 0, len(i.Paths))
	for _, name := range i.Paths {
		if f := p.Files[name]; f != nil {
			out = append(out, f)
		}
	}
	return out
}

// entry returns the place of a file in the cache.
func (l *Loader) entry(name string) *loaded {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files == nil {
		l.files = map[string]*loaded{}
	}
	if l.files[name] == nil {
		l.files[name] = &loaded{}
	}
	return l.files[name]
}

// read fills an entry of the cache, once.
func (l *Loader) read(e *loaded, name, abs string) {
	e.once.Do(func() {
		text, err := fs.ReadFile(l.fs(), rooted(abs))
		if err != nil {
			e.err = fmt.Errorf("cannot read %s: %w", name, reason(err))
			return
		}
		l.parse(e, name, string(text))
	})
}

// parse fills an entry from the text of its file.
func (l *Loader) parse(e *loaded, name, text string) {
	e.file, e.diags = Parse(name, text)
	l.resolveAll(e)
}

// reason returns an error without the operation and the path.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (l *Loader) fs() fs.FS {
	if l.FS != nil {
		return l.FS
	}
	return os.DirFS("/")
}

// abs makes a path absolute and clean.
func (l *Loader) abs(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	dir := l.Dir
	if dir == "" && l.FS == nil {
		dir, _ = os.Getwd() // without one the path begins at the root
	}
	return path.Join("/", dir, name)
}

// rooted returns an absolute path as an fs.FS knows it.
func rooted(abs string) string {
	if s := strings.TrimPrefix(abs, "/"); s != "" {
		return s
	}
	return "."
}

// resolveAll finds the files that the statements of a file name.
func (l *Loader) resolveAll(e *loaded) {
	walk(e.file.Nodes, func(n Node) {
		switch n := n.(type) {
		case *Include:
			to := l.resolve(n.Path, n.Magic)
			if n.Paths = to.files; len(to.files) > 0 {
				e.includes = append(e.includes, n)
			}
			if !to.found && !n.IfExists {
				e.diags = append(e.diags, l.missing(n.Range, "missing-include", "include of a file that is not there", n.Path, n.Magic))
			}
		case *ABI:
			built := n.Magic && (n.Path == "kernel" || n.Path == "default")
			if to := l.resolve(n.Path, n.Magic); !built && (to.dir || !to.found) {
				e.diags = append(e.diags, l.missing(n.Range, "missing-abi", "abi file that is not there", n.Path, n.Magic))
			}
		}
	})
}

func (l *Loader) missing(at diag.Range, code, summary, name string, magic bool) diag.Diagnostic {
	switch {
	case !magic && path.IsAbs(name):
		return diag.Errorf(at, code, summary, "There is no %s.", name)
	case !magic:
		return diag.Errorf(at, code, summary, "There is no %s. A path without <> begins at the working directory, wherever the file stands "+
			"that names it; <%s> is looked up below the base directory.", l.abs(name), name)
	case len(l.Base) == 0:
		return diag.Errorf(at, code, summary, "There is no %s, as no base directory is given.", name)
	}
	return diag.Errorf(at, code, summary, "There is no %s below %s.", name, strings.Join(l.Base, ", "))
}

// resolve looks up what a path leads to, once.
func (l *Loader) resolve(name string, magic bool) resolved {
	key := name
	if magic {
		key = "<" + name
	}
	l.mu.Lock()
	to, ok := l.found[key]
	l.mu.Unlock()
	if ok {
		return to
	}
	to = l.lookUp(name, magic)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found == nil {
		l.found = map[string]resolved{}
	}
	l.found[key] = to
	return to
}

func (l *Loader) lookUp(name string, magic bool) resolved {
	if name == "" {
		return resolved{}
	}
	var candidates []string
	if !magic {
		candidates = []string{l.abs(name)}
	}
	for _, b := range l.Base {
		if magic {
			candidates = append(candidates, path.Join(l.abs(b), name))
		}
	}
	for _, c := range candidates {
		info, err := fs.Stat(l.fs(), rooted(c))
		switch {
		case err != nil:
		case info.IsDir():
			return resolved{l.directory(c), true, true}
		case !strings.HasSuffix(name, "/"):
			return resolved{[]string{c}, true, false}
		}
	}
	return resolved{}
}

// directory returns the files of a directory that an include takes.
func (l *Loader) directory(dir string) []string {
	entries, err := fs.ReadDir(l.fs(), rooted(dir))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if Skipped(e.Name()) {
			continue
		}
		if info, err := fs.Stat(l.fs(), rooted(name)); err == nil && info.Mode().IsRegular() {
			out = append(out, name)
		}
	}
	return out
}

// Directory returns the paths of the profiles in a directory of the machine:
// of the files that the parser reads there.
func Directory(dir string) ([]string, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, err
	}
	l := &Loader{}
	return l.directory(l.abs(dir)), nil
}

// skippedSuffixes are what packaging tools and editors leave behind
// (libapparmor: private.c, ignored_suffixes).
var skippedSuffixes = []string{
	".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-remove", ".pacsave", ".pacnew", ".rpmnew", ".rpmsave", ".orig",
	".rej", "~",
}

// Skipped says whether the include of a directory leaves a file of this base
// name out, and the parser one of a directory of profiles.
func Skipped(name string) bool {
	return strings.HasPrefix(name, ".") || name == "README" ||
		slices.ContainsFunc(skippedSuffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}
