package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/issue"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const linkLogstashMonitoring = "https://www.elastic.co/guide/en/logstash/8.19/monitoring-internal-collection-legacy.html"

// assumeVersion says what is taken for granted of a Logstash whose version nothing tells.
func assumeVersion(p step, w *recognise.Workload) {
	if recognise.VersionOf(w.Object, w.Main) == (catalog.Version{}) {
		p.assume(w.ID, "container %q: nothing tells the version of Logstash: it must be 8.8 or later", w.Main.Name)
	}
}

// logstashSettings gives the connections of Logstash itself. A keystore serves in all versions.
func logstashSettings(p step, w *recognise.Workload, known catalog.Program) ([]*connection, error) {
	opened, err := openFiles(p.In, w, known.Files.Paths...)
	if err != nil {
		return nil, err
	}
	version := recognise.VersionOf(w.Object, w.Main)
	env := environmentOf(p, w, func(key string) []string { return []string{known.Env(key, version), key} })
	stores := []store{envStore{env}}
	for _, f := range opened {
		stores = append(stores, yamlStore{file: f})
	}
	var all []*connection
	for _, at := range known.Places {
		keys := at.Renamed(func(name string) string { return at.At + "." + name })
		keys.Cert, keys.Key = "", "" // a store serves in all versions
		for _, s := range stores {
			switch isOn, sure := isSwitchedOn(p.In, w, known, at, s); {
			case !sure:
				continue // it may be: nobody answers for the address
			case !isOn:
				coverSetting(p, w, s.get(keys.Hosts[0])) // nothing is called there
				continue
			}
			var over []channel
			if _, file := s.(yamlStore); file {
				over = []channel{envStore{env}} // the image writes variables into the file
			}
			all = append(all, &connection{name: at.At + ".elasticsearch", store: s, dir: path.Dir(known.Files.Paths[0]),
				over: over, keys: keys, link: linkLogstashMonitoring, expands: known.Expands})
			if at.At == "xpack.management" {
				p.action(w.ID, "container %q takes its pipelines from Elasticsearch (xpack.management): their "+
					"elasticsearch plugins need a certificate too, ssl_keystore_path => %q, ssl_keystore_password "+
					"=> %q", w.Main.Name, keystorePath, keystorePassword)
			}
		}
	}
	return all, nil
}

// isSwitchedOn tells whether a connection of Logstash itself is used, which it is not by default; sure is false where
// that cannot be read.
func isSwitchedOn(in *In, w *recognise.Workload, known catalog.Program, at catalog.Place, s store) (isOn, sure bool) {
	enabled := s.get(at.At + "." + at.Field)
	if enabled == nil {
		return false, true
	}
	word, sure := in.expand(w.Main, known.Expands, enabled.Value())
	isOn = strings.EqualFold(word, at.Is)
	return isOn, sure && (isOn || strings.EqualFold(word, "false"))
}

// needsKeystore tells whether a connection takes its pair from a PKCS#12 file: where it reads no PEM files, or where
// neither the stream nor what is asked of cert-manager shows that the key is one that Logstash reads in them.
func needsKeystore(in *In, w *recognise.Workload, c *connection, id identity) bool {
	if c.keys.Store == "" || c.keys.Cert == "" {
		return c.keys.Store != ""
	}
	if in.asksForRSA(w.Object, id.secret) && readsAnyRSA(recognise.VersionOf(w.Object, w.Main)) {
		return false
	}
	return !certificate.LogstashReads(valueOf(in, secretKey(w.Object, id.secret, id.key)))
}

// asksForRSA tells whether cert-manager makes the key of a Secret, as PKCS#8 and for RSA.
func (in *In) asksForRSA(o *object.Object, secret string) bool {
	return slices.ContainsFunc(in.leaves, func(l issue.Leaf) bool {
		return l.RSA && l.Secret == secret && slices.Contains(l.Refs, o.ID.String())
	})
}

// readsAnyRSA tells whether a version reads each key of RSA in PKCS#8. Others damage one whose last byte looks like
// white space, and a key that is made later may be such a one.
// https://github.com/elastic/cloud-on-k8s/pull/9620
func readsAnyRSA(v catalog.Version) bool {
	return v.AtLeast(8, 8) && !v.AtLeast(8, 10) || v.AtLeast(8, 19) && !v.AtLeast(9, 0) || v.AtLeast(9, 1)
}

// putKeystore plans the file, and the container that makes it.
func putKeystore(p step, w *recognise.Workload, c *connection, id identity) error {
	if err := hasInitImage(p.In); err != nil {
		return err
	}
	if id.only != "" {
		return problem.New(problem.NoPair, "needs its key pair as a PKCS#12 file, and a pod gets one such file").
			Do("name the Secret for all of its containers in certificates.clients (ref: %s)", w.ID)
	}
	pod := podOf(w.Object)
	mountClient(p, w.Object, w.Main, id)
	mount := patch.Map(patch.F("name", patch.Str(keystoreVolume)), patch.F("mountPath", patch.Str(keystoreDir)))
	container, err := newInitContainer(p.In, pod, []string{
		contract.Keystore, contract.Flag(contract.FlagCert, clientDir+"/"+fileCert),
		contract.Flag(contract.FlagKey, clientDir+"/"+fileKey), contract.Flag(contract.FlagOut, keystorePath),
	}, nil, readOnlyMount(clientVolume, clientDir), mount)
	if err != nil {
		return err
	}
	const why = "converts the key pair to a PKCS#12 file, the only format that this program reads"
	addVolume(p, w.Object, patch.Map(patch.F("name", patch.Str(keystoreVolume)),
		patch.F("emptyDir", patch.Map(patch.F("medium", patch.Str("Memory"))))), "holds that file, in memory", "")
	runBefore(p, w.Object, container, why, c.link)
	mountIn(p, w.Object, w.Main, keystoreVolume, keystoreDir)
	p.put(w, c, c.keys.Store, patch.Str(keystorePath), string(w.App)+" presents the certificate in this file")
	p.put(w, c, c.keys.StorePass, patch.Str(keystorePassword), "of that file; it protects nothing, the key lies "+
		"beside it")
	return nil
}
