package plan

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// renewing sets what makes a program take up renewed files of a connection by itself, and notes them where it does not:
//
//	its version reloads   the files are            its switches           it
//	no, or nothing tells  any                      any                    reads them once
//	yes                   mounted by subPath       any                    reads them once
//	yes                   made by a container      any                    reads them once
//	yes                   others                   off, or not shown      reads them once
//	yes                   others                   on, or set here        reloads, some without the CA
//
// Logstash does not start with one of its two switches alone: there, one that is off is an error.
func renewing(p step, w *recognise.Workload, c *connection, id identity) error {
	ca, pair := []string{c.keys.CA, c.keys.Trust}, []string{c.keys.Cert, c.keys.Key, c.keys.Store}
	files, followed := c.reads(p.In, w, id, append(ca, pair...)...)
	if len(files) == 0 {
		return nil
	}
	r, ok := catalog.RenewalOf(p.renewalsOf(w), recognise.VersionOf(w.Object, w.Main))
	if ok && followed {
		reloads, err := switchOn(p, w, c, r)
		switch {
		case err != nil:
			return err
		case reloads && r.CAOnce:
			files, _ = c.reads(p.In, w, id, ca...)
		case reloads:
			return nil
		}
	}
	readsOnce(p.Part, w, files...)
	return nil
}

func (in *In) renewalsOf(w *recognise.Workload) []catalog.Renewal {
	if known, ok := in.release.Program(w.App); ok {
		return known.Renewals
	}
	return catalog.ServerRenewals(w.App)
}

// ready gives the program that `as` of a rule names.
func (in *In) ready(as string) catalog.Program {
	for _, known := range in.release.Ruled() {
		if known.As == as {
			return known
		}
	}
	return catalog.Program{}
}

// reads gives the keys of Secrets and ConfigMaps behind settings of a connection, and whether a running container sees
// when they change.
func (c *connection) reads(in *In, w *recognise.Workload, id identity, names ...string) (all []object.Source,
	followed bool) {
	followed = true
	cert, key := secretKey(w.Object, id.secret, id.cert), secretKey(w.Object, id.secret, id.key)
	ours := map[string]object.Source{c.keys.CA: id.ca, c.keys.Cert: cert, c.keys.Key: key}
	for _, name := range names {
		values, planned := c.planned[name]
		if s := c.store.get(name); !planned && s != nil {
			values = s.Values
		}
		for _, value := range values {
			if value == keystorePath {
				all, followed = append(all, cert, key), false
				continue
			}
			if strings.HasPrefix(value, c.pairs()+"/") {
				all = append(all, ours[name])
				continue
			}
			if file := fileBehind(in, w, c, value); file.Key() {
				m, _ := w.Main.MountOf(file.Path)
				all, followed = append(all, file.Source), followed && m.SubPath == "" && m.SubPathExpr == ""
			}
		}
	}
	return all, followed
}

const whyReload = "reloads a renewed certificate without a restart"

// switchOn tells whether the switches of a program are on, and sets those that nobody sets.
func switchOn(p step, w *recognise.Workload, c *connection, r catalog.Renewal) (bool, error) {
	if w.App == catalog.Logstash {
		return logstashReloads(p, w, r)
	}
	_, inFile := c.store.(yamlStore)
	for _, name := range r.Switches {
		s := c.store.get(name)
		switch {
		case s == nil && r.Default:
		case s == nil && !inFile || s != nil && (s.Hidden || s.Value() != "true"):
			return false, nil
		case !r.Default:
			p.put(w, c, name, patch.Bool(true), whyReload)
		}
	}
	return true, nil
}

// logstashReloads is switchOn for Logstash, whose switches are its own and not those of a connection. Its image makes
// settings of variables where it may write its file: https://www.elastic.co/guide/en/logstash/8.19/docker-config.html
func logstashReloads(p step, w *recognise.Workload, r catalog.Renewal) (bool, error) {
	known, _ := p.release.Program(w.App)
	file, shown, err := logstashFile(p.In, w, known)
	if err != nil || !shown {
		return false, err
	}
	env := environmentOf(p, w, func(key string) []string { return []string{known.Env(key, catalog.Version{}), key} })
	var wanted []string
	for _, name := range r.Switches {
		s := env.get(name)
		if s == nil && file != nil {
			s = yamlStore{file: file}.get(name)
		}
		switch {
		case s == nil, file != nil && s.object == file.object && s.Value() == "true":
			wanted = append(wanted, name)
		case s.Hidden:
			return false, nil
		case s.Value() != "true":
			return false, problem.New(problem.InTheWay, "%s is %q in %s: Logstash reloads a renewed certificate only "+
				"with %s, and does not start with one of them alone", name, s.Value(), s.Place,
				strings.Join(r.Switches, " and ")).
				At(name).Do("remove it")
		}
	}
	if file == nil && !isOfElastic(w) {
		return len(wanted) == 0, nil
	}
	for _, name := range wanted {
		if file == nil {
			setEnv(p, w.Object, w.Main, known.Env(name, catalog.Version{}), "true", whyReload, r.Link)
			continue
		}
		o, e := yamlStore{file: file}.put(name, patch.Bool(true))
		inFileOf(p, w, e, o, whyReload, r.Link)
	}
	return true, nil
}

// logstashFile gives the file with Logstash's own settings, nil where none is mounted; shown is false where the stream
// does not hold it.
func logstashFile(in *In, w *recognise.Workload, known catalog.Program) (file *embedded, shown bool, err error) {
	for _, name := range known.Files.Paths {
		at := w.Main.Resolve(name, in.release)
		switch {
		case at.Key() && at.State == object.NotShown:
			return nil, false, nil
		case at.Key():
			file, err = openFile(w, at)
			return file, file != nil, err
		}
	}
	return nil, true, nil
}

// isOfElastic tells whether an image is one whose script makes settings of variables. A copy in another registry may
// have another script.
func isOfElastic(w *recognise.Workload) bool {
	image := object.Text(w.Main.Node, "image")
	for _, registry := range []string{"docker.elastic.co/logstash/", "logstash:", "docker.io/logstash:",
		"docker.io/library/logstash:"} {
		if strings.HasPrefix(image, registry) {
			return true
		}
	}
	return false
}
