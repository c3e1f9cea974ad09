package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Rule gives a client that elk-mtls does not know its certificate. In its values {ca}, {cert} and {key} stand for the
// paths of the files.
type Rule struct {
	Ref       string            `json:"ref"`                 // "Deployment/x", or "Deployment/x/container"
	As        string            `json:"as,omitempty"`        // a ready rule
	MountPath string            `json:"mountPath,omitempty"` // folder of the files; "" = that of all clients
	Env       map[string]string `json:"env,omitempty"`
	Args      []string          `json:"args,omitempty"` // --name=value, or --name
	Files     []RuleFile        `json:"files,omitempty"`
}

// RuleFile is a YAML or JSON file in a ConfigMap or Secret in the input, and what shall be set there.
type RuleFile struct {
	Path string `json:"path"` // as the container sees it
	// a place in it: "a.b", or with "*" for each entry: "sinks.*", "exporters.elasticsearch*"
	At  string            `json:"at,omitempty"`
	Is  map[string]string `json:"is,omitempty"` // settings that tell such an entry from others
	Set map[string]any    `json:"set,omitempty"`
}

// Object gives the object that a rule is for, as "Kind/name", and the container, "" for the only one.
func (r Rule) Object() (kind, name, container string) {
	parts := append(strings.Split(r.Ref, "/"), "")
	return parts[0], parts[1], parts[2]
}

func (s Settings) validateRules() []error {
	var problems []error
	for i, r := range s.Rules {
		at := fmt.Sprintf("rules[%d]", i)
		if !isRef(r.Ref) {
			problems = append(problems, invalid(at, "needs ref (Kind/name, or Kind/name/container)"))
			continue
		}
		if slices.ContainsFunc(s.Rules[:i], func(other Rule) bool { return other.Ref == r.Ref }) {
			problems = append(problems, invalid(at, "%s has a rule already: make one of the two", r.Ref))
		}
		kind, name, _ := r.Object()
		if slices.ContainsFunc(s.Unmanaged,
			func(u Unmanaged) bool { return u.Ref == r.Ref || u.Ref == kind+"/"+name }) {
			problems = append(problems, invalid(at, "%s is listed under unmanaged too: keep one of the two", r.Ref))
		}
		if r.As == "" && r.MountPath == "" && len(r.Env)+len(r.Args)+len(r.Files) == 0 {
			problems = append(problems, invalid(at, "says nothing: give as, mountPath, env, args or files"))
		}
		if r.MountPath != "" && !path.IsAbs(r.MountPath) {
			problems = append(problems, invalid(at+".mountPath", "%q does not begin with /", r.MountPath))
		}
		problems = append(problems, r.validateParts(at)...)
	}
	return problems
}

func (r Rule) validateParts(at string) []error {
	var problems []error
	for i, arg := range r.Args {
		if !strings.HasPrefix(arg, "-") {
			problems = append(problems, invalid(fmt.Sprintf("%s.args[%d]", at, i),
				"%q is no flag: write --name=value in one word", arg))
		}
	}
	for i, f := range r.Files {
		if !path.IsAbs(f.Path) {
			problems = append(problems, invalid(fmt.Sprintf("%s.files[%d].path", at, i), "%q does not begin with /",
				f.Path))
		}
		if len(f.Set) == 0 && r.As == "" {
			problems = append(problems, invalid(fmt.Sprintf("%s.files[%d].set", at, i),
				"is empty: say what to set in %q", f.Path))
		}
	}
	return problems
}
