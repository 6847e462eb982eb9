package lower

import (
	"path"
	"regexp"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/policy"
	"apc/lang/rule"
)

// run lowers an exec transition.
func (b *body) run(r *policy.Run) {
	if b.service.NoNewPrivileges && r.As != "inherit" {
		b.diags = append(b.diags, diag.Errorf(r.Range, "no-new-privileges", "the kernel refuses this transition under no_new_privs",
			"With `no_new_privileges = true` a program can only run under the service's own profile: write as = \"inherit\"."))
		return
	}
	f := rule.File{Path: r.Path}
	switch r.As {
	case "inherit":
		f.Access, f.Exec = mr, "ix"
	case "unconfined":
		f.Exec = scrub("u", "", r.Scrub)
	case "profile":
		f.Exec, f.Target = scrub("p", r.Fallback, r.Scrub), r.To
	case "child":
		f.Exec, f.Target = b.child(r)
	}
	b.add(origin(r.Where), rule.Rule{Body: f})
}

// scrub spells a transition: a capital letter scrubs the environment.
func scrub(kind, fallback string, scrubs bool) rule.Exec {
	s := kind + map[string]string{"inherit": "i", "unconfined": "u", "": ""}[fallback]
	if scrubs {
		// Only "Pix" and "Cix" keep their i small.
		s = strings.ToUpper(strings.TrimSuffix(s, "i")) + strings.Repeat("i", strings.Count(s, "i"))
	}
	return rule.Exec(s + "x")
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9_.+-]+`)

// childName names the profile of a child after its program; where that is the
// service's own, so that the two can be told apart.
func (b *body) childName(r *policy.Run) string {
	if r.Name != "" {
		return r.Name
	}
	switch name := strings.Trim(unsafeInName.ReplaceAllString(path.Base(r.Path), "-"), "-.+"); name {
	case "":
		return "child"
	case b.service.Name:
		return name + "-child"
	default:
		return name
	}
}

// child lowers the body of a child. AppArmor has one level of children, so the
// child of a child becomes its sibling, reached by its full name.
func (b *body) child(r *policy.Run) (rule.Exec, string) {
	name, parent := b.childName(r), b.service.Name
	kind, target := "c", name
	if b.full != parent {
		kind, target = "p", parent+"//"+name
	}
	if b.taken(name, r.Where) {
		return scrub(kind, r.Fallback, r.Scrub), target
	}
	c := b.newChild(name, r.Where)
	c.add(origin(r.Where), file(r.Path, mr))
	c.base(r.Body, r.Where)
	c.signals(b, r.Where)
	c.statements(r.Body)
	b.module.Ignores = append(b.module.Ignores, ignores(r.Body)...)
	return scrub(kind, r.Fallback, r.Scrub), target
}

// hat lowers a hat.
func (b *body) hat(h *policy.Hat) {
	if b.taken(h.Name, h.Where) {
		return
	}
	c := b.newChild(h.Name, h.Where)
	c.p.Hat = true
	c.base(h.Body, h.Where)
	c.signals(b, h.Where)
	c.statements(h.Body)
	b.module.Ignores = append(b.module.Ignores, ignores(h.Body)...)
}

func (b *body) newChild(name string, w policy.Where) *body {
	c := &ir.Profile{Name: name, Origin: origin(w), Flags: flags(b.service)}
	b.children = append(b.children, c)
	return &body{b.lowering, c, b.service.Name + "//" + name}
}

// taken reports a second child of one name.
func (b *body) taken(name string, w policy.Where) bool {
	if name == b.service.Name {
		b.diags = append(b.diags, diag.Errorf(w.Range, "duplicate", "a child is called like its service", "Give it another name."))
		return true
	}
	for _, c := range b.children {
		if c.Name != name {
			continue
		}
		d := diag.Errorf(w.Range, "duplicate", "two children are called \""+name+"\"", "Give one of them another name with `name = \"…\"`.")
		d.Related = []diag.Related{{Range: c.Origin.Range, Message: "the other one"}}
		b.diags = append(b.diags, d)
		return true
	}
	return false
}

// signals lets a child and the profile that starts it signal each other: both
// sides need a rule.
func (c *body) signals(parent *body, w policy.Where) {
	both := []string{"send", "receive"}
	c.add(always(w, "its parent signals it"), rule.Rule{Body: rule.Signal{Access: both, Peer: parent.full}})
	parent.add(always(w, "it signals its child"), rule.Rule{Body: rule.Signal{Access: both, Peer: c.full}})
}
