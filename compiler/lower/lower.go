// Package lower turns policies, and profile texts, into IR: it is where each
// intent gets its meaning, as the table "What each intent grants" in SPEC.md
// tells it.
//
// It may import lang/policy, the leaves of lang, and compiler/ir. It knows no
// target: rules come out as precise as the policy states them.
package lower

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/glob"
	"apc/lang/policy"
	"apc/lang/rule"
)

// Always is the intent of what every profile gets without being asked.
const Always = "always"

// Service lowers one service or container of a policy. What it reports are
// contradictions that only the whole of a service shows.
func Service(p *policy.Policy, s *policy.Service) (*ir.Module, diag.List) {
	l := &lowering{service: s}
	m := &ir.Module{Service: s.Name, Policy: s.File, File: fileName(s), ABI: s.ABI.Text}
	l.checkFileName(m.File)
	l.module = m
	m.Profile = l.profile()
	m.Profile.Children = append(m.Profile.Children, l.children...)
	for _, child := range m.Profiles() {
		l.localInclude(child)
	}
	m.Variables, m.Aliases = variables(p, m), aliases(p)
	l.checkVariables(p)
	l.checkSecrets(p)
	return m, l.diags
}

// lowering is the state while one service is lowered.
type lowering struct {
	service  *policy.Service
	module   *ir.Module
	children []*ir.Profile
	secrets  []*policy.Path
	diags    diag.List
}

// body is a profile under construction.
type body struct {
	*lowering
	p    *ir.Profile
	full string // its name as the kernel knows it
}

// profile lowers the service itself.
func (l *lowering) profile() *ir.Profile {
	s := l.service
	b := &body{l, &ir.Profile{Name: s.Name, Namespace: s.Namespace.Text, Flags: flags(s), Origin: origin(s.Where)}, s.Name}
	for _, x := range s.Xattrs {
		b.p.Xattrs = append(b.p.Xattrs, ir.Xattr(x))
	}
	l.attach(b)
	b.base(s.Body, s.Where)
	if s.Container {
		b.containerBasics()
	}
	b.statements(s.Body)
	l.module.Ignores = append(l.module.Ignores, ignores(s.Body)...)
	return b.p
}

func origin(w policy.Where) ir.Origin {
	o := ir.Origin{Range: w.Range, Intent: w.Intent, Reason: w.Reason}
	for _, u := range w.Via {
		o.Via = append(o.Via, ir.Use(u))
	}
	return o
}

// always is the origin of what a block gets without being asked.
func always(w policy.Where, reason string) ir.Origin {
	return ir.Origin{Range: w.Range, Intent: Always, Reason: reason}
}

func flags(s *policy.Service) []string {
	var out []string
	if s.Container {
		out = append(out, "attach_disconnected", "mediate_deleted")
	}
	for _, f := range s.Flags {
		out = append(out, f.Text)
	}
	if s.Mode.Text != "" && s.Mode.Text != "enforce" {
		out = append(out, s.Mode.Text)
	}
	return out
}

// reserved are names that AppArmor or its folder has for something else.
var reserved = []string{"abi", "abstractions", "apache2.d", "cache", "disable", "force-complain", "local", "lxc", "tunables", "unconfined"}

// checkFileName refuses names under which the profile would not be loaded.
func (l *lowering) checkFileName(name string) {
	if passedOver.MatchString(name) || slices.Contains(reserved, name) || l.service.Name == "unconfined" {
		l.diags = append(l.diags, diag.Errorf(l.service.Where.Range, "bad-name", "the name "+name+" stands for something else",
			"Files of this name are folders of /etc/apparmor.d or are passed over when it is read. Give the service another name."))
	}
}

// plainPath matches paths whose name serves as a file name.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_.+-]+)+$`)

// passedOver matches names of files that the parser leaves out when it reads a
// folder (libapparmor: private.c).
var passedOver = regexp.MustCompile(`^\.|^README$|\.(dpkg-(new|old|dist|bak|remove)|pacsave|pacnew|rpmnew|rpmsave|orig|rej)$`)

// fileName names the file of a service as Debian does: the path of its program
// with dots for slashes, or the service's name.
func fileName(s *policy.Service) string {
	path := ""
	switch {
	case s.Container:
	case s.Attachment != nil:
		path = s.Attachment.Text
	case s.Executable != nil:
		path = s.Executable.Text
	}
	name := strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", ".")
	if !plainPath.MatchString(path) || len(name) > 200 || passedOver.MatchString(name) {
		return s.Name
	}
	return name
}

// interpreters are the names of programs that run other programs' text: a
// profile attached to one would confine everything that it runs.
const interpreters = `{sh,bash,dash,zsh,ksh,mksh,fish,busybox,env,{,g,m,n}awk,perl{,[0-9]*},python{,[0-9]*},ruby{,[0-9]*},node,nodejs,` +
	`php{,[0-9]*},lua{,[0-9]*},java,tclsh{,[0-9]*},wish{,[0-9]*},Rscript,guile{,-[0-9]*},deno,bun}`

// attach decides to which programs the profile attaches itself, and grants
// reading and mapping of the program.
func (l *lowering) attach(b *body) {
	s := l.service
	program := s.Executable
	if program == nil && s.Attachment != nil && s.Attachment.Text != "none" {
		program = s.Attachment
	}
	if program != nil {
		b.add(origin(program.Where), file(program.Text, rule.MapExec|rule.Read))
	}
	switch {
	case s.Container:
		if s.Attachment != nil && s.Attachment.Text != "none" {
			l.diags = append(l.diags, diag.Errorf(s.Attachment.Range, "no-meaning", "a container has no attachment",
				"The container runtime enters its profile by name: remove the attribute."))
		}
		return
	case s.Attachment != nil && s.Attachment.Text == "none":
		return
	case s.Attachment != nil:
		b.p.Attachment = s.Attachment.Text
	case s.Executable != nil:
		b.p.Attachment = s.Executable.Text
	}
	l.checkInterpreter(b.p.Attachment, program)
}

// checkInterpreter reports an attachment to an interpreter; whether an ignore
// accepts it is decided by the compiler.
func (l *lowering) checkInterpreter(attachment string, program *policy.Path) {
	if program == nil || !attachesInterpreter(attachment) {
		return
	}
	l.diags = append(l.diags, diag.Errorf(program.Range, InterpreterAttachment, "the profile would attach to an interpreter",
		"Every program that %s runs would be confined by it. Write `attachment = \"none\"` and enter the profile by name (systemd: AppArmorProfile=%s), "+
			"or accept it with an ignore \"interpreter-attachment\" block.", attachment, l.service.Name))
}

// InterpreterAttachment is the code of an error that an ignore can accept.
const InterpreterAttachment = "interpreter-attachment"

// The interpreters wherever they stand, and those of the system, parsed once.
var (
	anyInterpreter    = interpretersIn("/{**/,}")
	systemInterpreter = interpretersIn("/usr/{,local/}bin/")
)

// interpretersIn returns the glob of the interpreters below a directory. A
// test holds that it is one.
func interpretersIn(dir string) func() glob.Glob {
	return sync.OnceValue(func() glob.Glob {
		g, _ := glob.Parse(dir + interpreters)
		return g
	})
}

// attachesInterpreter says whether an attachment is an interpreter, wherever it
// stands, or a glob that reaches one of the system's.
func attachesInterpreter(attachment string) bool {
	g, err := glob.Parse(attachment)
	if err != nil {
		return false
	}
	if path, literal := g.IsLiteral(); literal {
		return anyInterpreter().Match(path)
	}
	ok, _, err := glob.Intersects(g, systemInterpreter())
	return ok && err == nil
}

// base grants what no program can do without.
func (b *body) base(from policy.Body, w policy.Where) {
	if from.Base {
		b.add(always(w, "what every program needs"), rule.Rule{Body: rule.Include{Path: "abstractions/base", Magic: true}})
		return
	}
	b.add(always(w, "without it the service could not be stopped"),
		rule.Rule{Body: rule.Signal{Access: []string{"receive"}, Peer: "unconfined"}})
}

// containerBasics grants what every container runtime needs.
func (b *body) containerBasics() {
	w := b.service.Where
	b.add(always(w, "the container runtime stops the container"),
		rule.Rule{Body: rule.Signal{Access: []string{"receive"}, Peer: "{unconfined,runc,crun,podman}"}})
	b.add(always(w, "processes of the container signal each other"),
		rule.Rule{Body: rule.Signal{Access: []string{"send", "receive"}, Peer: b.full}})
	b.add(always(w, "processes of the container look at each other"),
		rule.Rule{Body: rule.Ptrace{Access: []string{"trace", "read", "tracedby", "readby"}, Peer: b.full}})
}

// localInclude ends a body with the administrator's own rules.
func (l *lowering) localInclude(p *ir.Profile) {
	name := l.module.File
	if p != l.module.Profile {
		name += "." + p.Name
	}
	r := rule.Rule{Body: rule.Include{Path: "local/" + name, Magic: true, IfExists: true}}
	p.Rules = append(p.Rules, ir.Rule{Rule: r, Origins: []ir.Origin{always(l.service.Where, "the administrator's own rules")}})
}

func (b *body) add(o ir.Origin, r rule.Rule) {
	b.p.Rules = append(b.p.Rules, ir.Rule{Rule: r, Origins: []ir.Origin{o}})
}

func file(path string, a rule.Access) rule.Rule {
	return rule.Rule{Body: rule.File{Path: path, Access: a}}
}

func ignores(b policy.Body) []ir.Ignore {
	var out []ir.Ignore
	for _, i := range b.Ignores {
		out = append(out, ir.Ignore{Rule: i.Rule, Path: i.Path, Expires: i.Expires, Origin: origin(i.Where)})
	}
	return out
}

// variables lowers the tunables that the module's rules refer to.
func variables(p *policy.Policy, m *ir.Module) []ir.Variable {
	byName := map[string]policy.Tunable{}
	for _, t := range p.Tunables {
		byName[t.Name] = t
	}
	used := map[string]bool{}
	var visit func(text string)
	visit = func(text string) {
		for _, name := range variablesIn(text) {
			if t, ok := byName[name]; ok && !used[name] {
				used[name] = true
				visit(strings.Join(t.Values, " "))
			}
		}
	}
	for _, prof := range m.Profiles() {
		visit(prof.Attachment)
		for _, r := range prof.Rules {
			visit(r.String())
		}
	}
	var out []ir.Variable
	for _, t := range p.Tunables {
		if used[t.Name] {
			out = append(out, ir.Variable{Name: t.Name, Values: t.Values, Origin: origin(t.Where)})
			used[t.Name] = false
		}
	}
	return out
}

// checkVariables warns of variables that neither the policy nor any target's
// tunables/global defines; the administrator may have defined them.
func (l *lowering) checkVariables(p *policy.Policy) {
	known := feature.Variables()
	for _, t := range p.Tunables {
		known = append(known, t.Name)
	}
	for _, prof := range l.module.Profiles() {
		for _, r := range prof.Rules {
			for _, name := range variablesIn(r.String()) {
				if !slices.Contains(known, name) {
					l.diags = append(l.diags, diag.Warningf(r.Origins[0].Subject(), "unknown-variable", "nothing defines @{"+name+"}",
						"Declare it with `tunable %q { values = […] }`, unless the target's own tunables do.%s", name, diag.DidYouMean(name, known)))
				}
			}
		}
	}
}

var variable = regexp.MustCompile(`@\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func variablesIn(text string) []string {
	var out []string
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func aliases(p *policy.Policy) []ir.Alias {
	var out []ir.Alias
	for _, a := range p.Aliases {
		out = append(out, ir.Alias{From: a.From, To: a.To, Origin: origin(a.Where)})
	}
	return out
}

// checkSecrets refuses policies that may write what they call a secret, from
// whichever of their profiles.
func (l *lowering) checkSecrets(p *policy.Policy) {
	values := usualValues(p)
	for _, s := range l.secrets {
		for _, prof := range l.module.Profiles() {
			for _, r := range prof.Rules {
				if f, ok := r.Body.(rule.File); ok && r.Action != rule.Deny && f.Access&(rule.Write|rule.Append) != 0 && overlaps(f.Path, s.Text, values) {
					l.diags = append(l.diags, writableSecret(s, r))
				}
			}
		}
	}
}

func writableSecret(s *policy.Path, r ir.Rule) diag.Diagnostic {
	d := diag.Errorf(s.Range, "writable-secret", "the secret can be written", "`%s` grants it. Narrow that path, or list the file under data instead.", r.String())
	for _, o := range r.Origins {
		d.Related = append(d.Related, diag.Related{Range: o.Range, Message: "granted by this " + o.Intent})
	}
	return d
}

// usualValues returns the values of a policy's tunables, and of the variables
// of the distribution what they are unless the administrator changed them.
func usualValues(p *policy.Policy) map[string][]string {
	out := map[string][]string{
		"HOME": {"/home/*/", "/root/"}, "HOMEDIRS": {"/home/"}, "PROC": {"/proc/"}, "run": {"/run/", "/var/run/"}, "sys": {"/sys/"},
		"etc_ro": {"/etc/", "/usr/etc/"}, "etc_rw": {"/etc/"}, "multiarch": {"*-linux-gnu*"}, "pid": {"[1-9]*"}, "pids": {"[1-9]*"},
		"tid": {"[1-9]*"}, "uid": {"[0-9]*"}, "uids": {"[0-9]*"}, "securityfs": {"/sys/kernel/security/"},
	}
	for _, t := range p.Tunables {
		out[t.Name] = t.Values
	}
	return out
}

// overlaps says whether two path globs have a path in common, as far as the
// values of their variables are known.
func overlaps(a, b string, values map[string][]string) bool {
	x, errX := expanded(a, values)
	y, errY := expanded(b, values)
	if errX != nil || errY != nil {
		return a == b
	}
	ok, _, err := glob.Intersects(x, y)
	return ok || err != nil
}

func expanded(path string, values map[string][]string) (glob.Glob, error) {
	g, err := glob.Parse(path)
	if err != nil || len(g.Variables()) == 0 {
		return g, err
	}
	return g.Expand(values)
}
