package main

import (
	"encoding/json"

	"apc/compiler/ir"
	"apc/lang/diag"
)

// What `apc explain --format json` writes; SPEC.md documents it.
type (
	profileInfo struct {
		Profile    string     `json:"profile"`
		File       string     `json:"file"`
		Attachment string     `json:"attachment,omitempty"`
		Flags      []string   `json:"flags,omitempty"`
		Range      diag.Range `json:"range"`
		Rules      []ruleInfo `json:"rules"`
	}
	ruleInfo struct {
		Rule     string       `json:"rule"`
		Origins  []originInfo `json:"origins"`
		Included []ruleInfo   `json:"included,omitempty"`
	}
	originInfo struct {
		Intent string     `json:"intent"`
		Reason string     `json:"reason,omitempty"`
		Range  diag.Range `json:"range"`
		Via    []useInfo  `json:"via,omitempty"`
		Passes []string   `json:"passes,omitempty"`
	}
	useInfo struct {
		Module string     `json:"module"`
		Reason string     `json:"reason,omitempty"`
		Range  diag.Range `json:"range"`
	}
	lineInfo struct {
		File    string       `json:"file"`
		Line    int          `json:"line"`
		Text    string       `json:"text"`
		Origins []originInfo `json:"origins,omitempty"` // of a line that was built
		Rules   []ruleInfo   `json:"rules,omitempty"`   // on a line of a profile text
	}
	answerInfo struct {
		Profile   string     `json:"profile"`
		Path      string     `json:"path"`
		Access    string     `json:"access"`
		Verdict   string     `json:"verdict"`
		Mode      string     `json:"mode,omitempty"`
		Allow     []ruleInfo `json:"allow,omitempty"`
		Deny      []ruleInfo `json:"deny,omitempty"`
		Overruled []ruleInfo `json:"overruled,omitempty"`
		Missing   string     `json:"missing,omitempty"`
		Near      []ruleInfo `json:"near,omitempty"`
		Unknown   []string   `json:"unknown,omitempty"`
	}
)

func originInfos(origins []ir.Origin) []originInfo {
	out := []originInfo{}
	for _, o := range origins {
		info := originInfo{Intent: o.Intent, Reason: o.Reason, Range: o.Range, Passes: o.Passes}
		for _, u := range o.Via {
			info.Via = append(info.Via, useInfo{Module: u.Module, Reason: u.Reason, Range: u.Range})
		}
		out = append(out, info)
	}
	return out
}

func ruleInfos(rules []ir.Rule) []ruleInfo {
	out := []ruleInfo{}
	for _, r := range rules {
		info := ruleInfo{Rule: r.Rule.String(), Origins: originInfos(r.Origins)}
		if len(r.Included) > 0 {
			info.Included = ruleInfos(r.Included)
		}
		out = append(out, info)
	}
	return out
}

// infos are the rules; what is the head of a profile stands as its header.
func (list standings) infos() []ruleInfo {
	var out []ruleInfo
	for _, s := range list {
		if s.rule == nil {
			out = append(out, ruleInfo{Rule: textHeader(s.module, s.profile), Origins: originInfos([]ir.Origin{s.profile.Origin})})
			continue
		}
		out = append(out, ruleInfos([]ir.Rule{*s.rule})...)
	}
	return out
}

func (a *app) profilesJSON(modules []*ir.Module) error {
	list := []profileInfo{}
	for _, m := range modules {
		for _, p := range m.Profiles() {
			list = append(list, profileInfo{
				Profile: m.FullName(p), File: m.File, Attachment: p.Attachment, Flags: p.Flags, Range: p.Origin.Range, Rules: ruleInfos(p.Rules),
			})
		}
	}
	return a.writeJSON(map[string]any{"profiles": list})
}

func (a *app) lineJSON(l lineInfo) error { return a.writeJSON(map[string]any{"line": l}) }

func (a *app) answersJSON(asked []answered) error {
	list := []answerInfo{}
	for _, q := range asked {
		info := answerInfo{
			Profile: q.module.FullName(q.profile), Path: q.path, Access: q.want.String(), Verdict: q.verdict(), Mode: q.mode(), Missing: q.Missing.String(), Unknown: q.Unknown,
		}
		for to, rules := range map[*[]ruleInfo][]ir.Rule{&info.Allow: q.Allow, &info.Deny: q.Deny, &info.Overruled: q.Overruled, &info.Near: q.Near} {
			if len(rules) > 0 {
				*to = ruleInfos(rules)
			}
		}
		list = append(list, info)
	}
	return a.writeJSON(map[string]any{"answers": list})
}

// writeJSON writes one object, indented.
func (a *app) writeJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return machineError(err)
	}
	return nil
}
