//go:build integration

package truth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// service is a Service of the stream: how it is called, and which of its ports lead to the node.
// https://kubernetes.io/docs/concepts/services-networking/service/
type service struct {
	names []string
	ports []int32
}

// servicesOf reads the Services of a stream, for pods of their own namespace. The node's port is 9200, its name is https.
func servicesOf(stream string) ([]service, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(stream)), 4096)
	var all []service
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		var head struct{ Kind, APIVersion string }
		var s corev1.Service
		if err := json.Unmarshal(raw, &head); err != nil || head.Kind != "Service" || head.APIVersion != "v1" {
			continue
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		one := service{names: []string{s.Name}}
		for _, end := range []string{"", ".svc", ".svc.cluster.local"} {
			one.names = append(one.names, s.Name+"."+s.Namespace+end)
		}
		for _, p := range s.Spec.Ports {
			target := p.TargetPort.String()
			switch {
			case s.Spec.Selector["app"] != "search":
			case s.Spec.ClusterIP == corev1.ClusterIPNone: // the pods themselves, on which nobody maps ports
				one.ports = []int32{9200}
			case target == "9200" || target == "https" || target == "0" && p.Port == 9200:
				one.ports = append(one.ports, p.Port)
			}
		}
		all = append(all, one)
	}
}
