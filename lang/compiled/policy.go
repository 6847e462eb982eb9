package compiled

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// ErrNotPinned is the error for a policy of version v5, which holds no rules
// but those for files, capabilities and limits: the parser writes it when it
// knows no kernel features.
var ErrNotPinned = errors.New("policy version v5: kernel features were not pinned")

// ErrCompressed is the error for a policy in a zstd frame.
var ErrCompressed = errors.New("compiled policy is compressed by zstd")

// A Policy is what one run of the parser hands to the kernel.
type Policy struct {
	Profiles []*Profile // in the order of the stream; hats and children as parent//child
}

// Profile returns the profile of that name, or nil.
func (p *Policy) Profile(name string) *Profile {
	for _, q := range p.Profiles {
		if q.Name == name {
			return q
		}
	}
	return nil
}

// A Header is what stands before each profile.
type Header struct {
	Version       int // of the kernel interface: 6 to 8
	ParserVersion int
	PolicyVersion int
	ForceComplain bool
	Namespace     string
}

// A Mode says what becomes of an access that no rule allows.
type Mode uint8

// The modes, as the stream numbers them (kernel: policy_unpack.h, PACKED_MODE_*).
const (
	ModeEnforce Mode = iota
	ModeComplain
	ModeKill
	ModeUnconfined
	ModePrompt
)

func (m Mode) String() string {
	return [...]string{"enforce", "complain", "kill", "unconfined", "prompt"}[m]
}

// A Profile is one profile, hat or child.
type Profile struct {
	Header
	Name            string
	Rename          string
	Attachment      string // as it was written, where the parser says so
	Disconnected    string // attach_disconnected.path
	DisconnectedIPC string
	Hat             bool
	Mode            Mode
	Audit           bool // flags=(audit): every access is recorded
	KillSignal      uint32
	Error           uint32   // errno of a denial
	PathFlags       PathFlag // how paths are made before they are matched
	XAttrs          []string // names of extended attributes that the attachment wants
	Caps            Capabilities
	Limits          Rlimits

	body   []byte    // the profile as it stood in the stream
	xmatch *database // nil where only the name attaches
	policy *database // nil where nothing but files is mediated
	file   *database // nil where no file is allowed
	nets   []netRule // by address family; nil where there is no such table
}

// A PathFlag is a set of flags on path lookup (kernel: path.h).
type PathFlag uint32

// The flags, by the words of flags=().
const (
	AttachDisconnected PathFlag = 0x4
	ChrootRelative     PathFlag = 0x8
	ChrootAttach       PathFlag = 0x10
	AttachIPC          PathFlag = 0x20
	MediateDeleted     PathFlag = 0x10000
)

var pathFlagNames = []struct {
	flag PathFlag
	name string
}{
	{AttachDisconnected, "attach_disconnected"}, {ChrootRelative, "chroot_relative"},
	{ChrootAttach, "chroot_attach"}, {AttachIPC, "attach_disconnected.ipc"},
	{MediateDeleted, "mediate_deleted"},
}

// flags spells what flags=() says, the mode left out.
func (p *Profile) flags() string {
	var words []string
	for _, f := range pathFlagNames {
		if p.PathFlags&f.flag != 0 {
			words = append(words, f.name)
		}
	}
	if p.Audit {
		words = append(words, "audit")
	}
	return strings.Join(words, ", ")
}

// A database is an automaton with what its states grant.
type database struct {
	*automaton
	*grants
	start uint32

	refined sync.Once
	joint   [256]byte // see classes
}

// classes returns a partition of the bytes: those of one class lead alike from
// every state.
func (d *database) classes() *[256]byte {
	d.refined.Do(func() { d.joint = d.automaton.classes() })
	return &d.joint
}

// Read decodes a compiled policy. It keeps b, which must not change from then
// on. The error is a *FormatError, or wraps ErrNotPinned or ErrCompressed.
func Read(b []byte) (*Policy, error) {
	if bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return nil, ErrCompressed
	}
	s := &stream{b: b}
	var p Policy
	h := readHeader(s)
	for s.err == nil {
		p.Profiles = append(p.Profiles, readProfile(s, h))
		if !s.more() {
			break
		}
		if s.named("version") {
			h = readHeader(s)
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	return &p, nil
}

// readHeader reads the version word (bits 0-9 kernel interface, 11 forced
// complain, 12-19 parser, 20-27 policy) and the namespace.
func readHeader(s *stream) Header {
	v := s.u32("version")
	h := Header{
		Version:       int(v & 0x3ff),
		ParserVersion: int(v >> 12 & 0xff),
		PolicyVersion: int(v >> 20 & 0xff),
		ForceComplain: v&(1<<11) != 0,
	}
	switch {
	case s.err != nil:
	case h.Version == 5:
		s.err = fmt.Errorf("compiled policy, offset %d: %w", s.pos, ErrNotPinned)
	case h.Version < 6 || h.Version > 8:
		s.fail("a policy version from v6 to v8, not v%d", h.Version)
	}
	h.Namespace = s.optText("namespace")
	return h
}

// readProfile reads one profile (kernel: unpack_profile).
func readProfile(s *stream, h Header) *Profile {
	p := &Profile{Header: h}
	from := s.pos
	s.open("profile")
	at := s.pos
	if p.Name = s.text(""); p.Name == "" {
		s.failAt(at, "the name of a profile")
	}
	p.Rename = s.optText("rename")
	p.Attachment = s.optText("attach")
	if p.xmatch = readDatabase(s, policyKind, p.Name); p.xmatch != nil {
		s.u32("") // how many bytes of the attachment are literal
	}
	readFlags(s, p)
	p.Caps = readCapabilities(s)
	p.XAttrs = readXAttrs(s)
	p.Limits = readRlimits(s)
	p.nets = readNetRules(s)
	if s.named("policydb") {
		s.open("policydb")
		p.policy = readDatabase(s, policyKind, p.Name)
		s.closeStruct()
	}
	p.file = readDatabase(s, fileKind, p.Name)
	s.closeStruct()
	if s.err == nil {
		p.body = s.b[from:s.pos]
	}
	return p
}

func readFlags(s *stream, p *Profile) {
	p.Disconnected = s.optText("disconnected")
	p.DisconnectedIPC = s.optText("disconnected_ipc")
	p.KillSignal, _ = s.optU32("kill")
	p.Error, _ = s.optU32("error")
	s.open("flags")
	p.Hat = s.u32("")&1 != 0
	at := s.pos
	mode := s.u32("")
	if mode > uint32(ModePrompt) {
		s.failAt(at, "a mode up to %d, not %d", ModePrompt, mode)
		mode = 0
	}
	p.Mode = Mode(mode)
	if p.ForceComplain {
		p.Mode = ModeComplain
	}
	p.Audit = s.u32("") != 0
	s.closeStruct()
	flags, ok := s.optU32("path_flags")
	if p.PathFlags = PathFlag(flags); !ok {
		p.PathFlags = MediateDeleted // the kernel's default
	}
}

func readXAttrs(s *stream) []string {
	if !s.named("xattrs") {
		return nil
	}
	s.open("xattrs")
	names := make([]string, s.array("", 4))
	for i := range names {
		names[i] = s.text("")
	}
	s.closeArrayStruct()
	return names
}

// readDatabase reads a permission table where there is one, the automaton, and
// the transition table (kernel: unpack_pdb). It returns nil where there is no
// automaton.
func readDatabase(s *stream, k kind, own string) *database {
	entries, inTable := readPermsTable(s)
	version, _ := s.optU32("permsv")
	if !s.named("aadfa") {
		if inTable {
			s.fail("an automaton after its permission table")
		}
		return nil
	}
	d := &database{automaton: readAutomaton(s), start: start}
	d.readStart(s, k)
	exec := readExecTable(s, own)
	if s.err != nil {
		return nil
	}
	if !inTable {
		d.grants = fromAccept(d.automaton, k, exec)
		return d
	}
	list := make([]grant, len(entries))
	for i := range entries {
		list[i] = entries[i].grant(k, exec)
	}
	d.grants = fromTable(s, d.automaton, k, list, d.split(version))
	return d
}

// readStart reads the start states that a stream may name.
func (d *database) readStart(s *stream, k kind) {
	policy, ok := s.optU32("start")
	if ok && k == policyKind {
		d.start = policy
	}
	file, ok := s.optU32("dfa_start")
	if ok && k == fileKind {
		d.start = file
	}
	if s.err == nil && int64(d.start) >= int64(len(d.base)) {
		s.fail("a start state below %d", len(d.base))
	}
}

// split tells of which states owner and others differ: from version 3 of the
// table the second accept word says so, before it all do.
func (d *database) split(version uint32) func(state int) bool {
	return func(state int) bool {
		return version < 3 || d.accept2 != nil && d.accept2[state]&1 != 0
	}
}
