package plan

import (
	"path"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// trustedCA is one file of certificate_authorities.
type trustedCA struct {
	path   string
	source object.Source
	known  bool   // the source is
	why    string // it is not
}

// trustedBy gives the CAs that a node lists, in the user's order, and which of them is the server's own. One that is
// not listed is added: the node's probe presents the server's pair.
func trustedBy(p step, w *recognise.Workload, conf *configuration, server identity) (all []trustedCA, own int,
	err error) {
	s := conf.get(settingCAs)
	if s != nil && s.Hidden {
		return nil, 0, problem.New(problem.Elsewhere, "%s comes from elsewhere in %s, so that it cannot be read: it "+
			"must list the server's CA and the clients' CA", settingCAs, s.Place).At(settingCAs).
			Do("write the paths there as they are")
	}
	name := or(p.settings.Certificates.Keys.CA, fileCA)
	own = -1
	if s != nil {
		for i, file := range s.Values {
			t := trustedCA{path: file}
			found := conf.source(file)
			t.source, t.known, t.why = found.Source, found.Key(), because(found)
			all = append(all, t)
			if own < 0 && t.known && t.source.Name == server.secret && t.source.Key == name {
				own = i
			}
		}
	}
	if own < 0 && len(all) == 1 && !refutes(p, all[0], server, w) {
		own = 0
	}
	if own < 0 {
		own = len(all)
		beside := trustedCA{path: path.Join(path.Dir(conf.get(httpSSL+"certificate").Value()), name), known: true}
		beside.source = secretKey(w.Object, server.secret, name)
		all = append(all, beside)
		if server.secret != "" {
			err = checkHolds(p, beside.source)
		}
	}
	return all, own, err
}

// refutes tells whether the stream shows that a CA did not sign the server's certificate.
func refutes(p step, ca trustedCA, server identity, w *recognise.Workload) bool {
	leaf, cas := chainOf(p, secretKey(w.Object, server.secret, server.cert)), chainOf(p, ca.source)
	return leaf != nil && cas != nil && certificate.ChainsTo(leaf, cas) != nil
}

func paths(cas []trustedCA) []string {
	var all []string
	for _, t := range cas {
		all = append(all, t.path)
	}
	return all
}

// followCAs gives the Secrets behind a list of CAs; nil when one of them cannot be followed.
func followCAs(p step, w *recognise.Workload, cas []trustedCA) []object.Source {
	var all []object.Source
	for _, t := range cas {
		if !t.known {
			p.assume(w.ID, "%s lists %q, which no Secret or ConfigMap of the pod holds%s: clients of that CA are "+
				"accepted as well", settingCAs, t.path, t.why)
			return nil
		}
		all = append(all, t.source)
	}
	return all
}
