package catalog

import (
	"slices"
	"strings"
)

// elasticElasticsearch is the official image, and every image that is built from it.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html#docker-configuration-methods
func elasticElasticsearch() Layout {
	return Layout{
		Name:      "elasticsearch",
		App:       Elasticsearch,
		Folder:    "/usr/share/elasticsearch/config",
		FolderEnv: "ES_PATH_CONF",
		Files:     []File{{Path: "elasticsearch.yml"}},
		Nested:    true,
		Unset:     []Value{{NetworkHost, "0.0.0.0"}},
		Flags:     Flags{Prefix: "-E", Weak: true},
		Password:  "ELASTIC_PASSWORD",
		PortName:  "http",
		Setting:   elasticsearchSetting,
		Env: func(key string) []string {
			shell := strings.ToUpper(strings.ReplaceAll(strings.ReplaceAll(key, "_", "__"), ".", "_"))
			return []string{key, settingPrefix + shell}
		},
		Images:   []string{"elasticsearch", "elasticsearch-wolfi"},
		Open:     "elasticsearch-oss",
		WorkDir:  "/usr/share/elasticsearch",
		Starters: []string{"elasticsearch", "eswrapper", "docker-entrypoint.sh"},
		Wrapper:  "docker-entrypoint.sh",
		Vars:     isElasticsearchSetting,
		Own: func(name string) bool {
			setting, ok := elasticsearchSetting(name)
			return ok && (strings.HasPrefix(setting, HTTPLayer) || strings.HasPrefix(setting, TransportLayer))
		},
		Mounts: func(at, folder string) bool { return at == "/usr/share/elasticsearch/data" || below(at, folder) },
	}
}

// settingPrefix begins the variables in which _ is a dot, and __ is _.
const settingPrefix = "ES_SETTING_"

// elasticsearchSetting gives the setting that a variable of the official image is.
func elasticsearchSetting(variable string) (string, bool) {
	if rest, ok := strings.CutPrefix(variable, settingPrefix); ok {
		return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(rest, "_", "."), "..", "_")), true
	}
	return variable, strings.Contains(variable, ".") && variable == strings.ToLower(variable)
}

// isElasticsearchSetting holds for the variables that the official image turns into settings: dotted names, and
// ES_SETTING_ names.
func isElasticsearchSetting(name string) bool {
	if strings.HasPrefix(name, settingPrefix) {
		return true
	}
	for _, prefix := range []string{"cluster.", "node.", "discovery.", "network.", "xpack.security."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

const kibanaHome = "/usr/share/kibana"

// kibanaVariables are the settings of Kibana's connections that its image takes from variables, as far as they matter
// for calls.
// https://www.elastic.co/guide/en/kibana/8.19/docker.html#environment-variable-config
func kibanaVariables() []string {
	own, monitoring := KibanaConnection(), KibanaMonitoring()
	all := []string{own.Name(KibanaAlwaysPresents)}
	for _, key := range own.Names() {
		all = append(all, own.Name(key))
	}
	for _, key := range []string{monitoring.Hosts[0], monitoring.User, monitoring.Password, monitoring.CA,
		own.Verify.Name} {
		all = append(all, monitoring.Name(key))
	}
	return all
}

// elasticKibana is the official image: it turns variables into options, which win over kibana.yml.
// https://www.elastic.co/guide/en/kibana/8.19/docker.html#environment-variable-config
func elasticKibana() Layout {
	return Layout{
		Name:      "kibana",
		App:       Kibana,
		Folder:    kibanaHome + "/config",
		FolderEnv: "KBN_PATH_CONF",
		Home:      kibanaHome, // the working directory
		Files:     []File{{Path: "kibana.yml"}},
		Flags:     Flags{Prefix: "--"},
		Starter:   "kibana-docker",
		NoEmpty:   true,
		Keys:      kibanaVariables(),
		Env:       func(key string) []string { return []string{strings.ToUpper(strings.ReplaceAll(key, ".", "_"))} },
		Images:    []string{"kibana", "kibana-wolfi"},
		Open:      "kibana-oss",
		WorkDir:   kibanaHome,
		Starters:  []string{"kibana", "kibana-docker"},
		Vars: func(name string) bool {
			return name == "ELASTICSEARCH_HOSTS" || strings.HasPrefix(name, "ELASTICSEARCH_SSL_")
		},
		Mounts: func(at, folder string) bool {
			return slices.Contains([]string{folder, folder + "/certs", folder + "/kibana.yml", kibanaHome + "/data"},
				at)
		},
	}
}
