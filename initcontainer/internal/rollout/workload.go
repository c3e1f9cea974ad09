// Package rollout gives what a rotation needs of a cluster: which pods use a Secret, a restart of the workloads that
// own them, and whether that has come to its end. Names go in; what the API server says comes out, in the few fields
// that matter. It reads workloads as JSON of its own: the types of apps/v1 would add more than the whole protocol.
package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Workload is what makes pods.
type Workload struct{ Kind, Name string }

// kinds are those that a restart is known for: where the API server keeps them, and how people call them.
var kinds = []struct{ name, group, resource, short string }{
	{"Deployment", "apps/v1", "deployments", "deploy"},
	{"StatefulSet", "apps/v1", "statefulsets", "sts"},
	{"DaemonSet", "apps/v1", "daemonsets", "ds"},
	{"Rollout", "argoproj.io/v1alpha1", "rollouts", "ro"},
}

// ParseWorkload reads "Deployment/kibana", and what kubectl takes for it.
func ParseWorkload(s string) (Workload, error) {
	kind, name, ok := strings.Cut(s, "/")
	for _, k := range kinds {
		called := strings.EqualFold(kind, k.name) ||
			slices.Contains([]string{k.resource, k.short}, strings.ToLower(kind))
		if ok && called && plain(name) {
			return Workload{k.name, name}, nil
		}
	}
	return Workload{}, fmt.Errorf("%q: want Deployment/name, StatefulSet/name, DaemonSet/name or Rollout/name", s)
}

// api is the group of the workload's kind, its version, and its resource.
func (w Workload) api() (group, version, resource string) {
	for _, k := range kinds {
		if k.name == w.Kind {
			group, version, _ = strings.Cut(k.group, "/")
			return group, version, k.resource
		}
	}
	return "", "", ""
}

// plain: a name goes into a URL.
func plain(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" &&
		strings.Trim(name, ".") == name
}

// String returns "Deployment/kibana".
func (w Workload) String() string { return w.Kind + "/" + w.Name }

// Status is a workload as the API server says it is.
type Status struct {
	Metadata struct {
		Generation      int64             `json:"generation"`
		ResourceVersion string            `json:"resourceVersion"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Replicas       *int32                `json:"replicas"`
		Paused         bool                  `json:"paused"`
		RestartAt      metav1.Time           `json:"restartAt"`
		WorkloadRef    reference             `json:"workloadRef"`
		Selector       *metav1.LabelSelector `json:"selector"`
		UpdateStrategy struct {
			Type          string `json:"type"`
			RollingUpdate struct {
				Partition int32 `json:"partition"`
			} `json:"rollingUpdate"`
		} `json:"updateStrategy"`
		Template struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
			Spec     corev1.PodSpec    `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration     generation  `json:"observedGeneration"`
		RestartedAt            metav1.Time `json:"restartedAt"`
		Selector               string      `json:"selector"`
		Replicas               int32       `json:"replicas"`
		UpdatedReplicas        int32       `json:"updatedReplicas"`
		ReadyReplicas          int32       `json:"readyReplicas"`
		DesiredNumberScheduled int32       `json:"desiredNumberScheduled"`
		UpdatedNumberScheduled int32       `json:"updatedNumberScheduled"`
		NumberReady            int32       `json:"numberReady"`
	} `json:"status"`
}

// reference is where a Rollout may have its pods' template instead.
type reference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// generation is a number; Argo Rollouts writes it as a text.
type generation int64

// UnmarshalJSON reads either.
func (g *generation) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil {
		n = 0 // null, "", or the hash that Argo Rollouts wrote before 1.0
	}
	*g = generation(n)
	return nil
}

// Stuck says why a restart would never come to its end; "" where it may.
func (s Status) Stuck() string {
	switch u := s.Spec.UpdateStrategy; {
	case s.Spec.Paused:
		return "it is paused"
	case u.Type == "OnDelete":
		return "its update strategy is OnDelete"
	case u.RollingUpdate.Partition > 0:
		return fmt.Sprintf("its update strategy leaves the pods below %d as they are", u.RollingUpdate.Partition)
	}
	return ""
}

// Owns reports whether a pod is one of the workload's.
func (s Status) Owns(p Pod) bool {
	selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
	if s.Spec.Selector == nil {
		selector, err = labels.Parse(s.Status.Selector)
	}
	return err == nil && !selector.Empty() && selector.Matches(labels.Set(p.Labels))
}

// Uses reports whether the workload's pods use the Secret.
func (s Status) Uses(secret string) bool { return uses(s.Spec.Template.Spec, secret) }

// Progress reports whether the rollout has come to its end, and how far it is.
func (s Status) Progress(kind string) (done bool, text string) {
	wanted, updated, ready, all := int32(1), s.Status.UpdatedReplicas, s.Status.ReadyReplicas, s.Status.Replicas
	if s.Spec.Replicas != nil {
		wanted = *s.Spec.Replicas
	}
	if kind == "DaemonSet" {
		wanted, updated, ready = s.Status.DesiredNumberScheduled, s.Status.UpdatedNumberScheduled, s.Status.NumberReady
		all = wanted
	}
	if int64(s.Status.ObservedGeneration) < s.Metadata.Generation {
		return false, "the restart has not begun"
	}
	if kind == "Rollout" { // it restarts the pods that there are, old or new
		return !s.Status.RestartedAt.Before(&s.Spec.RestartAt) && ready == wanted,
			fmt.Sprintf("the restart of %s is not over: %d of %d pods ready",
				s.Spec.RestartAt.UTC().Format(time.RFC3339), ready, wanted)
	}
	return updated == wanted && ready == wanted && all == wanted,
		fmt.Sprintf("%d of %d pods are new, %d ready, %d there", updated, wanted, ready, all)
}

// Pod is one that uses the Secret and has not ended.
type Pod struct {
	Name, UID string
	Labels    map[string]string
	Started   metav1.Time // its last container; zero while none runs
}

func livePods(list []corev1.Pod, secret string) []Pod {
	var pods []Pod
	for _, p := range list {
		if p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed && uses(p.Spec, secret) {
			pods = append(pods, Pod{p.Name, string(p.UID), p.Labels, started(p)})
		}
	}
	return pods
}

// uses looks at every place where a pod can name a Secret whose content it gets.
func uses(spec corev1.PodSpec, secret string) bool {
	inVariable := func(e corev1.EnvVar) bool {
		return e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && e.ValueFrom.SecretKeyRef.Name == secret
	}
	inVariables := func(e corev1.EnvFromSource) bool { return e.SecretRef != nil && e.SecretRef.Name == secret }
	inSource := func(s corev1.VolumeProjection) bool { return s.Secret != nil && s.Secret.Name == secret }
	inVolume := func(v corev1.Volume) bool {
		return v.Secret != nil && v.Secret.SecretName == secret ||
			v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, inSource)
	}
	inContainer := func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Env, inVariable) || slices.ContainsFunc(c.EnvFrom, inVariables)
	}
	return slices.ContainsFunc(spec.InitContainers, inContainer) || slices.ContainsFunc(spec.Containers, inContainer) ||
		slices.ContainsFunc(spec.Volumes, inVolume)
}
