package plugin

import (
	"path"
	"slices"
	"strings"
)

func dig(v any, path ...string) any {
	for _, name := range path {
		v = table(v)[name]
	}
	return v
}

func table(v any) dict {
	d, _ := v.(dict)
	return d
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func list(v any) []dict {
	var all []dict
	items, _ := v.([]any)
	for _, item := range items {
		if d, ok := item.(dict); ok {
			all = append(all, d)
		}
	}
	return all
}

func (b *broken) pods() []dict {
	var all []dict
	for _, o := range b.objects {
		for _, at := range [][]string{{"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}, {"spec"}} {
			if pod := table(dig(o, at...)); pod["containers"] != nil {
				all = append(all, pod)
			}
		}
	}
	return all
}

// each changes every container of which is holds, and tells whether one was changed.
func (b *broken) each(is func(c dict) bool, change func(pod, c dict) bool) bool {
	changed := false
	for _, pod := range b.pods() {
		for _, c := range append(list(pod["containers"]), list(pod["initContainers"])...) {
			if is(c) && change(pod, c) {
				changed = true
			}
		}
	}
	return changed
}

func runsImage(repository string) func(dict) bool {
	return func(c dict) bool {
		image, _, _ := strings.Cut(path.Base(text(c["image"])), ":")
		return image == repository && c["command"] == nil && c["ports"] != nil
	}
}

func isServerContainer(c dict) bool { return runsImage("elasticsearch")(c) }
func isKibana(c dict) bool          { return runsImage("kibana")(c) }
func isInit(c dict) bool            { return text(c["name"]) == "elk-mtls-init" }
func hasCurlHome(c dict) bool       { return env(c, "CURL_HOME") != nil }

// env gives a variable of a container.
func env(c dict, name string) dict {
	for _, e := range list(c["env"]) {
		if text(e["name"]) == name {
			return e
		}
	}
	return nil
}

func without(items any, drop func(dict) bool) ([]any, bool) {
	all, _ := items.([]any)
	rest := slices.DeleteFunc(slices.Clone(all), func(item any) bool { return drop(table(item)) })
	return rest, len(rest) < len(all)
}

func unset(name string) func(pod, c dict) bool {
	return func(_, c dict) bool {
		rest, ok := without(c["env"], func(e dict) bool { return text(e["name"]) == name })
		c["env"] = rest
		return ok
	}
}

// set changes a variable that is there.
func set(name, value string) func(pod, c dict) bool {
	return func(_, c dict) bool {
		e := env(c, name)
		if e == nil {
			return false
		}
		delete(e, "valueFrom")
		e["value"] = value
		return true
	}
}

func add(name, value string) func(pod, c dict) bool {
	return func(_, c dict) bool {
		all, _ := c["env"].([]any)
		c["env"] = append(all, dict{"name": name, "value": value})
		return true
	}
}

// files changes the texts of ConfigMaps by the name of their key.
func (b *broken) files(name, old, fresh string) bool {
	changed := false
	for _, o := range b.objects {
		data := table(o["data"])
		if text(o["kind"]) == "ConfigMap" && strings.Contains(text(data[name]), old) {
			data[name] = strings.ReplaceAll(text(data[name]), old, fresh)
			changed = true
		}
	}
	return changed
}

// words changes the words of a container's command.
func words(c dict, change func(string) (string, bool)) bool {
	changed := false
	for _, field := range []string{"command", "args"} {
		items, _ := c[field].([]any)
		var rest []any
		for _, item := range items {
			fresh, keep := change(text(item))
			changed = changed || !keep || fresh != item
			if keep {
				rest = append(rest, fresh)
			}
		}
		if items != nil {
			c[field] = rest
		}
	}
	return changed
}

func dropWord(prefix string) func(pod, c dict) bool {
	return func(_, c dict) bool {
		return words(c, func(w string) (string, bool) { return w, !strings.HasPrefix(w, prefix) })
	}
}

func replaceIn(prefix, old, fresh string) func(pod, c dict) bool {
	return func(_, c dict) bool {
		return words(c, func(w string) (string, bool) {
			if strings.HasPrefix(w, prefix) {
				return strings.Replace(w, old, fresh, 1), true
			}
			return w, true
		})
	}
}

func unmount() func(pod, c dict) bool {
	return func(_, c dict) bool {
		rest, ok := without(c["volumeMounts"], func(m dict) bool { return text(m["name"]) == "elk-mtls-client" })
		c["volumeMounts"] = rest
		return ok
	}
}
