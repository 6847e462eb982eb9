package lint

import "apc/lang/diag"

var unusedModule = &Rule{
	Name:     "unused-module",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a module that nothing uses",
	Why:      "It grants nothing to anybody: either it is left over, or a `use` is missing.",
	Instead:  "Write `use \"NAME\" {}` in the service that needs it, or remove it.",
	Bad: `module "state" {
  description = "State of the app."
  data        = ["/var/lib/app/"]
}
service "app" {
  attachment = "none"
}`,
	Good: `module "state" {
  description = "State of the app."
  data        = ["/var/lib/app/"]
}
service "app" {
  attachment = "none"
  use "state" {}
}`,
	checkPolicy: func(c *context) { c.unusedDeclared("module", "no `use` names %s.") },
}
