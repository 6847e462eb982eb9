package lint

import "maps"

// standardValues holds the values that the distributions' tunables give variables,
// for profiles whose includes were not read.
var standardValues = map[string][]string{
	"HOMEDIRS":         {"/home/"},
	"HOME":             {"@{HOMEDIRS}/*/", "/root/"},
	"PROC":             {"/proc/"},
	"apparmorfs":       {"/sys/kernel/security/apparmor/"},
	"bin":              {"/{,usr/}{,s}bin"},
	"etc_ro":           {"/etc/", "/usr/etc/"},
	"etc_rw":           {"/etc/"},
	"lib":              {"/{,usr/}lib{,exec,32,64}"},
	"multiarch":        {"*-linux-gnu*"},
	"pid":              {"[0-9]*"},
	"pids":             {"[0-9]*"},
	"run":              {"/run/", "/var/run/"},
	"securityfs":       {"/sys/kernel/security/"},
	"sys":              {"/sys/"},
	"tid":              {"[0-9]*"},
	"uid":              {"[0-9]*"},
	"uids":             {"[0-9]*"},
	"user_cache_dirs":  {"@{HOME}/.cache"},
	"user_config_dirs": {"@{HOME}/.config"},
	"user_share_dirs":  {"@{HOME}/.local/share"},
}

// values returns the values of all variables as far as they are known: those
// that were read, those that the policy sets, and the distributions' own.
func (c *context) values() map[string][]string {
	if c.Module.Base != "" {
		return c.Module.Values
	}
	if c.vars == nil {
		c.vars = maps.Clone(standardValues)
		for _, v := range c.Module.Variables {
			c.vars[v.Name] = v.Values
		}
		maps.Copy(c.vars, c.Module.Values)
	}
	return c.vars
}
