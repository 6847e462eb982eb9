package audit

import "strconv"

// set takes over one field. Of two with the same meaning the first stands; the
// other is kept in Extra.
func (e *Event) set(key string, v value) {
	taken := false
	if field := e.name(key); field != nil {
		taken = setText(field, v.string())
	} else if field := e.word(key); field != nil {
		taken = setText(field, v.text)
	} else if field := e.number(key); field != nil {
		taken = setNumber(field, v)
	} else {
		taken = e.setSpecial(key, v)
	}
	if !taken {
		e.Extra = append(e.Extra, Field{key, v.text})
	}
}

func setText(field *string, s string) bool {
	if *field == "" {
		*field = s
	}
	return *field == s
}

func setNumber(field *int, v value) bool {
	n, ok := v.int()
	if ok && *field == 0 {
		*field = n
	}
	return ok && *field == n
}

// name returns the field that a key with a string stands for, or nil. The
// kernel writes such a string in hex where it has to.
func (e *Event) name(key string) *string {
	switch key {
	case "profile", "label":
		return &e.Profile
	case "name":
		return &e.Name
	case "comm":
		return &e.Comm
	case "peer", "peer_profile", "peer_label", "tcontext":
		return &e.Peer
	case "target", "name2":
		return &e.Target
	case "namespace", "ns":
		return &e.Namespace
	case "exe":
		return &e.Exe
	case "path":
		return &e.DBus.Path
	case "fstype":
		return &e.Mount.Fstype
	case "srcname":
		return &e.Mount.Source
	case "flags":
		return &e.Mount.Flags
	case "options":
		return &e.Mount.Options
	case "trans":
		return &e.Mount.Trans
	case "execpath":
		return &e.ExecPath
	case "attribute":
		return &e.Attribute
	}
	return nil
}

// word returns the field that a key with one of AppArmor's own words stands
// for, or nil.
func (e *Event) word(key string) *string {
	switch key {
	case "operation":
		return &e.Operation
	case "requested_mask", "requested":
		return &e.Requested
	case "denied_mask", "denied", "mask":
		return &e.Denied
	case "class":
		return &e.Class
	case "info":
		return &e.Info
	case "family":
		return &e.Net.Family
	case "sock_type":
		return &e.Net.SockType
	case "capname":
		return &e.Capability
	case "signal":
		return &e.Signal
	case "rlimit":
		return &e.Rlimit
	case "value":
		return &e.RlimitTo
	case "bus":
		return &e.DBus.Bus
	case "interface":
		return &e.DBus.Interface
	case "member", "method":
		return &e.DBus.Member
	case "peer_info":
		return &e.PeerInfo
	}
	return nil
}

// number returns the field that a key with a number stands for, or nil.
func (e *Event) number(key string) *int {
	switch key {
	case "pid":
		return &e.PID
	case "parent":
		return &e.Parent
	case "peer_pid":
		return &e.PeerPID
	case "error":
		return &e.Error
	case "task":
		return &e.Task
	case "magic_token":
		return &e.MagicToken
	}
	return nil
}

// setSpecial takes over the fields whose values have a form of their own.
func (e *Event) setSpecial(key string, v value) bool {
	switch key {
	case "apparmor":
		return setText((*string)(&e.Mode), v.text)
	case "type": // of old kernels, among the fields
		_, mode, _ := readType([]byte(v.text), 0)
		return mode != "" && setText((*string)(&e.Mode), string(mode))
	case "fsuid":
		return setID(&e.FSUID, v)
	case "ouid":
		return setID(&e.OUID, v)
	case "protocol":
		return setText(&e.Net.Protocol, protocolName(v))
	case "addr":
		return v.text != "?" && setText(&e.Net.Addr, v.address()) // addr=? is the audit daemon's
	case "peer_addr":
		return setText(&e.Net.PeerAddr, v.address())
	}
	return e.setEnd(key, v)
}

func setID(field *ID, v value) bool {
	n, ok := v.int()
	if !ok {
		return false
	}
	const nobody = 1<<32 - 1 // (uid_t)-1
	id := ID(n)
	if n < 0 || n == nobody {
		id = NoID
	}
	if *field == NoID {
		*field = id
	}
	return *field == id
}

// setEnd takes over an address or a port. What the call was about (saddr, src,
// daddr, dest) goes before what the socket has (laddr, lport, faddr, fport),
// which the kernel writes first (security/lsm_audit.c).
func (e *Event) setEnd(key string, v value) bool {
	switch key {
	case "laddr":
		return setText(&e.Net.LocalIP, v.text)
	case "lport":
		return setNumber(&e.Net.LocalPort, v)
	case "faddr":
		return setText(&e.Net.PeerIP, v.text)
	case "fport":
		return setNumber(&e.Net.PeerPort, v)
	case "saddr":
		return e.replaceIP("laddr", &e.Net.LocalIP, v)
	case "src":
		return e.replacePort("lport", &e.Net.LocalPort, v)
	case "daddr":
		return e.replaceIP("faddr", &e.Net.PeerIP, v)
	case "dest":
		return e.replacePort("fport", &e.Net.PeerPort, v)
	}
	return false
}

func (e *Event) replaceIP(socket string, field *string, v value) bool {
	if *field != "" && *field != v.text {
		e.Extra = append(e.Extra, Field{socket, *field})
	}
	*field = v.text
	return true
}

func (e *Event) replacePort(socket string, field *int, v value) bool {
	n, ok := v.int()
	if !ok {
		return false
	}
	if *field != 0 && *field != n {
		e.Extra = append(e.Extra, Field{socket, strconv.Itoa(*field)})
	}
	*field = n
	return true
}
