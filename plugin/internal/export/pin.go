package export

import (
	"fmt"
	"maps"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

var (
	// podFields are what the post-renderer reads of a pod besides its containers.
	podFields = []string{
		"automountServiceAccountToken", "securityContext", "serviceAccount", "serviceAccountName", "volumes",
	}

	// mayChange are the fields of a container that a newer version of a chart may fill as it likes. All others must
	// stay what they were: a variable, a flag, a file or a probe that comes later can undo what we have done.
	mayChange = []string{"image", "imagePullPolicy", "ports", "resources"}

	// credential is found in the names of variables and keys whose values must not get into a patch.
	credential = regex.Of(`(?i)(pass|pwd|secret|token|credential|(api|access|private|encryption)[_.-]?key|^tls\.key$)`)
)

const (
	// spare is where a copy lies while it is looked at: JSON Patch can test neither a length nor all fields but one.
	spare = "/elk-mtls"
	// whatever stands in a copy for what may change.
	whatever = "any"
	// largest is the number of bytes up to which a ConfigMap is copied into a patch: a HelmRelease must fit into etcd,
	// which takes 1.5 MiB.
	largest = 64 << 10
)

// pods pins every pod of an object, be it at the top or in a template: its containers, and what else the post-renderer
// reads.
func (d *differ) pods(at string, value any) {
	fields, ok := value.(map[string]any)
	if !ok {
		return
	}
	if _, pod := fields["containers"].([]any); !pod {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			d.pods(at+"/"+escape(name), fields[name])
		}
		return
	}
	for _, name := range podFields {
		d.test(at+"/"+name, fields[name])
	}
	d.containers(at, "containers", fields["containers"])
	d.containers(at, "initContainers", fields["initContainers"])
}

// containers pins the list. One more container may be a client without a certificate, so a copy of the list is emptied
// one by one, and nothing may be left.
func (d *differ) containers(pod, name string, value any) {
	at := pod + "/" + name
	list, ok := value.([]any)
	if !ok {
		d.test(at, value)
		return
	}
	d.copy(at, pod+spare)
	for range list {
		d.do("remove", pod+spare+"/0", nil)
	}
	d.do("test", pod+spare, []any{})
	d.do("remove", pod+spare, nil)
	for i, c := range list {
		d.container(fmt.Sprintf("%s/%d", at, i), c)
	}
	d.tested[at], d.copied[at] = true, true
}

// container tests a copy, in which the fields that may change have one value whatever they were.
func (d *differ) container(at string, value any) {
	fields, ok := value.(map[string]any)
	if !ok {
		d.test(at, value)
		return
	}
	d.do("test", at+"/name", fields["name"])
	d.copy(at, at+spare)
	fields = d.free(at+spare, fields, mayChange)
	if env, ok := fields["env"].([]any); ok {
		env = slices.Clone(env)
		for i, e := range env {
			entry, _ := e.(map[string]any)
			if _, literal := entry["value"]; literal && credential().MatchString(named(entry)) {
				env[i] = d.free(fmt.Sprintf("%s/env/%d", at+spare, i), entry, []string{"value"})
			}
		}
		fields["env"] = env
	}
	d.do("test", at+spare, d.unify(at+spare, fields))
	d.do("remove", at+spare, nil)
}

// free gives a copy of a mapping in which these fields may have any value, as the operations make it of what is at this
// place.
func (d *differ) free(at string, fields map[string]any, names []string) map[string]any {
	fields = maps.Clone(fields)
	for _, name := range names {
		fields[name] = whatever
		d.do("add", at+"/"+name, whatever)
	}
	return fields
}

// unify gives what a copy is like once its null fields have a value. When kustomize merges, it drops some of them and
// keeps others, so each may be there or not; but it must be null.
func (d *differ) unify(at string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		fields := maps.Clone(v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			field := at + "/" + escape(name)
			if v[name] == nil {
				d.do("test", field, nil)
				d.do("add", field, whatever)
				fields[name] = whatever
			} else {
				fields[name] = d.unify(field, v[name])
			}
		}
		return fields
	case []any:
		list := slices.Clone(v)
		for i, e := range v {
			list[i] = d.unify(fmt.Sprintf("%s/%d", at, i), e)
		}
		return list
	}
	return value
}

// content pins what a ConfigMap holds, unless that is too much. Of a Secret, and of keys that look like one, it leaves
// the values out: a patch is read by people and kept in Git.
func (d *differ) content(kind string, o map[string]any) (pinned bool) {
	if kind == "ConfigMap" && len(text(o)) > largest {
		return false
	}
	fields := []string{"binaryData", "data"}
	if kind == "Secret" {
		fields = []string{"data", "stringData"}
	}
	for _, field := range fields {
		at := "/" + field
		values, _ := o[field].(map[string]any)
		if len(values) == 0 {
			d.test(at, o[field])
			continue
		}
		keys := slices.Sorted(maps.Keys(values))
		for _, key := range keys {
			if kind == "ConfigMap" && !credential().MatchString(key) {
				d.test(at+"/"+escape(key), values[key])
			}
		}
		d.copy(at, spare)
		for _, key := range keys {
			if values[key] == nil { // may be there or not
				d.do("add", spare+"/"+escape(key), whatever)
			}
			d.do("remove", spare+"/"+escape(key), nil)
		}
		d.do("test", spare, map[string]any{})
		d.do("remove", spare, nil)
	}
	return true
}
