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
}

// Policy is a file with all that it includes.
type Policy struct {
	File  *File
	Files map[string]*File // every file that is included, by path
}

// loaded is a file of the cache.
type loaded struct {
	once  sync.Once
	file  *File
	diags diag.List
	err   error
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
	entry.file, entry.diags = Parse(name, text)
	entry.diags = append(entry.diags, l.resolveAll(entry.file)...)
	return l.policy(ctx, entry)
}

// policy collects what a file includes, directly and through others.
func (l *Loader) policy(ctx context.Context, root *loaded) (*Policy, diag.List, error) {
	p := &Policy{File: root.file, Files: map[string]*File{}}
	diags := slices.Clone(root.diags)
	for queue := []*File{root.file}; len(queue) > 0; {
		file := queue[0]
		queue = queue[1:]
		for _, inc := range includes(file.Nodes, nil) {
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
				queue = append(queue, entry.file)
			}
		}
	}
	return p, diags.Sorted(), nil
}

// includes returns the includes among nodes and in their blocks.
func includes(nodes []Node, out []*Include) []*Include {
	for _, n := range nodes {
		if i, ok := n.(*Include); ok {
			out = append(out, i)
		}
		for _, b := range n.blocks() {
			out = includes(b.Nodes, out)
		}
	}
	return out
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
		e.file, e.diags = Parse(name, string(text))
		e.diags = append(e.diags, l.resolveAll(e.file)...)
	})
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
func (l *Loader) resolveAll(f *File) diag.List {
	var diags diag.List
	for _, inc := range includes(f.Nodes, nil) {
		paths, found := l.resolve(inc.Path, inc.Magic)
		inc.Paths = paths
		if !found && !inc.IfExists {
			diags = append(diags, l.missing(inc.Range, "missing-include", "include of a file that is not there", inc.Path, inc.Magic))
		}
	}
	for _, a := range abis(f.Nodes, nil) {
		if a.Magic && (a.Path == "kernel" || a.Path == "default") {
			continue
		}
		if paths, _ := l.resolve(a.Path, a.Magic); len(paths) == 0 {
			diags = append(diags, l.missing(a.Range, "missing-abi", "abi file that is not there", a.Path, a.Magic))
		}
	}
	return diags
}

// abis returns the abi statements among nodes and in their blocks.
func abis(nodes []Node, out []*ABI) []*ABI {
	for _, n := range nodes {
		if a, ok := n.(*ABI); ok {
			out = append(out, a)
		}
		for _, b := range n.blocks() {
			out = abis(b.Nodes, out)
		}
	}
	return out
}

func (l *Loader) missing(at diag.Range, code, summary, name string, magic bool) diag.Diagnostic {
	where := l.abs(name)
	if magic {
		where = "below " + strings.Join(l.Base, ", ")
		if len(l.Base) == 0 {
			where = "anywhere, as no base directory is given"
		}
	}
	return diag.Errorf(at, code, summary, "There is no %s %s.", name, where)
}

// resolve returns the files that a path names: one, or those of a directory.
// found is false where there is neither.
func (l *Loader) resolve(name string, magic bool) (files []string, found bool) {
	if name == "" {
		return nil, false
	}
	candidates := []string{l.abs(name)}
	if magic {
		candidates = nil
		for _, b := range l.Base {
			candidates = append(candidates, path.Join(l.abs(b), name))
		}
	}
	for _, c := range candidates {
		info, err := fs.Stat(l.fs(), rooted(c))
		switch {
		case err != nil:
		case info.IsDir():
			return l.directory(c), true
		default:
			return []string{c}, true
		}
	}
	return nil, false
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
		if skipped(e.Name()) {
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

// skipped says whether the include of a directory leaves a file out.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || name == "README" ||
		slices.ContainsFunc(skippedSuffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}
