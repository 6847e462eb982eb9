package compiled

import "strings"

// A Subject is who asks for a file: its owner (fsuid equals the file's owner)
// or anyone else. Other classes know no owner.
type Subject uint8

const (
	Anyone Subject = iota // of a Difference: owner and others alike
	Owner
	Others
)

func (s Subject) String() string {
	return [...]string{"anyone", "owner", "other"}[s]
}

// An Access is the answer to a question: what the rules say. What becomes of an
// access that they do not allow depends on the profile's Mode.
type Access struct {
	Allow    Perms
	Audit    Perms // allowed and recorded
	Quiet    Perms // denied without a record
	Prompt   Perms // left to a prompting daemon
	Exec     Transition
	Mediated bool // false where the profile leaves the class open, and all is allowed
}

// Has tells whether every permission of want is allowed.
func (a Access) Has(want Perms) bool { return a.Allow&want == want }

// unmediated is the answer about a class that the profile leaves open.
func unmediated(mask Perms) Access { return Access{Allow: mask} }

// answer is what the grant says about the permissions of mask.
func (g *grant) answer(mask Perms) Access {
	a := Access{
		Allow:    g.allow & mask,
		Audit:    g.audit & g.allow & mask,
		Quiet:    g.quiet &^ g.allow & mask,
		Prompt:   g.prompt &^ g.allow & mask,
		Mediated: true,
	}
	if a.Allow&MayExec != 0 {
		a.Exec = g.exec
	}
	return a
}

// and joins the answers about different permissions.
func (a Access) and(b Access) Access {
	a.Allow |= b.Allow
	a.Audit |= b.Audit
	a.Quiet |= b.Quiet
	a.Prompt |= b.Prompt
	a.Mediated = a.Mediated || b.Mediated
	return a
}

// files is the automaton that decides about files (kernel: unpack_profile):
// without one of its own that of the policy, from the class byte of files on.
func (p *Profile) files() (*database, uint32) {
	if p.file != nil {
		return p.file, p.file.start
	}
	return p.policy, p.class(byteFile)
}

// Path answers which permissions the profile grants on a path, as the kernel
// names it: absolute, symlinks and .. resolved, a directory with a / at its end.
func (p *Profile) Path(path string, who Subject) Access {
	d, from := p.files()
	if d == nil {
		return Access{Mediated: true}
	}
	return d.at(d.text(from, path), who).answer(filePerms)
}

// Link answers whether a hard link may be made from link to target (kernel:
// profile_path_link). Allow holds Link; AnyTarget says that the target's
// permissions did not matter.
func (p *Profile) Link(link, target string, who Subject) Access {
	d, from := p.files()
	if d == nil {
		return Access{Mediated: true}
	}
	state := d.text(from, link)
	name := d.at(state, who)
	pair := d.at(d.text(d.step(state, 0), target), who)
	a := pair.linkPair()
	if name.allow&MayLink == 0 || a.Allow&AnyTarget == 0 && !subset(name, d.at(d.text(from, target), who)) {
		a.Allow, a.Audit = 0, 0
	}
	return a
}

// linkPair reads the grant of a pair: there the bit of Lock asks for the subset
// test, so AnyTarget is its absence.
func (g *grant) linkPair() Access {
	a := g.answer(MayLink)
	if a.Allow != 0 && g.allow&MayLock == 0 {
		a.Allow |= AnyTarget
	}
	return a
}

// subset tells whether a link grants no more than its target, apart from Link.
func subset(link, target *grant) bool {
	more := link.allow & filePerms &^ MayLink &^ target.allow
	return more == 0 && (link.allow&MayExec == 0 || link.exec == target.exec)
}

// Attaches answers whether a program at path runs under the profile where it is
// looked for by path: on exec from no confinement, and for a child on exec by a
// rule without a target. Extended attributes are not looked at.
func (p *Profile) Attaches(path string) bool {
	if p.xmatch == nil {
		return p.tail() == path && strings.HasPrefix(path, "/")
	}
	return p.xmatch.at(p.xmatch.text(p.xmatch.start, path), Others).allow&MayAttach != 0
}

// tail is the profile's own name, without those it lies in (kernel: lib.c,
// basename).
func (p *Profile) tail() string {
	name := p.Name
	for {
		_, child, ok := strings.Cut(name, "//")
		if !ok {
			return name
		}
		name = child
	}
}

// ChangeProfile answers whether a process may change to the profile target.
func (p *Profile) ChangeProfile(target string) Access {
	d, from := p.files()
	if d == nil {
		return Access{Mediated: true}
	}
	return d.at(d.text(from, target), Others).answer(MayChangeProfile)
}

// ChangeOnExec answers whether a process may ask to run exec, and then does
// run, under the profile target.
func (p *Profile) ChangeOnExec(exec, target string) Access {
	d, from := p.files()
	if d == nil {
		return Access{Mediated: true}
	}
	state := d.text(from, exec)
	a := d.at(d.text(d.step(state, 0), target), Others).answer(MayChangeOnExec)
	a.Allow &= d.at(state, Others).allow & d.at(d.text(from, target), Others).allow
	return a
}

// HasCapability answers whether a capability, such as "net_admin", may be used.
// ok is false for a name that is none.
func (p *Profile) HasCapability(name string) (a Access, ok bool) {
	for i, n := range capabilityNames {
		if n == name {
			bit := CapSet(1) << i
			return Access{
				Allow:    when(p.Caps.Allow&bit != 0, MayUse),
				Audit:    when(p.Caps.Audit&bit != 0, MayUse),
				Quiet:    when(p.Caps.Quiet&bit != 0, MayUse),
				Mediated: true,
			}, true
		}
	}
	return Access{}, false
}

func when(cond bool, p Perms) Perms {
	if cond {
		return p
	}
	return 0
}
