package plan

import (
	"errors"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// trust is what becomes of the setting by which a connection trusts a CA.
type trust int

const (
	noTrust   trust = iota // nothing: it reads none
	ourCA                  // it names the CA in the client's volume
	insteadOf              // so too, as there is no file where it points
	itsOwn                 // it stays: a Secret or ConfigMap of the pod holds the file
	assumed                // it stays: the file may be there
)

// trustOf decides about that setting:
//
//	it checks   names    the file is                         the configuration names   comes out
//	no          any      any                                 any                       nothing
//	yes         nothing  -                                   any                       ours
//	yes         ours     any                                 any                       ours
//	yes         a file   a key of a Secret or ConfigMap      the same Secret, or none  its own
//	yes         a file   anything else                       set                       ours
//	yes         a file   where nothing is                    none                      ours, instead
//	yes         a file   elsewhere                           none                      assumed
func trustOf(checks, names, isOurs, isKey, isNamed, dangles, named bool) trust {
	switch {
	case !checks:
		return noTrust
	case !names, isOurs, named && !isNamed:
		return ourCA
	case dangles:
		return insteadOf
	case isKey:
		return itsOwn
	}
	return assumed
}

func connectCA(p step, w *recognise.Workload, c *connection, id identity) error {
	file := caFile(p.In, w, c)
	_, named := caNamed(p.In, w.Object)
	isNamed, isOurs := file.Key() && file.Source == id.ca, strings.HasPrefix(c.ca(), c.pairs()+"/")
	switch trustOf(c.checks(), c.ca() != "", isOurs, file.Key(), isNamed, dangles(file), named) {
	case ourCA:
		id, ca := caOf(p, w, c, id)
		putFile(p, w, c, id, c.keys.CA, ca, c.keys.CAIsList, "the CA that signed the server's certificate")
	case insteadOf:
		id, ca := caOf(p, w, c, id)
		putFile(p, w, c, id, c.keys.CA, ca, c.keys.CAIsList, "no file is where it pointed; this is the CA "+
			"that signed the server's certificate")
	case itsOwn:
		if v := c.keys.Verify; v.Name != "" && v.IsOff(c.store.get(v.Name).Value()) {
			return readable(w.Main, file)
		}
		return errors.Join(readable(w.Main, file), signs(p, file.Source, nodeCalled(p.In, w, c)))
	case assumed:
		p.assume(w.ID, "container %q: %s stays (%s): the file must be there, and hold the CA that signed the "+
			"server's certificate%s", w.Main.Name, c.keys.CA, c.store.get(c.keys.CA).Place, because(file))
	}
	return nil
}

// caOf gives the file with the CA of the server that a connection calls: where a pod calls servers of several CAs,
// each has a file.
func caOf(p step, w *recognise.Workload, c *connection, id identity) (with identity, file string) {
	called := nodeCalled(p.In, w, c)
	known := p.nodes.of(called)
	if known == nil || id.of == nil || called == id.of || known.ca.Name == "" || known.ca == id.ca ||
		!visible(w.Object, known.ca) {
		return id, fileCA
	}
	file = "ca-" + called.Name + ".crt"
	id.cas = append(slices.Clone(id.cas), fileItem{known.ca.In(w.Namespace), file})
	return id, file
}

// dangles tells whether nothing is where a setting names a file, neither by a volume nor by an image.
func dangles(file object.File) bool {
	return file.Found == object.NotThere && !strings.Contains(file.Path, "-----BEGIN") &&
		!catalog.OfSystem(file.Path) && !object.Below(file.Path, kubernetesFiles)
}

// kubernetesFiles is where Kubernetes mounts files of its own.
const kubernetesFiles = "/var/run/secrets"
