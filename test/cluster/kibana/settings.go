package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// settings are Kibana's, by their full names.
type settings map[string]string

// names are the settings that the image's entrypoint, kibana-docker, takes from the environment and that matter here. A
// name in the environment is in upper case, with _ for a dot; the environment also holds what a Service of that prefix
// puts there, which is nobody's setting.
// https://github.com/elastic/kibana/blob/v8.5.1/src/dev/build/tasks/os_packages/docker_generator/resources/base/bin/kibana-docker
var names = []string{
	"elasticsearch.hosts", "elasticsearch.username", "elasticsearch.password", "elasticsearch.serviceAccountToken",
	"elasticsearch.ssl.alwaysPresentCertificate", "elasticsearch.ssl.certificate", "elasticsearch.ssl.certificateAuthorities",
	"elasticsearch.ssl.key", "elasticsearch.ssl.keyPassphrase", "elasticsearch.ssl.keystore.path",
	"elasticsearch.ssl.truststore.path", "elasticsearch.ssl.verificationMode", "server.host",
}

// read gives the settings of kibana.yml, and over them those of the environment.
func read(file []byte, environ []string) (settings, error) {
	var tree map[string]any
	if err := yaml.Unmarshal(file, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	s := settings{}
	s.flatten("", tree)
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	for _, name := range names {
		variable := strings.ToUpper(strings.ReplaceAll(name, ".", "_"))
		if value := values[variable]; value != "" { // the entrypoint leaves out what is empty
			s[name] = value
		}
	}
	return s, nil
}

func (s settings) flatten(prefix string, tree map[string]any) {
	for key, value := range tree {
		switch value := value.(type) {
		case map[string]any:
			s.flatten(prefix+key+".", value)
		case []any:
			var all []string
			for _, v := range value {
				all = append(all, fmt.Sprint(v))
			}
			s[prefix+key] = strings.Join(all, ",")
		default:
			s[prefix+key] = fmt.Sprint(value)
		}
	}
}

// check refuses what Kibana refuses, in its words where they are known.
func (s settings) check() error {
	has := func(name string) bool { return s["elasticsearch."+name] != "" }
	switch {
	case has("serviceAccountToken") && has("username"):
		return fmt.Errorf(`[config validation of [elasticsearch].serviceAccountToken]: serviceAccountToken cannot be specified when "username" is also set`)
	case s["elasticsearch.username"] == "elastic":
		return fmt.Errorf(`[config validation of [elasticsearch].username]: value of "elastic" is forbidden`)
	case has("ssl.certificate") != has("ssl.key"):
		return fmt.Errorf("elasticsearch.ssl.certificate and elasticsearch.ssl.key: one without the other")
	case has("ssl.keystore.path") || has("ssl.truststore.path"):
		return fmt.Errorf("elasticsearch.ssl.keystore and truststore: this stand-in reads PEM only")
	case s["elasticsearch.hosts"] == "":
		return fmt.Errorf("elasticsearch.hosts: nothing; this stand-in has no default")
	case !has("serviceAccountToken") && !has("username"):
		return fmt.Errorf("elasticsearch.serviceAccountToken, username: neither is set")
	}
	return nil
}

// print tells what the pod gives, credentials aside.
func (s settings) print(w io.Writer) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		value := s[name]
		if strings.HasSuffix(name, "Token") || strings.HasSuffix(name, "password") {
			value = fmt.Sprintf("(%d bytes)", len(value))
		}
		fmt.Fprintf(w, "%s: %s\n", name, value)
	}
}
