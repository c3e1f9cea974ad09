// Package pod builds what a container of a manifest stream sees: a stream and the Secrets that the cluster holds besides it come in,
// a folder that is the container's file system, its environment and its command go out. It does what the kubelet does with Secret,
// ConfigMap, projected and emptyDir volumes, modes and fsGroup included, so that a test can log in with nothing else.
package pod

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Release is a stream of manifests, with the Secrets and ConfigMaps of the cluster beside it.
type Release struct {
	pods map[string]named             // "StatefulSet/es" and its pod
	data map[string]map[string][]byte // "Secret/x" and its keys
	// API is what a serviceAccountToken volume gets; without a token such a volume is an error.
	API API
}

// API is the identity of a pod in Kubernetes.
type API struct {
	Token     string // of the pod's ServiceAccount
	CA        []byte // of the API server
	Namespace string
	PodIP     string
}

type named struct {
	name string
	spec corev1.PodSpec
}

// Read takes the objects of a stream.
func Read(stream []byte) (*Release, error) {
	r := &Release{pods: map[string]named{}, data: map[string]map[string][]byte{}}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	for {
		var raw yamlObject
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return r, nil
		} else if err != nil {
			return nil, err
		}
		if err := r.take(raw); err != nil {
			return nil, err
		}
	}
}

// Put adds a Secret or ConfigMap that the cluster holds, or replaces one of the stream.
func (r *Release) Put(kind, name string, data map[string][]byte) { r.data[kind+"/"+name] = data }

// Data gives the keys of a Secret or ConfigMap; nil when there is none.
func (r *Release) Data(kind, name string) map[string][]byte { return r.data[kind+"/"+name] }

// yamlObject is any object; the parts that matter are decoded into Kubernetes' own types.
type yamlObject struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	raw []byte
}

// UnmarshalJSON keeps the whole object besides its head.
func (o *yamlObject) UnmarshalJSON(raw []byte) error {
	type head yamlObject
	if err := yaml.Unmarshal(raw, (*head)(o)); err != nil {
		return err
	}
	o.raw = bytes.Clone(raw)
	return nil
}

func (r *Release) take(o yamlObject) error {
	id := o.Kind + "/" + o.Metadata.Name
	into := func(object any) error {
		if err := yaml.Unmarshal(o.raw, object); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		return nil
	}
	switch o.Kind {
	case "StatefulSet":
		var s appsv1.StatefulSet
		err := into(&s)
		r.pods[id] = named{s.Name + "-0", s.Spec.Template.Spec}
		return err
	case "Deployment", "DaemonSet", "Job": // all keep it in the same place
		var d appsv1.Deployment
		err := into(&d)
		r.pods[id] = named{d.Name, d.Spec.Template.Spec}
		return err
	case "CronJob":
		var j batchv1.CronJob
		err := into(&j)
		r.pods[id] = named{j.Name, j.Spec.JobTemplate.Spec.Template.Spec}
		return err
	case "Pod":
		var p corev1.Pod
		err := into(&p)
		r.pods[id] = named{p.Name, p.Spec}
		return err
	case "Secret", "ConfigMap":
		return r.takeData(o, into)
	}
	return nil
}

// takeData takes the keys of a Secret or ConfigMap.
func (r *Release) takeData(o yamlObject, into func(any) error) error {
	data := map[string][]byte{}
	r.Put(o.Kind, o.Metadata.Name, data)
	if o.Kind == "ConfigMap" {
		var c corev1.ConfigMap
		err := into(&c)
		for key, value := range c.Data {
			data[key] = []byte(value)
		}
		return err
	}
	var s corev1.Secret
	err := into(&s)
	maps.Copy(data, s.Data)
	for key, value := range s.StringData {
		data[key] = []byte(value)
	}
	return err
}

// Names lists the Secrets or ConfigMaps.
func (r *Release) Names(kind string) []string {
	var names []string
	for id := range r.data {
		if name, ok := strings.CutPrefix(id, kind+"/"); ok {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// Pods lists the workloads, "Pod/x" among them.
func (r *Release) Pods() []string {
	var names []string
	for id := range r.pods {
		names = append(names, id)
	}
	sort.Strings(names)
	return names
}

// FirstContainer gives the name of a workload's first container.
func (r *Release) FirstContainer(workload string) string {
	for _, c := range r.pods[workload].spec.Containers {
		return c.Name
	}
	return ""
}
