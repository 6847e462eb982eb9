package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"apc/lang/diag"
	"apc/lang/policy"
	"apc/lang/profile"
)

func (a *app) fmtCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt [FILES|DIRS|./...|-]",
		Short: "Format policy files and profile texts",
		Long: `Write files in their canonical layout, and list those that changed. HCL and JSON
are laid out anew; YAML is only checked. Files that are no policy by their name
are profile texts: of a folder without policies all files. A file that cannot be
read stays as it is. "-" formats standard input to standard output: a profile
where its first statement is one of AppArmor's, else HCL.`,
		Example: "  apc fmt ./...\n  apc fmt --check ./...     # in CI: exit 1 where a file would change\n  apc fmt profiles/usr.bin.app",
		RunE:    func(_ *cobra.Command, args []string) error { return a.format(args, check) },
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; list the files that would change and exit 1")
	return cmd
}

func (a *app) format(args []string, check bool) error {
	if len(args) == 1 && args[0] == "-" {
		return a.formatStdin(check)
	}
	files, err := formatFiles(args)
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := a.formatFile(path, check); err != nil {
			return err
		}
	}
	return nil
}

// formatFiles lists the files that the arguments name, settings too.
func formatFiles(args []string) ([]string, error) {
	policies, out, err := sortArguments(args)
	if err != nil || len(policies) == 0 {
		return out, err
	}
	folders, err := findFolders(policies)
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		names := f.Only
		if names == nil {
			if names, err = policy.Files(f.Path); err != nil {
				return nil, pathError(f.Path, err)
			}
			if _, err := os.Stat(filepath.Join(f.Path, policy.SettingsFile)); err == nil {
				names = append(names, policy.SettingsFile)
			}
		}
		for _, n := range names {
			out = append(out, filepath.Join(f.Path, n))
		}
	}
	return out, nil
}

func (a *app) formatFile(path string, check bool) error {
	src, err := readRegular(path)
	if err != nil {
		return pathError(path, err)
	}
	name := filepath.ToSlash(path)
	out, diags := formatText(name, src, !isPolicyName(path))
	a.report(diag.Sources{name: src}, diags)
	if bytes.Equal(out, src) {
		return nil
	}
	if check {
		a.fail(exitFindings)
	} else if err := replaceFile(path, string(out)); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, path)
	return nil
}

// formatText formats a policy or a profile. Of a profile it says only why it
// stays as it is: its other faults are the business of lint and verify.
func formatText(name string, src []byte, isProfile bool) ([]byte, diag.List) {
	if !isProfile {
		return policy.Format(name, src)
	}
	out, diags := profile.Format(name, string(src))
	diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Severity != diag.Error && d.Code != "not-formatted" })
	return []byte(out), diags
}

// replaceFile puts new text in the place of a file at once, with the mode that
// it had and, where the system allows it, its owner and group. A symbolic link
// stays, and what it points to is replaced.
func replaceFile(path, text string) error {
	path, info, err := replaceable(path)
	if err != nil {
		return err
	}
	tmp, err := stage(path, text)
	if err == nil {
		keepOwner(tmp, info)
		err = os.Chmod(tmp, info.Mode().Perm())
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		if tmp != "" {
			os.Remove(tmp)
		}
		return machineError(err)
	}
	return nil
}

// replaceable returns the file that a path leads to, and refuses one that has
// other names too: these would keep the old text.
func replaceable(path string) (string, fs.FileInfo, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", nil, pathError(path, err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", nil, pathError(real, err)
	}
	if n := linkCount(info); n > 1 {
		return "", nil, fmt.Errorf("%s has %d hard links, and would be replaced in one of these places alone; it stays as it is", path, n)
	}
	return real, info, nil
}

// keepOwner gives a new file the group and owner of an old one. What the system
// does not allow (mostly all that is not root's to do) is left: the edit counts
// for more, and the mode gives nobody else a right.
func keepOwner(path string, old fs.FileInfo) {
	if s, ok := old.Sys().(*syscall.Stat_t); ok {
		_ = os.Chown(path, -1, int(s.Gid))
		_ = os.Chown(path, int(s.Uid), -1)
	}
}

// linkCount returns how many names a file has.
func linkCount(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink)
	}
	return 1
}

func (a *app) formatStdin(check bool) error {
	src, err := io.ReadAll(a.stdin)
	if err != nil {
		return machineError(err)
	}
	out, diags := formatText("<stdin>", src, isProfileText(src))
	a.report(diag.Sources{"<stdin>": src}, diags)
	if check {
		if !bytes.Equal(out, src) {
			a.fail(exitFindings)
		}
		return nil
	}
	if _, err := a.stdout.Write(out); err != nil {
		return machineError(err)
	}
	return nil
}
