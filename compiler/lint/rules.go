package lint

import "slices"

// Rules lists every rule.
var Rules = slices.Concat(breadthRules, escapeRules, deadRules, habitRules)

var breadthRules = []*Rule{
	broadWrite,
	broadRead,
	sensitivePath,
	broadNetwork,
}

var escapeRules = []*Rule{
	writeExec,
	unconfinedExec,
	dangerousCapability,
}

var deadRules = []*Rule{
	unusedIgnore,
}

var habitRules = []*Rule{}
