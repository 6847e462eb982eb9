package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"apc/compiler/emit/apparmor"
	"apc/lang/policy"
	"apc/lang/profile"
)

// lintArguments parts arguments as sortArguments does, but DIR/... names the
// profile texts below the folder too.
func lintArguments(args []string) (policies, texts []string, err error) {
	var others []string
	for _, arg := range args {
		root, below := strings.CutSuffix(arg, "...")
		if !below || root != "" && !strings.HasSuffix(root, "/") {
			others = append(others, arg)
			continue
		}
		found, hasPolicies, err := walkTexts(filepath.Clean(root + "."))
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, found...)
		if hasPolicies || len(found) == 0 {
			policies = append(policies, arg)
		}
	}
	if len(others) > 0 || len(args) == 0 {
		p, t, err := sortArguments(others)
		if err != nil {
			return nil, nil, err
		}
		policies, texts = append(policies, p...), append(texts, t...)
	}
	return policies, distinct(texts), nil
}

// distinct sorts paths, and leaves out those that lead to a file which another
// one leads to.
func distinct(paths []string) []string {
	slices.Sort(paths)
	seen := map[string]bool{}
	return slices.DeleteFunc(paths, func(path string) bool {
		place := placeOf(path)
		known := seen[place]
		seen[place] = true
		return known
	})
}

// walkTexts finds the profile texts at and below a folder, and says whether
// there are policies too. Hidden folders, symbolic links, what the profiles of an
// AppArmor folder include, and files that may not be read are passed over.
func walkTexts(root string) (texts []string, hasPolicies bool, err error) {
	err = filepath.WalkDir(root+"/", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && filepath.Clean(path) != root && (strings.HasPrefix(d.Name(), ".") || isIncluded(path)):
			return fs.SkipDir
		case !d.Type().IsRegular():
		case policy.IsPolicyFile(d.Name()):
			hasPolicies = true
		case isWrittenProfile(path, d):
			texts = append(texts, filepath.Clean(path))
		}
		return nil
	})
	if err != nil {
		return nil, false, pathError(root, err)
	}
	return texts, hasPolicies, nil
}

// includedFolders are the folders beside the profiles of an AppArmor folder
// whose files are parts of profiles, or profiles that others include.
var includedFolders = []string{"abi", "abstractions", "apache2.d", "cache", "cache.d", "disable", "force-complain", "local", "lxc", "tunables"}

// isIncluded says whether a folder holds parts of profiles: whether it is called
// so and stands where an AppArmor folder has it.
func isIncluded(path string) bool {
	if !slices.Contains(includedFolders, filepath.Base(path)) {
		return false
	}
	beside := filepath.Dir(filepath.Clean(path))
	for _, name := range []string{"abstractions", "tunables"} {
		if info, err := os.Stat(filepath.Join(beside, name)); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}

// maxText bounds the size of a file that a walk takes for a profile.
const maxText = 1 << 20

// profileHeader matches the line that begins a profile.
var profileHeader = regexp.MustCompile(`(?m)^[ \t]*(profile[ \t]+["/@:\w]|"?/|"?@\{)[^#\n]*\{[ \t]*(#.*)?$`)

// isWrittenProfile says whether a file that nobody named is a profile text, and
// no apc built it: by a line that begins a profile, and by its first statement.
func isWrittenProfile(path string, d fs.DirEntry) bool {
	if info, err := d.Info(); err != nil || info.Size() > maxText || isPolicyName(path) || profile.Skipped(d.Name()) {
		return false
	}
	text, err := os.ReadFile(path)
	if err != nil || bytes.IndexByte(text, 0) >= 0 || !profileHeader.Match(text) {
		return false
	}
	generated, intact := apparmor.Digest(string(text))
	return !(generated && intact) && isProfileText(text)
}
