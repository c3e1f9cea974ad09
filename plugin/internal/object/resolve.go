package object

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Found says what stands behind a path in a container.
type Found int

// What is found.
const (
	Outside  Found = iota // something that the manifests do not show brings the file, or does not
	Mounted               // it is a key of a Secret or ConfigMap
	Copied                // an init container copies such a key there, as it is
	Made                  // a container of the pod makes or changes it, in a way that is not followed
	Perhaps               // a container of the pod may write it, or nobody does
	NotThere              // nothing brings it
)

// File is what a container sees at a path, as far as the manifests tell.
type File struct {
	Path    string
	Found   Found
	Why     string  // of a file that is no key
	Source  Source  // of one that is, with the namespace of the pod
	Mode    string  // of a mounted key, as it is written; "" where Kubernetes decides
	Content Content // what the input shows of the key
	State   State
	Filled  string // why the key is not shown, "" where its object is not in the input
}

// Key tells whether the file is a key of a Secret or ConfigMap.
func (f File) Key() bool { return f.Found == Mounted || f.Found == Copied }

// What names a file for messages: by its source where that is known.
func (f File) What() string {
	if f.Key() {
		return f.Source.String()
	}
	return f.Path
}

func (f File) because(found Found, format string, args ...any) File {
	f.Found, f.Why = found, fmt.Sprintf(format, args...)
	return f
}

// Resolve finds what the container sees at a path: from the mount (the longest that fits) over the volume to the key.
// A relative path is not followed: the caller puts the folder before it in which the program runs, where that is
// known.
func (c Container) Resolve(file string, in Input) File {
	f := File{Path: path.Clean(file)}
	if !path.IsAbs(file) {
		return f.because(Outside, "%q is no absolute path, and nothing tells the folder that the program runs in", file)
	}
	m, ok := c.MountOf(f.Path)
	if folder, why := c.injected(f.Path); len(folder) > len(m.Path) {
		return f.because(Outside, "%s", why)
	}
	if !ok {
		return f.because(NotThere, "nothing is mounted at %s, so that the file is not there", f.Path)
	}
	sub, found, why := c.subPath(m, in)
	if why != "" {
		return f.because(found, "%s", why)
	}
	m.SubPath = sub
	return c.pod.inVolume(f, c, m, in)
}

// injected gives the folder of a file that somebody brings into the container when the pod starts, "" for none.
// https://developer.hashicorp.com/vault/docs/deploy/kubernetes/injector/annotations
func (c Container) injected(file string) (folder, who string) {
	const vault, account = "vault.hashicorp.com/", "/var/run/secrets/kubernetes.io/serviceaccount"
	annotations := Get(c.pod.Template, "metadata", "annotations")
	if Text(annotations, vault+"agent-inject") == "true" {
		folders := []string{"/vault/secrets"}
		for name, n := range entries(annotations) {
			if strings.HasPrefix(name, vault+"secret-volume-path") {
				folders = append(folders, path.Clean(n.Value))
			}
		}
		for _, folder := range folders {
			if Below(file, folder) {
				return folder, "Vault's injector writes what is there, as annotations of the pod say"
			}
		}
	}
	if Below(file, account) {
		return account, "Kubernetes mounts the pod's ServiceAccount there"
	}
	return "", ""
}

// subPath gives the path in the volume that a mount begins at, with the container's variables put in.
// https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath-expanded-environment
func (c Container) subPath(m Mount, in Input) (sub string, found Found, why string) {
	if m.SubPathExpr == "" {
		return m.SubPath, 0, ""
	}
	env := c.Environment(in)
	w := shell.Expand(m.SubPathExpr, func(name string) (shell.Word, bool) {
		v, set := env.Get(name)
		switch {
		case !set:
			found, why = NotThere, fmt.Sprintf("subPathExpr %q names the variable %s, which the container does not "+
				"have: it cannot be created", m.SubPathExpr, name)
		case !v.Known && found == 0:
			found, why = Outside, fmt.Sprintf("the variable %s in subPathExpr %q is not known: %s", name, m.SubPathExpr,
				v.Why)
		}
		return env.Word(name)
	})
	return w.Text, found, why
}

// inVolume finds a file inside a volume.
func (p Pod) inVolume(f File, c Container, m Mount, in Input) File {
	v := p.volume(m.Volume)
	if v == nil && p.claims(m.Volume) {
		return f.because(Outside, "a claim (volumeClaimTemplates) fills the volume %q", m.Volume)
	}
	if v == nil {
		return f.because(NotThere, "%s is mounted from a volume %q that the pod does not have", f.Path, m.Volume)
	}
	at := path.Join(m.SubPath, inside(f.Path, m.Path))
	switch kind := kindOf(v); kind {
	case "secret", "configMap", "projected", "downwardAPI":
		if at == "" {
			return f.because(NotThere, "it is a folder, the whole volume %q", m.Volume)
		}
		return p.inParts(f, p.parts(v), strings.TrimPrefix(at, "..data/"), m.Volume, in)
	case "emptyDir":
		return p.inEmpty(f, c, m.Volume, at, in)
	default:
		return f.because(Outside, "%s", outside(v, kind))
	}
}

// claims tells whether the object makes a volume of its own for each pod.
func (p Pod) claims(volume string) bool {
	if p.object == nil {
		return false
	}
	for _, claim := range Items(p.object.Node, "spec", "volumeClaimTemplates") {
		if Text(claim, "metadata", "name") == volume {
			return true
		}
	}
	return false
}

// inParts finds a file of a volume. Of several sources that have it the last counts, as for the kubelet.
// https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/volume/projected/projected.go
func (p Pod) inParts(f File, parts []Part, file, volume string, in Input) File {
	var lacking, found *File
	var open []string // sources of which nothing tells whether they have it
	for _, part := range slices.Backward(parts) {
		whole := part.Kind != "" && part.Key == "" && !strings.Contains(file, "/")
		if whole {
			part.Key, part.File = file, file
		}
		if part.File != file {
			continue
		}
		next := f.from(part, in)
		switch mayLack := whole || part.Optional; {
		case mayLack && next.State == Lacking:
			lacking = &next
			continue
		case mayLack && next.State == NotShown && next.Found == Mounted:
			open = append(open, next.What())
			found = &next
			continue
		}
		if found = &next; len(open) > 0 {
			open = append(open, next.What())
		}
		break
	}
	switch {
	case len(open) > 1:
		return f.because(Outside, "the first of these counts that has the key, and nothing here shows which: %s",
			strings.Join(open, ", "))
	case found != nil:
		return *found
	case lacking != nil:
		return *lacking
	}
	return f.because(NotThere, "the volume %q has no %s", volume, file)
}

// from gives the file that a part of a volume becomes.
func (f File) from(part Part, in Input) File {
	if part.Kind == "" {
		return f.because(Outside, "%s", part.Why)
	}
	return f.take(Mounted, part.Source, part.Mode, in)
}

func (f File) take(found Found, s Source, mode string, in Input) File {
	f.Found, f.Source, f.Mode = found, s, mode
	f.Content, f.State, f.Filled = Look(in, s)
	return f
}

// Files lists the files that a container sees from Secrets and ConfigMaps, as far as the input shows their keys.
func (c Container) Files(in Input) []string {
	var all []string
	for _, m := range c.Mounts() {
		if m.SubPath != "" || m.SubPathExpr != "" {
			all = append(all, m.Path)
			continue
		}
		for _, part := range c.pod.Sources(m.Volume) {
			if part.Key != "" {
				all = append(all, path.Join(m.Path, part.File))
				continue
			}
			if o := in.Shown(part.Source); o != nil {
				for _, key := range o.Keys() {
					all = append(all, path.Join(m.Path, key))
				}
			}
		}
	}
	return all
}
