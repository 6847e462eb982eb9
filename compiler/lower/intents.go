package lower

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/policy"
	"apc/lang/rule"
)

// grant is what a path intent grants: on a file, on the directory itself, and
// on all below it.
type grant struct{ file, dir, below rule.Access }

const (
	r   = rule.Read
	rw  = rule.Read | rule.Write
	rwk = rw | rule.Lock
	mr  = rule.MapExec | rule.Read
)

// grants is the table of path intents. SPEC.md shows the same table, and a
// test holds each row.
var grants = map[string]grant{
	"config":    {r, r, r},
	"read":      {r, r, r},
	"secrets":   {r, r, r},
	"data":      {rwk, rw, rwk},
	"cache":     {rwk, rw, rwk},
	"logs":      {rule.Write, r, rule.Write},
	"runtime":   {rwk, rw, rwk},
	"temp":      {rwk, rw, rwk},
	"libraries": {mr, r, mr},
	"devices":   {rw, r, rw},
	"volume":    {r, r, r},
}

// statements lowers each statement of a body.
func (b *body) statements(from policy.Body) {
	for _, s := range from.Statements {
		switch s := s.(type) {
		case *policy.Path:
			b.path(s)
		case *policy.Capability:
			b.add(origin(s.Where), rule.Rule{Body: rule.Capability{Names: []string{s.Name}}})
		case *policy.Endpoint:
			b.endpoint(s)
		case *policy.Socket:
			b.socket(s)
		case *policy.Run:
			b.run(s)
		case *policy.Hat:
			b.hat(s)
		case *policy.Include:
			b.include(s)
		case *policy.Typed:
			b.add(origin(s.Where), s.Rule)
		case *policy.DenyPath:
			b.deny(s)
		case *policy.Raw:
			b.raw(s)
		}
	}
}

// path lowers an entry of a path list.
func (b *body) path(p *policy.Path) {
	if p.Intent == "volume" && !b.service.Container {
		b.diags = append(b.diags, diag.Errorf(p.Range, "no-meaning", "`volume` goes with containers", "In a service write `config` or `data`."))
		return
	}
	if p.Intent == "secrets" {
		b.secrets = append(b.secrets, p)
	}
	g, o := grants[p.Intent], origin(p.Where)
	if p.Links {
		g.file |= rule.LinkTo
		g.below |= rule.LinkTo
	}
	if p.Rotate {
		g.file |= rule.Read
		g.below |= rule.Read
	}
	owner := p.Intent == "temp"
	if p.Owner != nil {
		owner = *p.Owner
	}
	text := b.real(p.Intent, p.Text)
	if strings.HasSuffix(text, "/") {
		b.p.Own = append(b.p.Own, text)
		b.addFile(o, text, g.dir, owner)
		b.addFile(o, text+"**", g.below, owner)
		return
	}
	b.addFile(o, text, g.file, owner)
	if p.Rotate {
		// logrotate's names: app.log.1, app.log.2.gz, app.log-20240131.
		b.addFile(o, text+"{.,-}*", g.file, owner)
	}
}

func (b *body) addFile(o ir.Origin, path string, a rule.Access, owner bool) {
	r := file(path, a)
	r.Owner = owner
	b.add(o, r)
}

// privateRoots are the directories below which systemd moves the state of a
// service with DynamicUser= into private/.
var privateRoots = map[string]string{"data": "/var/lib/", "cache": "/var/cache/", "logs": "/var/log/"}

// real returns the path under which the kernel sees a state path.
func (b *body) real(intent, path string) string {
	root, ok := privateRoots[intent]
	if !ok || !b.service.DynamicUser || !strings.HasPrefix(path, root) || strings.HasPrefix(path, root+"private/") {
		return path
	}
	return root + "private/" + path[len(root):]
}

// socketKinds are the socket types that carry a protocol.
var socketKinds = map[string][]string{"tcp": {"stream"}, "udp": {"dgram"}, "sctp": {"stream", "seqpacket"}, "raw": {"raw"}}

// endpoint lowers `listen` and `connect`: one rule for each family and type,
// as precise as the policy states it.
func (b *body) endpoint(e *policy.Endpoint) {
	for _, family := range e.Families {
		for _, kind := range socketKinds[e.Protocol] {
			n := rule.Network{Family: family, Type: kind}
			end := rule.Endpoint{IP: e.Address, Port: e.Port}
			if e.Intent == "listen" {
				n.Local = end
			} else {
				n.Peer = end
			}
			b.add(origin(e.Where), rule.Rule{Body: n})
		}
	}
}

// socket lowers a unix socket. One with a path is mediated by that path, and
// its unix rule holds what needs no address.
func (b *body) socket(s *policy.Socket) {
	o := origin(s.Where)
	b.add(o, rule.Rule{Body: rule.Unix{Access: rule.SocketSetup(), Type: s.Type}})
	if !strings.HasPrefix(s.Path, "@") || strings.HasPrefix(s.Path, "@{") {
		b.add(o, file(s.Path, rw))
		return
	}
	b.add(o, rule.Rule{Body: rule.Unix{Type: s.Type, Addr: s.Path}})
	b.add(o, rule.Rule{Body: rule.Unix{Access: []string{"connect", "send", "receive"}, Type: s.Type, PeerAddr: s.Path}})
}

func (b *body) include(i *policy.Include) {
	path := i.Path
	if !strings.Contains(path, "/") {
		path = "abstractions/" + path
	}
	b.add(origin(i.Where), rule.Rule{Body: rule.Include{Path: path, Magic: true}})
}

// deny lowers one denied path. It is recorded unless the policy wants quiet:
// AppArmor's plain deny leaves no trace.
func (b *body) deny(d *policy.DenyPath) {
	f := rule.File{Path: d.Path, Access: d.Access}
	if d.Exec {
		f.Exec = "x"
	}
	q := rule.Qualifiers{Action: rule.Deny, Audit: !d.Quiet}
	if !d.Exec || !strings.HasSuffix(d.Path, "/") { // a directory is not executed
		b.add(origin(d.Where), rule.Rule{Qualifiers: q, Body: f})
	}
	if strings.HasSuffix(d.Path, "/") {
		f.Path += "**"
		b.add(origin(d.Where), rule.Rule{Qualifiers: q, Body: f})
	}
}
