package policy

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"golang.org/x/text/unicode/norm"

	"apc/lang/diag"
	"apc/lang/yaml"
)

const (
	// maxFile bounds a policy file, in bytes: the HCL parser recurses, and a
	// hostile file must not exhaust the stack.
	maxFile = 1 << 20
	// SettingsFile is the name of the file that holds the `apc` block.
	SettingsFile = "apc.hcl"
)

// IsPolicyFile says whether a file of this base name is read as a policy.
func IsPolicyFile(name string) bool {
	if name == "service.hcl" {
		return true
	}
	for _, ext := range []string{".apc.hcl", ".apc.json", ".apc.yaml"} {
		if strings.HasSuffix(name, ext) && name != ext {
			return true
		}
	}
	return false
}

// Options says what holds for every folder of a run.
type Options struct {
	// Modules holds the standard modules, NAME.hcl each.
	Modules fs.FS
	// Vars are values for variables by name, as given on the command line:
	// literal text, converted to the variable's type.
	Vars map[string]string
	// VarFiles are files of variable values, in HCL or JSON, later ones win.
	VarFiles []string
	// Rules are the names that ignore and severity may have; nil means that
	// they are not checked.
	Rules []string
	// Environ is read for APC_VAR_name, as from os.Environ.
	Environ []string
}

// Folder names what to load: one folder, and the files in it that were asked
// for by name.
type Folder struct {
	Path string   // as the user named it
	Only []string // base names; nil for every policy file
}

// Loader reads folders. Its methods may be called at the same time; modules
// are read once for all.
type Loader struct {
	opts     Options
	inputs   inputs
	mu       sync.Mutex
	standard map[string]*file // standard modules parsed so far
	declared map[string]bool  // variables of the folders loaded so far
}

// NewLoader reads the files of variables and returns a Loader. Problems with
// them are in the list, and the Loader works without them.
func NewLoader(opts Options) (*Loader, diag.List) {
	l := &Loader{opts: opts, standard: map[string]*file{}, declared: map[string]bool{}}
	diags := l.inputs.read(opts)
	return l, diags
}

// Load reads one folder: its policy files, evaluated, and the settings that
// hold for it. Whatever could be read is returned beside the diagnostics.
func (l *Loader) Load(f Folder) (*Policy, diag.List) {
	u := l.newUnit(f.Path)
	names, err := Files(f.Path)
	if err != nil {
		return u.policy, diag.List{ioError(f.Path, err)}
	}
	u.checkOnly(f.Only, names)
	for _, name := range names {
		u.readFile(filepath.Join(f.Path, name))
	}
	u.readSettings(f.Path)
	u.evaluate(f.Only)
	return u.policy, u.diags.Sorted()
}

// Files lists the base names of the policy files in a folder.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && IsPolicyFile(e.Name()) {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	return names, nil
}

// unit is a folder while it is read: files that share locals, variables,
// modules and names.
type unit struct {
	loader *Loader
	dir    string
	files  []*file
	maps   map[string]*yaml.Map // by file name as shown, YAML only
	policy *Policy
	diags  diag.List

	scope   *scope
	effort  *effort
	modules map[string]*moduleSource // declared in this folder
	// standard holds the standard modules, and loading the folders that hold
	// modules, that this unit and those it uses have read so far.
	standard map[string]*moduleSource
	loading  map[string]*unit
}

// file is one parsed policy file.
type file struct {
	name string // as shown
	src  []byte
	body hcl.Body
}

func (l *Loader) newUnit(dir string) *unit {
	return &unit{
		loader: l, dir: dir, effort: &effort{left: maxEffort},
		maps:     map[string]*yaml.Map{},
		policy:   &Policy{Sources: diag.Sources{}},
		modules:  map[string]*moduleSource{},
		standard: map[string]*moduleSource{},
		loading:  map[string]*unit{},
	}
}

func (u *unit) checkOnly(only, names []string) {
	for _, o := range only {
		if !slices.Contains(names, o) {
			u.diags = append(u.diags, diag.Errorf(diag.Range{File: filepath.ToSlash(filepath.Join(u.dir, o))}, "not-a-policy",
				"not a policy file", "Policy files are service.hcl, *.apc.hcl, *.apc.json and *.apc.yaml."))
		}
	}
}

// readFile reads and parses one file of the unit.
func (u *unit) readFile(path string) *file {
	src, err := readBounded(path)
	if err != nil {
		u.diags = append(u.diags, ioError(path, err))
		return nil
	}
	return u.parse(filepath.ToSlash(path), src)
}

// parse adds a file's text to the unit.
func (u *unit) parse(name string, src []byte) *file {
	u.policy.Sources[name] = src
	u.effort.left += unitsText * len(src)
	if len(strings.TrimSpace(string(src))) == 0 {
		u.diags = append(u.diags, diag.Errorf(startOf(name), "empty-file", "the file is empty",
			"Declare a service in it, or remove it. `apc init PROGRAM` writes a first one."))
		return nil
	}
	if d, ok := notNormal(name, src); ok {
		u.diags = append(u.diags, d)
		return nil
	}
	body := u.parseBody(name, src)
	if body == nil {
		return nil
	}
	f := &file{name: name, src: src, body: body}
	u.files = append(u.files, f)
	return f
}

func (u *unit) parseBody(name string, src []byte) hcl.Body {
	text := src
	if !strings.HasSuffix(name, ".yaml") && !u.checkUTF8(name, src) {
		return nil
	}
	if strings.HasSuffix(name, ".yaml") {
		json, m, diags := yaml.ToJSON(name, src)
		u.diags = append(u.diags, diags...)
		if diags.HasErrors() {
			return nil
		}
		u.maps[name], text = m, json
	} else if !u.checkDepth(name, src) {
		return nil
	}
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".json") {
		return u.parseJSON(name, text)
	}
	return u.parseNative(name, text)
}

// parseNative parses native syntax. What it returns is metered.
func (u *unit) parseNative(name string, src []byte) hcl.Body {
	parsed, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	u.hcl("syntax", diags)
	if parsed == nil || diags.HasErrors() || !u.checkLiterals(name, src) {
		return nil
	}
	meterBody(parsed.Body.(*hclsyntax.Body))
	return parsed.Body
}

// parseJSON parses JSON. What it returns is metered.
func (u *unit) parseJSON(name string, src []byte) hcl.Body {
	parsed, diags := json.Parse(src, name)
	u.hcl("syntax", diags)
	if parsed == nil || diags.HasErrors() {
		return nil
	}
	return jsonBody{parsed.Body}
}

// hcl adds HCL's own diagnostics under a code of ours.
func (u *unit) hcl(code string, list hcl.Diagnostics) {
	for _, h := range list {
		d := diag.Diagnostic{Severity: diag.Error, Code: code, Summary: lowerFirst(h.Summary), Detail: h.Detail}
		if h.Summary == "Extraneous JSON object property" {
			d.Summary = "unknown attribute or block"
			d.Detail = strings.Replace(h.Detail, "No argument or block type is named", "There is none of the name", 1)
		}
		if r, ok := h.Extra.(*refusal); ok {
			d.Code = r.code
		}
		if h.Severity == hcl.DiagWarning {
			d.Severity = diag.Warning
		}
		if h.Subject != nil {
			d.Subject = u.rng(*h.Subject)
		}
		u.diags = append(u.diags, d)
	}
}

func (u *unit) errorf(at diag.Range, code, summary, detail string, args ...any) {
	u.diags = append(u.diags, diag.Errorf(at, code, summary, detail, args...))
}

// rng turns a range of HCL into one of ours: for YAML through its map.
func (u *unit) rng(r hcl.Range) diag.Range {
	if m := u.maps[r.Filename]; m != nil {
		return m.Range(r)
	}
	return diag.Range{File: r.Filename, Start: position(r.Start), End: position(r.End)}
}

func position(p hcl.Pos) diag.Pos { return diag.Pos{Byte: p.Byte, Line: p.Line, Column: p.Column} }

func startOf(name string) diag.Range {
	at := diag.Pos{Line: 1, Column: 1}
	return diag.Range{File: name, Start: at, End: at}
}

// readBounded reads a regular file of at most maxFile bytes.
func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file")
	}
	if info.Size() > maxFile {
		return nil, tooLarge(info.Size())
	}
	return os.ReadFile(path)
}

type tooLarge int64

func (t tooLarge) Error() string {
	return fmt.Sprintf("the file has %d bytes, and a policy file may have %d; split it", int64(t), maxFile)
}

// ioError says why a file or folder cannot be read.
func ioError(path string, err error) diag.Diagnostic {
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err
	}
	return diag.Errorf(diag.Range{File: filepath.ToSlash(path)}, "unreadable", "cannot read it", "%s", diag.Sentence(err.Error()))
}

// maxDepth bounds the nesting of brackets and of prefix operators, on which
// the parsers of HCL and JSON recurse.
const maxDepth = 100

// tooDeepAt returns the offset at which text is nested deeper than any policy
// needs, or -1. It counts brackets without regard to strings, which errs on
// the safe side only where a file holds a hundred unclosed brackets in strings.
func tooDeepAt(src []byte) int {
	depth, prefix := 0, 0
	for i, c := range src {
		switch c {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			depth = max(0, depth-1)
		}
		if c == '!' || c == '-' || c == '?' {
			prefix++
		} else if c != ' ' && c != '\t' {
			prefix = 0
		}
		if depth > maxDepth || prefix > 20*maxDepth {
			return i
		}
	}
	return -1
}

func nestedTooDeep(src []byte) bool { return tooDeepAt(src) >= 0 }

// checkDepth reports a file that is nested too deep.
func (u *unit) checkDepth(name string, src []byte) bool {
	at := tooDeepAt(src)
	if at >= 0 {
		u.errorf(placeIn(name, src, at), tooDeep.code, tooDeep.summary, "%s", tooDeep.detail)
	}
	return at < 0
}

// checkUTF8 reports a file that is no text, once and not for each byte.
func (u *unit) checkUTF8(name string, src []byte) bool {
	at := 0
	for at < len(src) {
		r, n := utf8.DecodeRune(src[at:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			u.errorf(placeIn(name, src, at), "not-text", "the file is not UTF-8 text", "Save it as UTF-8. It may be UTF-16, or no text at all.")
			return false
		}
		at += n
	}
	return true
}

// placeIn returns the place of an offset.
func placeIn(name string, src []byte, at int) diag.Range {
	line := bytes.Count(src[:at], []byte("\n")) + 1
	column := utf8.RuneCount(src[bytes.LastIndexByte(src[:at], '\n')+1:at]) + 1
	start := diag.Pos{Byte: at, Line: line, Column: column}
	return diag.Range{File: name, Start: start, End: start}
}

// notNormal refuses text that is not in Unicode's normal form C: HCL would
// normalise it, and a path would silently become another one.
func notNormal(name string, src []byte) (diag.Diagnostic, bool) {
	at := norm.NFC.QuickSpan(src)
	if at == len(src) || norm.NFC.IsNormal(src) || !utf8.Valid(src) {
		return diag.Diagnostic{}, false
	}
	return diag.Errorf(placeIn(name, src, at), "not-normal", "the text is not in Unicode's normal form C",
		"HCL would change it, and a path would be another one. Write composed characters, or the bytes as AppArmor escapes such as \"\\\\xcc\\\\x81\"."), true
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && (s[1] < 'A' || s[1] > 'Z') {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// Text reads a policy from text instead of a folder; ranges call it name.
func (l *Loader) Text(name, text string) (*Policy, diag.List) {
	u := l.newUnit("")
	u.parse(name, []byte(text))
	u.evaluate(nil)
	return u.policy, u.diags.Sorted()
}
