package lint

// Rules lists every rule.
var Rules = []*Rule{
	broadWrite,
	broadRead,
	sensitivePath,
	broadNetwork,
	writeExec,
	unconfinedExec,
	dangerousCapability,
}
