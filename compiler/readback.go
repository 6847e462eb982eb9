package compiler

import (
	"apc/compiler/emit/apparmor"
	"apc/lang/diag"
	"apc/lang/profile"
)

// readBack reads the text that was written as the newest parser would, without
// its includes, so that what contradicts itself is found where there is no
// parser too. What is wrong is told at the lines of the policy.
func (out *Output) readBack() diag.List {
	file, diags := profile.Parse(out.Module.File, out.File.Text)
	diags = append(diags, profile.Check(&profile.Policy{File: file})...)
	var list diag.List
	for _, d := range diags {
		// Variables of the distribution are defined in files that were not read.
		if d.Severity == diag.Error && d.Code != "undefined-variable" {
			list = append(list, out.atPolicy(d))
		}
	}
	return list
}

// atPolicy moves a diagnostic about profile text to the policy behind it.
func (out *Output) atPolicy(d diag.Diagnostic) diag.Diagnostic {
	for i, r := range d.Related {
		if line, ok := out.File.Lines[r.Range.Start.Line]; ok {
			d.Related[i].Range = line.Origin.Range
		}
	}
	line, ok := out.File.Lines[d.Subject.Start.Line]
	if !ok || line.Profile == nil {
		d.Subject = out.Service.Where.Range
		return d
	}
	d.Subject = line.Origin.Subject()
	d.Related = append(d.Related, diag.Related{Range: line.Origin.Range, Message: "written as " + textOf(line)})
	return d
}

// textOf spells what stands on a line.
func textOf(l apparmor.Line) string {
	if l.Rule != nil {
		return l.Rule.String()
	}
	return apparmor.Header(l.Profile)
}
