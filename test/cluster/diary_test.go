//go:build cluster

package cluster

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// A diary keeps what happens while nobody looks: pods, what their programs log, changes of certificates, connections to Elasticsearch.
type diary struct {
	y *year

	mutex       sync.Mutex
	config      *tls.Config
	pods        map[string]map[types.UID]bool // by app
	follows     map[string]bool               // containers whose log is followed
	restarts    map[string]int32
	refused     []string
	digests     map[string]string
	changes     map[string]int             // of a Secret or bundle, besides its being made
	connections map[string]map[string]bool // their ids, by who opened them
}

// newDiary begins one, which the end of the test ends.
func (y *year) newDiary() *diary {
	d := &diary{
		y: y, config: y.ca.Client(y.pair), pods: map[string]map[types.UID]bool{}, follows: map[string]bool{}, restarts: map[string]int32{},
		digests: map[string]string{}, changes: map[string]int{}, connections: map[string]map[string]bool{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	for every, look := range map[time.Duration]func(context.Context, *sync.WaitGroup){
		500 * time.Millisecond: d.lookAtPods, time.Second: d.lookAtCertificates, 15 * time.Second: d.lookAtConnections,
	} {
		done.Go(func() {
			for ctx.Err() == nil {
				look(ctx, &done)
				select {
				case <-ctx.Done():
				case <-time.After(every):
				}
			}
		})
	}
	y.t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	return d
}

// use changes how the diary itself asks Elasticsearch.
func (d *diary) use(config *tls.Config) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.config = config
}

// trusting is a copy of how it does.
func (d *diary) trusting() *tls.Config {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.config.Clone()
}

func (d *diary) lookAtPods(ctx context.Context, done *sync.WaitGroup) {
	pods, err := d.y.every(ctx)
	if err != nil {
		return
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, p := range pods {
		app := p.Labels["app"]
		if d.pods[app] == nil {
			d.pods[app] = map[types.UID]bool{}
		}
		d.pods[app][p.UID] = true
		for _, c := range p.Status.ContainerStatuses {
			name := p.Name + "/" + c.Name
			if c.RestartCount > 0 {
				d.restarts[name] = c.RestartCount
			}
			if c.State.Running != nil && !d.follows[name] {
				d.follows[name] = true
				done.Go(func() { d.follow(ctx, app, p.Name, c.Name) })
			}
		}
	}
}

// isRefusal tells a line about TLS that failed: of clients in Go, and of Elasticsearch.
var isRefusal = regexp.MustCompile(`x509: |tls: |SSLHandshakeException|SSLException|PKIX|bad_certificate|certificate_unknown|certificate_expired|unknown_ca|Empty client certificate|did not trust`)

func (d *diary) follow(ctx context.Context, app, pod, container string) {
	stream, err := lab.Client.CoreV1().Pods(d.y.ns).GetLogs(pod, &corev1.PodLogOptions{Container: container, Follow: true}).Stream(ctx)
	if err != nil {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		delete(d.follows, pod+"/"+container)
		return
	}
	defer func() { _ = stream.Close() }()
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if isRefusal.Match(lines.Bytes()) && !bytes.HasPrefix(lines.Bytes(), []byte("\tat ")) {
			d.mutex.Lock()
			d.refused = append(d.refused, app+" "+time.Now().Format(time.TimeOnly)+" "+lines.Text())
			d.mutex.Unlock()
		}
	}
}

// refusals are the lines that tell of one.
func (d *diary) refusals() []string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return slices.Clone(d.refused)
}

func (d *diary) lookAtCertificates(ctx context.Context, _ *sync.WaitGroup) {
	held := map[string][]byte{}
	for _, name := range []string{nodeTLS, d.y.kibanaTLS(), filebeatTLS, exporterTLS} {
		if secret, err := lab.Client.CoreV1().Secrets(d.y.ns).Get(ctx, name, metav1.GetOptions{}); err == nil {
			held[name] = bytes.Join([][]byte{secret.Data["tls.crt"], secret.Data["tls.key"]}, nil)
		}
	}
	if bundle, err := lab.Client.CoreV1().ConfigMaps(d.y.ns).Get(ctx, trust, metav1.GetOptions{}); err == nil {
		held[trust] = []byte(bundle.Data["ca.crt"])
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for name, content := range held {
		sum := sha256.Sum256(content)
		if digest := string(sum[:]); d.digests[name] != digest {
			if d.digests[name] != "" {
				d.changes[name]++
			}
			d.digests[name] = digest
		}
	}
}

const connectionsPath = "/_nodes/stats/http?filter_path=nodes.*.http.clients"

// lookAtConnections counts those that Elasticsearch remembers, for some minutes.
func (d *diary) lookAtConnections(ctx context.Context, _ *sync.WaitGroup) {
	secret, err := lab.Client.CoreV1().Secrets(d.y.ns).Get(ctx, credentials, metav1.GetOptions{})
	if err != nil {
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, elasticsearchURL+connectionsPath, nil)
	if err != nil {
		return
	}
	request.SetBasicAuth("elastic", string(secret.Data["password"]))
	client := http.Client{Timeout: 10 * time.Second, Transport: d.y.transport(d.trusting())}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Nodes map[string]struct {
			HTTP struct {
				Clients []struct {
					Agent         string
					LastURI       string `json:"last_uri"`
					RemoteAddress string `json:"remote_address"`
					OpenedTime    int64  `json:"opened_time_millis"`
				}
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, node := range answer.Nodes {
		for _, c := range node.HTTP.Clients {
			who := "exporter"
			switch {
			case strings.Contains(c.Agent, "curl"):
				who = "curl"
			case c.Agent == "beats": // its X-Elastic-Product-Origin, which the node takes before a User-Agent
				who = "filebeat"
			case strings.HasPrefix(c.LastURI, authenticate):
				who = "kibana"
			case strings.HasPrefix(c.LastURI, connectionsPath), strings.Contains(c.Agent, "elk-mtls"), c.LastURI == "":
				continue
			}
			if d.connections[who] == nil {
				d.connections[who] = map[string]bool{}
			}
			d.connections[who][c.RemoteAddress+" "+time.UnixMilli(c.OpenedTime).Format(time.RFC3339Nano)] = true
		}
	}
}
