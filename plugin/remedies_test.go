package plugin

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// attempt is a user who follows messages: an input and a configuration, which both change.
type attempt struct {
	t        *testing.T
	input    string
	settings config.Settings
	listed   int // under unmanaged
}

// remedy is what a user does who reads a hint: the first thing that it names.
type remedy struct {
	code  problem.Code
	hint  string // how the hint begins
	apply func(a *attempt, p problem.Problem)
}

// Secrets outside the input that the user of the tests has made.
const (
	ownPair, ownLogin, ownKibana = "remedy-tls", "remedy-elastic", "remedy-kibana"
	useRule, isListed            = "give the container a rule", "configure a certificate by the chart's values and list it"
)

// remedies has a row for each message. A message without one fails the test.
func remedies() []remedy {
	return []remedy{
		{problem.Input, "convert it to UTF-8", func(a *attempt, _ problem.Problem) { a.input = inUTF8(a.input) }},
		{problem.Input, "correct that document", func(a *attempt, _ problem.Problem) {
			a.input = indented.ReplaceAllString(inUTF8(a.input), "$1")
		}},
		{problem.Input, "write that place in block style", func(a *attempt, _ problem.Problem) { a.input = edited(a.t, a.input, func(map[string]any) {}) }},
		{problem.UnknownForm, "render it first", func(a *attempt, _ problem.Problem) {
			a.input = manifestsOf(a.t, editable(a.t, a.input)[0].(map[string]any)["objects"].([]any))
		}},
		{problem.Stranger, useRule, addRule},
		{problem.Stranger, "", func(*attempt, problem.Problem) {}}, // of an object that another line has a hint for
		{problem.Stranger, isListed, listObject},
		{problem.Stranger, "configure certificates for all of this container", listObject},
		{problem.Stranger, "let it present a certificate", listObject},
		{problem.Stranger, "mount a PKCS#12 store", listObject},
		{problem.Stranger, "put a proxy that presents one into its pod", listObject},
		{problem.Stranger, "remove it if nothing reads it", removePlace},
		{problem.InTheWay, "remove", removeField},
		{problem.Login, "remove", func(a *attempt, p problem.Problem) {
			removeField(a, p)
			removeField(a, p.At("elasticsearch.password"))
		}},
		{problem.TwoPlaces, "remove one of them", func(a *attempt, p problem.Problem) { removeField(a, p) }},
		{problem.PlainHTTP, "name", func(a *attempt, p problem.Problem) {
			nameSecret(a, p)
			a.settings.Minter.SecretName = ownLogin
		}},
		{problem.PlainHTTP, "use https://", func(a *attempt, _ problem.Problem) { a.input = secureURL.ReplaceAllString(a.input, "https://$1") }},
		{problem.NoPair, "name", nameSecret},
		{problem.NotShown, "bring that object into the input", bring},
		{problem.TooOld, "mount a fluent.conf", mountFluent},
		{problem.UnfitPair, "name a Secret", nameSecret},
		{problem.UnfitPair, "name its CA in certificates.clientCA", func(a *attempt, p problem.Problem) {
			name, _, _ := strings.Cut(strings.TrimPrefix(p.Text, "Secret/"), " ")
			a.settings.Certificates.ClientCA.SecretName = name
		}},
		{problem.NoAddress, "name the one in elasticsearch.url", func(a *attempt, p problem.Problem) {
			_, several, _ := strings.Cut(p.Text, "several: ")
			host, _, _ := strings.Cut(several, " ")
			a.settings.Elasticsearch.URL = "https://" + strings.TrimSuffix(host, ",") + ":9200"
		}},
		{problem.ProbePair, "name a Secret", nameSecret},
		{problem.EarlyHook, "name a Secret", nameSecret},
		{problem.NoKey, "name the keys", func(a *attempt, p problem.Problem) { nameSecret(a, p) }},
		{problem.NoAddress, "name it in elasticsearch.url", func(a *attempt, _ problem.Problem) {
			a.settings.Elasticsearch.URL = "https://" + a.server() + ":9200"
		}},
		{problem.NoAddress, "set --es.uri", func(a *attempt, p problem.Problem) {
			a.tell(p, "--es.uri=https://"+a.server()+":9200")
		}},
		{problem.NoCredentials, "name their Secret in minter.secretName", func(a *attempt, _ problem.Problem) { a.settings.Minter.SecretName = ownLogin }},
		{problem.NoCredentials, "name its Secret in password.secretName", func(a *attempt, _ problem.Problem) { a.settings.Password.SecretName = ownKibana }},
		{problem.TokenSecret, "pass --no-hooks", func(a *attempt, _ problem.Problem) { a.settings.Hooks = "off" }},
		{problem.TokenSecret, "remove the volume", func(a *attempt, _ problem.Problem) { a.settings.Token.SecretName = "remedy-token" }},
		{problem.NoCertificate, "use curl", func(a *attempt, _ problem.Problem) { a.input = wget.ReplaceAllString(a.input, "curl -fsS ") }},
		{problem.NoCertificate, "remove that option", func(a *attempt, _ problem.Problem) { a.input = quiet.ReplaceAllString(a.input, "curl ") }},
		{problem.NoCertificate, "remove", func(a *attempt, _ problem.Problem) {
			a.input = curlHome.ReplaceAllString(a.input, "")
			removeSetting(a, "CURL_HOME")
		}},
		{problem.TooOld, "take an image of version 7", newImages},
		{problem.TooOld, "use a later", newImages},
		{problem.Operator, "stay with clientAuthentication: optional", func(a *attempt, _ problem.Problem) { a.settings.ClientAuthentication = config.Optional }},
		{problem.Stage, "make them agree", func(a *attempt, p problem.Problem) { removeSetting(a, p.Field) }},
		{problem.RenderedKey, "give the node", nameSecret},
	}
}

var (
	refNamed  = regexp.MustCompile(`\(ref: ([^)]*)\)`)
	secureURL = regexp.MustCompile(`http://([a-z0-9.-]+:9200)`)
	wget      = regexp.MustCompile(`wget (-\S+ )*`)
	indented  = regexp.MustCompile(`(?m)^( +)\t`)
	quiet     = regexp.MustCompile(`curl -q\s+`)
	curlHome  = regexp.MustCompile(`CURL_HOME=\S+ |env -i `)
	notShown  = regexp.MustCompile(`from ConfigMap/(\S+) key "([^"]+)"`)
	variable  = regexp.MustCompile(`in env "([^"]+)"`)
	spot      = regexp.MustCompile(`(?:(args|command) (\d+)|env "([^"]+)")`)
	old       = regexp.MustCompile(`((?:elasticsearch|kibana|logstash)(?:-oss)?):[5-8]\.\d+\.\d+`)
)

func refOf(p problem.Problem) string {
	if m := refNamed.FindStringSubmatch(p.Hint); m != nil {
		return m[1]
	}
	return p.Object.String()
}

// nameSecret names a Secret of one's own where the hint says so first: for one client, or for all.
func nameSecret(a *attempt, p problem.Problem) {
	client, all := strings.Index(p.Hint, "certificates.clients"), strings.Index(p.Hint, "certificates.secretName")
	if client >= 0 && (all < 0 || client < all) {
		a.settings.Certificates.Clients = append(a.settings.Certificates.Clients, config.Client{Ref: refOf(p), SecretName: ownPair})
		return
	}
	a.settings.Certificates.SecretName = ownPair
}

func addRule(a *attempt, p problem.Problem) {
	ref := strings.TrimSuffix(strings.SplitN(strings.SplitN(p.Hint, "ref: ", 2)[1], ")", 2)[0], ",")
	rule := config.Rule{Ref: ref, MountPath: "/etc/elk-mtls"}
	if strings.Contains(p.Hint, "as: curl") {
		rule = config.Rule{Ref: ref, As: "curl"}
	}
	if !slices.ContainsFunc(a.settings.Rules, func(r config.Rule) bool { return r.Ref == ref }) {
		a.settings.Rules = append(a.settings.Rules, rule)
	}
}

func listObject(a *attempt, p problem.Problem) {
	if !slices.ContainsFunc(a.settings.Unmanaged, func(u config.Unmanaged) bool { return u.Ref == refOf(p) }) {
		a.settings.Unmanaged = append(a.settings.Unmanaged, config.Unmanaged{Ref: refOf(p), Reason: "it has a certificate by its own configuration"})
	}
	a.listed++
}

// removeField removes a setting where the message says that it is: by its name, or as the variable that stands for it.
func removeField(a *attempt, p problem.Problem) {
	removeSetting(a, p.Field)
	if m := variable.FindStringSubmatch(p.Text); m != nil {
		removeSetting(a, m[1])
	}
}

// removePlace removes the argument or the variable that a message is about.
func removePlace(a *attempt, p problem.Problem) {
	m := spot.FindStringSubmatch(p.Text)
	if m == nil {
		a.t.Errorf("the message says no place: %s", p.Text)
		return
	}
	a.container(p, func(_, c map[string]any) {
		if m[2] == "" {
			takeOut(c, "", spelled(m[3]))
			return
		}
		words, _ := c[m[1]].([]any)
		n, _ := strconv.Atoi(m[2])
		from := n - 1
		if from > 0 && words[from-1] == "-E" {
			from--
		}
		c[m[1]] = slices.Delete(words, from, n)
	})
}

func removeSetting(a *attempt, setting string) {
	if setting == "" {
		a.t.Error("the problem names no setting")
	}
	a.input = edited(a.t, a.input, func(o map[string]any) { takeOut(o, "", spelled(setting)) })
}

// bring adds the object that a client reads its settings from.
func bring(a *attempt, p problem.Problem) {
	m := notShown.FindStringSubmatch(p.Text)
	a.input += fmt.Sprintf("\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata:\n  %s: |\n    output.elasticsearch:\n      hosts: ['https://%s:9200']\n",
		m[1], m[2], a.server())
}

// mountFluent mounts a configuration in place of the one that is in the image.
func mountFluent(a *attempt, p problem.Problem) {
	const conf = "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: remedy-fluent}\ndata:\n  fluent.conf: |\n" +
		"    <match **>\n      @type elasticsearch\n      hosts https://%s:9200\n    </match>\n"
	a.container(p, func(spec, c map[string]any) {
		c["env"] = slices.DeleteFunc(c["env"].([]any), func(e any) bool {
			return strings.HasPrefix(e.(map[string]any)["name"].(string), "FLUENT_ELASTICSEARCH_")
		})
		mounts, _ := c["volumeMounts"].([]any)
		c["volumeMounts"] = append(mounts, map[string]any{"name": "remedy", "mountPath": "/fluentd/etc"})
		volumes, _ := spec["volumes"].([]any)
		spec["volumes"] = append(volumes, map[string]any{"name": "remedy", "configMap": map[string]any{"name": "remedy-fluent"}})
	})
	a.input += fmt.Sprintf(conf, a.server())
}

func newImages(a *attempt, _ problem.Problem) {
	a.input = strings.ReplaceAll(old.ReplaceAllString(a.input, "$1:8.19.0"), "-oss:", ":")
}

// server names the first Service of the input.
func (a *attempt) server() string {
	for _, one := range editable(a.t, a.input) {
		if o, _ := one.(map[string]any); o["kind"] == "Service" {
			return o["metadata"].(map[string]any)["name"].(string)
		}
	}
	return "elasticsearch"
}

// tell adds an argument to the container that a problem is about.
func (a *attempt) tell(p problem.Problem, argument string) {
	a.container(p, func(_, c map[string]any) {
		args, _ := c["args"].([]any)
		c["args"] = append(args, argument)
	})
}

// container changes the container that a problem is about.
func (a *attempt) container(p problem.Problem, change func(spec, c map[string]any)) {
	kind, name, _ := strings.Cut(p.Object.String(), "/")
	a.input = edited(a.t, a.input, func(o map[string]any) {
		if o["kind"] != kind || o["metadata"].(map[string]any)["name"] != name {
			return
		}
		spec := o["spec"].(map[string]any)
		if template, ok := spec["template"].(map[string]any); ok {
			spec = template["spec"].(map[string]any)
		}
		for _, one := range append(spec["containers"].([]any), several(spec["initContainers"])...) {
			if c := one.(map[string]any); strings.Contains(p.Text, `"`+c["name"].(string)+`"`) {
				change(spec, c)
			}
		}
	})
}

func several(value any) []any {
	all, _ := value.([]any)
	return all
}

// inputs gives every rendering, case and golden: what is beside the project where it is there.
func inputs(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"testdata/charts/*/input.yaml", "../../shared/cases/render/*.y*ml", "../../shared/renders/*.y*ml", "../../shared/renders-living/*.y*ml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Logf("LEFT OUT: nothing in %s", pattern)
		}
		all = append(all, files...)
	}
	isOurs := func(name string) bool {
		return strings.HasSuffix(name, ".config.yaml") || filepath.Base(name) == "minter.yaml"
	}
	return slices.DeleteFunc(all, isOurs)
}

// follow does what the messages say, at most three times, and gives what is said after that. A broken input still has a
// fault then, and no other.
func (a *attempt) follow(used map[string]int, fault verify.Code) error {
	for round := 0; ; round++ {
		output, _, err := transform([]byte(a.input), a.settings)
		if err == nil {
			graph := verified(a.t, output, a.settings)
			if round == 0 && fault == "" || slices.Equal(codes(graph), faults(fault)) {
				return nil
			}
			return fmt.Errorf("after %d rounds it passes, and verify says:\n%s", round, graph.Text())
		}
		if round == 3 {
			return fmt.Errorf("after three rounds:\n%w", err)
		}
		for _, p := range problem.All(err) {
			if err := a.apply(p, used); err != nil {
				return err
			}
		}
	}
}

func faults(fault verify.Code) []verify.Code {
	if fault == "" {
		return nil
	}
	return []verify.Code{fault}
}

func (a *attempt) apply(p problem.Problem, used map[string]int) error {
	for _, r := range remedies() {
		if r.code == p.Code && strings.HasPrefix(p.Hint, r.hint) && (r.hint != "" || p.Hint == "") {
			used[string(r.code)+" "+r.hint]++
			r.apply(a, p)
			return nil
		}
	}
	return fmt.Errorf("no row for %s: %w", p.Code, p)
}

// unmended are inputs that do not pass yet, each with the reason. One that passes must leave the list.
func unmended() map[string]string {
	return map[string]string{
		"renders/stable-kibana-3.2.8.yaml": "its import by a rule is refused once more, in a fourth round",
	}
}

// brokenInputs do not work as they are, by a fault that no certificate mends.
func brokenInputs() map[string]verify.Code {
	return map[string]verify.Code{
		"cases/render/21-externalname-and-selectorless.yaml": verify.NoWay,      // pods by a Service that is not headless
		"cases/render/36-exporter-uri-variable.yaml":         verify.NoIdentity, // a user name and no password
	}
}

// TestRemedies does what each message says first, for every input that there is: it passes after three rounds at most, and is proven then.
func TestRemedies(t *testing.T) {
	used, listed := map[string]int{}, 0
	all := inputs(t)
	for i, file := range all {
		if testing.Short() && i%5 != 0 {
			continue
		}
		t.Run(strings.TrimPrefix(file, "../../shared/"), func(t *testing.T) {
			a := &attempt{t: t, input: string(read(t, file)), settings: settingsOf(t, filepath.Join(filepath.Dir(file), "config.yaml"))}
			name := strings.TrimPrefix(file, "../../shared/")
			reason, err := unmended()[name], a.follow(used, brokenInputs()[name])
			switch {
			case err != nil && reason == "":
				t.Error(err)
			case err == nil && reason != "":
				t.Error("it passes now: take it off the list")
			}
			if a.listed > 0 {
				listed++
			}
		})
	}
	t.Logf("%d inputs, %d with something under unmanaged; %v", len(all), listed, used)
	if listed*10 > len(all) {
		t.Errorf("in %d of %d inputs the remedy is unmanaged: in more than one of ten", listed, len(all))
	}
}
