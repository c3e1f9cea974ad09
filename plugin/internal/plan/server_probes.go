package plan

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// planProbes plans the probes of a node that the kubelet makes itself: it has no certificate to present. Probes that
// run a command in the container are served by CURL_HOME.
func planProbes(p step, w *recognise.Workload, conf *configuration) error {
	for _, name := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		probe := object.Get(w.Main.Node, name)
		if probe == nil {
			continue
		}
		if usesWget(p.seen(w.Main), name) {
			return problem.New(problem.NoCertificate, "container %q: %s runs wget, which takes no certificate from "+
				"the environment", w.Main.Name, name).
				Do("use curl, which does")
		}
		get := object.Get(probe, "httpGet")
		if get == nil || !onHTTPPort(w, conf, get) {
			continue
		}
		at := containerPath(w.Main).Field(name)
		p.set(w.Object, at.Field("httpGet"), nil, "the kubelet has no certificate to present", linkProbe)
		if hasCurl(p.seen(w.Main)) {
			askByCurl(p, w, at, probe, httpPort(conf))
			continue
		}
		p.set(w.Object, at.Field("tcpSocket"), patch.Map(patch.F("port", object.Get(get, "port"))),
			"the kubelet has no certificate to present", linkProbe)
		p.action(w.ID, "%s of container %q became a tcpSocket probe, which is weaker: it tells that the port is "+
			"open, not that the node answers", name, w.Main.Name)
	}
	for _, hook := range []string{"postStart", "preStop"} {
		if usesWget(p.seen(w.Main), "lifecycle."+hook) {
			return problem.New(problem.NoCertificate, "container %q: lifecycle.%s runs wget, which takes no "+
				"certificate from the environment", w.Main.Name, hook).
				Do("use curl, which does")
		}
		if get := object.Get(w.Main.Node, "lifecycle", hook, "httpGet"); get != nil && onHTTPPort(w, conf, get) {
			return problem.New(problem.NoCertificate, "container %q: lifecycle.%s is an httpGet, for which the "+
				"kubelet has no certificate to present", w.Main.Name, hook).
				Do("use exec with curl")
		}
	}
	return probesOfOthers(p, w, conf)
}

// probesOfOthers refuses probes of other containers that go to Elasticsearch: containers of a pod share their ports.
func probesOfOthers(p step, w *recognise.Workload, conf *configuration) error {
	for _, c := range w.Pod.All() {
		for _, name := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
			get := object.Get(c.Node, name, "httpGet")
			if c.Name != w.Main.Name && get != nil && object.Text(get, "port") == httpPort(conf) &&
				!p.listed(w.ID, c.Name) {
				return problem.New(problem.NoCertificate, "container %q: %s is an httpGet on port %s, which is "+
					"Elasticsearch's; the kubelet has no certificate to present", c.Name, name, httpPort(conf)).
					Do("use exec with curl")
			}
		}
	}
	return nil
}

// usesWget tells whether a probe or hook runs wget, also in a script that is mounted.
func usesWget(seen process.Process, name string) bool {
	isWget := func(w shell.Word) bool { return path.Base(w.Text) == "wget" }
	return slices.ContainsFunc(seen.Runs, func(r process.Run) bool {
		return r.Name == name && (!r.Whole && strings.Contains(r.Text(), "wget ") ||
			slices.ContainsFunc(r.Commands, func(c shell.Command) bool {
				return !c.IsPrint() && slices.ContainsFunc(c.Words, isWget)
			}))
	})
}

// httpPort gives the port of Elasticsearch's HTTP layer: as it is set, else the container's port of that name, else
// the default.
func httpPort(conf *configuration) string {
	if port := conf.get(catalog.HTTPPort).Value(); port != "" {
		return port
	}
	for _, c := range object.Items(conf.w.Main.Node, "ports") {
		if object.Text(c, "name") == conf.w.Layout.PortName {
			return object.Text(c, "containerPort")
		}
	}
	return "9200"
}

// onHTTPPort tells whether an httpGet goes to Elasticsearch's HTTP port, by number or by name.
func onHTTPPort(w *recognise.Workload, conf *configuration, get *yaml.Node) bool {
	port := object.Text(get, "port")
	for _, c := range object.Items(w.Main.Node, "ports") {
		if object.Text(c, "name") == port {
			port = object.Text(c, "containerPort")
		}
	}
	return port == httpPort(conf)
}

// hasCurl tells whether something says that the image of a container has curl.
func hasCurl(seen process.Process) bool {
	repository, _ := seen.Image()
	return repository == "elasticsearch" || usesCurl(seen)
}

// askByCurl plans the request of an httpGet with curl: like the kubelet it checks no certificate and takes every
// status below 400. Where a header may be a credential, curl gives up before the kubelet does, which writes the
// command of a probe that runs out of time into an event.
func askByCurl(p step, w *recognise.Workload, at patch.Path, probe *yaml.Node, port string) {
	get := object.Get(probe, "httpGet")
	command := []string{"curl", "--silent", "--fail", shell.CurlInsecure, "--output", "/dev/null"}
	isOpen := true
	for _, h := range object.Items(get, "httpHeaders") {
		name := object.Text(h, "name")
		isOpen = isOpen && slices.Contains([]string{"accept", "content-type", "host", "user-agent"},
			strings.ToLower(name))
		command = append(command, "--header", name+": "+object.Text(h, "value"))
	}
	if !isOpen {
		given, err := strconv.Atoi(object.Text(probe, "timeoutSeconds"))
		if err != nil {
			// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
			given = 1
		}
		command = append(command, "--max-time", strconv.Itoa(given))
		p.set(w.Object, at.Field("timeoutSeconds"), patch.Int(given+1),
			"curl ends before the kubelet gives up, whose message would hold the header", linkProbe)
	}
	host := or(object.Text(get, "host"), "127.0.0.1")
	command = append(command, "https://"+host+":"+port+"/"+strings.TrimPrefix(object.Text(get, "path"), "/"))
	p.set(w.Object, at.Field("exec"), patch.Map(patch.F("command", patch.Strs(command...))),
		"the same request, made by curl in the container", linkProbe)
}
