package verify

import (
	"encoding/base64"
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// link is a file that a setting names, followed to the key of a Secret or ConfigMap.
type link struct {
	file        string
	source      object.Source // zero: not followed that far
	text        []byte        // nil: not known
	node        *yaml.Node    // where the text stands, nil when it is in no manifest
	holder      *object.Object
	encoded     bool // as base64
	assumptions []string
	code        Code // of what is wrong; "": nothing
	reason      string
	at          place
}

// what names the file for messages: by its source where that is known.
func (l link) what() string {
	if l.source.Name != "" {
		return l.source.String()
	}
	return l.file
}

func (l *link) assume(format string, args ...any) {
	l.assumptions = append(l.assumptions, fmt.Sprintf(format, args...))
}

func (l link) broken(code Code, format string, args ...any) link {
	l.code, l.reason = code, fmt.Sprintf(format, args...)
	return l
}

// follow goes from a path in the container over mount and volume to a key, and looks whether the process may read it.
func (c caller) follow(file string, at place) link {
	file = path.Clean(file)
	l := link{file: file, at: at}
	best := object.Mount{}
	for _, m := range c.Mounts() {
		if below(file, m.Path) && len(m.Path) >= len(best.Path) {
			best = m
		}
	}
	if best.Path == "" {
		return l.broken(NoFile, "nothing is mounted at %s, so that the file is not there", file)
	}
	inside := strings.TrimPrefix(strings.TrimPrefix(file, best.Path), "/")
	if best.SubPath != "" {
		inside = path.Join(best.SubPath, inside)
	}
	for _, v := range object.Items(c.pod.Spec, "volumes") {
		if object.Text(v, "name") == best.Volume {
			return c.inVolume(l, v, inside, best)
		}
	}
	for _, claim := range object.Items(c.object.Node, "spec", "volumeClaimTemplates") {
		if object.Text(claim, "metadata", "name") == best.Volume {
			l.assume("%s: the volume %q holds %s", c, best.Volume, inside)
			return l
		}
	}
	return l.broken(NoFile, "%s is mounted from a volume %q that the pod does not have", file, best.Volume)
}

func below(file, folder string) bool {
	return file == folder || strings.HasPrefix(file, strings.TrimSuffix(folder, "/")+"/")
}

// inVolume finds a path inside a volume.
func (c caller) inVolume(l link, volume *yaml.RNode, inside string, m object.Mount) link {
	if strings.Contains(m.SubPath, "$(") || inside == "" {
		l.assume("%s: %s is in the volume %q", c, l.file, m.Volume)
		return l
	}
	mode := object.Text(volume, "secret", "defaultMode") + object.Text(volume, "configMap", "defaultMode") + object.Text(volume, "projected", "defaultMode")
	sources := object.Items(volume, "projected", "sources")
	if object.Get(volume, "secret") != nil || object.Get(volume, "configMap") != nil {
		sources = []*yaml.RNode{volume}
	}
	if sources == nil {
		return c.copied(l, volume, m)
	}
	var open []object.Source // sources that give every key, and may have this one
	for _, s := range sources {
		source, itemMode, state := inSource(s, inside)
		if itemMode == "" {
			itemMode = mode
		}
		switch state {
		case listed:
			return c.held(l, source.In(c.object.Namespace), itemMode)
		case whole:
			open = append(open, source.In(c.object.Namespace))
		}
	}
	for _, source := range open {
		if _, state := c.content(source); state == isHeld || len(open) == 1 {
			return c.held(l, source, mode)
		}
	}
	if len(open) == 0 {
		return l.broken(NoFile, "the volume %q has no %s", m.Volume, inside)
	}
	l.assume("%s: one of the Secrets in the volume %q holds the key %q", c, m.Volume, inside)
	return l
}

// copied is a file in a volume of another kind: somebody has to put it there.
func (c caller) copied(l link, volume *yaml.RNode, m object.Mount) link {
	if object.Get(volume, "emptyDir") != nil && !c.filled(m.Volume) {
		return l.broken(NoFile, "%s is in the empty volume %q, and no other container of the pod fills it", l.file, m.Volume)
	}
	if source, ok := c.File(l.file); ok {
		l = c.held(l, source.In(c.object.Namespace), "")
		l.assume("%s: an init container copies %s to %s, readable", c, l.what(), l.file)
		return l
	}
	l.assume("%s: the volume %q holds %s", c, m.Volume, l.file)
	return l
}

// filled tells whether another container of the pod mounts a volume.
func (c caller) filled(volume string) bool {
	for _, other := range c.pod.All() {
		if other.Name == c.Name {
			continue
		}
		for _, m := range other.Mounts() {
			if m.Volume == volume {
				return true
			}
		}
	}
	return false
}

// How a source of a volume has a path.
const (
	absent = iota
	listed // by an item of its own
	whole  // every key is there under its name
)

func inSource(s *yaml.RNode, file string) (source object.Source, mode string, state int) {
	for _, k := range [...]struct{ field, name, kind string }{
		{"secret", "secretName", "Secret"}, {"secret", "name", "Secret"}, {"configMap", "name", "ConfigMap"},
	} {
		at := object.Get(s, k.field)
		name := object.Text(at, k.name)
		if name == "" {
			continue
		}
		items := object.Items(at, "items")
		for _, item := range items {
			if path.Clean(object.Text(item, "path")) == file {
				return object.Source{Kind: k.kind, Name: name, Key: object.Text(item, "key")}, object.Text(item, "mode"), listed
			}
		}
		if len(items) == 0 && !strings.Contains(file, "/") {
			return object.Source{Kind: k.kind, Name: name, Key: file}, "", whole
		}
	}
	return object.Source{}, "", absent
}

// held ends the way: the key, its text, and whether the process may read it.
func (c caller) held(l link, source object.Source, mode string) link {
	l.source = source
	found, state := c.content(source)
	l.text, l.node, l.holder, l.encoded = found.text, found.node, found.object, found.encoded
	switch state {
	case lacksKey:
		return l.broken(NoKeyInObject, "%s/%s is in the stream and has no key %q", source.Kind, source.Name, source.Key)
	case notThere:
		l.assume("%s/%s%s holds the key %q", source.Kind, source.Name, inNamespace(source.Namespace), source.Key)
	}
	readable, condition := c.MayRead(mode)
	switch {
	case !readable:
		return l.broken(Unreadable, "%s has the mode %s, which the process (%s) may not read", l.file, or(mode, "0644"), c.Process())
	case condition != "":
		l.assume("%s: %s", c, condition)
	}
	return l
}

func inNamespace(namespace string) string {
	if namespace == "" {
		return ""
	}
	return " in " + namespace
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// The states of a key.
const (
	isHeld   = iota
	notThere // its object is not in the stream, or is empty and filled later
	lacksKey
)

type content struct {
	text    []byte
	node    *yaml.Node
	object  *object.Object
	encoded bool
}

// content gives what a key of a Secret or ConfigMap holds.
func (r *reader) content(s object.Source) (content, int) {
	o := r.find(s)
	if o == nil {
		return content{}, notThere
	}
	all := contents(o)
	if len(all) == 0 {
		return content{object: o}, notThere
	}
	if found, ok := all[s.Key]; ok {
		return found, isHeld
	}
	return content{object: o}, lacksKey
}

// contents gives every key of a Secret or ConfigMap.
func contents(o *object.Object) map[string]content {
	all := map[string]content{}
	for _, field := range []struct {
		name    string
		encoded bool
	}{{"data", o.Kind == "Secret"}, {"binaryData", true}, {"stringData", false}} {
		at := object.Get(o.Node, field.name)
		if at == nil || at.YNode().Kind != yaml.MappingNode {
			continue
		}
		nodes := at.Content()
		for i := 0; i+1 < len(nodes); i += 2 {
			text := []byte(nodes[i+1].Value)
			if field.encoded {
				decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(nodes[i+1].Value), ""))
				if err == nil {
					text = decoded
				}
			}
			all[nodes[i].Value] = content{text: text, node: nodes[i+1], object: o, encoded: field.encoded}
		}
	}
	return all
}
