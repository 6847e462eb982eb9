package policy

import (
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"apc/lang/diag"
	"apc/lang/rule"
)

var (
	abiName     = regexp.MustCompile(`^abi/[A-Za-z0-9._-]+$`)
	xattrName   = regexp.MustCompile(`^[a-z]+\.[A-Za-z0-9_.-]+$`)
	includeName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./+-]*$`)
	// peerName is an AppArmor label or a glob over labels.
	targetName = regexp.MustCompile(`^(:[A-Za-z0-9_.-]+:)?[A-Za-z0-9_./+@{}&*^-]+$`)
)

func itoa(n int) string { return strconv.Itoa(n) }

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// integer returns a whole number between lo and hi.
func (d *decoder) integer(i item, lo, hi int) int {
	v, err := convert.Convert(i.val, cty.Number)
	if err == nil && !v.IsNull() {
		if n, acc := v.AsBigFloat().Int64(); acc == big.Exact && n >= int64(lo) && n <= int64(hi) {
			return int(n)
		}
	}
	d.errorf(i.rng, "out-of-range", "a whole number from "+itoa(lo)+" to "+itoa(hi)+" is needed here", "Found %s.", describe(i.val))
	return lo
}

// protocols are what an endpoint may speak.
var protocols = []string{"tcp", "udp", "sctp", "raw"}

func (d *decoder) endpoint(block *hcl.Block) (*Endpoint, bool) {
	c := d.content(block.Body, "address", "port", "protocol", "family")
	e := &Endpoint{Where: d.blockWhere(block, c), Name: block.Labels[0], Protocol: "tcp", Families: []string{"inet", "inet6"}}
	if w := d.oneOf(c.Attributes["protocol"], protocols...); w.Text != "" {
		e.Protocol = w.Text
	}
	if w := d.oneOf(c.Attributes["family"], "inet", "inet6"); w.Text != "" {
		e.Families = []string{w.Text}
	}
	e.Port = d.port(c.Attributes["port"])
	if e.Port != "" && e.Protocol == "raw" {
		d.errorf(e.Range, "no-port", e.Protocol+" has no ports", "Remove `port`.")
	}
	w := d.word(c.Attributes["address"])
	if w.Text == "" {
		return e, true
	}
	addr, err := netip.ParseAddr(w.Text)
	if err != nil || addr.Zone() != "" {
		d.errorf(w.Range, "bad-address", "not an IP address", "Write an IPv4 or IPv6 address; AppArmor knows no host names.")
		return e, false
	}
	e.Address = addr.String()
	family := "inet"
	if addr.Is6() {
		family = "inet6"
	}
	if c.Attributes["family"] != nil && !slices.Contains(e.Families, family) {
		d.errorf(w.Range, "bad-address", "the address is not of the family", "%s is of the family %s.", e.Address, family)
		return e, false
	}
	e.Families = []string{family}
	return e, true
}

// port reads a port or a range "A-B"; "" where there is none.
func (d *decoder) port(a *hcl.Attribute) string {
	i, ok := d.single(a)
	if !ok {
		return ""
	}
	if i.val.Type() != cty.String && i.val.Type() != cty.Number {
		d.errorf(i.rng, "bad-port", "bad port", "Found %s. A port is a number from 1 to 65535, or a range such as \"8000-8100\"; for more ports write more blocks.", describe(i.val))
		return ""
	}
	text, ok := d.itemString(i)
	if !ok {
		return ""
	}
	from, to, ranged := strings.Cut(text, "-")
	lo, err1 := strconv.ParseUint(from, 10, 16)
	hi, err2 := lo, error(nil)
	if ranged {
		hi, err2 = strconv.ParseUint(to, 10, 16)
	}
	if err1 != nil || err2 != nil || lo == 0 || hi < lo || ranged && hi == lo {
		d.errorf(i.rng, "bad-port", "bad port", "A port is a number from 1 to 65535, or a range such as \"8000-8100\".")
		return ""
	}
	return text
}

var socketTypes = []string{"stream", "dgram", "seqpacket"}

func (d *decoder) socket(block *hcl.Block) (*Socket, bool) {
	c := d.content(block.Body, "type", "path")
	path, at := d.label(block, c)
	s := &Socket{Where: d.blockWhere(block, c), Path: path, Type: "stream"}
	s.Range = at
	if w := d.oneOf(c.Attributes["type"], socketTypes...); w.Text != "" {
		s.Type = w.Text
	}
	if strings.HasPrefix(s.Path, "@") && !strings.HasPrefix(s.Path, "@{") {
		return s, d.checkText(s.Path, at)
	}
	return s, d.checkPath(s.Path, at, pathOptions{file: true})
}

// label returns the label of a block, or the attribute `path` that stands for
// it where it must be computed.
func (d *decoder) label(block *hcl.Block, c *hcl.BodyContent) (string, diag.Range) {
	if w := d.word(c.Attributes["path"]); w.Text != "" {
		return w.Text, w.Range
	}
	return block.Labels[0], d.rng(block.LabelRanges[0])
}

func (d *decoder) run(block *hcl.Block) (*Run, bool) {
	c := d.schemaContent(block.Body, runSchema)
	path, at := d.label(block, c)
	r := &Run{Where: d.blockWhere(block, c), Path: path, As: d.oneOf(c.Attributes["as"], "inherit", "child", "profile", "unconfined").Text}
	r.Range = at
	ok := d.checkPath(path, at, pathOptions{file: true})
	if c.Attributes["as"] == nil {
		d.errorf(at, "missing", "a run block needs `as`",
			"Write as = \"inherit\" (the program runs under the same profile), \"child\" (under the body of this block), \"profile\" (under its own) or \"unconfined\".")
		ok = false
	}
	r.To = d.target(c.Attributes["to"])
	if name := d.word(c.Attributes["name"]); name.Text != "" {
		r.Name = name.Text
		if !serviceName.MatchString(r.Name) {
			d.errorf(name.Range, "bad-name", "bad name for a child profile", "A name has letters, digits, \"_\", \".\", \"+\" and \"-\".")
		}
	}
	r.Fallback = d.oneOf(c.Attributes["fallback"], "inherit", "unconfined").Text
	r.Scrub = d.boolean(c.Attributes["scrub"], true)
	r.Body = d.body(c, r.Reason)
	return r, d.checkRun(r, c) && ok
}

// checkRun refuses attributes that have no meaning for the kind of transition.
func (d *decoder) checkRun(r *Run, c *hcl.BodyContent) bool {
	before := d.diags.Count(diag.Error)
	only := func(name string, kinds ...string) {
		if c.Attributes[name] != nil && r.As != "" && !slices.Contains(kinds, r.As) {
			d.errorf(d.rng(c.Attributes[name].NameRange), "no-meaning", "`"+name+"` has no meaning with as = \""+r.As+"\"",
				"It goes with %s.", strings.Join(kinds, " and "))
		}
	}
	only("to", "profile")
	only("name", "child")
	only("fallback", "child", "profile")
	only("scrub", "child", "profile", "unconfined")
	if r.As != "" && r.As != "child" && (len(r.Body.Statements) > 0 || len(r.Body.Ignores) > 0) {
		d.errorf(r.Range, "no-meaning", "a body has no meaning with as = \""+r.As+"\"",
			"What stands in the block holds for a child profile: write as = \"child\", or move it to the service.")
	}
	d.refuseNested(r.Body, "child")
	return d.diags.Count(diag.Error) == before
}

// target reads the name of a profile to change to.
func (d *decoder) target(a *hcl.Attribute) string {
	w := d.word(a)
	if w.Text != "" && !targetName.MatchString(w.Text) {
		d.errorf(w.Range, "bad-name", "bad name for a profile", "Write the name of a profile, as `aa-status` shows it.")
		return ""
	}
	return d.checkPattern(w)
}

// denyLists are the attributes of a `deny` block that are lists of paths.
var denyLists = []string{"read", "write", "append", "lock", "link", "map", "execute"}

func denySchema() *hcl.BodySchema {
	s := &hcl.BodySchema{Blocks: typedBlocks()}
	for _, a := range append([]string{"capabilities", "quiet", "reason"}, denyLists...) {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: a})
	}
	return s
}

// deny reads a `deny` block: what is refused whatever else grants it.
func (d *decoder) deny(block *hcl.Block, b *Body) {
	c := d.schemaContent(block.Body, denySchema())
	w := d.blockWhere(block, c)
	quiet := d.boolean(c.Attributes["quiet"], false)
	if quiet && w.Reason == "" {
		d.errorf(w.Range, "missing", "a quiet deny needs a reason", "Nothing is logged where it applies: write `reason = \"…\"` for the one who looks for it.")
	}
	if len(c.Attributes)+len(c.Blocks) == 0 {
		d.errorf(w.Range, "missing", "the deny block is empty", "Write `write = [\"/path\"]` or the like in it.")
	}
	for _, name := range denyLists {
		d.denyPaths(c.Attributes[name], w.Reason, quiet, b)
	}
	for _, e := range d.capabilities(c.Attributes["capabilities"], w.Reason) {
		b.Statements = append(b.Statements, &Typed{Where: e.where, Rule: rule.Rule{
			Qualifiers: rule.Qualifiers{Action: rule.Deny, Audit: !quiet}, Body: rule.Capability{Names: []string{e.text}}}})
	}
	for _, t := range c.Blocks {
		if typed := d.typed(t, rule.Deny); typed != nil {
			typed.Rule.Audit = !quiet
			if typed.Reason == "" {
				typed.Reason = w.Reason
			}
			b.Statements = append(b.Statements, typed)
		}
	}
}

// denyPaths reads one list of paths of a `deny` block.
func (d *decoder) denyPaths(a *hcl.Attribute, reason string, quiet bool, b *Body) {
	if a == nil {
		return
	}
	for _, e := range d.entries(a, "path", nil, reason) {
		if !d.checkPath(e.text, e.where.Range, pathOptions{}) {
			continue
		}
		e.where.Intent = "deny"
		b.Statements = append(b.Statements, &DenyPath{
			Where: e.where, Path: e.text, Access: rule.AccessWord(a.Name), Exec: a.Name == "execute", Quiet: quiet})
	}
}
