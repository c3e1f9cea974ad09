package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// tokenScript is the key of the ConfigMap with which Kibana's chart makes and deletes the token in hooks.
const tokenScript = "manage-es-token.js"

// hooks plans to remove the hooks with which Kibana's chart makes the token: the init container does it. The Jobs are
// known by the script that they run; what else belongs to them hangs on the Jobs.
func hooks(in *In) Part {
	p := begin(in)
	if len(p.release.Kibanas) == 0 {
		return *p.Part
	}
	hooks, err := p.release.Hooks()
	if err != nil {
		p.fail(err)
		return *p.Part
	}
	accounts := map[string]bool{}
	for _, h := range hooks {
		if pod, ok := h.Pod(); ok && runsTokenScript(pod) && servesOurs(p.In, h, pod) {
			removeTokenHook(p, h)
			accounts[or(object.Text(pod.Spec, "serviceAccountName"), object.Text(pod.Spec, "serviceAccount"))] = true
		}
	}
	isAccount := func(subject *yaml.Node) bool { return accounts[object.Text(subject, "name")] }
	roles := map[string]bool{}
	belongs := func(h *object.Object) bool {
		switch h.Kind {
		case "ConfigMap":
			script := object.Text(h.Node, "data", tokenScript)
			return script != "" && writesOurs(p.In, script)
		case "ServiceAccount":
			return accounts[h.Name]
		case "RoleBinding":
			return slices.ContainsFunc(object.Items(h.Node, "subjects"), isAccount)
		}
		return false
	}
	for _, h := range hooks {
		if !belongs(h) {
			continue
		}
		removeTokenHook(p, h)
		if h.Kind == "RoleBinding" {
			roles[object.Text(h.Node, "roleRef", "name")] = true
		}
	}
	for _, h := range hooks {
		if h.Kind == "Role" && roles[h.Name] {
			removeTokenHook(p, h)
		}
	}
	return *p.Part
}

// servesOurs tells whether a token Job works for a Kibana that is patched here.
func servesOurs(in *In, job *object.Object, pod object.Pod) bool {
	for _, v := range object.Items(pod.Spec, "volumes") {
		script, err := in.release.Find(job.Namespace, "ConfigMap", object.Text(v, "configMap", "name"))
		if err == nil && script != nil {
			return writesOurs(in, object.Text(script.Node, "data", tokenScript))
		}
	}
	return true
}

// writesOurs tells whether a token script writes the Secret of a Kibana that is patched here. Only where the user
// takes care of another Kibana there is a choice.
func writesOurs(in *In, script string) bool {
	if len(in.settings.Unmanaged) == 0 {
		return true
	}
	for _, w := range in.release.Kibanas {
		if v, ok := in.own(w.Main, tokenVariable); ok && v.From.Kind == "Secret" &&
			strings.Contains(script, v.From.Name) {
			return true
		}
	}
	return false
}

func removeTokenHook(p step, o *object.Object) {
	instead := initName + " creates the token"
	if p.settings.HasPassword() || p.settings.Mode == config.ModePKI {
		instead = "Kibana has no token in mode " + p.settings.Mode
	}
	p.removeHook(o, "the chart's token hook ("+o.Hook+"): it presents no certificate, and breaks upgrades; "+instead)
}

func runsTokenScript(pod object.Pod) bool {
	for _, c := range pod.Containers() {
		for _, word := range c.Command() {
			if strings.HasSuffix(word, "/"+tokenScript) {
				return true
			}
		}
	}
	return false
}

// hookCredentials gives the user name and password with which the chart's hook logs in, where it takes both from
// Secrets.
func hookCredentials(in *In) (username, password object.Source, ok bool) {
	for _, o := range in.removed {
		pod, _ := o.Pod()
		for _, c := range pod.Containers() {
			name, _ := in.own(c, "ELASTICSEARCH_USERNAME")
			word, _ := in.own(c, "ELASTICSEARCH_PASSWORD")
			if name.From.Kind == "Secret" && word.From.Kind == "Secret" {
				return name.From, word.From, true
			}
		}
	}
	return object.Source{}, object.Source{}, false
}
