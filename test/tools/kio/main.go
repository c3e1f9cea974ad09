// Command kio is a peer in `make bench`: the pipeline of a kpt or kustomize function. It reads, parses and writes every object, and gives
// each Kibana the client certificate that the other peers give it, see test/bench/peers.
package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func main() {
	stream := &kio.ByteReadWriter{Reader: os.Stdin, Writer: os.Stdout}
	pipeline := kio.Pipeline{Inputs: []kio.Reader{stream}, Filters: []kio.Filter{kio.FilterFunc(patch)}, Outputs: []kio.Writer{stream}}
	if err := pipeline.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "kio:", err)
		os.Exit(1)
	}
}

func patch(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	for _, o := range objects {
		var err error
		switch kind, name := o.GetKind(), o.GetName(); {
		case kind == "Deployment" && strings.HasSuffix(name, "-kibana"):
			err = deployment(o)
		case kind == "ConfigMap" && strings.HasSuffix(name, "-kibana-config"):
			err = configMap(o)
		}
		if err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func deployment(o *yaml.RNode) error {
	pod, err := o.Pipe(yaml.Lookup("spec", "template", "spec"))
	if err != nil || pod == nil {
		return err
	}
	kibana, err := pod.Pipe(yaml.Lookup("containers", "[name=kibana]"))
	if err != nil || kibana == nil {
		return err
	}
	for _, add := range []struct {
		to   *yaml.RNode
		list string
		item string
	}{
		{pod, "volumes", "name: client-certificate\nsecret:\n  secretName: client-certificate\n"},
		{kibana, "env", "name: CLIENT_CERTIFICATE\nvalue: /etc/client/tls.crt\n"},
		{kibana, "volumeMounts", "name: client-certificate\nmountPath: /etc/client\nreadOnly: true\n"},
	} {
		item := yaml.MustParse(add.item)
		if err := add.to.PipeE(yaml.LookupCreate(yaml.SequenceNode, add.list), yaml.Append(item.YNode())); err != nil {
			return err
		}
	}
	return nil
}

// configMap sets two fields of the file that the ConfigMap holds.
func configMap(o *yaml.RNode) error {
	data := o.GetDataMap()
	file, err := yaml.Parse(data["kibana.yml"])
	if err != nil {
		return err
	}
	for key, value := range map[string]string{"elasticsearch.ssl.certificate": "/etc/client/tls.crt", "elasticsearch.ssl.key": "/etc/client/tls.key"} {
		if err := file.PipeE(yaml.SetField(key, yaml.NewScalarRNode(value))); err != nil {
			return err
		}
	}
	if data["kibana.yml"], err = file.String(); err != nil {
		return err
	}
	o.SetDataMap(data)
	return nil
}
