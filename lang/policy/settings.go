package policy

import "apc/lang/diag"

// Settings returns the settings that hold for a folder, be there policies in it
// or not, with the text of their file and what is wrong with it.
func (l *Loader) Settings(dir string) (Settings, diag.Sources, diag.List) {
	u := l.newUnit(dir)
	u.readSettings(dir)
	return u.policy.Settings, u.policy.Sources, u.diags.Sorted()
}
