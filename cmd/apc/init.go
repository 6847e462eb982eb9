package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"

	"apc/compiler/lower"
	"apc/lang/diag"
)

func (a *app) initCommand() *cobra.Command {
	var name, out string
	cmd := &cobra.Command{
		Use:   "init PROGRAM",
		Short: "Write a first service.hcl for a program",
		Long: `Write a commented service.hcl for a program, to be filled in. Directories that
usually belong to a program of that name and exist on this machine are entered;
all else is there as comments. An existing file is never overwritten.`,
		Example: "  apc init /usr/sbin/nginx\n  apc init /opt/myapp/bin/myapp -o deploy/service.hcl",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.initPolicy(args[0], name, out) },
	}
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the service (default: the program's base name)")
	cmd.Flags().StringVarP(&out, "output", "o", "service.hcl", "`FILE` to write, or - to print")
	return cmd
}

var unsafeName = regexp.MustCompile(`[^A-Za-z0-9_.+-]+`)

func (a *app) initPolicy(program, name, out string) error {
	program, note, err := resolveProgram(program)
	if err != nil {
		return err
	}
	if name == "" {
		name = strings.Trim(unsafeName.ReplaceAllString(filepath.Base(program), "-"), "-.+")
	}
	text := firstPolicy(program, name)
	if err := a.builds(text); err != nil {
		return err
	}
	if out == "-" {
		_, err := fmt.Fprint(a.stdout, text)
		return err
	}
	if err := createFile(out, text); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%swrote %s; fill it in, then run `apc build` beside it\n", note, out)
	return nil
}

// builds says what is wrong with a first policy: with the name or the program
// that was given, since all else in it is sound.
func (a *app) builds(text string) error {
	p, diags := a.standardLoader().Text("service.hcl", text)
	if !diags.HasErrors() {
		_, diags = lower.Service(p, p.Services[0])
	}
	for _, d := range diags {
		if d.Severity == diag.Error {
			return fmt.Errorf("no policy can be made of this: %s. %s", d.Summary, d.Detail)
		}
	}
	return nil
}

// resolveProgram follows symbolic links, since a profile attaches to the real
// path. A program that is not there yet is fine, with a note.
func resolveProgram(program string) (path, note string, err error) {
	if !strings.HasPrefix(program, "/") {
		return "", "", fmt.Errorf("%q is not an absolute path; write the path under which the program is installed", program)
	}
	real, err := filepath.EvalSymlinks(program)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return filepath.Clean(program), "note: " + program + " is not on this machine\n", nil
	case err != nil:
		return "", "", pathError(program, err)
	}
	info, err := os.Stat(real)
	if err != nil || info.IsDir() {
		return "", "", fmt.Errorf("%s is not a program", program)
	}
	if real != program {
		note = "note: " + program + " is a link to " + real + "\n"
	}
	return real, note, nil
}

// createFile writes a new file and never replaces one.
func createFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; name another file with -o", path)
	}
	if err != nil {
		return pathError(path, err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return machineError(err)
	}
	return nil
}

// guess is a directory that often belongs to a program.
type guess struct{ intent, pattern, comment string }

var guesses = []guess{
	{"config", "/etc/%s/", "what it reads"},
	{"data", "/var/lib/%s/", "its state: read, written, locked"},
	{"cache", "/var/cache/%s/", "what it can make again"},
	{"logs", "/var/log/%s/", "what it writes only"},
	{"runtime", "/run/%s/", "pid files, sockets, locks"},
}

func firstPolicy(program, name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Policy of %s. `apc build` makes an AppArmor profile of it.\nservice %s {\ndescription = \"\"\nexecutable = %s\n\n",
		name, hclString(name), hclString(program))
	for _, g := range guesses {
		dir := fmt.Sprintf(g.pattern, name)
		mark := "# "
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			mark = ""
		}
		fmt.Fprintf(&b, "# %s: %s\n%s%s = [%s]\n", g.intent, g.comment, mark, g.intent, hclString(dir))
	}
	fmt.Fprintf(&b, `
# temp: temporary files of its own user
# temp = [%s]

# capabilities = [{ name = "net_bind_service", reason = "listens on port 80" }]

# listen "http" {
#   port = 8080
# }

# Standard modules; `+"`apc stdlib`"+` lists them.
# use "dns" {}
# use "tls-client" {}

# deny {
#   write  = [%s]
#   reason = "it must never rewrite its own configuration"
# }
}
`, hclString("/tmp/"+name+"-*"), hclString("/etc/"+name+"/"))
	return string(hclwrite.Format([]byte(b.String())))
}

// hclString spells a string for HCL.
func hclString(s string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{")
	return `"` + r.Replace(s) + `"`
}
