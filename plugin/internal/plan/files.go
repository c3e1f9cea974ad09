package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// because gives the reason for which a file is no key of a Secret or ConfigMap, for the end of a sentence.
func because(f object.File) string {
	if f.Why == "" {
		return ""
	}
	return " (" + f.Why + ")"
}

// unshown says why the stream does not show what a file holds.
func unshown(f object.File) string {
	if f.Filled == "" {
		return "is not in the input"
	}
	return "is not shown (" + f.Filled + ")"
}

// openFiles reads the YAML files of a program. A file that the stream does not hold cannot be secured, unless
// something else says how the program connects.
func openFiles(in *In, w *recognise.Workload, names ...string) ([]*embedded, error) {
	var all []*embedded
	for _, name := range unfolded(in, w, names) {
		file := w.Main.Resolve(name, in.release)
		if !file.Key() {
			continue
		}
		if err := isShown(w, file); err != nil {
			return nil, err
		}
		f, err := openFile(w, file)
		if err != nil {
			return nil, err
		}
		if f != nil {
			all = append(all, f)
		}
	}
	return all, nil
}

// isShown refuses a file of a client that the stream does not hold.
func isShown(w *recognise.Workload, file object.File) error {
	if file.State != object.NotShown {
		return nil
	}
	return problem.New(problem.NotShown, "reads %q from %s, which %s, so that it cannot be given a certificate there",
		file.Path, file.What(), unshown(file)).
		Do("bring that object into the input, or add CA, certificate and key to that file and list the container "+
			"under spec.unmanaged (ref: %s/%s) with the reason", w.ID, w.Main.Name)
}

// unfolded puts in the YAML files of a folder for its name. Of a mounted Secret or ConfigMap that is not in the input
// the files are unknown.
func unfolded(in *In, w *recognise.Workload, names []string) []string {
	var all []string
	for _, name := range names {
		if !strings.HasSuffix(name, "/") {
			all = append(all, name)
			continue
		}
		for _, file := range w.Main.Files(in.release) {
			if strings.HasPrefix(file, name) {
				all = append(all, file)
			}
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return !catalog.IsYAML(name) })
}
