package pod

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// What the entry scripts of Bitnami's images make of a container, written from the scripts of versions 8 and 9 and from nothing of
// elk-mtls: https://github.com/bitnami/containers/tree/main/bitnami/elasticsearch and …/kibana.

// The folders of the configuration in Bitnami's images.
const (
	BitnamiElasticsearchConfig = "/opt/bitnami/elasticsearch/config"
	bitnamiRun                 = "/opt/bitnami/scripts/elasticsearch/run.sh"
	bitnamiKibanaConf          = "/bitnami/kibana/conf/kibana.yml"
)

// Bitnami gives what Bitnami's image would start a node with, as Elasticsearch does for the official one. An elasticsearch.yml of one's
// own ends the script's work; otherwise my_elasticsearch.yml is merged into the script's settings, and what the script says about TLS
// comes after that.
func (c *Container) Bitnami() (config []byte, settings map[string]string, files map[string][]byte, err error) {
	c.fromFiles("ELASTICSEARCH_")
	config, _, files, err = c.folder(BitnamiElasticsearchConfig)
	if err != nil {
		return nil, nil, nil, err
	}
	if config == nil {
		tree := map[string]any{}
		put(tree, "cluster.name", c.Env["ELASTICSEARCH_CLUSTER_NAME"])
		if text, ok := files["my_elasticsearch.yml"]; ok {
			mine := map[string]any{}
			if err := yaml.Unmarshal(text, &mine); err != nil {
				return nil, nil, nil, err
			}
			merge(tree, mine)
		}
		if err := c.bitnamiTLS(tree); err != nil {
			return nil, nil, nil, err
		}
		if config, err = yaml.Marshal(tree); err != nil {
			return nil, nil, nil, err
		}
		config = []byte(strings.ReplaceAll(string(config), BitnamiElasticsearchConfig+"/", ""))
	}
	delete(files, "my_elasticsearch.yml")
	settings, err = c.bitnamiFlags()
	return config, settings, files, err
}

// fromFiles sets each variable whose NAME_FILE names a file.
func (c *Container) fromFiles(prefix string) {
	for name, file := range maps.Clone(c.Env) {
		plain, ok := strings.CutSuffix(name, "_FILE")
		if !ok || !strings.HasPrefix(name, prefix) {
			continue
		}
		if text, err := os.ReadFile(c.Path(file)); err == nil {
			c.Env[plain] = strings.TrimRight(string(text), "\n")
		}
	}
}

// bitnamiTLS writes xpack.security.*, and fails where the script's own validation does.
func (c *Container) bitnamiTLS(tree map[string]any) error {
	on := c.yes("ELASTICSEARCH_ENABLE_SECURITY", false)
	put(tree, "xpack.security.enabled", on)
	for _, layer := range []struct {
		key, env string
		on       bool
	}{
		{"http", "HTTP_", on && c.yes("ELASTICSEARCH_ENABLE_REST_TLS", true)},
		{"transport", "TRANSPORT_", on && !c.yes("ELASTICSEARCH_SKIP_TRANSPORT_TLS", false)},
	} {
		if !layer.on {
			continue
		}
		at := "xpack.security." + layer.key + ".ssl."
		put(tree, at+"enabled", true)
		if layer.key == "transport" {
			put(tree, at+"verification_mode", c.first("full", "ELASTICSEARCH_TLS_VERIFICATION_MODE"))
		}
		if !c.yes("ELASTICSEARCH_"+layer.env+"TLS_USE_PEM", c.yes("ELASTICSEARCH_TLS_USE_PEM", false)) {
			return fmt.Errorf("%s: stores are not emulated here", layer.key)
		}
		for key, f := range map[string]struct{ env, file string }{
			"certificate":             {"NODE_CERT_LOCATION", "tls.crt"},
			"key":                     {"NODE_KEY_LOCATION", "tls.key"},
			"certificate_authorities": {"CA_CERT_LOCATION", "ca.crt"},
		} {
			file := c.first(BitnamiElasticsearchConfig+"/certs/"+f.file, "ELASTICSEARCH_"+layer.env+"TLS_"+f.env, "ELASTICSEARCH_"+f.env)
			if info, err := os.Stat(c.Path(file)); err != nil || !info.Mode().IsRegular() {
				return fmt.Errorf("the script ends here: %s is no file (%s)", file, f.env)
			}
			put(tree, at+key, file)
		}
	}
	return nil
}

// bitnamiFlags gives the settings of the command line. The script does its work only when it is named first.
func (c *Container) bitnamiFlags() (map[string]string, error) {
	settings := map[string]string{}
	if len(c.Spec.Command) > 0 || len(c.Spec.Args) > 0 && c.Spec.Args[0] != bitnamiRun {
		return nil, fmt.Errorf("the container does not start with %s: %v %v", bitnamiRun, c.Spec.Command, c.Spec.Args)
	}
	for i, word := range c.Spec.Args {
		key, value, ok := strings.Cut(strings.TrimPrefix(word, "-E"), "=")
		switch {
		case i == 0:
		case !ok || !strings.HasPrefix(word, "-E"):
			return nil, fmt.Errorf("argument %q is no setting", word)
		default:
			settings[key] = strings.ReplaceAll(value, BitnamiElasticsearchConfig+"/", "")
		}
	}
	return settings, nil
}

// BitnamiKibana makes the environment what it would be in the official image: the settings of kibana.yml as the script leaves it, with
// ${NAME} replaced by Kibana, under the names of the official image. Login works with that.
func (c *Container) BitnamiKibana() error {
	c.fromFiles("KIBANA_")
	text, err := os.ReadFile(c.Path(bitnamiKibanaConf))
	if err != nil {
		return err
	}
	file := map[string]any{}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	settings := map[string]string{}
	flatten(settings, "", file)
	if password := c.Env["KIBANA_PASSWORD"]; password != "" {
		settings["elasticsearch.username"], settings["elasticsearch.password"] = "kibana_system", password
	}
	if c.yes("KIBANA_ELASTICSEARCH_ENABLE_TLS", false) && c.yes("KIBANA_ELASTICSEARCH_TLS_USE_PEM", false) {
		settings["elasticsearch.ssl.certificateAuthorities"] = c.first("/opt/bitnami/kibana/config/certs/elasticsearch/ca.crt", "KIBANA_ELASTICSEARCH_CA_CERT_LOCATION")
	}
	environment := maps.Clone(c.Env)
	for _, name := range slices.Collect(maps.Keys(c.Env)) {
		if strings.HasPrefix(name, "ELASTICSEARCH_") {
			delete(c.Env, name) // this image takes no setting from such a variable
		}
	}
	for key, value := range settings {
		name := strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		c.Env[name] = os.Expand(value, func(variable string) string { return environment[variable] })
	}
	return nil
}

func (c *Container) first(fallback string, names ...string) string {
	for _, name := range names {
		if value := c.Env[name]; value != "" {
			return value
		}
	}
	return fallback
}

func (c *Container) yes(name string, fallback bool) bool {
	value := strings.ToLower(c.Env[name])
	return value == "" && fallback || value == "1" || value == "yes" || value == "true"
}

// put sets a nested value, as yq does with the path of a setting.
func put(tree map[string]any, key string, value any) {
	names := strings.Split(key, ".")
	for _, name := range names[:len(names)-1] {
		below, ok := tree[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			tree[name] = below
		}
		tree = below
	}
	tree[names[len(names)-1]] = value
}

// merge lays one tree over another, mapping by mapping.
func merge(into, from map[string]any) {
	for name, value := range from {
		below, ok := into[name].(map[string]any)
		if over, also := value.(map[string]any); ok && also {
			merge(below, over)
			continue
		}
		into[name] = value
	}
}

func flatten(into map[string]string, prefix string, from any) {
	switch v := from.(type) {
	case map[string]any:
		for name, value := range v {
			flatten(into, strings.TrimPrefix(prefix+"."+name, "."), value)
		}
	case []any:
		var all []string
		for _, value := range v {
			all = append(all, fmt.Sprint(value))
		}
		into[prefix] = strings.Join(all, ",")
	default:
		into[prefix] = fmt.Sprint(v)
	}
}
