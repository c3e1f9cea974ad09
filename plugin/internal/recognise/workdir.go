package recognise

import (
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// workingDirs are the folders in which images run their programs, by the last path element of the image.
var workingDirs = sync.OnceValue(func() map[string]string {
	dirs := map[string]string{}
	for _, name := range []string{"alpine", "busybox", "debian", "ubuntu"} {
		dirs[name] = "/"
	}
	for _, p := range catalog.All() {
		for _, name := range p.Images {
			if p.WorkDir != "" {
				dirs[name] = p.WorkDir
			}
		}
	}
	for _, l := range catalog.Layouts() {
		for _, name := range append([]string{l.Open}, l.Images...) {
			if l.WorkDir != "" {
				dirs[name] = l.WorkDir
			}
		}
	}
	return dirs
})

// WorkingDir gives the folder in which a container runs, "" where neither the manifests nor the image tell. Bitnami's
// images have none.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/Dockerfile
func WorkingDir(c object.Container) string {
	if dir := object.Text(c.Node, "workingDir"); dir != "" {
		return dir
	}
	repository, _ := c.Image()
	if isBitnami(c) {
		return "/"
	}
	return workingDirs()[repository]
}

// isBitnami tells an image of Bitnami from others with the same name: by where it comes from, or by what its container
// mounts and sets.
func isBitnami(c object.Container) bool {
	if strings.Contains(object.Text(c.Node, "image"), "bitnami") {
		return true
	}
	return slices.ContainsFunc(c.Mounts(), func(m object.Mount) bool {
		return object.Below(m.Path, "/bitnami") || object.Below(m.Path, "/opt/bitnami")
	}) || slices.ContainsFunc(object.Items(c.Node, "env"), func(variable *yaml.Node) bool {
		return strings.HasPrefix(object.Text(variable, "name"), "BITNAMI_")
	})
}

// Absolute puts the folder in which a container runs before a relative path, where that is known.
func Absolute(c object.Container, file string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(WorkingDir(c), file)
}
