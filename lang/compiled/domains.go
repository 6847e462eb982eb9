package compiled

// domains lists what is compared by walking, apart from networks.
func domains(a, b *Profile) []domain {
	list := []domain{
		{class: ClassAttachment, shape: func() *shape { return pathShape(MayAttach) }, words: pathWords,
			a: a.attachSide(), b: b.attachSide()},
		{class: ClassFile, shape: func() *shape { return pathShape(filePerms &^ MayLink) }, words: pathWords,
			a: a.fileSide(), b: b.fileSide()},
		{class: ClassLink, shape: func() *shape { return pairShape(MayLink) }, words: linkWords, link: true,
			a: a.fileSide(), b: b.fileSide()},
		{class: ClassChangeProfile, shape: func() *shape { return textShape(MayChangeProfile) }, words: changeWords,
			a: a.fileSide(), b: b.fileSide()},
		{class: ClassChangeProfile, shape: func() *shape { return pairShape(MayChangeOnExec) }, words: onExecWords,
			a: a.fileSide(), b: b.fileSide()},
	}
	for _, d := range policyDomains {
		list = append(list, domain{class: d.class, shape: d.shape, words: d.words,
			a: a.policySide(d.mediated, d.prefix), b: b.policySide(d.mediated, d.prefix)})
	}
	for c := range 256 {
		if class := byte(c); !knownClass[class] && (a.class(class) != dead || b.class(class) != dead) {
			list = append(list, domain{class: ClassOther, words: otherWords(class),
				shape: func() *shape { return bytesShape(all) },
				a:     a.policySide(class, []byte{class}), b: b.policySide(class, []byte{class})})
		}
	}
	return list
}

// policyDomains are those of the policy automaton: the byte whose state says
// that the class is mediated, and where the asking starts.
var policyDomains = []struct {
	class    Class
	mediated byte
	prefix   []byte
	shape    func() *shape
	words    func([]byte, Perms) string
}{
	{ClassSignal, byteSignal, []byte{byteSignal}, signalShape, signalWords},
	{ClassPtrace, bytePtrace, []byte{byteLabel, bytePtrace}, func() *shape { return textShape(ptracePerms) }, ptraceWords},
	{ClassMount, byteMount, []byte{byteMount}, mountShape, mountWords},
	{ClassMount, byteMount, []byte{byteMount}, pivotShape, pivotWords},
	{ClassDBus, byteDBus, []byte{byteDBus}, busShape, busWords},
	{ClassMqueue, bytePosixQueue, []byte{bytePosixQueue}, posixQueueShape, queueWords},
	{ClassMqueue, byteSysvQueue, []byte{byteSysvQueue}, sysvQueueShape, sysvWords},
	{ClassUserNS, byteNamespace, []byte{byteNamespace}, func() *shape { return stateShape(MayCreateNamespace, 0) }, namespaceWords},
	{ClassIOUring, byteIOUring, []byte{byteIOUring}, func() *shape { return stateShape(MaySQPoll, MayOverrideCreds) }, ringWords},
}

func posixQueueShape() *shape {
	return queueShape(func(s *shape) uint8 { return s.text(shapeStart) })
}

func sysvQueueShape() *shape {
	return queueShape(func(s *shape) uint8 { return s.any(shapeStart, 4) })
}

// knownClass holds the class bytes that are compared in words. Files have an
// automaton of their own; what the label class holds beside ptrace is never
// asked. The digits 1 and 4 are where parsers put their mark for unix sockets
// by mistake, as the text of the class (parser_regex.c, CLASS_SUB_STR).
var knownClass = [256]bool{
	byteFile: true, '1': true, '4': true, byteNet: true, byteNetV8: true, byteNetV9: true, byteLabel: true,
	byteSignal: true, bytePtrace: true, byteMount: true, byteDBus: true,
	bytePosixQueue: true, byteSysvQueue: true, byteNamespace: true, byteIOUring: true,
}

// closed is the side of a profile that grants nothing.
func closed() side { return side{newLiteral("", noGrant), dead} }

func (p *Profile) fileSide() side {
	d, from := p.files()
	if d == nil {
		return closed()
	}
	return side{d, from}
}

func (p *Profile) attachSide() side {
	if p.xmatch != nil {
		return side{p.xmatch, p.xmatch.start}
	}
	return side{newLiteral(p.tail(), grant{allow: MayAttach}), start}
}

func (p *Profile) policySide(mediated byte, prefix []byte) side {
	if p.class(mediated) == dead {
		return side{openMachine{}, start}
	}
	return side{p.policy, p.class(prefix...)}
}
