package plan

import (
	"fmt"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const (
	linkFluentBit = "https://docs.fluentbit.io/manual/administration/transport-security"
	linkFluentd   = "https://github.com/uken/fluent-plugin-elasticsearch#scheme"
)

// fluentBitKeys are the settings of an output of Fluent Bit, in both of its languages. An address is a host alone; tls decides.
func fluentBitKeys() tlsKeys {
	return tlsKeys{
		hosts: "host", enable: "tls", on: "on", mustEnable: true,
		ca: "tls.ca_file", cert: "tls.crt_file", key: "tls.key_file", link: linkFluentBit,
	}
}

// fluentBit is Fluent Bit: outputs in its classic language, nodes of an upstream file, which have settings of their own, and outputs in YAML.
// https://docs.fluentbit.io/manual/pipeline/outputs/elasticsearch
func fluentBit() program {
	keys := fluentBitKeys()
	return program{
		app: recognise.FluentBit, dir: "/fluent-bit/etc",
		own: func(p *planner, w *recognise.Workload) ([]*connection, error) {
			return p.pipelines(w, pipeline.FluentBit(), func(plugin pipeline.Plugin) *tlsKeys {
				if plugin.Section == "NODE" || plugin.Section == "OUTPUT" && isBulkOutput(plugin.Name) {
					return &keys
				}
				return nil
			}, nil)
		},
		files: files{names: []string{"/"}, places: []place{
			{path: "pipeline.outputs.*", field: "name", is: "es", keys: keys},
			{path: "pipeline.outputs.*", field: "name", is: "opensearch", keys: keys},
		}},
	}
}

// isBulkOutput holds for the outputs that speak Elasticsearch's bulk API.
func isBulkOutput(name string) bool { return name == "es" || name == "opensearch" }

func fluentdKeys() tlsKeys {
	return tlsKeys{
		hosts: "hosts", hostsToo: "host", scheme: "scheme",
		ca: "ca_file", cert: "client_cert", key: "client_key", link: linkFluentd,
	}
}

// fluentd is Fluentd with fluent-plugin-elasticsearch: outputs, also inside the store of a copy, and its input. hosts wins over host,
// and the scheme in it over scheme.
func fluentd() program {
	keys := fluentdKeys()
	types := []string{"elasticsearch", "elasticsearch_dynamic", "elasticsearch_data_stream"}
	return program{app: recognise.Fluentd, own: func(p *planner, w *recognise.Workload) ([]*connection, error) {
		all, err := p.pipelines(w, pipeline.Fluentd(), func(plugin pipeline.Plugin) *tlsKeys {
			if slices.Contains([]string{"match", "store", "source"}, plugin.Section) && slices.Contains(types, plugin.Name) {
				return &keys
			}
			return nil
		}, nil)
		const variable = "FLUENT_ELASTICSEARCH_HOST"
		if _, ok := w.Main.Env(variable); ok && err == nil && len(all) == 0 && p.settings.Certs() {
			err = fmt.Errorf("env %s is for the configuration inside the image, which has no variable for a certificate: mount a fluent.conf of your own with the output", variable)
		}
		return all, err
	}}
}
