package verify

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"apc/lang/feature"
)

// Parser is an apparmor_parser on this machine.
type Parser struct {
	Path    string
	Version string // as in "3.0.8"
}

// String returns "apparmor_parser 3.0.8".
func (p Parser) String() string { return "apparmor_parser " + p.Version }

// release is the part of the version that decides what can be written.
func (p Parser) release() (feature.Version, error) { return feature.ParseVersion(p.Version) }

// Find asks each of the paths for its version. Without paths it looks for
// apparmor_parser in PATH, /sbin and /usr/sbin; that there is none is no
// error then. A path that is given but cannot be used is one.
func Find(ctx context.Context, paths []string) ([]Parser, error) {
	if len(paths) == 0 {
		paths = installed()
	}
	var found []Parser
	for _, path := range paths {
		p, err := identify(ctx, path)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

// installed returns the apparmor_parser of this machine, or nothing. It is
// often missing in the PATH of those who are not root.
func installed() []string {
	for _, name := range []string{"apparmor_parser", "/sbin/apparmor_parser", "/usr/sbin/apparmor_parser"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}
		}
	}
	return nil
}

func identify(ctx context.Context, path string) (Parser, error) {
	path, err := exec.LookPath(path)
	if err != nil {
		return Parser{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return Parser{}, err
	}
	cmd := command(ctx, path, "--version")
	out, err := cmd.Output()
	if err != nil {
		return Parser{}, fmt.Errorf("%s cannot be used as apparmor_parser: %w", path, err)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	version, ok := strings.CutPrefix(first, "AppArmor parser version ")
	p := Parser{Path: path, Version: strings.TrimSpace(version)}
	if _, err := p.release(); !ok || err != nil {
		return Parser{}, fmt.Errorf("%s is no apparmor_parser: its --version says %q", path, first)
	}
	return p, nil
}

// NotVerifiedError says that no parser at hand can verify for a target.
type NotVerifiedError struct {
	Needs feature.Version
	Found []Parser
}

// Error says which version is needed, and which are there.
func (e *NotVerifiedError) Error() string {
	found := "no apparmor_parser was found"
	if len(e.Found) > 0 {
		var versions []string
		for _, p := range e.Found {
			versions = append(versions, p.Version+" at "+p.Path)
		}
		found = "there is " + strings.Join(versions, ", ")
	}
	return fmt.Sprintf("not verified, needs %s or newer (%s)", e.Needs, found)
}

// Choose returns the parser for a target: the oldest that is no older than
// the target's own, for that comes closest to what the target will say. Where
// all are older the error is a *NotVerifiedError.
func Choose(parsers []Parser, t *feature.Target) (Parser, error) {
	var best Parser
	var bestRelease feature.Version
	for _, p := range parsers {
		release, err := p.release()
		if err != nil || release.Less(t.Parser) {
			continue
		}
		if best.Path == "" || release.Less(bestRelease) {
			best, bestRelease = p, release
		}
	}
	if best.Path == "" {
		return Parser{}, &NotVerifiedError{Needs: t.Parser, Found: parsers}
	}
	return best, nil
}
