// Package glob owns the path globs of AppArmor: what a path in a profile
// matches, exactly as apparmor_parser compiles it.
package glob
