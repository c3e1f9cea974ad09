package catalog

import (
	"regexp"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// Expansion is how a program puts variables into its settings. The zero value puts in none.
type Expansion struct {
	// Form is a variable in a text. Its groups are a name and what is taken where that is not set, once or more often.
	Form func() *regexp.Regexp
	// Odd begins what the program reads as a variable too, in a form that is not read here: the text is not known then.
	Odd string
	// Stops is a text that stops the program; nil where there is none.
	Stops func() *regexp.Regexp
	// Plain says that it does so only where the text stands without quotes.
	Plain bool
	// Empty says that a variable without a value is as good as none.
	Empty bool
}

// The rules of the programs.
var (
	// https://www.elastic.co/guide/en/beats/filebeat/8.19/using-environ-vars.html
	beatVariables = Expansion{Form: regex.Of(`\$\{([^}:?+{$]+)(?::([^}?+$][^}$]*)?)?\}`), Odd: "${", Empty: true}
	// https://www.elastic.co/guide/en/fleet/8.19/dynamic-input-configuration.html
	agentVariables = Expansion{Form: regex.Of(`\$\{(?:env\.)?([\w.-]+)(?::([^}$]*))?\}`), Odd: "${", Empty: true}
	// https://www.elastic.co/guide/en/logstash/8.19/environment-variables.html
	logstashVariables = Expansion{Form: regex.Of(`\$\{([A-Za-z_.][\w.]*)(?::([^}]*))?\}`)}
	// https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/variables
	fluentBitVariables = Expansion{Form: regex.Of(`\$\{(\w+)()\}`), Odd: "${"}
	// https://docs.fluentd.org/configuration/config-file#embedding-ruby-expressions
	fluentdVariables = Expansion{
		Form: regex.Of(`#\{ENV\[["']?(\w+)["']?\](?:\s*\|\|\s*["']?([^"'}#]*)["']?)?\s*\}`), Odd: "#{",
	}
	// https://www.elastic.co/guide/en/elasticsearch/client/curator/8.0/envvars.html
	curatorVariables = Expansion{Form: regex.Of(`^\$\{([^}:]+)(?::([^}]*))?\}$`),
		Stops: regex.Of(`^\$\{[^}:]+:[^}:]*:[^}]*\}$`), Plain: true}
	// https://opentelemetry.io/docs/collector/configuration/#environment-variables
	collectorVariables = Expansion{Form: regex.Of(`\$\{(?:env:)?(\w+)(?::-([^}$]*))?\}`), Odd: "$"}
	// https://grafana.com/docs/grafana/latest/administration/provisioning/#using-environment-variables
	grafanaVariables = Expansion{Form: regex.Of(`\$(?:(?:__env)?\{(\w+)()\}|([A-Za-z]\w*)())`), Odd: "$__"}
	// https://github.com/jertel/elastalert2/blob/master/elastalert/yaml.py
	pythonVariables = Expansion{Form: regex.Of(`\$(?:\{(\w+)()\}|(\w+)())`)}
	// https://vector.dev/docs/reference/environment_variables/
	vectorVariables = Expansion{Form: regex.Of(`\$(?:\{(\w+)(?::?-([^}$]*))?\}|([A-Za-z_]\w*)())`), Odd: "$"}
	ofKibana        = Expansion{Form: regex.Of(`\$\{(\w+)(?::(\w+))?\}`)}
	ofElasticsearch = Expansion{Form: regex.Of(`\$\{([^}:]+)(?::([^}$]*))?\}`), Odd: "${"}
	ofAny           = Expansion{Form: regex.Of(`\$\{(\w+)(?::-?([^}$]*))?\}`), Odd: "${"}
	ofLeft          = Expansion{Form: regex.Of(`\$\{(\w+)()\}|\$\(()()\)`), Odd: "$("}
	ofKubernetes    = Expansion{Form: regex.Of(`\$\(([A-Za-z_][\w.-]*)()\)`)}
)

// KibanaVariables are those of kibana.yml.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html
func KibanaVariables() Expansion { return ofKibana }

// ElasticsearchVariables are those of elasticsearch.yml.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/settings.html#_environment_variable_substitution
func ElasticsearchVariables() Expansion { return ofElasticsearch }

// AnyVariables are those of a program of which only a rule says something.
func AnyVariables() Expansion { return ofAny }

// LeftVariables are those that a shell or Kubernetes could not put in, as package shell spells them.
func LeftVariables() Expansion { return ofLeft }

// KubernetesVariables are those that Kubernetes puts into a command line or a variable.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func KubernetesVariables() Expansion { return ofKubernetes }

// Expand puts the variables into a text. Of a name, value gives what it stands for, whether it is set, and whether
// that is known; known tells whether all of the text is.
func (e Expansion) Expand(text string, value func(name string) (text string, set, known bool)) (expanded string,
	known bool) {
	if e.Form == nil || !strings.ContainsAny(text, "$#") { // with which each form begins, and what is odd
		return text, true
	}
	var b strings.Builder
	last := 0
	known = true
	for _, at := range e.Form().FindAllStringSubmatchIndex(text, -1) {
		name, fallback, hasFallback := e.parts(text, at)
		found, set, sure := value(name)
		switch {
		case set && !sure:
			found, known = "", false
		case set && (found != "" || !e.Empty):
		case hasFallback:
			found = fallback
		default:
			found, known = "", false
		}
		known = known && !e.isOdd(text[last:at[0]])
		b.WriteString(text[last:at[0]] + found)
		last = at[1]
	}
	return b.String() + text[last:], known && !e.isOdd(text[last:])
}

func (e Expansion) isOdd(text string) bool { return e.Odd != "" && strings.Contains(text, e.Odd) }

// parts gives the name of a variable, and what is taken where it is not set.
func (e Expansion) parts(text string, at []int) (name, fallback string, has bool) {
	for i := 2; i+3 < len(at); i += 4 {
		if at[i] < 0 {
			continue
		}
		name = text[at[i]:at[i+1]]
		if has = at[i+2] >= 0 && at[i+1] != at[i+2]; has {
			fallback = text[at[i+2]:at[i+3]]
		}
	}
	return name, fallback, has
}
