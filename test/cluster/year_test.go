//go:build cluster

package cluster

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/elk-mtls/elk-mtls/test/cluster/image"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// The Secrets that cert-manager keeps in the year's release, and the bundle of CAs that everybody trusts.
const (
	trust       = "elk-trust"
	issuer      = "elk-ca"
	nodeTLS     = service + "-elk-mtls-tls"
	filebeatTLS = "filebeat-elk-mtls-tls"
	exporterTLS = "exporter-elk-mtls-tls"
)

// year is how long the certificates last, and what is to happen.
type year struct {
	*stack
	lifetime time.Duration
	before   time.Duration // they are renewed so long before their end
	renewals int
	began    time.Time
	seen     *diary
}

// TestYear is a year without anybody: certificates end and are renewed, by cert-manager, and once the CA is replaced, while real clients open
// connections all the time. Those that cannot take up a renewed certificate are restarted by elk-mtls-init renew in the CronJob of our chart,
// once for each renewal; the others never. Nobody is refused. make prove-year has eight renewals, and make test-cluster one.
func TestYear(t *testing.T) {
	y := newYear(t, "renew")
	y.step("renewals", func(s *stack) { y.in(s).renewed() })
	y.step("another CA", func(s *stack) { y.in(s).another() })
	y.judge()
	y.oldIsOut()
}

// TestYearControl is the same without restarts: as soon as the first certificates end, clients are refused.
func TestYearControl(t *testing.T) {
	if os.Getenv("YEAR_CONTROL") == "" {
		t.Skip("make prove-year runs it: it takes a lifetime more")
	}
	y := newYear(t, "none")
	deadline := y.began.Add(y.lifetime + 2*time.Minute)
	for !slices.ContainsFunc(y.seen.refusals(), func(r string) bool { return strings.HasPrefix(r, "kibana ") }) {
		if time.Now().After(deadline) {
			t.Fatal("Kibana presents a certificate that has ended, and nothing tells of it: this control shows nothing")
		}
		time.Sleep(time.Second)
	}
	if early := time.Since(y.began); early < y.lifetime-time.Minute {
		t.Errorf("refused after %s already:\n%s", early, strings.Join(y.seen.refusals(), "\n"))
	}
	t.Logf("refused, as it must be: %s", y.seen.refusals()[0])
}

// newYear brings everything up: cert-manager, the release, and with onRenewal renew the CronJob.
func newYear(t *testing.T, onRenewal string) *year {
	y := &year{stack: newStack(t, 4, nil), lifetime: 4 * time.Minute}
	var err error
	if text := os.Getenv("YEAR_LIFETIME"); text != "" {
		if y.lifetime, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	if y.renewals, err = strconv.Atoi(cmp.Or(os.Getenv("YEAR_RENEWALS"), "1")); err != nil {
		t.Fatal(err)
	}
	y.before = y.lifetime * 5 / 8
	y.certManager()
	y.put(y.ca, y.ca)
	dir := t.TempDir()
	config, report := filepath.Join(dir, "elk-mtls.yaml"), filepath.Join(dir, "report.txt")
	if err := os.WriteFile(config, fmt.Appendf(nil, yearConfig, trust, issuer, y.lifetime, y.before, y.ns, onRenewal), 0o600); err != nil {
		t.Fatal(err)
	}
	y.env = append(y.env, "ELK_MTLS_CONFIG="+config, "ELK_MTLS_REPORT="+report)
	y.seen = y.newDiary()
	// An idle connection is closed before the next request, so that each is a new one.
	y.apply("elk", y.both(setting("http.read_timeout", "700ms"))+fmt.Sprintf(yearClients, image.Filebeat, image.Elasticsearch, image.Exporter), y.patched()...)
	y.began = time.Now()
	if onRenewal == "renew" {
		y.support(report)
	}
	return y
}

const yearConfig = `apiVersion: elk-mtls.dev/v1alpha1
kind: MutualTLS
spec:
  clientAuthentication: required
  certificates:
    source: cert-manager
    ca: {configMapName: %s}
    issuer: {name: %s}
    duration: %s
    renewBefore: %s
    namespace: %s
    onRenewal: %s
`

// yearClients are a shipper that reads its certificate once, with somebody who writes what it ships, and an exporter, which its probe scrapes.
const yearClients = `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: filebeat}
data:
  filebeat.yml: |
    filebeat.inputs: [{type: log, paths: [/in/log]}]
    queue.mem: {events: 64, flush.min_events: 1, flush.timeout: 0s}
    setup.ilm.enabled: false
    setup.template.enabled: false
    output.elasticsearch:
      hosts: ["https://elasticsearch-master:9200"]
      index: year
      username: elastic
      password: ${PASSWORD}
      backoff.init: 1s
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: filebeat}
spec:
  selector: {matchLabels: {app: filebeat}}
  template:
    metadata: {labels: {app: filebeat}}
    spec:
      securityContext: {fsGroup: 1000, runAsUser: 1000}
      terminationGracePeriodSeconds: 2
      containers:
      - name: filebeat
        image: %[1]s
        env:
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: elasticsearch-master-credentials, key: password}}}
        volumeMounts:
        - {name: conf, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}
        - {name: in, mountPath: /in}
      - name: writer
        image: %[2]s
        command: [bash, -c, "while sleep 1; do date >>/in/log; done"]
        volumeMounts: [{name: in, mountPath: /in}]
      volumes:
      - {name: conf, configMap: {name: filebeat}}
      - {name: in, emptyDir: {}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: exporter}
spec:
  selector: {matchLabels: {app: exporter}}
  template:
    metadata: {labels: {app: exporter}}
    spec:
      securityContext: {fsGroup: 65534}
      containers:
      - name: exporter
        image: %[3]s
        args: ["--es.uri=https://elasticsearch-master:9200"]
        env:
        - {name: ES_USERNAME, value: elastic}
        - {name: ES_PASSWORD, valueFrom: {secretKeyRef: {name: elasticsearch-master-credentials, key: password}}}
        readinessProbe: {httpGet: {path: /metrics, port: 9114}, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 30}
`

// certManager installs the kinds of cert-manager and starts its controllers, for this namespace.
func (y *year) certManager() {
	y.t.Helper()
	module, err := parts.Module(y.t.Context(), "github.com/cert-manager/cert-manager", parts.CertManager)
	if err != nil {
		y.t.Fatal(err)
	}
	var kinds []string
	for _, name := range []string{"certificates", "certificaterequests", "issuers", "clusterissuers"} {
		kinds = append(kinds, read(y.t, module+"/deploy/crds/cert-manager.io_"+name+".yaml"))
	}
	y.must("upgrade", "--install", "kinds", "--namespace", "default", chart(y.t, "kinds", strings.Join(kinds, "\n---\n")))
	log, err := os.Create(filepath.Join(y.t.TempDir(), "cert-manager.log"))
	if err != nil {
		y.t.Fatal(err)
	}
	cmd := lab.Command(context.Background(), lab.certmanager, "--namespace", y.ns)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text := read(y.t, log.Name()); y.t.Failed() {
			y.t.Logf("cert-manager:\n%s", text[max(0, len(text)-4000):])
		}
	})
}

// put has one CA sign and others be trusted, as whoever replaces a CA types it.
func (y *year) put(signer *pki.CA, trusted ...*pki.CA) {
	y.t.Helper()
	var bundle strings.Builder
	in64 := base64.StdEncoding.EncodeToString
	for _, ca := range slices.Compact(trusted) {
		bundle.Write(ca.Cert)
	}
	y.must("upgrade", "--install", "ca", chart(y.t, "ca", fmt.Sprintf(`apiVersion: v1
kind: ConfigMap
metadata: {name: %[1]s}
data:
  ca.crt: |
    %[3]s
---
apiVersion: v1
kind: Secret
metadata: {name: %[2]s}
type: kubernetes.io/tls
data: {tls.crt: %[4]s, tls.key: %[5]s}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: %[2]s}
spec: {ca: {secretName: %[2]s}}
`, trust, issuer, strings.ReplaceAll(strings.TrimSpace(bundle.String()), "\n", "\n    "), in64(signer.Cert), in64(signer.Key))))
}

var toRenew = regexp.MustCompile(`renew\.(?:workloads|secretNames|configMapNames)=\{[^}]*\}`)

// support installs our chart with the values that the report of elk-mtls gives.
func (y *year) support(report string) {
	y.t.Helper()
	values := toRenew.FindAllString(read(y.t, report), -1)
	for _, want := range []string{"Deployment/filebeat", "Deployment/exporter", "Deployment/" + y.stock.deployment, trust} {
		if !strings.Contains(strings.Join(values, " "), want) {
			y.t.Fatalf("the report names %q, and not %s", values, want)
		}
	}
	args := []string{"install", "support", "../../charts-overlay/elk-mtls-support", "--set", "renew.enabled=true", "--set", "renew.image=" + lab.images["elk-mtls-init"],
		"--set", "renew.schedule=* * * * *", "--set", "renew.kubeletPause=10s"}
	for _, value := range values {
		args = append(args, "--set", value)
	}
	y.must(args...)
}

// in is the same year as a part of the test sees it.
func (y *year) in(s *stack) *year {
	own := *y
	own.stack = s
	return &own
}

// leaf gives the certificate that a Secret holds.
func (y *year) leaf(name string) *x509.Certificate {
	y.t.Helper()
	block, _ := pem.Decode(y.secret(name).Data["tls.crt"])
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		y.t.Fatal(err)
	}
	return leaf
}

func (y *year) kibanaTLS() string { return y.stock.deployment + "-elk-mtls-tls" }

// renewed waits until each certificate was renewed so often.
func (y *year) renewed() {
	for round := range y.renewals {
		was := map[string]string{}
		for _, name := range []string{nodeTLS, y.kibanaTLS(), filebeatTLS, exporterTLS} {
			was[name] = y.leaf(name).SerialNumber.String()
		}
		y.within(y.lifetime, fmt.Sprintf("renewal %d of every certificate", round+1), func() error {
			for name, serial := range was {
				if y.leaf(name).SerialNumber.String() == serial {
					return fmt.Errorf("%s is the one before", name)
				}
			}
			return nil
		})
		y.noneRefused()
	}
}

// another replaces the CA in the three steps of docs/certificates.md.
func (y *year) another() {
	next := pki.NewCA("next")
	changed := time.Now()
	y.put(y.ca, y.ca, next)
	y.restarted(map[string]time.Time{"filebeat": changed, "exporter": changed, "kibana": changed})
	y.noneRefused()

	own := next.Client(next.Leaf(pki.Options{CN: "admin", ClientAuth: true}))
	own.RootCAs.AppendCertsFromPEM(y.ca.Cert)
	y.seen.use(own)
	y.put(next, y.ca, next)
	y.within(2*y.lifetime, "a certificate of the new CA for each", func() error {
		for _, name := range []string{nodeTLS, y.kibanaTLS(), filebeatTLS, exporterTLS} {
			if by := y.leaf(name).Issuer.CommonName; by != "next" {
				return fmt.Errorf("%s is by %s", name, by)
			}
		}
		return nil
	})
	y.restarted(map[string]time.Time{"filebeat": y.leaf(filebeatTLS).NotBefore, "kibana": y.leaf(y.kibanaTLS()).NotBefore})
	y.noneRefused()

	changed = time.Now()
	y.put(next, next)
	y.restarted(map[string]time.Time{"filebeat": changed, "exporter": changed, "kibana": changed})
	y.noneRefused()
}

// oldIsOut holds that who presents a certificate of the old CA is refused in the end.
func (y *year) oldIsOut() {
	server := y.seen.trusting()
	server.Certificates = []tls.Certificate{y.pair.TLS()}
	y.within(time.Minute, "the old CA is trusted no more", func() error {
		if err := y.answersTo(y.pods(elasticsearchPods)[0], server); err == nil {
			return errNotYet
		}
		return y.answersTo(y.pods(elasticsearchPods)[0], y.seen.trusting())
	})
}

// restarted waits until the pods of each are younger than its moment, and ready.
func (y *year) restarted(after map[string]time.Time) {
	y.t.Helper()
	y.within(2*y.lifetime, fmt.Sprintf("new pods of %v", slices.Sorted(maps.Keys(after))), func() error {
		for app, moment := range after {
			pods := y.pods("app=" + app)
			for _, p := range pods {
				if !ready(&p) || p.CreationTimestamp.Time.Before(moment.Truncate(time.Second)) {
					return fmt.Errorf("pod %s is not", p.Name)
				}
			}
			if len(pods) != 1 {
				return fmt.Errorf("%d pods of %s", len(pods), app)
			}
		}
		return nil
	})
}

func (y *year) within(limit time.Duration, what string, try func() error) {
	y.t.Helper()
	start := time.Now()
	var last error
	for time.Since(start) < limit {
		if last = try(); last == nil {
			y.t.Logf("%5.0f s  %s", time.Since(start).Seconds(), what)
			return
		}
		time.Sleep(time.Second)
	}
	y.t.Fatalf("%s: not within %s: %v", what, limit, last)
}

func (y *year) noneRefused() {
	y.t.Helper()
	if refused := y.seen.refusals(); len(refused) > 0 {
		y.t.Fatalf("%d refused, the first:\n%s", len(refused), strings.Join(refused[:min(8, len(refused))], "\n"))
	}
}

// judge holds the whole against what was promised.
func (y *year) judge() {
	took := time.Since(y.began)
	y.noneRefused()
	d := y.seen
	d.mutex.Lock()
	defer d.mutex.Unlock()
	// A first pass finds no digest, and restarts once.
	most := map[string]int{
		"elasticsearch-master": 1, "exporter": 2 + d.changes[trust], "kibana": 2 + d.changes[y.kibanaTLS()] + d.changes[trust],
		"filebeat": 2 + d.changes[filebeatTLS] + d.changes[trust],
	}
	for app, limit := range most {
		if pods := len(d.pods[app]); pods > limit || pods == 0 {
			y.t.Errorf("%s had %d pods, want at most %d", app, pods, limit)
		}
	}
	for name, count := range d.restarts {
		y.t.Errorf("container %s was restarted %d times by the kubelet", name, count)
	}
	for _, app := range []string{"curl", "kibana", "filebeat", "exporter"} {
		if rate := float64(len(d.connections[app])) / took.Seconds(); rate < 0.5 {
			y.t.Errorf("%s opened %.2f connections a second: this test shows little", app, rate)
		}
		y.t.Logf("%-9s %6d connections in %.0f s", app, len(d.connections[app]), took.Seconds())
	}
	for _, app := range slices.Sorted(maps.Keys(d.pods)) {
		y.t.Logf("%-21s %d pods, allowed %d", app, len(d.pods[app]), cmp.Or(most[app], 0))
	}
	total := 0
	for _, opened := range d.connections {
		total += len(opened)
	}
	y.t.Logf("of %d connections %d were refused", total, len(d.refused))
	y.t.Logf("changes of Secrets and the bundle: %v", d.changes)
}

// every gives the pods that the diary looks at.
func (y *year) every(ctx context.Context) ([]corev1.Pod, error) {
	list, err := lab.Client.CoreV1().Pods(y.ns).List(ctx, metav1.ListOptions{LabelSelector: "app in (elasticsearch-master,kibana,filebeat,exporter)"})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}
