package lint

import "slices"

// Rules lists every rule.
var Rules = slices.Concat(breadthRules, escapeRules, deadRules, habitRules)

var breadthRules = []*Rule{
	broadWrite,
	broadRead,
	broadTemp,
	broadHome,
	sensitivePath,
	namedSecret,
	broadAbstraction,
	broadNetwork,
	broadMount,
	broadDBus,
	broadSignal,
	broadPtrace,
	broadUnix,
}

var escapeRules = []*Rule{
	writeExec,
	writeLoaded,
	writeOwnConfig,
	unconfinedExec,
	unscrubbedExec,
	missingProfile,
	broadChangeProfile,
	noNewPrivileges,
	interpreterAttachment,
	traceOthers,
	dangerousCapability,
	strongCapability,
	dangerousFile,
	unstoppable,
	unenforced,
}

var deadRules = []*Rule{
	unmatchablePath,
	directoryExec,
	missingSlash,
	misspelledPath,
	symlinkedPath,
	deniedRule,
	partlyDeniedRule,
	deniedInclude,
	redundantRule,
	includedRule,
	equalHats,
	notEnforced,
	notHeld,
	unusedVariable,
	unusedModule,
	unusedIgnore,
}

var habitRules = []*Rule{
	noABI,
	noLocalInclude,
	unnamedProfile,
	misnamedProfile,
	missingOwner,
	privilegedPort,
	readableLog,
	noReason,
	oldSpelling,
	doubledSlash,
}
