package recognise

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// workload is an object of a kind with a pod.
func workload(kind, name, labels, containers string) string {
	return "---\napiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: " + name + ", labels: {" + labels + "}}\nspec:\n  template:\n" +
		"    metadata: {labels: {" + labels + "}}\n    spec: {containers: [" + containers + "]}\n"
}

const node = "{name: e, image: 'elasticsearch:8.19.1', env: [{name: discovery.type, value: single-node}]}"

// TestServers holds which servers are recognised, and what is said of those that cannot be patched: a part of the
// message, or of the reason for which one is passed.
func TestServers(t *testing.T) {
	const desk = "{name: k, image: 'kibana:8.19.1', env: [{name: ELASTICSEARCH_HOSTS, value: x}]"
	job := strings.Replace(workload("Job", "j", "", node), "apps/v1", "batch/v1", 1)
	for _, test := range []struct{ name, text, want, says string }{
		{"a node", workload("StatefulSet", "es", "", node), "elasticsearch es", ""},
		{"of whatever kind", workload("Rollout", "es", "", node), "elasticsearch es", ""},
		{"a node beside an exporter", workload("StatefulSet", "es", "", node+", {name: m, image: 'x/elasticsearch-exporter:1'}"), "elasticsearch es, elasticsearch_exporter es/m", ""},
		{"two servers in a pod", workload("StatefulSet", "es", "", node+", {name: f, image: 'elasticsearch:8'}"), "", `containers "e" and "f" both run a server`},
		{"by its image alone", workload("StatefulSet", "es", "", "{name: e, image: 'elasticsearch:8'}"), "", "has the image of Elasticsearch, but neither"},
		{"a tool in that image", workload("Deployment", "es", "", "{name: e, image: 'elasticsearch:8', command: [ls]}"), "", ""},
		{"by its label alone", workload("Deployment", "x", "app: kibana", "{name: e, image: 'own:8'}"), "", `looks like Kibana (label "app")`},
		{"by its label, without containers", workload("Deployment", "x", "app: kibana", ""), "", "its containers (there are none)"},
		{"in a Job", job, "", "is patched where it is kept running only"},
		{"a tool in a Job", strings.Replace(job, "image:", "command: [elasticsearch-certutil], image:", 1), "", ""},
		{"started by itself", workload("Deployment", "kb", "", desk+", command: [/usr/share/kibana/bin/kibana]}"), "", `starts Kibana by "/usr/share/kibana/bin/kibana"`},
		{"started by its script", workload("Deployment", "kb", "", desk+", command: [/usr/local/bin/kibana-docker]}"), "kibana kb", ""},
		{"too old", workload("StatefulSet", "es", "", strings.Replace(node, "8.19.1", "6.8.23", 1)), "", `passed: image "elasticsearch" of version 6.8.23 is older than 7`},
		{"without security", workload("StatefulSet", "es", "", strings.Replace(node, "elasticsearch:8.19.1", "elasticsearch-oss:7.10.2", 1)), "", `passed: image "elasticsearch-oss" has no security features`},
		{"of a user who takes care of it", workload("StatefulSet", "unmanaged", "", node), "", "unmanaged: unmanaged"},
		{"the same by its image alone", workload("StatefulSet", "unmanaged", "", "{name: e, image: 'elasticsearch:8'}"), "", "unmanaged: unmanaged"},
		{"a user's Kibana", workload("Deployment", "unmanaged", "", desk+"}"), "", ""},
		{"twice the same", workload("StatefulSet", "es", "", node) + workload("StatefulSet", "es", "", node), "elasticsearch es, elasticsearch es", ""},
		{"twice", workload("StatefulSet", "es", "", node) + workload("StatefulSet", "es", "app: x", node), "", "StatefulSet/es is there twice, with different content (lines 1 and 9)"},
		{"Elastic's operator", "apiVersion: kibana.k8s.elastic.co/v1\nkind: Kibana\nmetadata: {name: kb}\n", "", "ECK: Kibana/kb"},
		{"our guard", "apiVersion: elk-mtls.dev/v1\nkind: Guard\nmetadata: {name: g}\n", "", "guard: Guard/g"},
		{"a template of OpenShift", "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: t}\nobjects: [{kind: elasticsearch}]\n", "", "OpenShift makes the objects of a Template"},
	} {
		r, err := read(t, test.text)
		got, says := found(r), ""
		switch {
		case err != nil:
			got, says = "", err.Error()
		case len(r.Passed) > 0:
			says = "passed: " + r.Passed[0].Why
		case len(r.Unmanaged) > 0:
			says = "unmanaged: " + r.Unmanaged[0].Name
		case len(r.ECK) > 0:
			says = "ECK: " + r.ECK[0].String()
		case len(r.Guards) > 0:
			says = "guard: " + r.Guards[0].String()
		}
		if got != test.want || !strings.Contains(says, test.says) || test.says == "" && says != "" {
			t.Errorf("%s:\n got      %s, %s\n expected %s, %s", test.name, got, says, test.want, test.says)
		}
	}
}

// TestPrograms holds that programs are looked up by their names, and which of them only rules name.
func TestPrograms(t *testing.T) {
	r := releaseIn(t, workload("StatefulSet", "es", "", node))
	if p, ok := r.Program(catalog.Filebeat); !ok || p.App != catalog.Filebeat {
		t.Errorf("Filebeat: %v, %t", p.App, ok)
	}
	if _, ok := r.Program("nobody's"); ok {
		t.Error("it knows a program that the catalog lacks")
	}
	ruled := map[string]bool{}
	for _, p := range r.Ruled() {
		ruled[p.As] = true
	}
	if !ruled["grafana"] || !ruled["vector"] || ruled[""] {
		t.Errorf("programs that a rule names: %v", ruled)
	}
}

// TestFind holds which of several objects of one name is seen, and what is said where nothing tells.
func TestFind(t *testing.T) {
	one := func(namespace, hook, value string) string {
		return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: '" + namespace + "', annotations: {helm.sh/hook: '" + hook + "'}}\nstringData: {a: " + value + "}\n"
	}
	role := func(verb string) string {
		return "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: s}\nrules: [{verbs: [" + verb + "]}]\n"
	}
	for _, test := range []struct{ name, kind, text, want string }{
		{"one", "Secret", one("", "", "x"), "x"},
		{"none", "Secret", "", ""},
		{"of another namespace", "Secret", one("far", "", "x"), ""},
		{"of this namespace", "Secret", one("far", "", "x") + one("here", "", "y"), "y"},
		{"a hook", "Secret", one("", "pre-install", "x"), "x"},
		{"of the release, and a hook", "Secret", one("", "pre-install", "x") + one("", "", "y"), "y"},
		{"twice the same", "Secret", one("here", "", "x") + one("", "", "x"), "x"},
		{"twice", "Secret", one("", "", "x") + one("", "", "y"), "error: Secret/s is there twice, with different content (lines 1 and 6): the one that is applied last counts"},
		{"twice, one with a namespace", "Secret", one("here", "", "x") + one("", "", "y"),
			"error: Secret/s is there twice, with different content (line 1, namespace here; line 6, no namespace), and it is not known which of the two is read"},
		{"another kind twice the same", "Role", role("get") + role("get"), "rule"},
		{"another kind twice", "Role", role("get") + role("list"), "error: Role/s is there twice, with different content (lines 1 and 6): the one that is applied last counts"},
		{"a kind of another group", "Role", strings.Replace(role("get"), "rbac.authorization.k8s.io", "elasticsearch.crossplane.io", 1), ""},
	} {
		r := releaseIn(t, test.text+service("unrelated", "here", "{}"))
		o, err := r.Find("here", test.kind, "s")
		got := ""
		switch {
		case err != nil:
			got, _, _ = strings.Cut("error: "+err.Error(), "\n") // a hint is behind it
		case o != nil && o.Kind == "Secret":
			content, _ := o.Content("a")
			got = string(content.Text)
		case o != nil:
			got = "rule"
		}
		if got != test.want {
			t.Errorf("%s:\n got      %s\n expected %s", test.name, got, test.want)
		}
		if test.kind == "Secret" {
			holdShown(t, test.name, r, o, strings.HasPrefix(test.want, "error"))
		}
	}
}

// holdShown holds that what is asked for twice is shown as it was found, and that what is unclear is said once.
func holdShown(t *testing.T, name string, r *Release, want *object.Object, unclear bool) {
	t.Helper()
	source := object.Source{Namespace: "here", Kind: "Secret", Name: "s"}
	if first, again := r.Shown(source), r.Shown(source); first != want || again != want {
		t.Errorf("%s: it is not shown as it was found", name)
	}
	if (len(r.Unclear()) == 1) != unclear || len(r.Unclear()) > 1 {
		t.Errorf("%s: unclear: %v", name, r.Unclear())
	}
}

func names(objects []*object.Object) string {
	var all []string
	for _, o := range objects {
		all = append(all, o.String())
	}
	return strings.Join(all, " ")
}

// TestObjects holds which objects of a stream are given for a question.
func TestObjects(t *testing.T) {
	r := releaseIn(t, workload("StatefulSet", "es", "app: search", node)+workload("Deployment", "web", "app: search, tier: a", "{name: w, image: web, ports: [{name: http}]}")+
		workload("Deployment", "far", "app: mail", "{name: w, image: web, args: ['https://es:9200']}")+
		strings.Replace(workload("Job", "task", "app: search", "{name: w, image: web}"), "metadata: {", "metadata: {annotations: {helm.sh/hook: post-install}, ", 1)+
		service("es", "", "{app: search}")+service("mail", "", "{app: mail}")+service("nobody", "", "{app: none}")+
		"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules: [{resourceNames: [es-token]}, {resources: [pods]}]\n"+
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: hidden}\ndata: {url: aHR0cHM6Ly9lczo5MjAw}\n"+
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: lines}\ndata:\n  url: |-\n    aHR0cHM6Ly9l\n    czo5MjAw\n---\n# nothing\n---\nword: kind\n")
	given := func(objects []*object.Object, err error) string {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		return names(objects)
	}
	all := func(*object.Object, string) bool { return true }
	for question, answer := range map[string][2]string{
		"hooks":                  {given(r.Hooks()), "Job/task"},
		"Services":               {given(r.Kinds([]string{"Service"}, func(kind string) bool { return kind == "Service" })), "Service/es Service/mail Service/nobody"},
		"a kind with a word":     {given(r.Holding("Service", []string{"none"})), "Service/nobody"},
		"Roles that name it":     {given(r.RolesFor("Role", "es-token")), "Role/r"},
		"Roles that name none":   {given(r.RolesFor("Role", "other")), ""},
		"pods that name it":      {given(r.Pods([]string{"https://es"})), "Deployment/far"},
		"behind the Service too": {given(r.Behind(r.Nodes[0], all)), "Deployment/web"},
	} {
		if answer[0] != answer[1] {
			t.Errorf("%s: got %s, want %s", question, answer[0], answer[1])
		}
	}
	var naming []string
	for _, doc := range r.Naming([]string{"ES:9200"}, func(kind string, _ []byte) bool { return kind == "Service" }) {
		objects, err := r.In(doc)
		naming = append(naming, given(objects, err))
	}
	if got := strings.Join(naming, " "); got != "Deployment/far Secret/hidden Secret/lines" {
		t.Errorf("what names it, plainly or in base64: %s", got)
	}
	if diff := cmp.Diff([]Counted{{"Deployment", 2}, {"Job", 1}, {"Role", 1}, {"Secret", 2}, {"Service", 3}, {"StatefulSet", 1}, {"other", 1}}, r.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	for name, want := range map[string]bool{"es": true, "mail": true, "nobody": false} {
		s, err := r.Find("", "Service", name)
		if err != nil || r.Picks(s) != want {
			t.Errorf("Service/%s picks a pod: %t, %v", name, !want, err)
		}
	}
}

// TestBehindPorts holds that only ports that count, and that a pod has, lead to it.
func TestBehindPorts(t *testing.T) {
	for ports, want := range map[string]string{
		"": "Deployment/web", "{port: 9200}": "Deployment/web", "{port: 9300}": "", "{port: 9200, targetPort: 80}": "Deployment/web",
		"{port: 9200, targetPort: http}": "Deployment/web", "{port: 9200, targetPort: other}": "",
	} {
		r := releaseIn(t, workload("StatefulSet", "es", "app: search", node)+workload("Deployment", "web", "app: search", "{name: w, image: web, ports: [{name: http}]}")+
			strings.Replace(service("es", "", "{app: search}"), "spec: {", "spec: {ports: ["+ports+"], ", 1))
		found, err := r.Behind(r.Nodes[0], func(_ *object.Object, port string) bool { return port == "9200" })
		if got := names(found); err != nil || got != want {
			t.Errorf("%s: got %s, %v", ports, got, err)
		}
	}
}

// TestSelectors holds which labels a selector picks.
func TestSelectors(t *testing.T) {
	for selector, want := range map[string]bool{
		"": true, "matchLabels: {a: x}": true, "matchLabels: {a: y}": false, "matchLabels: {a: x, c: z}": false,
		"matchExpressions: [{key: a, operator: In, values: [y, x]}]": true, "matchExpressions: [{key: c, operator: In, values: [y]}]": false,
		"matchExpressions: [{key: a, operator: NotIn, values: [x]}]": false, "matchExpressions: [{key: a, operator: NotIn, values: [y]}]": true,
		"matchExpressions: [{key: c, operator: NotIn, values: [x]}]": true,
		"matchExpressions: [{key: a, operator: Exists}]":             true, "matchExpressions: [{key: c, operator: Exists}]": false,
		"matchExpressions: [{key: a, operator: DoesNotExist}]": false, "matchExpressions: [{key: c, operator: DoesNotExist}]": true,
		"matchExpressions: [{key: a, operator: Later}]": true, "matchLabels: {a: x}, matchExpressions: [{key: b, operator: Exists}]": true,
	} {
		s := SelectorOf(yaml.MustParse("spec: {selector: {"+selector+"}}"), "spec", "selector")
		if got := s.Picks(map[string]string{"a": "x", "b": ""}); got != want {
			t.Errorf("%s: got %t", selector, got)
		}
	}
}

// TestVersionOf holds that the tag counts before the label.
func TestVersionOf(t *testing.T) {
	for image, want := range map[string]catalog.Version{
		"x:8.19.2": {Major: 8, Minor: 19, Patch: 2}, "x:latest": {Major: 7, Minor: 17, Patch: 3}, "x": {Major: 7, Minor: 17, Patch: 3},
	} {
		o := &object.Object{Node: yaml.MustParse("metadata: {labels: {app.kubernetes.io/version: 7.17.3}}")}
		if got := VersionOf(o, object.Container{Node: yaml.MustParse("image: " + image)}); got != want {
			t.Errorf("%s: got %v", image, got)
		}
	}
}

// seenIn gives what the processes of a container see, of which the fields are written in YAML, and the release.
func seenIn(t *testing.T, container, rest string) (process.Process, *Release) {
	t.Helper()
	r := releaseIn(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  volumes: [{name: c, configMap: {name: c}}]\n  containers: [{name: a, "+container+"}]\n---\n"+
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"+rest)
	objects, err := r.Named("Pod", "p")
	if err != nil || len(objects) != 1 {
		t.Fatal(objects, err)
	}
	pod, _ := objects[0].Pod()
	return r.Process(pod.Containers()[0]), r
}

// TestChannels holds where a program takes its settings from, by its command line: the files, and its folder.
func TestChannels(t *testing.T) {
	beat := program(t, catalog.Filebeat)
	const home = "/usr/share/filebeat"
	for _, test := range []struct{ args, files, dir, modules string }{
		{"", home + "/filebeat.yml", home, home + "/modules.d/*.yml"},
		{"-c, /etc/beat.yml", "/etc/beat.yml", home, home + "/modules.d/*.yml"},
		{"-c, own.yml", home + "/own.yml", home, home + "/modules.d/*.yml"},
		{"-c, /a.yml, -c, /b.yml", "/a.yml /b.yml", home, home + "/modules.d/*.yml"},
		{"--path.config, /etc", "/etc/filebeat.yml", "/etc", "/etc/modules.d/*.yml"},
		{"--path.config, /etc, -c, own.yml", "/etc/own.yml", "/etc", "/etc/modules.d/*.yml"},
	} {
		seen, _ := seenIn(t, "image: 'x/filebeat:8', args: ["+test.args+"]", "  a: b\n")
		got := ChannelsOf(beat.Files, beat.Dir, seen)
		modules := got.Modules(beat.Files, func(string) string { return "" })
		if strings.Join(got.Files, " ") != test.files || got.Dir != test.dir || modules != test.modules || got.Named != strings.Contains(test.args, "-c") {
			t.Errorf("%s: %+v, modules in %s", test.args, got, modules)
		}
		if said := got.Modules(beat.Files, func(string) string { return "${path.config}/own/*.yml" }); said != got.Dir+"/own/*.yml" {
			t.Errorf("%s: modules that a setting names: %s", test.args, said)
		}
	}
}

func program(t *testing.T, app App) catalog.Program {
	t.Helper()
	p, ok := releaseIn(t, service("x", "", "{}")).Program(app)
	if !ok {
		t.Fatalf("%s is not in the catalog", app)
	}
	return p
}

// TestRefused holds which files of settings a Beat does not take for their modes.
func TestRefused(t *testing.T) {
	beat := program(t, catalog.Filebeat)
	for _, test := range []struct {
		fields, mode string
		refused      bool
	}{
		{"", "0660", true}, {"", "0640", false}, {"args: [--strict.perms=false]", "0660", false}, {"args: [--strict.perms=true]", "0660", true},
		{"args: [--strict.perms]", "0660", true}, {"args: [--strict.perms, 'false']", "0660", true}, {"args: [-E, strict.perms=false]", "0660", true},
		{"env: [{name: BEAT_STRICT_PERMS, value: 'false'}]", "0660", false}, {"env: [{name: BEAT_STRICT_PERMS, value: 'true'}]", "0660", true},
		{"env: [{name: BEAT_STRICT_PERMS, valueFrom: {fieldRef: {}}}]", "0660", false},
	} {
		seen, _ := seenIn(t, "image: 'x/filebeat:8', "+test.fields, "  a: b\n")
		why := Refused(beat.Files, seen, object.File{Path: "/f.yml", Found: object.Mounted, Mode: test.mode})
		if (why != "") != test.refused || test.refused && !strings.HasPrefix(why, "/f.yml has the mode 0660") {
			t.Errorf("%s, mode %s: %q", test.fields, test.mode, why)
		}
	}
}

// TestPipelines holds where Logstash reads its own language: files, texts and lists.
func TestPipelines(t *testing.T) {
	logstash := program(t, catalog.Logstash)
	seen, _ := seenIn(t, "image: 'x/logstash:8', args: [-f, /own/*.txt, -e, 'input {}']", "  a: b\n")
	files := []string{"/usr/share/logstash/pipeline/main", "/usr/share/logstash/pipeline/old~", "/usr/share/logstash/config/logstash.yml",
		"/own/a.txt", "/own/b.yml", "/listed/c", "/any/d.conf"}
	got := strings.Join(PipelineFiles(logstash, seen, []string{"/listed/*"}, files), " ")
	if want := "/usr/share/logstash/pipeline/main /own/a.txt /listed/c /any/d.conf"; got != want {
		t.Errorf("files: got %s\nexpected %s", got, want)
	}
	if texts := PipelineTexts(logstash, seen); len(texts) != 1 || texts[0].Value.Text != "input {}" {
		t.Errorf("texts of the command line: %+v", texts)
	}
	list := yaml.MustParse("- {pipeline.id: a, path.config: /a/*.conf}\n- {path.config: [/b, /c]}\n- {config.string: 'output {}'}\n- word\n")
	patterns, texts := PipelineList(logstash, list)
	if strings.Join(patterns, " ") != "/a/*.conf /b /c" || len(texts) != 1 || texts[0].Value != "output {}" {
		t.Errorf("a list: %v, %d texts", patterns, len(texts))
	}
	if patterns, texts := PipelineList(logstash, yaml.MustParse("path.config: /a")); patterns != nil || texts != nil {
		t.Errorf("what is no list names pipelines: %v", patterns)
	}
}

// TestUnread holds which variables a program surely does not read: none where something is not shown.
func TestUnread(t *testing.T) {
	bit := program(t, catalog.FluentBit)
	const env, mount = "env: [{name: ES_HOST, value: es}, {name: EXTRA_ARGS, value: x}]", "volumeMounts: [{name: c, mountPath: /fluent-bit/etc}]"
	const main = "  fluent-bit.conf: |\n    [OUTPUT]\n        Name es\n"
	for _, test := range []struct{ name, container, files, want string }{
		{"all is shown", "image: 'x/fluent-bit:3', " + mount, main, "ES_HOST"},
		{"a file that is shown is taken in", "image: 'x/fluent-bit:3', " + mount, main + "    @INCLUDE out.conf\n  out.conf: |\n    [OUTPUT]\n", "ES_HOST"},
		{"a file that is not shown is", "image: 'x/fluent-bit:3', " + mount, main + "    @INCLUDE /extra/out.conf\n", ""},
		{"another program", "image: 'x/own:3', " + mount, main, ""},
		{"another program in its image", "image: 'x/fluent-bit:3', command: [own], " + mount, main, ""},
		{"a script that is none", "image: 'x/fluent-bit:3', command: [sh, -c, 'if x )'], " + mount, main, ""},
		{"a configuration in a volume that is not shown", "image: 'x/fluent-bit:3', volumeMounts: [{name: d, mountPath: /d/a.conf}, {name: c, mountPath: /fluent-bit/etc}]", main, ""},
		{"a flag that names another", "image: 'x/fluent-bit:3', args: [-c, /else.conf], " + mount, main, ""},
	} {
		seen, r := seenIn(t, test.container+", "+env, test.files)
		if got := strings.Join(UnreadVariables(bit, seen, r), " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	got := strings.Join(Included("@INCLUDE a.conf\n  include \"/b/*.conf\"\n@include ${HOME}/c\n# include d\n", "/etc"), " ")
	if want := "/etc/a.conf /b/*.conf"; got != want {
		t.Errorf("files that are taken in: %s, want %s", got, want)
	}
}
