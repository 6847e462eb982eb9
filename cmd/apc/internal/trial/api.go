package trial

import (
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// Profile is text to be compiled in the guest by the host's apparmor_parser, or
// what a parser compiled for this kernel's features; one of the two.
type Profile struct {
	Name   string // for messages
	Text   []byte
	Binary []byte
}

// Options say what to run, and in what.
type Options struct {
	Profiles []Profile
	// Complain has every profile allow and record what it would deny.
	Complain bool

	// Command may be empty where there are Queries.
	Command []string
	Env     []string // added to a login's usual few
	Dir     string   // "/" by default
	User    string   // name or number; root by default
	// Enter is the profile that the command starts in, whatever its path.
	Enter string
	// Timeout is for the command; 0 is none. It is told to end, and two
	// seconds later it is ended.
	Timeout time.Duration

	// Steps run after the command, one after another, as it did.
	Steps []Step

	MemoryMB int      // 512 by default
	Tmpfs    []string // directories that are empty at first
	Write    []Copy

	// Lane tells trials that run side by side apart, so that each gets a
	// processor of its own. 0 is for one that runs alone.
	Lane int

	// Queries are asked when the profiles are loaded, before the command.
	Queries []Query

	// Keep is a folder for console, stdout, stderr and records.
	Keep string
	// Kernel is the path of linux.uml, where it is not in PATH.
	Kernel string
	// Stdout and Stderr get the command's output as it comes.
	Stdout, Stderr io.Writer

	// self is the program that the guest runs, where it is not this one.
	self string
}

// Step is a command that runs when nothing is left of those before it. What it
// does not say is as in Options.
type Step struct {
	// Profiles are loaded first, in the place of those that are called the
	// same. Among them is Enter, which the kernel has never seen then: of a
	// profile that it knows it does not record twice that a capability was
	// denied, also if it is replaced by itself.
	Profiles []Profile
	Command  []string
	Enter    string
	// Now has the step's process change to Enter before it executes the
	// command, so that the profile may deny that. Else it changes in executing.
	Now     bool
	Timeout time.Duration
	// Discreet has nothing kept of what the step wrote where it returned 0.
	Discreet bool
}

// Copy brings out what the command made or changed below a directory of the
// guest. What it removed stays as it is.
type Copy struct {
	From string // absolute, in the guest
	To   string // a folder of the host, made if it is not there
}

// Query asks the kernel what a profile grants. Class and Name are as the
// kernel's automata have them: class 2 and a path, for example.
type Query struct {
	Label string
	Class byte
	Name  []byte
	// UID is who asks; the object is root's, so any other than 0 is not its
	// owner.
	UID int
}

// Answer holds the permission bits that the kernel answers with.
type Answer struct {
	Allow, Deny, Audit, Quiet uint32
}

// Outcome is how a command went. What is to be read from it is there until its
// Result is closed.
type Outcome struct {
	// ExitCode is the command's; 128 and the signal's number where one ended
	// it, 124 after the timeout.
	ExitCode int
	Signal   syscall.Signal
	TimedOut bool

	Stdout, Stderr *io.SectionReader

	// Records has one record of the kernel a line: "audit: type=1400
	// audit(TIME:ID): apparmor=…".
	Records     *io.SectionReader
	RecordCount int

	Time time.Duration
}

// Result is what a trial showed: of the command, and of the steps that were
// begun.
type Result struct {
	Outcome
	Steps []Outcome

	// Truncated says that Stdout or Stderr lacks what came after 64 MB of all.
	Truncated bool
	// Lost says why records may be missing; it is empty where none is.
	Lost string

	// Attached names the loaded profiles that a process of the command was seen
	// under.
	Attached []string
	// Unconfined says that there were profiles and none under any.
	Unconfined bool

	Answers []Answer // in the order of the queries

	Kernel     string // release
	Boot, Load time.Duration

	files []*os.File
}

// Close closes the result's files; they are gone then, but for those in
// Options.Keep.
func (r *Result) Close() error {
	for _, f := range r.files {
		f.Close()
	}
	return nil
}

// MissingKernelError says that there is no user-mode Linux on the machine.
type MissingKernelError struct {
	Path string // where it was looked for
}

func (e *MissingKernelError) Error() string {
	return "no user-mode Linux kernel: " + e.Path + " is not there; Debian and Ubuntu have it in the package user-mode-linux (apt install user-mode-linux)"
}

// LoadError says that a profile was not loaded.
type LoadError struct {
	Profile string
	Message string // of apparmor_parser, or of the kernel
}

func (e *LoadError) Error() string {
	return "profile " + e.Profile + " was not loaded: " + e.Message
}

// KernelError says that the kernel did not start, or stopped before the
// command's end was known.
type KernelError struct {
	Reason  string
	Console string // its last lines
}

func (e *KernelError) Error() string {
	if e.Console == "" {
		return e.Reason
	}
	return e.Reason + "; its last words: " + strings.ReplaceAll(e.Console, "\n", " | ")
}
