package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"apc/compiler"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/propose"
	"apc/lang/audit"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/rule"
)

// reply is what apc why says to one event; SPEC.md documents its JSON.
type reply struct {
	Verdict   propose.Verdict `json:"verdict"`
	Mode      audit.Mode      `json:"mode"`
	Profile   string          `json:"profile"`
	Operation string          `json:"operation"`
	Kind      audit.Kind      `json:"kind"`
	Wants     string          `json:"wants"`
	Raw       string          `json:"raw"`
	Policy    *policyPlace    `json:"policy,omitempty"`
	// Because tells in order why, in sentences and rules.
	Because []ground `json:"because"`
	// Remedies are changes of the policy that allow the access, the smallest
	// first. Each one is enough.
	Remedies []*remedy `json:"remedies"`
}

// What a reply says where no profile was asked.
const (
	notDenied propose.Verdict = "not-denied" // the record tells of no denial
	noProfile propose.Verdict = "no-profile" // no policy that was read makes it
)

// policyPlace is the profile of a policy that was asked.
type policyPlace struct {
	Profile string     `json:"profile"`
	Target  string     `json:"target"`
	Range   diag.Range `json:"range"`
}

// ground is a sentence or, with a rule, how that rule has to do with it.
type ground struct {
	Text    string      `json:"text"`
	Rule    string      `json:"rule,omitempty"`
	Origins []ir.Origin `json:"origins,omitempty"`
}

func (r *reply) exitCode() int {
	switch r.Verdict {
	case notDenied, propose.Allowed:
		return exitOK
	case noProfile:
		return exitInput
	}
	return exitFindings
}

// question is one event that is being answered.
type question struct {
	*answerer
	located
	*reply
	event   *audit.Event
	asked   propose.Want // what the event asks for
	want    propose.Want // what of it is left to rules
	finding propose.Finding
	rebuild rebuild
	flag    *propose.Statement // without which no rule is looked up, and which each remedy sets
}

// reply answers one event.
func (w *answerer) reply(e *audit.Event, rebuild rebuild) (*reply, error) {
	want := propose.Asks(e)
	r := &reply{
		Mode: e.Mode, Profile: e.Profile, Operation: e.Operation, Kind: want.Kind, Wants: propose.Describe(e.Operation, want), Raw: e.Raw,
		Because: []ground{}, Remedies: []*remedy{}, Verdict: notDenied,
	}
	if !e.Denial() {
		r.say("nothing was denied")
		return r, nil
	}
	at, err := w.locate(e)
	if err != nil {
		return nil, err
	}
	if at.profile == nil {
		r.Verdict = noProfile
		r.say("no policy that was read makes the profile %q; there are %s", e.Profile, strings.Join(w.names(), ", "))
		return r, nil
	}
	r.Policy = &policyPlace{at.module.FullName(at.profile), at.out.Target.Name, at.profile.Origin.Range}
	for _, n := range append(slices.Clone(want.Notes), at.note) {
		if n != "" {
			r.say("note: %s", n)
		}
	}
	q := &question{answerer: w, located: at, reply: r, event: e, asked: want, want: want, rebuild: rebuild}
	q.finding = propose.Decide(at.module, at.profile, want)
	r.Verdict = q.finding.Verdict
	return r, q.explain()
}

func (r *reply) say(format string, args ...any) {
	r.Because = append(r.Because, ground{Text: fmt.Sprintf(format, args...)})
}

// rules lists rules with their places, also those in included files.
func (r *reply) rules(what string, rules []ir.Rule) {
	for _, x := range rules {
		r.Because = append(r.Because, ground{what, x.Rule.String(), x.Origins})
	}
}

// explain tells the verdict, and what would allow the access.
func (q *question) explain() error {
	f := q.finding
	switch f.Verdict {
	case propose.Unanswerable:
		q.say("%s, so that no rule can be named", q.want.Problem)
		return nil
	case propose.NeedsFlag:
		return q.needsFlag()
	case propose.Allowed:
		if flag := q.flag; flag != nil {
			q.say("with the flag the policy allows it")
			q.flag = nil
			return q.propose(change{what: "to let it be looked up", steps: []step{addTo(q.out.Service.Where.Range, *flag)}, statement: flag})
		}
		q.say("the policy allows it: the profile that is loaded is not the one that is built from this policy. Build and load it")
		q.rules("granted by", f.Allow)
		return nil
	case propose.Denied:
		return q.denied()
	case propose.OwnerOnly:
		return q.ownerOnly()
	case propose.Transition:
		return q.transition()
	}
	return q.missing()
}

// needsFlag tells that no rule is looked up, and goes on as if the flag stood
// there: what else is missing belongs to the same change.
func (q *question) needsFlag() error {
	q.say("the kernel could not tell the path, and looks up no rule: %s", q.event.Info)
	flag := propose.Flag(q.want.Flag)
	q.flag = &flag
	q.want.Flag = ""
	q.finding = propose.Decide(q.module, q.profile, q.want)
	return q.explain()
}

// flagAlso says what a profile flag allows.
var flagAlso = map[string]string{
	"attach_disconnected":     "every path outside of the mount namespace counts as one below /, and the rules of the profile hold for it",
	"attach_disconnected.ipc": "message queues outside of the IPC namespace count as those inside",
	"mediate_deleted":         "files without a name are judged by the name they had",
}

// denied tells which denies win, and how they could be taken back.
func (q *question) denied() error {
	q.rules("denied by", q.finding.Deny)
	q.unknown()
	q.say("a deny wins over every rule that allows")
	if !slices.ContainsFunc(q.finding.Deny, func(r ir.Rule) bool { return r.Audit || r.Kind() == rule.KindRlimit }) {
		q.say("a deny without audit leaves no record: what is loaded is not what the policy gives, or apparmor.audit is noquiet")
	}
	if q.finding.Missing != (grants.Access{}) {
		q.say("no rule grants %s either", q.finding.Missing)
	}
	if err := q.overrule(); err != nil {
		return err
	}
	if fixed := q.includedDenies(); len(fixed) > 0 {
		if len(q.Remedies) == 0 {
			q.say("no edit below the include can allow it: leave the include out and state what is needed of it, or change %s", strings.Join(fixed, ", "))
		}
		return nil
	}
	return q.undo()
}

// includedDenies lists the files of the base directory with denies that win.
func (q *question) includedDenies() (files []string) {
	for _, r := range q.finding.Deny {
		if o := r.Origins[0]; o.Intent == "include" && o.Range.File != "" && len(r.Included) == 0 && !slices.Contains(files, o.Range.File) {
			files = append(files, o.Range.File)
		}
	}
	return files
}

// ownerOnly tells that the rule is for the owner, and how to open it.
func (q *question) ownerOnly() error {
	q.rules("granted to the owner of the file only, by", q.finding.Allow)
	if q.want.Foreign {
		q.say("the process had fsuid %d, and the file belongs to %d", q.event.FSUID, q.event.OUID)
	} else {
		q.say("the record does not say who owns the file")
	}
	if opened, err := q.open(); opened || err != nil {
		return err
	}
	q.finding.Missing = q.want.Access
	return q.choices()
}

// transition tells why an exec fails that a rule grants.
func (q *question) transition() error {
	q.rules("the exec is granted by", q.finding.Allow)
	q.say("so the transition is what failed: %s", cmp.Or(q.event.Info, "the record does not say why"))
	for _, r := range q.stated(q.finding.Allow) {
		o := r.Origins[0]
		if o.Intent != "run" {
			continue
		}
		c := change{what: "to allow it", also: "the program runs under this profile wherever the other is missing"}
		name := "fallback"
		if strings.Contains(q.event.Info, "no new privs") {
			name, c.also = "as", "the program runs under this profile, with all that it grants"
		} else if strings.Contains(q.event.Info, "conflicting") {
			q.say("several loaded profiles attach to the program alike: say by `to` which one is meant, or give a fallback")
		} else {
			q.say("the profile that is gone to must be loaded; where it cannot be, there is a fallback")
		}
		c.steps = []step{{[]diag.Range{o.Range}, func(e *propose.Editor, at []diag.Range) ([]diag.Edit, error) {
			return e.Set(at[0], name, `"inherit"`, "run")
		}}}
		return q.propose(c)
	}
	return nil
}

// missing tells what no rule grants.
func (q *question) missing() error {
	if q.want.File() {
		q.say("no rule grants %s", q.finding.Missing)
	} else {
		q.say("no rule grants it")
	}
	near := q.finding.Near
	q.rules("near it stands", near[:min(len(near), 5)])
	q.unknown()
	q.linked()
	if q.coarse() {
		return nil
	}
	return q.choices()
}

func (q *question) unknown() {
	for _, u := range q.finding.Unknown {
		q.say("not looked into: %s", u)
	}
}

// linked looks for a directory of the policy that is a symbolic link to where
// the path is, on this machine.
func (q *question) linked() {
	if !q.want.File() {
		return
	}
	links := map[string][]ir.Rule{}
	for _, r := range q.profile.Rules {
		if f, ok := r.Body.(rule.File); ok {
			written := filepath.Clean(literalPart(f.Path))
			links[written] = append(links[written], r)
		}
	}
	for _, written := range slices.Sorted(maps.Keys(links)) {
		real, err := filepath.EvalSymlinks(written)
		if err == nil && real != written && written != "/" && strings.HasPrefix(q.want.Path+"/", real+"/") {
			q.say("what is written for %s never applies to it: %s is a symbolic link to %s on this machine, and the kernel matches real paths", written, written, real)
			q.rules("never applies:", links[written])
		}
	}
}

// literalPart is the directory that a pattern begins with.
func literalPart(pattern string) string {
	if i := strings.IndexAny(pattern, `*?[{@\`); i >= 0 {
		pattern = pattern[:i]
		return pattern[:strings.LastIndexByte(pattern, '/')+1]
	}
	return pattern
}

// precise is a target that holds whatever a policy can say.
const precise = "apparmor-5.0"

// coarse tells that the policy does ask for the access, and that its target
// cannot hold the rule.
func (q *question) coarse() bool {
	t, err := feature.Lookup(precise)
	if err != nil || t == q.out.Target {
		return false
	}
	o := compiler.Inspect(q.out.Policy, q.out.Service, t, compiler.Options{})
	m, p := q.sameProfile(o)
	if p == nil {
		return false
	}
	f := propose.Decide(m, p, q.want)
	if f.Verdict != propose.Allowed {
		return false
	}
	q.say("the policy asks for it, and the target %s is too coarse to hold it:", q.out.Target.Name)
	q.rules("asked for by", f.Allow)
	for _, l := range q.out.Losses {
		if l.Kept == "" && l.Origins[0].Range == f.Allow[0].Origins[0].Range {
			q.say("on %s %s [loss-%s]", q.out.Target.Name, l.Instead, l.Feature)
		}
	}
	q.say("compile the policy for what the machine runs: `--target`, or `targets` in the settings")
	return true
}

// sameProfile finds the profile that is asked in another compilation of its
// service, with the values of the variables that were read for this one.
func (q *question) sameProfile(o *compiler.Output) (*ir.Module, *ir.Profile) {
	if o.Fitted == nil {
		return nil, nil
	}
	m := *o.Fitted
	m.Base, m.Values = q.module.Base, q.module.Values
	for _, p := range m.Profiles() {
		if m.FullName(p) == q.module.FullName(q.profile) {
			return &m, p
		}
	}
	return nil, nil
}

// stated returns the rules behind some of the profile's that stand in policies:
// each as it is stated, with its one place, before any became one.
func (q *question) stated(rules []ir.Rule) (out []ir.Rule) {
	m, p := q.sameProfile(q.out)
	if p == nil {
		return nil
	}
	f := propose.Decide(m, p, q.want)
	for _, r := range slices.Concat(f.Deny, f.Allow) {
		if slices.ContainsFunc(rules, func(x ir.Rule) bool {
			return slices.ContainsFunc(x.Origins, func(o ir.Origin) bool { return o.Range == r.Origins[0].Range })
		}) {
			out = append(out, r)
		}
	}
	return out
}
