package recognise

import "testing"

// TestReadsBeyond holds which files make a program read more than they say.
func TestReadsBeyond(t *testing.T) {
	for text, want := range map[string]bool{
		"output.elasticsearch:\n  hosts: [https://es]\nlogging.files.path: /var/log": false,
		"filebeat.config.inputs:\n  path: /extra/*.yml":                              true,
		"filebeat:\n  config:\n    inputs: {path: /extra/*.yml}":                     true,
		"filebeat.config: {modules: {path: /extra/*.yml}}":                           true,
		"metricbeat.config.modules.path: /extra/*.yml":                               true,
		"filebeat.autodiscover.providers: []":                                        true,
		"[OUTPUT]\n    Name es\n    Host ${ES_HOST}":                                 false,
		"    @INCLUDE /extra/*.conf":                                                 true,
		"includes:\n- /extra/out.yaml":                                               true,
		"[FILTER]\n    Name  lua\n    script /x/a.lua":                               true,
		"filters:\n- name: lua\n  code: x":                                           true,
		"[INPUT]\n    Name exec\n    Command run":                                    true,
		"<match **>\n  @type elasticsearch\n  host es\n</match>":                     false,
		"host \"#{ENV['ES_HOST']}\"\nport \"#{ENV[\"PORT\"] || '9200'}\"":            false,
		"user \"#{ENV['ES_USER'] || use_default}\"":                                  false,
		"tag \"#{`env`}\"":       true,
		"tag \"#{ENV.to_h}\"":    true,
		"@include /extra/*.conf": true,
		"<filter **>\n  @type record_transformer\n  enable_ruby":   true,
		"<match **>\n  @type exec\n  command run":                  true,
		"output { elasticsearch { hosts => [\"https://es\"] } }":   false,
		"filter { ruby { code => 'event.set(\"a\", 1)' } }":        true,
		"output {\n  exec {\n    command => \"run\"\n  }\n}":       true,
		"path.config: /extra/*.conf":                               true,
		"source: |\n  .url = get_env_var!(\"ES_URL\")":             true,
		"sinks:\n  es: {type: elasticsearch, endpoints: [${URL}]}": false,
		"fields: {env: production}":                                false, "exporters: ${file:/extra/exporters.yaml}": true,
	} {
		if got := readsBeyond(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

// TestConfigures holds which variables hold options, or say which configuration counts.
func TestConfigures(t *testing.T) {
	for name, want := range map[string]bool{
		"ES_URL": false, "FLUENT_ELASTICSEARCH_HOST": false, "CONFIG_STRING": true, "PATH_CONFIG": true, "LS_JAVA_OPTS": true, "FLUENTD_OPT": true,
		"FLUENT_CONF": true, "EXTRA_ARGS": true, "CONFIGURED_BY": false, "PATH": false,
	} {
		if got := configures().MatchString(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}
