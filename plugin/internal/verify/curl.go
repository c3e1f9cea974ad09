package verify

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// healthcheck is the probe of Bitnami's image, which is not in the manifests. It calls the advertised host with -k.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/elasticsearch/healthcheck.sh
const healthcheck = "/opt/bitnami/scripts/elasticsearch/healthcheck.sh"

// call is a request that a container makes by curl or wget.
type call struct {
	shell.Request
	by  caller
	run process.Run
	own *server // that its pod runs; nil for none
}

// curls gives the connections that a container makes by curl, and the calls whose address cannot be read; s is the
// server that its pod runs, nil for none.
func curls(c caller, s *server) (all []*connection, lost []place) {
	for _, run := range slices.Concat(c.runs, scripts(c)) {
		requests := run.Requests()
		if s != nil && run.Has(healthcheck) {
			own := shell.Word{Text: s.scheme() + "://127.0.0.1:" + s.port, Known: true}
			requests = append(requests, shell.Request{Addresses: []shell.Word{own}, Insecure: true}.By(run.Commands[0]))
		}
		if isFile := len(run.Args) > 2 && run.Args[0].Field == nil; !isFile && !run.Whole &&
			strings.Contains(run.Text(), "curl") {
			lost = append(lost, c.place(run))
		}
		isGNU := func(r shell.Request) bool { return len(r.Options) > 0 } // of another nobody knows how it connects
		for _, request := range slices.Concat(requests,
			slices.DeleteFunc(run.Downloads(), func(r shell.Request) bool { return !isGNU(r) })) {
			made, read := call{request, c, run, s}.connection()
			if made != nil {
				all = append(all, made)
			}
			if !read {
				lost = append(lost, c.place(run))
			}
		}
	}
	return all, lost
}

// scripts gives the files of a container that name a server and may be scripts of it, besides those that it is known
// to run.
func scripts(c caller) []process.Run {
	var all []process.Run
	seen := map[*yaml.Node]bool{}
	for _, run := range c.runs {
		if run.Holder != nil {
			seen[run.Args[0].Node] = true
		}
	}
	for _, held := range c.found.Texts(c.Container) {
		if seen[held.Node] {
			continue
		}
		text := string(held.Text)
		run := process.Run{Name: held.Path.String()}
		words := shell.Script(text)
		for _, word := range words {
			run.Args = append(run.Args, process.Arg{Text: word, Node: held.Node})
		}
		run.Commands, run.Whole = shell.Commands(words, c.seen.Given.Word)
		all = append(all, run)
	}
	return all
}

// Where a call goes.
const (
	elsewhere = iota
	toServer
	toOwn // the server in the same pod
	toUnread
)

// target tells where an address of a call leads.
func (c call) target(a address) int {
	switch {
	case a.host == "" && c.own != nil && a.scheme != "": // of the pod's own server, if of any
		return toOwn
	case a.host == "":
		return toUnread
	case route.IsLocal(a.host) && c.own != nil && (a.port == c.own.port || a.port == "" && a.hidden):
		return toOwn
	case !route.IsLocal(a.host) &&
		(len(c.by.serversAt(a)) > 0 || len(c.by.servers) == 0 && c.by.names.Called(a.host) != ""):
		return toServer
	}
	return elsewhere
}

// word takes a word of the call for a value; the variables in it are read with it.
func (c call) word(w shell.Word) value {
	v := value{texts: []string{w.Text}, hidden: !w.Known, at: c.by.place(c.run)}
	v.parts = partsOf(&c.run, w)
	for _, name := range w.From {
		v.parts = append(v.parts, c.by.env[name].parts...)
	}
	return v
}

// dir gives the folder in which the call is made, "" where nothing tells: a script may change it.
func (c call) dir() string {
	if slices.ContainsFunc(c.run.Commands,
		func(cmd shell.Command) bool { return cmd.Program() == "cd" || cmd.Program() == "pushd" }) {
		return ""
	}
	return recognise.WorkingDir(c.by.Container)
}

// connection gives the call as a connection, nil when it does not go to Elasticsearch; read is false where nobody can
// tell.
func (c call) connection() (made *connection, read bool) {
	made = &connection{name: c.run.Name, probe: c.run.Name != process.Main,
		dialer: dialer{caller: c.by, program: "curl", runtime: catalog.Curl(), dir: c.dir()},
		login:  login{unneeded: true}}
	if c.ByWget {
		made.program, made.runtime = "wget", catalog.Wget()
	}
	c.Request, read = c.withFiles()
	known, open := false, false
	for _, w := range c.Addresses {
		v := c.word(w)
		at := parseAddress(w.Text, v)
		switch where := c.target(at); where {
		case elsewhere:
			if c.own != nil && route.IsLocal(at.host) && c.by.isAlone() {
				c.own.row.Probes.fail(at.at, NoWay, "%s leads nowhere: Elasticsearch answers at port %s, and nothing "+
					"else runs in its pod", at.text, c.own.httpPort())
			}
		case toUnread:
			read, open = read && w.Loose, open || w.Loose // perhaps options: curl "$@" https://…
			continue
		case toServer, toOwn:
			made.hosts = append(made.hosts, v)
			made.systemTrust = made.systemTrust || where == toOwn
		}
		known = true
	}
	if read = read && known && !c.Diverted; len(made.hosts) == 0 {
		return nil, read
	}
	c.assumeOthers()
	options := c.curlrc(made)
	c.setOptions(options, made)
	required := c.by.options.required()
	// they may say what is missing
	if open && c.own == nil &&
		(!made.ca.set() && made.unchecked == "" || required && !made.presents() && made.rc == nil) {
		for _, h := range made.hosts {
			c.by.claim(h)
		}
		return nil, false
	}
	return made, read && !options.Diverted && len(options.Addresses) == 0
}

// setOptions puts the options of the call, and of its file of options, into a connection.
func (c call) setOptions(options shell.Request, made *connection) {
	get := func(name string) value {
		w, given := c.Options[name]
		if !given {
			w, given = options.Options[name]
		}
		if w.Text = strings.TrimPrefix(w.Text, "file:"); !given {
			return value{}
		}
		return c.word(w)
	}
	made.ca, made.cert, made.key, made.keyPass = get("cacert"), get("cert"), get("key"), get("pass")
	made.ciphers = get("ciphers")
	if form := get("cert-type"); form.is("P12") {
		made.store, made.storePass, made.cert = made.cert, made.keyPass, value{}
	} else if form.set() && !form.is("PEM") { // DER, or a token of its machine
		made.cert.hidden, made.key.hidden = true, true
		made.cert.at.path = "--cert"
	}
	if folder := get("capath"); folder.set() && !made.ca.set() {
		folder.hidden = true
		folder.at.path = "--capath"
		made.ca = folder
	}
	if highest := get("tls-max"); highest.set() {
		made.speaks = versions{setting: highest}
		for v := 12; v <= version(highest.text()); v++ {
			made.speaks.all = append(made.speaks.all, v)
		}
	}
	made.others = append(slices.Clone(c.Others), options.Others...)
	made.proxy = get("proxy")
	made.ofEnvironment(get("noproxy"), c.Variable)
	if c.Insecure || options.Insecure {
		made.unchecked = shell.CurlInsecure
	}
	if c.ByWget && made.presents() {
		made.notes = &Aspect{}
		made.notes.assume("%s: the wget of its image is GNU Wget: that of BusyBox knows none of these options", c.by)
	}
}

// assumeOthers names the programs of a container that get a variable with the address of a call, too: they may call as
// well.
func (c call) assumeOthers() {
	_, unmanaged := c.by.exempt.reason(c.by.object.ID, c.by.Name)
	if unmanaged || isKnown(c.by.release, c.by.Node) {
		return
	}
	for _, w := range c.Addresses {
		for _, name := range w.From {
			if c.by.names.Calls(c.by.env[name].text()) == "" {
				continue
			}
			for _, program := range c.by.seen.Programs() {
				c.by.loose.assume("%s: %s, which gets %s too, calls that with a certificate, or not at all", c.by,
					or(program, "the program of its image"), name)
			}
		}
	}
}

// isKnown tells whether a container runs a program that is known, which reads no variables of others.
func isKnown(release *recognise.Release, container *yaml.Node) bool {
	is := func(w *recognise.Workload) bool { return w.Main.Node == container }
	return slices.ContainsFunc(slices.Concat(release.Nodes, release.Unmanaged, release.Kibanas, release.Clients), is)
}

// withFiles adds what the files of options say that a call names; read is false where one of them cannot be read.
func (c call) withFiles() (all shell.Request, read bool) {
	all, read = c.Request, true
	for _, w := range c.Files {
		if !w.Known || !path.IsAbs(w.Text) {
			return all, false
		}
		l := c.by.follow(w.Text, c.by.place(c.run))
		if l.Content.Text == nil {
			return all, false
		}
		joined, same := all.Join(shell.Config(string(l.Content.Text)))
		all, read = joined, read && same
	}
	return all, read
}

// curlrc reads the file of options that curl finds by its environment. https://curl.se/docs/manpage.html#-K
func (c call) curlrc(made *connection) shell.Request {
	home, known := c.Variable(shell.CurlHome)
	if home.Text == "" && !known {
		home, known = c.Variable("HOME")
	}
	switch {
	case c.IgnoresFiles || !known:
		return shell.Request{}
	case !home.Known:
		made.rc = &link{File: object.File{Path: "the .curlrc in a folder that only a run knows"}, at: made.hosts[0].at}
		return shell.Request{}
	}
	at := c.by.env[shell.CurlHome].at
	if !c.Hands(shell.CurlHome) {
		at = made.hosts[0].at
	}
	l := c.by.follow(path.Join(home.Text, shell.CurlFile), at)
	if l.code != "" || l.Content.Text == nil {
		made.rc = &l
	}
	return shell.Config(string(l.Content.Text))
}
