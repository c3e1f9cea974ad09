package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// files reads the YAML files of a program. A file that the stream does not hold cannot be secured, unless something else says how
// the program connects.
func (p *planner) files(w *recognise.Workload, names ...string) ([]*embedded, error) {
	var all []*embedded
	for _, name := range p.unfolded(w, names) {
		source, ok := w.Main.File(name)
		if !ok {
			continue
		}
		holder, err := p.holder(w, name, source)
		if err != nil {
			return nil, err
		}
		f, err := p.open(w, holder, source)
		if err != nil {
			return nil, err
		}
		if f != nil {
			all = append(all, f)
		}
	}
	return all, nil
}

// holder gives the object of the stream that a file of a client comes from.
func (p *planner) holder(w *recognise.Workload, name string, source object.Source) (*object.Object, error) {
	holder, err := p.release.Find(w.Namespace, source.Kind, source.Name)
	if err == nil && holder == nil {
		err = fmt.Errorf("reads %q from %s, which is not in the stream, so that it cannot be given a certificate there: add CA, certificate and key to that file and "+
			"list the container under spec.unmanaged (ref: %s/%s) with the reason", name, source, w.ID, w.Main.Name)
	}
	return holder, err
}

// unfolded puts in the YAML files of a folder for its name. Of a mounted Secret or ConfigMap that is not in the stream the files are unknown.
func (p *planner) unfolded(w *recognise.Workload, names []string) []string {
	var all []string
	for _, name := range names {
		if !strings.HasSuffix(name, "/") {
			all = append(all, name)
			continue
		}
		for _, file := range p.mounted(w) {
			if strings.HasPrefix(file, name) {
				all = append(all, file)
			}
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return path.Ext(name) != ".yml" && path.Ext(name) != ".yaml" })
}

// mounted lists the files that a container sees in its mounts, as far as the stream shows them.
func (p *planner) mounted(w *recognise.Workload) []string {
	var all []string
	for _, m := range w.Main.Mounts() {
		if m.SubPath != "" {
			all = append(all, m.Path)
			continue
		}
		for _, file := range p.filesOf(w, m) {
			all = append(all, path.Join(m.Path, file))
		}
	}
	return all
}

// filesOf gives the names of the files in a mounted folder, as far as the stream shows them.
func (p *planner) filesOf(w *recognise.Workload, m object.Mount) []string {
	var names []string
	for _, source := range w.Pod.Sources(m.Volume) {
		if source.Key != "" {
			names = append(names, source.File)
			continue
		}
		holder, err := p.release.Find(w.Namespace, source.Kind, source.Name)
		if err != nil || holder == nil {
			continue
		}
		for _, field := range []string{"data", "stringData"} {
			names = append(names, sortedKeys(object.Pairs(holder.Node, field))...)
		}
	}
	return names
}
