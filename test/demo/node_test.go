package main

import "testing"

// What the demo says about client_authentication is what the manifests say.
func TestAsksForCertificates(t *testing.T) {
	const name = "xpack.security.http.ssl.client_authentication"
	const byVariable, byFile = `environment variable "` + name + `" of StatefulSet/elasticsearch-master`, "elasticsearch.yml of the manifests"
	for label, c := range map[string]struct {
		config   string
		settings map[string]string
		want     setting
	}{
		"a variable":           {"", map[string]string{name: "required"}, setting{"required", byVariable}},
		"both: the variable":   {name + ": none\n", map[string]string{name: "required"}, setting{"required", byVariable}},
		"one key of the file":  {name + ": optional\n", nil, setting{"optional", byFile}},
		"nested keys":          {"xpack:\n  security:\n    http: {ssl: {client_authentication: required}}\n", nil, setting{"required", byFile}},
		"keys of several each": {"xpack.security: {enabled: true}\nxpack:\n  security.http.ssl:\n    client_authentication: required\n", nil, setting{"required", byFile}},
	} {
		t.Run(label, func(t *testing.T) {
			got, err := asksForCertificates([]byte(c.config), c.settings)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
	got, err := asksForCertificates([]byte("xpack.security.transport.ssl.client_authentication: required\n"), nil)
	if err != nil || got.value != "none" {
		t.Errorf("the layer between nodes is taken for HTTP: %v, %v", got, err)
	}
}
