// Package policy reads the policy language: HCL, HCL's JSON syntax and YAML
// become one evaluated [Policy], with a range of source text behind each
// value.
//
// It decides nothing about AppArmor: what an intent grants is the business of
// the compiler. It checks what can be checked without a target: names, types,
// paths, and the words of typed rules. It may import diag, rule, glob and
// feature of the project, and nothing of the compiler.
package policy

import (
	"apc/lang/diag"
	"apc/lang/rule"
)

// Policy is what the policy files of one folder declare.
type Policy struct {
	Services []*Service
	Tests    []*Test
	Trials   []*Trial
	Tunables []Tunable
	Aliases  []Alias
	Settings Settings
	// Declared holds the modules, variables and locals of the folder.
	Declared []Declared
	// Sources holds the text of every file that was read, under the name
	// that ranges give.
	Sources diag.Sources
}

// Where tells where a statement came from.
type Where struct {
	Range  diag.Range
	Intent string // attribute or block that said it: "config", "listen", …
	Reason string
	// Via is the chain of modules it came through, outermost first.
	Via []Use
}

// Place returns w itself; it makes every type that embeds Where a Statement.
func (w Where) Place() Where { return w }

// Use is one `use` of a module.
type Use struct {
	Module string
	Range  diag.Range // of the use block's header
	Reason string     // of the use block
}

// Service is a `service` or a `container` block.
type Service struct {
	Name        string
	Container   bool
	Description string
	Where       Where // its header
	Folder      string
	File        string // base name of the file that declares it

	Executable *Path
	// Attachment overrides the executable as attachment: a path, a glob or
	// "none"; nil where it is not given.
	Attachment *Path

	Flags           []Word
	Mode            Word
	ABI             Word
	Namespace       Word
	Xattrs          []Xattr
	NoNewPrivileges bool
	DynamicUser     bool

	Body Body
}

// Word is a string with its place.
type Word struct {
	Text  string
	Range diag.Range
}

// Xattr is one extended attribute that the attachment asks for.
type Xattr struct{ Name, Value string }

// Body is what services, containers, modules, children and hats share.
type Body struct {
	// Base says whether the distribution's abstractions/base is wanted.
	Base       bool
	Statements []Statement
	Ignores    []*Ignore
	Optimize   Optimize
}

// Statement is one wish of a policy. The set is closed: *Path, *Capability,
// *Endpoint, *Socket, *Run, *Hat, *Include, *Typed, *DenyPath, *Raw.
type Statement interface{ Place() Where }

// Path is an entry of a path list; Where.Intent says of which.
type Path struct {
	Where
	Text   string
	Owner  *bool // nil where it is not said
	Links  bool  // option of data and cache
	Rotate bool  // option of logs
}

// Capability is an entry of `capabilities`.
type Capability struct {
	Where
	Name string
}

// Endpoint is a `listen` or `connect` block.
type Endpoint struct {
	Where
	Name     string
	Address  string   // "" for any
	Port     string   // a number or a range "A-B"; "" for any
	Protocol string   // "tcp", "udp", …
	Families []string // "inet", "inet6"
}

// Socket is a `socket` block: a unix socket by path or abstract name "@…".
type Socket struct {
	Where
	Path string
	Type string // "stream", "dgram", "seqpacket"
}

// Run is a `run` block: a program that the service executes.
type Run struct {
	Where
	Path     string
	As       string // "inherit", "child", "profile", "unconfined"
	Name     string // of the child profile; "" for the program's base name
	To       string // named target of "profile"; "" for the program's own
	Fallback string // "inherit", "unconfined" or ""
	Scrub    bool   // scrub the environment
	Body     Body   // of a child
}

// Hat is a `hat` block.
type Hat struct {
	Where
	Name string
	Body Body
}

// Include is an entry of `include`: a file below the base directory.
type Include struct {
	Where
	Path string
}

// Typed is a block that is an AppArmor rule of the same name, in a body or
// inside `deny`.
type Typed struct {
	Where
	Rule rule.Rule
}

// DenyPath is one path of a `deny` block. A path that ends in "/" means the
// directory and all below it.
type DenyPath struct {
	Where
	Path   string
	Access rule.Access
	Exec   bool
	Quiet  bool
}

// Ignore accepts one lint finding or loss.
type Ignore struct {
	Where
	Rule    string
	Path    string // "" for all of the rule's findings
	Expires string // YYYY-MM-DD, or ""
}

// Optimize holds the widenings that a body asks for.
type Optimize struct {
	Collapse  []Word
	Threshold int
}

// Tunable is an AppArmor variable of the emitted file.
type Tunable struct {
	Where
	Name   string // without @{}
	Values []string
}

// Alias makes paths below From match as if they were below To too.
type Alias struct {
	Where
	From, To string
}

// Settings is the `apc` block that holds for a folder.
type Settings struct {
	Targets  []Word
	Base     Word
	Optimize Word
	Strict   bool
	// Severity sets the severity of lint rules: "error", "warning", "note"
	// or "off".
	Severity map[string]Word
}

// Test is a `test` block: what the compiled profile must allow and deny.
type Test struct {
	Where
	Name        string
	Profile     string
	Allow, Deny []DenyPath
}

// Trial is a `trial` block: what must happen in a real kernel.
type Trial struct {
	Where
	Name    string
	Profile string
	// Enter says whether the command starts in the profile; nil where the
	// policy leaves that to whether the profile attaches to anything.
	Enter   *bool
	Command []string
	Env     map[string]string
	Tmpfs   []string
	Attacks []Attack
}

// Attack is a command of a trial that must be denied and recorded.
type Attack struct {
	Where
	Name    string
	Command []string
	// Tools says whether it may use the system's tools.
	Tools bool
}
