//go:build slow

package plugin

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/plan"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// TestCatalogCases holds the cases of every description against both halves.
func TestCatalogCases(t *testing.T) {
	bench := newCatalogBench()
	for _, p := range catalog.All() {
		t.Run(string(p.App), func(t *testing.T) {
			t.Parallel()
			if p.Cases == nil {
				t.Fatal("it has no cases")
			}
			for _, c := range p.Cases() {
				if wrong := bench.judge(p, c); wrong != "" {
					t.Errorf("%s: %s\n%s", c.Name, wrong, c.Text)
				}
			}
		})
	}
}

// catalogBench holds a server, and the Secret of everybody.
type catalogBench struct {
	server   string
	print    string // the fingerprint of its CA
	settings config.Settings
}

func newCatalogBench() catalogBench {
	ca := pki.NewCA("ca")
	pair := ca.Leaf(pki.Options{CN: "search", SANs: []string{"search", "search-far", "search-tls"}, ClientAuth: true, ServerAuth: true, RSA: true})
	s := config.Settings{Mode: config.ModeCertToken, ClientAuthentication: config.Required, Hooks: "off"}
	s.InitContainer.Image = testImage
	s.Certificates.SecretName = "certs"
	der, _ := pem.Decode(ca.Cert)
	cert, key := lockedPair(ca)
	server := fmt.Sprintf(catalogServer, encoded(ca.Cert), encoded(slices.Concat(pair.Cert, ca.Cert)), encoded(pair.Key), encoded(cert), encoded(key),
		encoded(storeFor("store", "open", ca.Cert, pair)), encoded(storeFor("trust", "open", ca.Cert, pair)))
	return catalogBench{server, fmt.Sprintf("%x", sha256.Sum256(der.Bytes)), s.WithDefaults()}
}

// lockedPair gives a certificate, and its key as openssl encrypts it.
func lockedPair(ca *pki.CA) (cert, key []byte) {
	archive, err := txtar.ParseFile("internal/certificate/testdata/keys.txtar")
	if err != nil {
		panic(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	open, err := certificate.Key(files["plain"])
	if err != nil {
		panic(err)
	}
	return ca.Sign(open.Public(), pki.Options{CN: "client", ClientAuth: true}), files["aes-256"]
}

const catalogServer = `apiVersion: v1
kind: Secret
metadata: {name: certs}
data:
  ca.crt: %s
  tls.crt: %s
  tls.key: %s
  locked.crt: %s
  locked.key: %s
  store.p12: %s
  trust.p12: %s
---
apiVersion: v1
kind: Service
metadata: {name: search-far}
spec: {selector: {app: search}, ports: [{port: 9443, targetPort: 9200}]}
---
apiVersion: v1
kind: Service
metadata: {name: search-tls}
spec: {selector: {app: search}, ports: [{port: 443, targetPort: 9200}]}
---
apiVersion: v1
kind: Service
metadata: {name: search}
spec: {selector: {app: search}, ports: [{port: 9200}]}
---
apiVersion: v1
kind: Service
metadata: {name: search-alias}
spec: {selector: {app: search}, ports: [{port: 9200}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: search}
spec:
  selector: {matchLabels: {app: search}}
  serviceName: search
  template:
    metadata: {labels: {app: search}}
    spec:
      securityContext: {fsGroup: 1000}
      containers:
      - name: elasticsearch
        image: docker.elastic.co/elasticsearch/elasticsearch:8.19.0
        env:
        - {name: node.name, value: a}
        - {name: cluster.name, value: search}
        - {name: xpack.security.enabled, value: "true"}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.client_authentication, value: required}
        - {name: xpack.security.http.ssl.key, value: /usr/share/elasticsearch/config/certs/tls.key}
        - {name: xpack.security.http.ssl.certificate, value: /usr/share/elasticsearch/config/certs/tls.crt}
        - {name: xpack.security.http.ssl.certificate_authorities, value: /usr/share/elasticsearch/config/certs/ca.crt}
        volumeMounts:
        - {name: certs, mountPath: /usr/share/elasticsearch/config/certs, readOnly: true}
      volumes:
      - name: certs
        secret: {secretName: certs}
---
`

// stream gives the manifests of a case.
func (b catalogBench) stream(p catalog.Program, c catalog.Case) []byte {
	image := c.Image
	if image == "" {
		image = "example/program:8.19.0"
		if len(p.Images) > 0 {
			image = "example/" + p.Images[0] + ":8.19.0"
		}
	}
	quote := func(list []string) string {
		var all []string
		for _, s := range list {
			all = append(all, fmt.Sprintf("%q", s))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	env := "\n"
	for _, v := range c.Env {
		name, value, _ := strings.Cut(v, "=")
		env += fmt.Sprintf("        - {name: %s, value: %q}\n", name, value)
	}
	file, mount, volume := "", "", ""
	if c.File != "" {
		text := "    " + strings.ReplaceAll(c.Text, "\n", "\n    ")
		file = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: client}\ndata:\n  %s: |\n%s\n---\n", path.Base(c.File), text)
		mount = fmt.Sprintf("\n        - {name: file, mountPath: %s, subPath: %s}", c.File, path.Base(c.File))
		volume = "\n      - name: file\n        configMap: {name: client}"
		if c.Mode != "" {
			volume = "\n      - name: file\n        configMap: {name: client, defaultMode: " + c.Mode + "}"
		}
	}
	client := fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: client}
spec:
  selector: {matchLabels: {app: client}}
  template:
    metadata: {labels: {app: client}}
    spec:
      securityContext: {fsGroup: 1000}
      containers:
      - name: client
        image: %s
        args: %s
        env: %s        volumeMounts:
        - {name: certs, mountPath: /certs, readOnly: true}%s
      volumes:
      - name: certs
        secret: {secretName: certs}%s
`, image, quote(c.Args), env, mount, volume)
	client = strings.NewReplacer("{url}", "https://search:9200", "{host}", "search", "{alias}", "search-alias", "{far}", "search-far", "{tls}", "search-tls",
		"{lockedcert}", "/certs/locked.crt", "{locked}", "/certs/locked.key", "{store}", "/certs/store.p12", "{trust}", "/certs/trust.p12", "{print}", b.print,
		"{ca}", "/certs/ca.crt", "{cert}", "/certs/tls.crt", "{key}", "/certs/tls.key").Replace(file + client)
	client = strings.ReplaceAll(client, "        env: \n        volumeMounts", "        volumeMounts")
	return []byte(b.server + client)
}

// judge tells what is not so that a case says; "" where all is.
func (b catalogBench) judge(p catalog.Program, c catalog.Case) (wrong string) {
	defer func() { // a description that lacks what every one has
		if r := recover(); r != nil {
			wrong = fmt.Sprint("it panics: ", r)
		}
	}()
	input := b.stream(p, c)
	programs := catalog.All()
	programs[slices.IndexFunc(programs, func(known catalog.Program) bool { return known.App == p.App })] = p
	s := b.settings
	if p.As != "" {
		s.Rules = []config.Rule{{Ref: "Deployment/client", As: p.As}}
	}
	output, refusal := b.patched(input, s, programs)
	verdict, said := b.verdict(input, s, programs)
	var after verify.Verdict
	saidAfter := ""
	if refusal == nil {
		after, saidAfter = b.verdict(output, s, programs)
	}
	isProven := func(v verify.Verdict) bool { return v == verify.Proven || c.Open && v == verify.ProvenIf }
	switch {
	case c.Want == catalog.Breaks && verdict != verify.NotProven:
		return "verify does not see what breaks: " + said
	case c.Want == catalog.Breaks && refusal == nil && !isProven(after):
		return "the post-renderer neither refuses nor mends it: " + saidAfter
	case c.Want == catalog.Breaks:
		return ""
	case refusal != nil:
		return "it is refused: " + refusal.Error()
	case c.Want == catalog.Assumes:
		return map[bool]string{true: "", false: "verify takes it for a connection that verifies: " + said}[verdict == verify.ProvenIf]
	case c.Want == catalog.NeedsPair && verdict != verify.NotProven:
		return "verify proves it as it is: " + said
	case c.Want == catalog.NeedsPair && (!isProven(after) || bytes.Equal(input, output)):
		return "what the post-renderer makes of it is not proven: " + saidAfter
	case c.Want == catalog.Holds && !isProven(verdict):
		return "verify does not prove it: " + said
	case c.Want == catalog.Holds && c.Touched:
		return map[bool]string{true: "", false: "what the post-renderer makes of it is not proven: " + saidAfter}[isProven(after)]
	case c.Want == catalog.Holds && !bytes.HasSuffix(ourAnnotations.ReplaceAll(output, nil), input[len(b.server):]):
		return fmt.Sprintf("the post-renderer changes it, and verify then says %s\n%s", saidAfter, cmp.Diff(string(input[len(b.server):]), string(output[max(0, bytes.LastIndex(output, []byte("kind: ConfigMap"))):])))
	}
	return ""
}

func (b catalogBench) patched(input []byte, s config.Settings, programs []catalog.Program) ([]byte, error) {
	stream, err := manifest.Split(input)
	if err != nil {
		return nil, err
	}
	release, err := recognise.All(stream, unmanaged(s), programs...)
	if err != nil {
		return nil, err
	}
	decided, err := plan.For(release, s)
	if err != nil {
		return nil, err
	}
	if _, err := apply(stream, release, decided); err != nil {
		return nil, err
	}
	return stream.Bytes()
}

func (b catalogBench) verdict(input []byte, s config.Settings, programs []catalog.Program) (verify.Verdict, string) {
	stream, err := manifest.Split(input)
	if err != nil {
		return "", err.Error()
	}
	proof := proofOf(s)
	proof.Programs = programs
	g, err := verify.Manifests(stream, nil, proof)
	if err != nil {
		return "", err.Error()
	}
	return g.Verdict, g.Text()
}

// ourAnnotations stand on what a setting was planned for, also where it has its value already.
var ourAnnotations = regexp.MustCompile(`, annotations: \{elk-mtls\.dev/[^}]*\}`)

func encoded(text []byte) string { return base64.StdEncoding.EncodeToString(text) }

// unproven are fields that no case speaks for yet. The list only gets shorter.
const unproven = "testdata/catalog.txt"

// TestEveryFieldOfTheCatalogMatters blanks fields of each description: a case fails then, or the field says nothing. CATALOG_EVERY=1, as
// make prove-catalog sets it, blanks each of them, and with -update takes what is proven off the list of those that are not.
func TestEveryFieldOfTheCatalogMatters(t *testing.T) {
	every := 8
	if text := os.Getenv("CATALOG_EVERY"); text != "" {
		var err error
		if every, err = strconv.Atoi(text); err != nil || every < 1 {
			t.Fatalf("CATALOG_EVERY=%s is no number", text)
		}
	}
	known := strings.Split(strings.TrimSpace(string(read(t, unproven))), "\n")
	bench := newCatalogBench()
	var lock sync.Mutex
	found := []string{known[0]} // what the list is
	t.Run("blank", func(t *testing.T) {
		for _, p := range catalog.All() {
			t.Run(string(p.App), func(t *testing.T) {
				t.Parallel()
				if slices.Contains(alike, p.App) {
					return
				}
				for i, blank := range blanks(p) {
					if i%every != 0 || slices.ContainsFunc(p.Cases(), func(c catalog.Case) bool { return bench.judge(blank.program, c) != "" }) {
						continue
					}
					line := fmt.Sprintf("%s %s", p.App, blank.field)
					lock.Lock()
					found = append(found, line)
					lock.Unlock()
					if !slices.Contains(known, line) {
						t.Errorf("no case fails without %s", blank.field)
					}
				}
			})
		}
	})
	slices.Sort(found[1:])
	switch {
	case every > 1 || slices.Equal(found, known):
	case *update && len(found) < len(known):
		if err := os.WriteFile(unproven, []byte(strings.Join(found, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	case len(found) < len(known):
		t.Errorf("%s has fields that a case speaks for now: -update takes them out", unproven)
	}
}

// blanked is a description without one of its fields.
type blanked struct {
	field   string
	program catalog.Program
}

// blanks gives a description without each of its fields, and without each setting of its plugins.
func blanks(p catalog.Program) []blanked {
	copied := func() *catalog.Program {
		c := p
		c.Places = slices.Clone(p.Places)
		if p.Line != nil {
			line := *p.Line
			c.Line = &line
		}
		return &c
	}
	var all []blanked
	for nth, name := range leaves(copied()) {
		c := copied()
		blank(c, nth)
		all = append(all, blanked{name, *c})
	}
	var fields []string
	for _, section := range []string{"output", "OUTPUT", "match"} {
		for _, name := range []string{"elasticsearch", "es"} {
			if p.Plugin != nil {
				if s := p.Plugin(pipeline.Plugin{Section: section, Name: name}, catalog.Version{}); s != nil {
					fields = leaves(s)
				}
			}
		}
	}
	for nth, name := range fields {
		c := copied()
		c.Plugin = func(plugin pipeline.Plugin, v catalog.Version) *catalog.Settings {
			s := p.Plugin(plugin, v)
			if s != nil {
				blank(s, nth)
			}
			return s
		}
		all = append(all, blanked{".Plugin" + name, *c})
	}
	return all
}

// leaves names the fields that are set in a value, blank takes one of them away.
func leaves(of any) (names []string) {
	eachLeaf(reflect.ValueOf(of).Elem(), "", func(name string, _ reflect.Value) { names = append(names, name) })
	return names
}

func blank(of any, nth int) {
	i := 0
	eachLeaf(reflect.ValueOf(of).Elem(), "", func(_ string, leaf reflect.Value) {
		if i == nth {
			leaf.SetZero()
		}
		i++
	})
}

// notSaid are fields that are no part of what a description says of a program, or, CAIsList, how we write what it takes in both ways.
// Runtime is one of few, each of which has tables of its own in verify; Default counts in the pod of a node only, WorkDir for scripts of the
// image, of which recognise has a test. Renewals are in the table of docs/clients.md, which has a test too.
var notSaid = []string{"App", "As", "Link", "Cases", "CAIsList", "Runtime", "Default", "WorkDir", "Renewals"}

// alike are built as Filebeat is.
var alike = []catalog.App{catalog.Metricbeat, catalog.Heartbeat, catalog.Auditbeat, catalog.Packetbeat, catalog.Journalbeat, catalog.APMServer}

// eachLeaf visits what is set in a value: texts, lists as a whole, numbers, functions.
func eachLeaf(v reflect.Value, name string, visit func(string, reflect.Value)) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil() && v.Type() != reflect.TypeFor[*regexp.Regexp]():
		eachLeaf(v.Elem(), name, visit)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); !slices.Contains(notSaid, field.Name) {
				eachLeaf(v.Field(i), name+"."+field.Name, visit)
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			eachLeaf(v.Index(i), fmt.Sprintf("%s[%d]", name, i), visit)
		}
	case !v.IsZero():
		visit(name, v)
	}
}
