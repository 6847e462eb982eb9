package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"apc/lang/policy"
	"apc/lang/profile"
)

// sortArguments parts arguments into those that name policies and the profile
// texts that the others name: files that are no policy by name, and the files
// of folders without policies. No argument stands for the policies of the
// current folder.
func sortArguments(args []string) (policies, texts []string, err error) {
	if len(args) == 0 {
		return []string{"."}, nil, nil
	}
	for _, arg := range args {
		if strings.HasSuffix(arg, "...") {
			policies = append(policies, arg)
			continue
		}
		found, err := textsOf(arg)
		if err != nil {
			return nil, nil, err
		}
		if len(found) == 0 {
			policies = append(policies, arg)
		}
		texts = append(texts, found...)
	}
	return policies, texts, nil
}

// textsOf returns the profile texts that an argument names, none where it names
// policies.
func textsOf(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return nil, pathError(arg, err)
	case !info.IsDir() && isPolicyName(arg):
		return nil, nil
	case !info.IsDir():
		return []string{arg}, nil
	}
	names, err := policy.Files(arg)
	if err != nil {
		return nil, pathError(arg, err)
	}
	if len(names) > 0 {
		return nil, nil
	}
	inside, err := profile.Directory(arg)
	if err != nil {
		return nil, pathError(arg, err)
	}
	for i := range inside {
		inside[i] = filepath.Join(arg, filepath.Base(inside[i])) // as the user named the folder
	}
	return slices.DeleteFunc(inside, isPolicyName), nil
}

// isPolicyName says whether a file is meant as a policy: by its name, or by an
// extension that no profile has.
func isPolicyName(path string) bool {
	return policy.IsPolicyFile(filepath.Base(path)) || slices.Contains([]string{".hcl", ".json", ".yaml"}, filepath.Ext(path))
}

// isProfileText says whether text without a name is that of a profile and not
// of a policy: whether its first statement is one of AppArmor's.
func isProfileText(src []byte) bool {
	file, _ := profile.Parse("", string(src))
	if len(file.Nodes) == 0 {
		return false
	}
	switch n := file.Nodes[0].(type) {
	case *profile.Bad:
		return false
	case *profile.Profile:
		return n.Keyword != "" || strings.HasPrefix(n.Name, "/") || strings.HasPrefix(n.Name, "@{")
	}
	return true
}
