package profile

import (
	"cmp"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// errorCodes are the names of errno(3) that the flag error= takes.
const errorCodes = `
	E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EADV EAFNOSUPPORT EAGAIN EALREADY EBADE EBADF EBADFD EBADMSG EBADR
	EBADRQC EBADSLT EBFONT EBUSY ECANCELED ECHILD ECHRNG ECOMM ECONNABORTED ECONNREFUSED ECONNRESET EDEADLOCK
	EDESTADDRREQ EDOM EDOTDOT EDQUOT EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR
	EINVAL EIO EISCONN EISDIR EISNAM EKEYEXPIRED EKEYREJECTED EKEYREVOKED EL2HLT EL2NSYNC EL3HLT EL3RST ELIBACC
	ELIBBAD ELIBEXEC ELIBMAX ELIBSCN ELNRNG ELOOP EMEDIUMTYPE EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG
	ENAVAIL ENETDOWN ENETRESET ENETUNREACH ENFILE ENOANO ENOBUFS ENOCSI ENODATA ENODEV ENOENT ENOEXEC ENOKEY
	ENOLCK ENOLINK ENOMEDIUM ENOMEM ENOMSG ENONET ENOPKG ENOPROTOOPT ENOSPC ENOSR ENOSTR ENOSYS ENOTBLK ENOTCONN
	ENOTDIR ENOTEMPTY ENOTNAM ENOTRECOVERABLE ENOTSOCK ENOTSUP ENOTTY ENOTUNIQ ENXIO EOVERFLOW EOWNERDEAD EPERM
	EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE EREMCHG EREMOTE EREMOTEIO ERESTART ERFKILL EROFS
	ESHUTDOWN ESOCKTNOSUPPORT ESPIPE ESRCH ESRMNT ESTALE ESTRPIPE ETIME ETIMEDOUT ETOOMANYREFS ETXTBSY EUCLEAN
	EUNATCH EUSERS EWOULDBLOCK EXDEV EXFULL`

// modes are the flags of which a profile has at most one.
const profileModes = "enforce complain kill unconfined prompt default_allow"

// exclusiveFlags are pairs of flags that contradict each other.
var exclusiveFlags = [][2]string{
	{"chroot_relative", "namespace_relative"}, {"mediate_deleted", "delegate_deleted"},
	{"attach_disconnected", "no_attach_disconnected"}, {"attach_disconnected.path", "no_attach_disconnected"},
	{"attach_disconnected.ipc", "no_attach_disconnected"}, {"chroot_attach", "chroot_no_attach"},
}

// profileHead lowers what stands before the brace of a profile.
func (r *reader) profileHead(h *profileHead) *Profile {
	p := &Profile{Keyword: h.Keyword.Value, Name: text(h.Name), Attachment: text(h.Attachment), Flags: texts(h.Flags)}
	r.checkName(h, p)
	if a := p.Attachment; a != "" && !strings.HasPrefix(a, "/") && !strings.HasPrefix(a, "@{") {
		r.refuse(h.Attachment, "bad-attachment", "attachment without a slash", "Write an absolute path, or a variable with one.")
	}
	r.glob(h.Attachment)
	r.xattrs(h, p)
	for _, i := range h.Identities {
		r.identities(i, p)
	}
	r.checkFlags(h.Flags)
	return p
}

// checkName refuses names that no profile can have (parser_misc.c:
// parse_label).
func (r *reader) checkName(h *profileHead, p *Profile) {
	ns, name, ok := SplitName(p.Name)
	switch {
	case strings.HasPrefix(p.Name, "&"):
		r.refuse(h.Name, "bad-name", "& before the name of a profile", "Only a target can be a stack. Leave it out.")
	case !ok:
		r.refuse(h.Name, "bad-name", "namespace without an end", "Write :NAMESPACE:NAME.")
	case strings.HasPrefix(p.Name, ":") && ns == "":
		r.refuse(h.Name, "bad-name", "empty namespace", "Write :NAMESPACE:NAME, or leave the colons out.")
	case name == "":
		r.refuse(h.Name, "bad-name", "empty name of a profile", "Write :NAMESPACE:NAME.")
	case p.Keyword == "" && ns == "" && !strings.HasPrefix(name, "/"):
		r.refuse(h.Name, "bad-name", "profile without the word profile", "A name that is no path needs it: profile %s.", p.Name)
	}
	if p.Attachment == "" {
		r.globIn(h.Name, localName(name))
	}
}

// localName returns what a profile is called within the one that its name says
// it stands in: the parser takes that for a glob alone.
func localName(name string) string { return name[strings.LastIndex("//"+name, "//"):] }

// SplitName parts `:namespace:name` and `:namespace://name`; ok is false where
// the namespace has no end.
func SplitName(s string) (namespace, name string, ok bool) {
	if !strings.HasPrefix(s, ":") {
		return "", s, true
	}
	namespace, name, ok = strings.Cut(s[1:], ":")
	return namespace, strings.TrimPrefix(name, "//"), ok
}

func (r *reader) xattrs(h *profileHead, p *Profile) {
	if h.Group == nil {
		return
	}
	if h.Group.Name.Value != "xattrs" {
		r.refuse(h.Group.Name, "unknown-condition", h.Group.Name.Value+"=() in the head of a profile", "Attributes of the program stand in xattrs=(…).")
		return
	}
	for _, c := range h.Group.Conds {
		x := Xattr{Name: c.Name.Value}
		if len(c.Values) > 0 {
			x.Value = text(c.Values[0])
			r.glob(c.Values[0])
		}
		p.Xattrs = append(p.Xattrs, x)
	}
}

func (r *reader) identities(i *identities, p *Profile) {
	for _, v := range i.Values {
		name := text(v)
		if !strings.HasPrefix(name, "/") && strings.Contains(name, " ") {
			r.refuse(v, "bad-identity", "blank in an identity", "Only identities that are paths may hold blanks.")
		}
		p.Identities = append(p.Identities, name)
	}
}

// checkFlags refuses unknown flags and such as contradict each other
// (profile.h: flagvals).
func (r *reader) checkFlags(flags []lexer.Token) {
	seen := map[string]string{}
	for _, t := range flags {
		name, value, hasValue := strings.Cut(text(t), "=")
		r.checkFlag(t, name, value, hasValue)
		if name == "error" {
			value = strings.ToUpper(value)
		}
		if hasWord(profileModes, name) {
			name, value = "mode", name
		}
		before := seen[name] // attach_disconnected.ipc may stand with and without a value
		if before != "" && value != "" && before != value {
			r.refuse(t, "conflicting-flags", "two values of the flag "+name, "It was %s before. Keep one.", before)
		}
		seen[name] = cmp.Or(value, before)
		for _, pair := range exclusiveFlags {
			_, first := seen[pair[0]]
			_, second := seen[pair[1]]
			if first && second && (name == pair[0] || name == pair[1]) {
				r.refuse(t, "conflicting-flags", pair[0]+" and "+pair[1], "The flags contradict each other. Keep one.")
			}
		}
	}
}

// plainFlags take no value.
const plainFlags = profileModes + ` audit debug chroot_relative namespace_relative mediate_deleted delegate_deleted
	attach_disconnected no_attach_disconnected chroot_attach chroot_no_attach interruptible attach_disconnected.ipc`

func (r *reader) checkFlag(t lexer.Token, name, value string, hasValue bool) {
	switch {
	case !hasValue && hasWord(plainFlags, name):
	case hasValue && name == "kill.signal":
		r.signalFlag(t, value)
	case hasValue && name == "error":
		if !hasWord(errorCodes, strings.ToUpper(value)) {
			r.refuse(t, "unknown-error", "unknown error code "+value, "Write a name of errno(3), such as EPERM.")
		}
	case hasValue && (name == "attach_disconnected.path" || name == "attach_disconnected.ipc"):
		if !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "@{") {
			r.refuse(t, "bad-flag", "path without a slash", "Write %s=/PATH.", name)
		}
	default:
		r.refuse(t, "unknown-flag", "unknown flag "+text(t), "%s", strings.TrimSpace("Flags are listed in apparmor.d(5)."+
			didYouMean(name, strings.Fields(plainFlags+" kill.signal error attach_disconnected.path"))))
	}
}

func (r *reader) signalFlag(t lexer.Token, name string) {
	if !signals().Has(name) {
		r.refuse(t, "unknown-signal", "unknown signal "+name, "Signals are written as term, hup or rtmin+1, without SIG.%s", signals.hint(name))
	}
}
