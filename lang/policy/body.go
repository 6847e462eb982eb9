package policy

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/rule"
)

// pathIntents are the attributes of a body that are lists of paths, with the
// options that an entry may have beside path and reason.
var pathIntents = map[string][]string{
	"config": {"owner"}, "read": {"owner"}, "secrets": {"owner"}, "data": {"links", "owner"}, "cache": {"links", "owner"},
	"logs": {"owner", "rotate"}, "runtime": {"owner"}, "temp": {"owner"}, "libraries": {"owner"}, "devices": {"owner"},
	"volume": {"owner"},
}

// bodyAttributes are all attributes of a body.
func bodyAttributes() []string {
	out := []string{"capabilities", "include", "base", "raw", "reason"}
	for name := range pathIntents {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// bodyBlocks are the blocks of a body, with the names of their labels.
var bodyBlocks = []hcl.BlockHeaderSchema{
	{Type: "listen", LabelNames: []string{"name"}},
	{Type: "connect", LabelNames: []string{"name"}},
	{Type: "socket", LabelNames: []string{"path"}},
	{Type: "run", LabelNames: []string{"path"}},
	{Type: "hat", LabelNames: []string{"name"}},
	{Type: "use", LabelNames: []string{"module"}},
	{Type: "deny"},
	{Type: "ignore", LabelNames: []string{"rule"}},
	{Type: "optimize"},
}

// serviceAttributes are the attributes that services and containers have
// beside those of a body.
var serviceAttributes = []string{
	"description", "executable", "attachment", "flags", "mode", "abi", "namespace", "xattrs", "no_new_privileges", "dynamic_user",
}

// bodySchema builds the schema of a body with more attributes.
func bodySchema(more ...string) *hcl.BodySchema {
	s := &hcl.BodySchema{Blocks: append(append([]hcl.BlockHeaderSchema{}, bodyBlocks...), typedBlocks()...)}
	for _, name := range append(bodyAttributes(), more...) {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: name})
	}
	return s
}

var (
	serviceSchema = bodySchema(serviceAttributes...)
	runSchema     = bodySchema("path", "as", "name", "to", "fallback", "scrub")
	hatSchema     = bodySchema()
)

// modes are the values of `mode`: the flags that say what a denial does.
var modes = []string{"enforce", "complain", "kill", "unconfined", "default_allow", "prompt"}

// service reads a `service` or `container` block.
func (u *unit) service(b *hcl.Block) *Service {
	d := u.decoder(u.scope)
	d.container = b.Type == "container"
	before := d.diags.Count(diag.Error)
	c := d.schemaContent(b.Body, serviceSchema)
	schemaError := d.diags.Count(diag.Error) > before
	at := u.rng(b.DefRange)
	s := &Service{
		Name: b.Labels[0], Container: d.container, Where: d.blockWhere(b, c), Folder: u.dir, File: baseName(at.File),
		Description: d.str(c.Attributes["description"]),
		Executable:  d.pathAttribute(c.Attributes["executable"], pathOptions{file: true}),
		Attachment:  d.attachment(c.Attributes["attachment"]),
		Flags:       d.words(c.Attributes["flags"]), Mode: d.oneOf(c.Attributes["mode"], modes...),
		ABI: d.word(c.Attributes["abi"]), Namespace: d.word(c.Attributes["namespace"]), Xattrs: d.xattrs(c.Attributes["xattrs"]),
		NoNewPrivileges: d.boolean(c.Attributes["no_new_privileges"], false),
		DynamicUser:     d.boolean(c.Attributes["dynamic_user"], false),
	}
	d.checkHeader(s, c, schemaError, at)
	s.Body = d.body(c, s.Where.Reason)
	return s
}

func baseName(file string) string { return file[strings.LastIndexByte(file, '/')+1:] }

// checkHeader reports what a service cannot do without.
func (d *decoder) checkHeader(s *Service, c *hcl.BodyContent, schemaError bool, at diag.Range) {
	if !s.Container && c.Attributes["executable"] == nil && c.Attributes["attachment"] == nil && !schemaError {
		d.errorf(at, "missing", "the service has no executable", "Write `executable = \"/usr/bin/…\"`, or `attachment = \"none\"` for a profile that is entered by name.")
	}
	for _, f := range s.Flags {
		d.checkOneOf(f.Text[:flagName(f.Text)], f.Range, feature.ProfileFlags().Names()...)
	}
	if s.ABI.Text != "" && !abiName.MatchString(s.ABI.Text) {
		d.errorf(s.ABI.Range, "bad-name", "bad name for an abi file", "Write it as `abi/4.0`: a file below /etc/apparmor.d.")
	}
	if s.Namespace.Text != "" && !serviceName.MatchString(s.Namespace.Text) {
		d.errorf(s.Namespace.Range, "bad-name", "bad name for a namespace", "A name has letters, digits, \"_\", \".\", \"+\" and \"-\".")
	}
}

// flagName returns the length of a flag's name: without its value, with "=".
func flagName(flag string) int {
	if i := strings.IndexByte(flag, '='); i >= 0 {
		return i + 1
	}
	return len(flag)
}

func (d *decoder) pathAttribute(a *hcl.Attribute, o pathOptions) *Path {
	w := d.word(a)
	if a == nil || w.Text == "" || !d.checkPath(w.Text, w.Range, o) {
		return nil
	}
	return &Path{Where: Where{Range: w.Range, Intent: a.Name, Via: d.via}, Text: w.Text}
}

func (d *decoder) attachment(a *hcl.Attribute) *Path {
	if w := d.word(a); w.Text == "none" {
		return &Path{Where: Where{Range: w.Range, Intent: a.Name}, Text: "none"}
	}
	return d.pathAttribute(a, pathOptions{file: true})
}

func (d *decoder) xattrs(a *hcl.Attribute) []Xattr {
	var out []Xattr
	for name, f := range d.fields(a) {
		value, ok := d.itemString(f)
		if !xattrName.MatchString(name) {
			d.errorf(f.rng, "bad-name", "bad name for an extended attribute", "Write it as `\"security.ima\"`.")
		} else if ok && d.checkText(value, f.rng) && d.checkPattern(Word{value, f.rng}) == value {
			out = append(out, Xattr{name, value})
		}
	}
	slices.SortFunc(out, func(x, y Xattr) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// body reads what services, containers, modules, children and hats share.
func (d *decoder) body(c *hcl.BodyContent, reason string) Body {
	b := Body{Base: d.boolean(c.Attributes["base"], true)}
	for _, a := range d.sortedAttributes(c) {
		d.bodyAttribute(a, reason, &b)
	}
	for _, block := range c.Blocks {
		d.bodyBlock(block, &b)
	}
	d.checkLimits(b)
	return b
}

// checkLimits reports a limit that is set twice: the parser takes the last one
// without a word.
func (d *decoder) checkLimits(b Body) {
	first := map[string]diag.Range{}
	for _, s := range b.Statements {
		t, ok := s.(*Typed)
		if !ok {
			continue
		}
		if r, ok := t.Rule.Body.(rule.Rlimit); ok {
			if at, twice := first[r.Name]; twice {
				d.duplicate(t.Range, "rlimit", r.Name, at)
			} else {
				first[r.Name] = t.Range
			}
		}
	}
}

// checkRule refuses names of lint rules and losses that do not exist.
func (d *decoder) checkRule(name string, at diag.Range) {
	if known := d.loader.opts.Rules; known != nil {
		d.checkOneOf(name, at, known...)
	}
}

func (d *decoder) bodyAttribute(a *hcl.Attribute, reason string, b *Body) {
	options, isPaths := pathIntents[a.Name]
	switch {
	case isPaths:
		for _, i := range d.items(a) {
			if p := d.pathEntry(a.Name, i, options, reason); p != nil {
				b.Statements = append(b.Statements, p)
			}
		}
	case a.Name == "capabilities":
		for _, e := range d.capabilities(a, reason) {
			b.Statements = append(b.Statements, &Capability{Where: e.where, Name: e.text})
		}
	case a.Name == "raw":
		b.add(d.raw(a, reason))
	case a.Name == "include":
		for _, e := range d.entries(a, "path", nil, reason) {
			if d.checkInclude(e.text, e.where.Range) {
				b.Statements = append(b.Statements, &Include{Where: e.where, Path: e.text})
			}
		}
	}
}

// entry is an entry of a list: a string, or an object that has it as a field
// beside options and a reason.
type entry struct {
	text    string
	where   Where
	options map[string]item
}

// entries reads the entries of a list; key is the field that holds the string.
func (d *decoder) entries(a *hcl.Attribute, key string, options []string, reason string) []entry {
	var out []entry
	for _, i := range d.items(a) {
		if e, ok := d.entry(a.Name, i, key, options, reason); ok {
			out = append(out, e)
		}
	}
	return out
}

func (d *decoder) entry(intent string, i item, key string, options []string, reason string) (entry, bool) {
	e := entry{where: Where{Range: i.rng, Intent: intent, Reason: reason, Via: d.via}}
	if !i.isObject() {
		text, ok := d.itemString(i)
		e.text = text
		return e, ok
	}
	e.options = i.fields(d)
	main, ok := e.options[key]
	if !ok {
		d.errorf(i.rng, "missing", "the entry has no `"+key+"`", "Write `{ %s = \"…\", reason = \"…\" }`.", key)
		return e, false
	}
	known := append([]string{key, "reason"}, options...)
	for name, f := range e.options {
		if !slices.Contains(known, name) {
			d.errorf(f.rng, "unknown-option", "an entry of `"+intent+"` has no option `"+name+"`", "It has %s.%s", strings.Join(known, ", "), diag.DidYouMean(name, known))
		}
	}
	if r, ok := e.options["reason"]; ok {
		if text, ok := d.itemString(r); ok && d.checkText(text, r.rng) {
			e.where.Reason = text
		}
	}
	e.where.Range = main.rng
	e.text, ok = d.itemString(main)
	return e, ok
}

// capabilities reads a list of capabilities.
func (d *decoder) capabilities(a *hcl.Attribute, reason string) []entry {
	if a == nil {
		return nil
	}
	var out []entry
	for _, e := range d.entries(a, "name", nil, reason) {
		name, upper := strings.CutPrefix(strings.ToLower(e.text), "cap_")
		switch {
		case (upper || name != e.text) && feature.Capabilities().Has(name):
			d.errorf(e.where.Range, "unknown-word", "\""+e.text+"\" is not known here", "Write it in lower case without \"CAP_\": %q.", name)
		case d.checkOneOf(e.text, e.where.Range, feature.Capabilities().Names()...):
			out = append(out, e)
		}
	}
	return out
}

// pathEntry reads one entry of a path list.
func (d *decoder) pathEntry(intent string, i item, options []string, reason string) *Path {
	e, ok := d.entry(intent, i, "path", options, reason)
	if !ok || !d.checkPath(e.text, e.where.Range, pathOptions{file: intent == "secrets"}) {
		return nil
	}
	p := &Path{Where: e.where, Text: e.text}
	if intent == "volume" && !strings.HasSuffix(p.Text, "/") {
		d.errorf(p.Range, "not-a-directory", "a volume is a directory", "End it with \"/\".")
	}
	if o, ok := e.options["owner"]; ok && slices.Contains(options, "owner") {
		v, _ := d.itemBool(o)
		p.Owner = &v
	}
	if o, ok := e.options["links"]; ok && slices.Contains(options, "links") {
		p.Links, _ = d.itemBool(o)
	}
	if o, ok := e.options["rotate"]; ok && slices.Contains(options, "rotate") {
		p.Rotate, _ = d.itemBool(o)
	}
	return p
}

// checkInclude accepts names of files below the base directory.
func (d *decoder) checkInclude(path string, at diag.Range) bool {
	if !d.checkText(path, at) {
		return false
	}
	if includeName.MatchString(path) && !strings.Contains(path, "..") {
		return true
	}
	d.errorf(at, "bad-name", "bad name for an include", "Write it as `abstractions/nameservice`: a file below the base directory.")
	return false
}

func (d *decoder) bodyBlock(block *hcl.Block, b *Body) {
	switch block.Type {
	case "listen", "connect":
		b.add(d.endpoint(block))
	case "socket":
		b.add(d.socket(block))
	case "run":
		b.add(d.run(block))
	case "hat":
		b.add(d.hat(block))
	case "use":
		d.use(block, b)
	case "deny":
		d.deny(block, b)
	case "ignore":
		if i := d.ignore(block); i != nil {
			b.Ignores = append(b.Ignores, i)
		}
	case "optimize":
		d.optimize(block, b)
	default:
		if t := d.typed(block, rule.Allow); t != nil {
			b.Statements = append(b.Statements, t)
		}
	}
}

// add appends a statement that could be read.
func (b *Body) add(s Statement, ok bool) {
	if ok {
		b.Statements = append(b.Statements, s)
	}
}

func (d *decoder) hat(block *hcl.Block) (*Hat, bool) {
	d.checkName(block, serviceName)
	c := d.schemaContent(block.Body, hatSchema)
	h := &Hat{Where: d.blockWhere(block, c), Name: block.Labels[0]}
	h.Body = d.body(c, h.Reason)
	d.refuseNested(h.Body, "hat")
	return h, true
}

// refuseNested reports hats where AppArmor has no place for them.
func (d *decoder) refuseNested(b Body, in string) {
	for _, s := range b.Statements {
		if h, ok := s.(*Hat); ok {
			d.errorf(h.Range, "nested-hat", "a hat inside a "+in, "AppArmor has hats directly below a profile only: move it to the service.")
		}
	}
}

func (d *decoder) optimize(block *hcl.Block, b *Body) {
	c := d.content(block.Body, "collapse", "threshold")
	o := Optimize{Collapse: d.words(c.Attributes["collapse"])}
	if i, ok := d.single(c.Attributes["threshold"]); ok {
		o.Threshold = d.integer(i, 2, 100000)
	}
	b.Optimize.take(o)
}

// take adds another block's wishes: of several thresholds the least holds.
func (o *Optimize) take(more Optimize) {
	o.Collapse = append(o.Collapse, more.Collapse...)
	if o.Threshold == 0 || more.Threshold > 0 && more.Threshold < o.Threshold {
		o.Threshold = more.Threshold
	}
}

func (d *decoder) ignore(block *hcl.Block) *Ignore {
	c := d.content(block.Body, "path", "expires")
	path := d.word(c.Attributes["path"])
	i := &Ignore{Where: d.blockWhere(block, c), Rule: block.Labels[0], Path: path.Text}
	if strings.TrimSpace(i.Reason) == "" {
		d.errorf(i.Range, "missing", "an ignore needs a reason", "Write `reason = \"…\"`: why is the finding accepted?")
	}
	d.checkRule(i.Rule, d.rng(block.LabelRanges[0]))
	if i.Path != "" {
		d.checkPath(i.Path, path.Range, pathOptions{anySymlink: true})
	}
	if w := d.word(c.Attributes["expires"]); w.Text != "" {
		if !isDate(w.Text) {
			d.errorf(w.Range, "bad-date", "bad date", "Write it as YYYY-MM-DD.")
		}
		i.Expires = w.Text
	}
	return i
}
