// Package stdlib holds the standard modules of the policy language, one file
// each, written in that language.
package stdlib

import "embed"

// Modules holds NAME.hcl for each standard module.
//
//go:embed *.hcl
var Modules embed.FS
