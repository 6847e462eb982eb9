package verify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/feature"
)

// verify compiles one input and explains what the parser says.
func (s *session) verify(ctx context.Context, in Input) (Result, error) {
	in, err := absolute(in)
	if err != nil {
		return Result{}, err
	}
	o, err := s.run(ctx, in)
	if err != nil {
		return Result{}, err
	}
	messages, accepted, err := s.judge(in.Text, o)
	if err != nil {
		return Result{}, err
	}
	messages, err = s.explain(ctx, in, messages)
	r := Result{Accepted: accepted, Messages: messages, Stderr: o.stderr}
	if accepted && in.Keep {
		r.Policy = o.policy
	}
	return r, err
}

// absolute makes the directories of in independent of the parser's working
// directory.
func absolute(in Input) (Input, error) {
	var err error
	in.Includes = slices.Clone(in.Includes)
	for i := range in.Includes {
		if in.Includes[i], err = directory(in.Includes[i]); err != nil {
			return in, err
		}
	}
	if in.Base != "" {
		in.Base, err = directory(in.Base)
	}
	return in, err
}

// directory returns the absolute path of a directory. One that is missing is
// an error: the parser would go on with the machine's own.
func directory(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s, to read includes from, is no directory", dir)
	}
	return path, nil
}

// judge decides whether a text was accepted. Success without a policy, or
// with one that was compiled for other features, is none.
func (s *session) judge(text []byte, o outcome) (messages []Message, accepted bool, err error) {
	messages = readMessages(o.stderr)
	var failure string
	switch {
	case o.expired:
		failure = fmt.Sprintf("%s was stopped after %s: it does not end on this text", s.parser, s.timeout)
	case bytes.IndexByte(text, 0) >= 0:
		failure = "the text holds a NUL byte, at which the parser silently ends a word"
	case o.code == 0 && len(o.policy) == 0:
		failure = "the text holds no profile"
	case o.code == 0 && !pinned(o.policy):
		return nil, false, fmt.Errorf("target %s, %s: %w", s.target.Name, s.parser, ErrNotPinned)
	case o.code == 0:
		return noErrors(messages), true, nil
	case !slices.ContainsFunc(messages, Message.isError):
		failure = fmt.Sprintf("%s failed with status %d", s.parser, o.code)
	}
	if failure != "" {
		messages = append(messages, Message{Severity: diag.Error, Text: failure, ours: true})
	}
	return messages, false, nil
}

// noErrors makes warnings of all errors: the parser went on after them.
func noErrors(messages []Message) []Message {
	for i := range messages {
		messages[i].Severity = min(messages[i].Severity, diag.Warning)
	}
	return messages
}

func (m Message) isError() bool { return m.Severity == diag.Error }

// explain completes the messages with the lines that they concern, takes out
// those that mean nothing, and puts errors first.
func (s *session) explain(ctx context.Context, in Input, messages []Message) ([]Message, error) {
	src := readSource(in.Text)
	var out []Message
	for _, m := range messages {
		if !m.isError() {
			m = explainWarning(src, m)
			if !s.meansNothing(src, m) && !slices.ContainsFunc(out, m.repeats) {
				out = append(out, m)
			}
			continue
		}
		lines, err := s.linesOf(ctx, in, src, m)
		if err != nil {
			return nil, err
		}
		m.Lines = lines
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Message) int { return cmp.Compare(b.Severity, a.Severity) })
	return out, nil
}

// linesOf finds the lines that an error is about.
func (s *session) linesOf(ctx context.Context, in Input, src source, m Message) ([]int, error) {
	switch {
	case m.ours:
		return src.where(func(l sourceLine) bool { return strings.Contains(l.text, "\x00") }), nil
	case m.File != "":
		return src.where(func(l sourceLine) bool { return l.includes(m.File) }), nil
	case m.Lines != nil && len(src.lines) > 0:
		return []int{src.faulty(m.Lines[0], m.Text)}, nil
	}
	lines, err := s.locate(ctx, in, src, m)
	if lines == nil && m.Path != "" {
		lines = src.where(func(l sourceLine) bool { return !l.rule && l.mentions(m.Path) })
	}
	return lines, err
}

// explainWarning tells which rules a warning is about that something is not
// enforced. It comes without a line, or with that of the end of the file.
func explainWarning(src source, m Message) Message {
	for _, u := range unenforced {
		g := u.warning.FindStringSubmatch(m.Text)
		if g == nil {
			continue
		}
		if name := u.warning.SubexpIndex("profile"); name >= 0 && g[name] != "" {
			m.Profile = g[name]
		}
		m.Feature, m.File, m.FileLine = u.feature, "", 0
		m.Lines = src.of(m.Profile, u.keywords)
		m.FromInclude = m.Lines == nil && src.where(sourceLine.include) != nil
		return m
	}
	if m.File != "" {
		m.FromInclude = true
		m.Lines = src.where(func(l sourceLine) bool { return l.includes(m.File) })
	}
	return m
}

// meansNothing picks out warnings that are false. Every parser says of deny
// unix that it is not enforced even where it is, and 3.0.8 says so of deny
// network unix, which works; network rules are said not to be enforced where
// the kernel takes them in their older form, and bare ones to be downgraded
// though nothing of them is lost.
func (s *session) meansNothing(src source, m Message) bool {
	switch m.Feature {
	case feature.UnixDeny:
		denied := func(l sourceLine) bool { return l.deny && l.keyword == "network" }
		return s.target.Support(feature.UnixDeny) == feature.Enforced || m.Lines == nil && (!m.FromInclude || src.where(denied) != nil)
	case feature.Network:
		return s.target.Support(feature.Network) == feature.Enforced
	case feature.Unix:
		return m.Lines == nil && !m.FromInclude
	}
	return false
}

// repeats says whether o warns of the same feature in the same profile: some
// parsers say it twice, in different words.
func (m Message) repeats(o Message) bool {
	return m.Feature != "" && m.Feature == o.Feature && m.Profile == o.Profile
}
