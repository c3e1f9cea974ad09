package recognise

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
		Flags:     Flags{Prefix: "-E", Weak: true},
		Password:  "ELASTIC_PASSWORD",
		Port:      "http",
		Env: func(key string) []string {
			shell := strings.ToUpper(strings.ReplaceAll(strings.ReplaceAll(key, "_", "__"), ".", "_"))
			return []string{key, "ES_SETTING_" + shell}
		},
		images: []string{"elasticsearch", "elasticsearch-wolfi"},
		env:    isElasticsearchSetting,
		mounts: func(at, folder string) bool {
			return at == "/usr/share/elasticsearch/data" || at == folder || at == folder+"/elasticsearch.yml"
		},
	}
}

// isElasticsearchSetting holds for the variables that the official image turns into settings: dotted names, and ES_SETTING_ names.
func isElasticsearchSetting(name string) bool {
	if strings.HasPrefix(name, "ES_SETTING_") {
		return true
	}
	for _, prefix := range []string{"cluster.", "node.", "discovery.", "network.", "xpack.security."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// elasticKibana is the official image: it turns variables into options, which win over kibana.yml.
// https://www.elastic.co/guide/en/kibana/8.19/docker.html#environment-variable-config
func elasticKibana() Layout {
	return Layout{
		Name:      "kibana",
		App:       Kibana,
		Folder:    "/usr/share/kibana/config",
		FolderEnv: "KBN_PATH_CONF",
		Home:      "/usr/share/kibana", // the working directory
		Files:     []File{{Path: "kibana.yml"}},
		Flags:     Flags{Prefix: "--"},
		Starter:   "kibana-docker",
		NoEmpty:   true,
		Env:       func(key string) []string { return []string{strings.ToUpper(strings.ReplaceAll(key, ".", "_"))} },
		images:    []string{"kibana", "kibana-wolfi"},
		env: func(name string) bool {
			return name == "ELASTICSEARCH_HOSTS" || strings.HasPrefix(name, "ELASTICSEARCH_SSL_")
		},
		mounts: func(at, folder string) bool {
			return slices.Contains([]string{folder, folder + "/certs", folder + "/kibana.yml", "/usr/share/kibana/data"}, at)
		},
	}
}
