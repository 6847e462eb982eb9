package lint

import (
	"sync"

	"apc/lang/diag"
	"apc/lang/glob"
)

var interpreterAttachment = &Rule{
	Name:     "interpreter-attachment",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "the profile attaches to an interpreter, or to programs at large",
	Why: "The kernel sees the program that runs, and of a script that is its interpreter. Such a profile confines everything that anybody starts " +
		"with it, and so is soon given whatever all of that needs.",
	Instead: "Write attachment = \"none\" and enter the profile by name (systemd: AppArmorProfile=NAME).",
	InText: "Attach to the script where that is executed by its own path; else leave the attachment out and enter the profile by name " +
		"(systemd: AppArmorProfile=NAME).",
	BadText: `include <tunables/global>

profile app /usr/bin/python3.[0-9]* {
  include <abstractions/base>
}`,
	GoodText: `include <tunables/global>

profile app {
  include <abstractions/base>
}`,
	check: checkInterpreter,
}

// interpreters are programs that run other programs' text, where the system has
// them.
var interpreters = sync.OnceValue(func() glob.Glob {
	g, _ := glob.Parse("/{,usr/,usr/local/}bin/{sh,bash,dash,zsh,ksh,mksh,fish,busybox,env,{,g,m,n}awk,perl,perl5.[0-9][0-9],perl5.[0-9][0-9].[0-9]," +
		"python,python[23],python2.7,python3.[0-9],python3.[0-9][0-9],ruby,ruby[0-9].[0-9],node,nodejs,php,php[0-9].[0-9],lua,lua5.[0-9],java," +
		"tclsh,tclsh8.[0-9],wish,wish8.[0-9],Rscript,guile,guile-[0-9].[0-9],deno,bun,sudo,su,login,systemd-run}")
	return g
})

// checkInterpreter looks at profile text; what a policy attaches to is decided
// when it is compiled. A child may be for a shell: it is entered from its parent
// alone.
func checkInterpreter(c *context) {
	if !c.isText() || c.profile != c.Module.Profile || c.profile.Attachment == "" {
		return
	}
	g, ok := c.pattern(c.profile.Attachment)
	if !ok {
		return
	}
	if path, ok := meet(g, interpreters()); ok {
		c.reportProfile("it attaches to " + path + ".")
	}
}
