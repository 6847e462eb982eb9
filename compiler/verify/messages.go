package verify

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"apc/lang/diag"
	"apc/lang/feature"
)

// The forms in which apparmor_parser says where it is. The file that a line
// number belongs to comes second, after "in profile" or in parentheses: it is
// an include file while that is being read.
var (
	errorAt   = regexp.MustCompile(`^AppArmor parser error(?: for (.*?))?(?: in profile (.*))? at line (\d+): (.*)$`)
	warningIn = regexp.MustCompile(`^Warning from profile (.*) \((.*)\): (.*)$`)
	warningAt = regexp.MustCompile(`^Warning from (.*) \((.*) line (\d+)\): (.*)$`)
)

// wordings are the errors without a place, with what they name.
var wordings = []struct {
	form *regexp.Regexp // its groups are called profile and path
	set  func(*Message)
}{
	{form: regexp.MustCompile(`^profile (?P<profile>.*): has merged rule (?P<path>.*) with conflicting x modifiers$`), set: conflicting},
	{form: regexp.MustCompile(`^profile has merged rule with conflicting x modifiers$`), set: conflicting},
	{form: regexp.MustCompile(`^Found reference to (?:set )?variable (?P<path>[^,]*), but .*$`), set: asVariable},
	{form: regexp.MustCompile(`^Failed to find declaration for: (?P<path>.*)$`), set: asVariable},
	{form: regexp.MustCompile(`^Profile (?P<profile>.*) has too many specified profile transitions\.$`)},
	{form: regexp.MustCompile(`^Multiple definitions for (?:profile|hat) (?P<path>.*?)(?: in profile .*)? exist,bailing out\.$`)},
}

// badGlob follows on what is wrong with a glob and tells which.
var badGlob = regexp.MustCompile(`^(?:Unable to parse input line|Invalid profile name) '(.*)'(?: - bad regular expression)?$`)

// failedProfile ends what is wrong with one profile; it says itself what is
// wrong only where nothing came before it, as for a bad character class.
var failedProfile = regexp.MustCompile(`^ERROR .* for profile (.*), failed to load$`)

func conflicting(m *Message) { m.conflict = true }

// asVariable spells the variable in the way of 5.0, which says @{X} where
// older versions say X.
func asVariable(m *Message) {
	if !strings.HasPrefix(m.Path, "@{") && !strings.HasPrefix(m.Path, "${") {
		m.Path = "@{" + m.Path + "}"
	}
}

// readMessages returns what a parser wrote to stderr, one Message for each
// thing it says, with the lines that it gives itself.
func readMessages(stderr string) []Message {
	var r reader
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" {
			r.line(stripProgram(line))
		}
	}
	return r.messages
}

// stripProgram takes off "…/apparmor_parser: ". A wrapper starts a parser by
// another path than its own, so only the name is known.
func stripProgram(line string) string {
	if before, after, ok := strings.Cut(line, ": "); ok && filepath.Base(before) == "apparmor_parser" {
		return after
	}
	return line
}

// reader collects messages line by line.
type reader struct {
	messages []Message
	open     int // index of the first message that has not heard of its profile
}

func (r *reader) line(line string) {
	switch {
	case r.placed(line), r.failed(line), r.globbed(line), r.worded(line):
	case strings.HasPrefix(line, "See the apparmor.d(5) manpage"): // second line of a warning about spelling
	case line == "Encoding of mount rule failed" && r.told(): // follows on what is wrong with it
	default:
		r.add(Message{Severity: diag.Error, Text: line})
	}
}

// placed reads the messages that begin with a file, a line or a profile.
func (r *reader) placed(line string) bool {
	if g := errorAt.FindStringSubmatch(line); g != nil {
		file := g[2]
		if file == "" {
			file = g[1]
		}
		r.dropErrors() // they led up to this one, and have no place
		r.add(at(Message{Severity: diag.Error, Text: g[4]}, file, g[3]))
	} else if g := warningAt.FindStringSubmatch(line); g != nil {
		text := strings.TrimPrefix(stripProgram(g[4]), textName+" ")
		r.add(at(Message{Severity: diag.Warning, Text: text}, g[2], g[3]))
	} else if g := warningIn.FindStringSubmatch(line); g != nil {
		r.add(Message{Severity: diag.Warning, Text: g[3], Profile: g[1]})
	} else {
		return false
	}
	return true
}

func (r *reader) dropErrors() {
	r.messages = slices.DeleteFunc(r.messages, Message.isError)
	r.open = 0
}

// at gives m its place, in the text or in an include file.
func at(m Message, file, number string) Message {
	line, err := strconv.Atoi(number)
	if err != nil {
		return m
	}
	if file == textName {
		m.Lines = []int{line}
	} else {
		m.File, m.FileLine = file, line
	}
	return m
}

// failed reads the line that ends the errors of one profile.
func (r *reader) failed(line string) bool {
	g := failedProfile.FindStringSubmatch(line)
	if g == nil {
		return false
	}
	if !r.told() {
		r.add(Message{Severity: diag.Error, Text: line})
	}
	for i := r.open; i < len(r.messages); i++ {
		if m := &r.messages[i]; m.Severity == diag.Error && m.Profile == "" {
			m.Profile = g[1]
		}
	}
	r.open = len(r.messages)
	return true
}

// told says whether there is an error since the last failed profile.
func (r *reader) told() bool {
	return slices.ContainsFunc(r.messages[r.open:], func(m Message) bool { return m.Severity == diag.Error })
}

// globbed reads the line that names the glob of the errors before it.
func (r *reader) globbed(line string) bool {
	g := badGlob.FindStringSubmatch(line)
	if g == nil {
		return false
	}
	if !r.told() {
		r.add(Message{Severity: diag.Error, Text: line})
	}
	for i := r.open; i < len(r.messages); i++ {
		if m := &r.messages[i]; m.Severity == diag.Error && m.Path == "" {
			m.Path = g[1]
		}
	}
	return true
}

// worded reads the errors that name a thing and no place.
func (r *reader) worded(line string) bool {
	for _, w := range wordings {
		g := w.form.FindStringSubmatch(line)
		if g == nil {
			continue
		}
		m := Message{Severity: diag.Error, Text: line}
		if i := w.form.SubexpIndex("profile"); i >= 0 {
			m.Profile = g[i]
		}
		if i := w.form.SubexpIndex("path"); i >= 0 {
			m.Path = g[i]
		}
		if w.set != nil {
			w.set(&m)
		}
		r.add(m)
		return true
	}
	return false
}

// add appends m unless an earlier message says the same: one rule can cause a
// warning many times.
func (r *reader) add(m Message) {
	same := func(o Message) bool {
		return o.Text == m.Text && o.Profile == m.Profile && o.Line() == m.Line() && o.File == m.File && o.FileLine == m.FileLine
	}
	if !slices.ContainsFunc(r.messages, same) {
		r.messages = append(r.messages, m)
	}
}

// unenforced are the warnings that something is not enforced, or only
// coarsely: the feature, and the keywords of the rules that can be meant.
// Warnings that come out a second time, with another beginning, stand for the
// same thing.
var unenforced = []struct {
	warning  *regexp.Regexp
	feature  feature.Feature
	keywords []string
}{
	{regexp.MustCompile(`^(?:profile (?P<profile>.*) )?network rules not enforced$`), feature.Network, []string{"network"}},
	{regexp.MustCompile(`^downgrading extended network unix socket rule to generic network rule$`), feature.Unix, []string{"unix"}},
	{regexp.MustCompile(`^extended network unix socket rules not enforced$`), feature.Unix, []string{"unix"}},
	{regexp.MustCompile(`^deny unix socket rule not enforced, can't be downgraded`), feature.UnixDeny, []string{"deny unix"}},
	{regexp.MustCompile(`^signal rules not enforced$`), feature.Signal, []string{"signal"}},
	{regexp.MustCompile(`^ptrace rules not enforced$`), feature.Ptrace, []string{"ptrace"}},
	{regexp.MustCompile(`^mount rules not enforced?$`), feature.Mount, []string{"mount", "remount", "umount", "pivot_root"}},
	{regexp.MustCompile(`^dbus rules not enforced$`), feature.DBus, []string{"dbus"}},
	{regexp.MustCompile(`^userns rules not enforced$`), feature.Userns, []string{"userns"}},
	{regexp.MustCompile(`^mqueue type=sysv rules not enforced$`), feature.MqueueSysV, []string{"mqueue"}},
	{regexp.MustCompile(`^mqueue (type=posix )?rules not enforced$`), feature.Mqueue, []string{"mqueue"}},
	{regexp.MustCompile(`^io_uring rules not enforced$`), feature.IoUring, []string{"io_uring"}},
	{regexp.MustCompile(`^kill\.signal not supported`), feature.KillSignal, []string{"kill.signal="}},
	{regexp.MustCompile(`^error flag not supported`), feature.ErrorCode, []string{"error="}},
	{regexp.MustCompile(`^flag interruptible not supported`), feature.Interruptible, []string{"interruptible"}},
}
