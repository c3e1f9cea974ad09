package plan

import (
	"errors"
	"strconv"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// duplicatesOnPath refuses a workload that has a key twice where it is read or changed: Kubernetes takes the last of
// the two, an edit changes the first, and the change would be undone in silence. Elsewhere in the object they are none
// of our business.
func duplicatesOnPath(o *object.Object) error {
	pod, _ := o.Pod()
	paths := [][]string{{"apiVersion"}, {"kind"}, {"metadata", "name"}, {"metadata", "namespace"},
		{"metadata", "annotations"}, pod.Path("metadata", "annotations")}
	for _, field := range []string{"serviceAccountName", "serviceAccount", "automountServiceAccountToken",
		"securityContext", "volumes"} {
		paths = append(paths, pod.Path("spec", field))
	}
	for _, list := range []string{"initContainers", "containers"} {
		for i := range object.Items(pod.Spec, list) {
			for _, field := range []string{"name", "image", "command", "args", "env", "envFrom", "volumeMounts",
				"ports", "readinessProbe", "livenessProbe", "startupProbe", "lifecycle"} {
				paths = append(paths, pod.Path("spec", list, strconv.Itoa(i), field))
			}
		}
	}
	var problems []error
	for _, p := range paths {
		problems = append(problems, o.Doc.DuplicateKey(append(append([]string(nil), o.Path...), p...)...))
	}
	return errors.Join(compactErrors(problems)...)
}

// compactErrors drops errors that say the same: a key that stands twice above several paths is found once for each.
func compactErrors(all []error) []error {
	var kept []error
	said := map[string]bool{}
	for _, err := range all {
		if err != nil && !said[err.Error()] {
			said[err.Error()] = true
			kept = append(kept, err)
		}
	}
	return kept
}
