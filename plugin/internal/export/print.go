package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Objects is the name of the file with the objects that the chart does not have.
const Objects = "objects.yaml"

// Component gives a kustomization that makes a release secure which the kustomization that uses it brings, see
// https://kubectl.docs.kubernetes.io/guides/config_management/components/.
func Component(changes []Change, added []*object.Object) (string, error) {
	patches, err := patches(changes)
	if err != nil {
		return "", err
	}
	entries := []patch.Entry{patch.F("apiVersion", patch.Str("kustomize.config.k8s.io/v1alpha1")),
		patch.F("kind", patch.Str("Component"))}
	if len(added) > 0 {
		entries = append(entries, patch.F("resources", patch.Strs(Objects)))
	}
	return manifest.Print(patch.Map(append(entries, patch.F("patches", patches))...))
}

// HelmRelease gives a patch of Flux's HelmRelease that makes its chart secure; whoever applies it says of which. See
// https://fluxcd.io/flux/components/helm/helmreleases/#post-renderers. hooks says that the chart's hooks are in the
// stream; without them, they must not run.
func HelmRelease(changes []Change, hooks bool) (string, error) {
	patches, err := patches(changes)
	if err != nil {
		return "", err
	}
	var entries []patch.Entry
	if hooks {
		entries = append(entries, patch.F("postRenderStrategy", patch.Str("combined")))
	} else {
		for _, action := range []string{"install", "upgrade", "rollback", "uninstall"} {
			entries = append(entries, patch.F(action, patch.Map(patch.F("disableHooks", patch.Bool(true)))))
		}
	}
	entries = append(entries, patch.F("postRenderers",
		patch.Seq(patch.Map(patch.F("kustomize", patch.Map(patch.F("patches", patches)))))))
	return manifest.Print(patch.Map(
		patch.F("apiVersion", patch.Str("helm.toolkit.fluxcd.io/v2")), patch.F("kind", patch.Str("HelmRelease")),
		patch.F("metadata", patch.Map(patch.F("name", patch.Str("elk-mtls")))),
		patch.F("spec", patch.Map(entries...)),
	))
}

func patches(changes []Change) (*yaml.Node, error) {
	all := patch.Seq()
	for _, c := range changes {
		text, err := manifest.Print(c.merge())
		if err != nil {
			return nil, err
		}
		all.Content = append(all.Content, patch.Map(patch.F("patch", patch.Str(text))))
		if len(c.Operations) == 0 {
			continue
		}
		text, err = c.operations()
		if err != nil {
			return nil, err
		}
		all.Content = append(all.Content, patch.Map(patch.F("target", c.target()), patch.F("patch", patch.Str(text))))
	}
	return all, nil
}

// merge is a patch that names the object itself. Where there is no such object, kustomize fails; a patch with a target
// would do nothing.
func (c Change) merge() *yaml.Node {
	metadata := []patch.Entry{patch.F("name", patch.Str(c.Name))}
	if c.Namespace != "" {
		metadata = append(metadata, patch.F("namespace", patch.Str(c.Namespace)))
	}
	if len(c.Annotations) > 0 {
		annotations := patch.Map()
		for _, name := range slices.Sorted(maps.Keys(c.Annotations)) {
			annotations.Content = append(annotations.Content, patch.Str(name),
				patch.Str(fmt.Sprint(c.Annotations[name])))
		}
		metadata = append(metadata, patch.F("annotations", annotations))
	}
	var entries []patch.Entry
	if c.Delete {
		entries = append(entries, patch.F("$patch", patch.Str("delete")))
	}
	return patch.Map(append(entries, patch.F("apiVersion", patch.Str(c.APIVersion)), patch.F("kind", patch.Str(c.Kind)),
		patch.F("metadata", patch.Map(metadata...)))...)
}

func (c Change) target() *yaml.Node {
	group, version, grouped := strings.Cut(c.APIVersion, "/")
	if !grouped {
		group, version = "", c.APIVersion
	}
	var entries []patch.Entry
	for _, e := range []struct{ name, value string }{
		{"group", group}, {"version", version}, {"kind", c.Kind}, {"namespace", regexp.QuoteMeta(c.Namespace)},
		{"name", regexp.QuoteMeta(c.Name)},
	} {
		if e.value != "" {
			entries = append(entries, patch.F(e.name, patch.Str(e.value)))
		}
	}
	return patch.Map(entries...)
}

// operations gives the list as JSON, one on a line. kustomize tests strings by the bytes of their JSON, in Go's
// spelling of it.
func (c Change) operations() (string, error) {
	var lines []string
	for _, o := range c.Operations {
		line, err := json.Marshal(o)
		if err != nil {
			return "", err
		}
		lines = append(lines, "  "+string(line))
	}
	return "[\n" + strings.Join(lines, ",\n") + "\n]\n", nil
}

// MarshalJSON leaves out what the kind of operation does not have; a value may be null.
func (o Operation) MarshalJSON() ([]byte, error) {
	plain := struct {
		Op    string `json:"op"`
		From  string `json:"from,omitempty"`
		Path  string `json:"path"`
		Value *any   `json:"value,omitempty"`
	}{Op: o.Op, From: o.From, Path: o.Path}
	if o.Op != "remove" && o.Op != "copy" {
		plain.Value = &o.Value
	}
	return json.Marshal(plain)
}
