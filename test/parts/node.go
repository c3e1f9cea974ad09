package parts

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say how an Elasticsearch node is set up. The zero value is a node with security on, and without HTTPS.
type Options struct {
	// Config is the text of elasticsearch.yml. It may be empty.
	Config []byte
	// Settings are laid over Config, as by -E: dotted names, lists with commas.
	Settings map[string]string
	// Files are written below config/, and settings name them by the same relative path: "certs/tls.crt".
	Files map[string][]byte
	// Keystore holds further secure settings, such as the passphrase of a key.
	Keystore map[string]string
	// Password is the bootstrap password of the user elastic; "" stands for DefaultPassword.
	Password string
	// Env is added to the node's environment, for ${VARIABLES} in Config.
	Env []string
	// IPv6 lets the node listen on ::1 too.
	IPv6 bool
	// Several lets other nodes join this one, and Join is the one that this one joins. Both need TLS between nodes.
	Several bool
	Join    *Node
	// TLS is how to connect as a client that the node lets in; nil means that the node has no HTTPS.
	TLS *tls.Config
}

// DefaultPassword is that of the user elastic when Options names none.
const DefaultPassword = "changeme-elastic"

// owned are the settings that decide where the node binds and writes and what it joins; a name that ends in a dot
// stands for all below it.
var owned = []string{
	"bootstrap.memory_lock", "cluster.initial_master_nodes", "discovery.", "http.bind_host", "http.host", "http.port",
	"http.publish_host", "http.publish_port", "network.", "node.portsfile", "path.", "transport.bind_host",
	"transport.host", "transport.port", "transport.publish_host", "transport.publish_port",
}

// Owned reports whether a setting is the part's own, so that Options must not hold it: the node always binds to
// loopback, on free ports, alone, and writes to a folder of its own.
func Owned(setting string) bool {
	return slices.ContainsFunc(owned, func(name string) bool {
		return setting == name || strings.HasSuffix(name, ".") && strings.HasPrefix(setting, name)
	})
}

// A Node is a running Elasticsearch on loopback.
type Node struct {
	URL      string
	Password string // of the user elastic, until somebody changes it
	Log      string // path of the server's log, until Stop

	home     string
	settings map[string]string
	options  Options
	server   server
	process  *process
	client   *http.Client
}

// Elasticsearch starts a node: the one from Maven Central (version by ES_VERSION), or the user's own at ES_HOME.
// It returns when the user elastic can log in. When this machine cannot run one, the error is a *Missing.
func Elasticsearch(ctx context.Context, options Options) (*Node, error) {
	for _, name := range slices.Sorted(maps.Keys(options.Settings)) {
		if Owned(name) {
			return nil, fmt.Errorf("setting %s is decided by the part itself; leave it out", name)
		}
	}
	server, err := findServer(ctx)
	if err != nil {
		return nil, err
	}
	home, err := newHome()
	if err != nil {
		return nil, err
	}
	n := &Node{home: home, options: options, settings: maps.Clone(options.Settings), server: server}
	n.Password = options.Password
	if n.Password == "" {
		n.Password = DefaultPassword
	}
	n.Log = filepath.Join(home, "logs", "node.log")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = options.TLS
	transport.DisableKeepAlives = true // a restart, or new certificates, must not meet an old connection
	n.client = &http.Client{Transport: transport, Timeout: 30 * time.Second}

	err = n.fill(ctx)
	if err == nil {
		err = n.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// fill writes all that the home needs before the first start.
func (n *Node) fill(ctx context.Context) error {
	for _, dir := range []string{"config", "data", "logs", "tmp"} {
		if err := makeDir(filepath.Join(n.home, dir)); err != nil {
			return err
		}
	}
	if err := n.WriteFile("elasticsearch.yml", n.options.Config); err != nil {
		return err
	}
	if err := n.WriteFile("log4j2.properties", []byte(logging)); err != nil {
		return err
	}
	for name, content := range n.options.Files {
		if err := n.WriteFile(name, content); err != nil {
			return err
		}
	}
	return n.server.prepare(ctx, n.launch())
}

const logging = `status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}/node.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name] %m%n
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
`

// WriteFile writes a file below config/ in one go, as when a mounted Secret changes. The node takes up certificates
// and keys that change within five seconds.
func (n *Node) WriteFile(name string, content []byte) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("file %q: must be a path below config/", name)
	}
	return writeFile(filepath.Join(n.home, "config", name), content)
}

// Restart stops the node as the system would (SIGTERM) and starts it again on the same address and data, with these
// settings laid over those it had.
func (n *Node) Restart(ctx context.Context, settings map[string]string) error {
	if err := n.process.stop(); err != nil {
		return err
	}
	if n.settings == nil {
		n.settings = map[string]string{}
	}
	maps.Copy(n.settings, settings)
	return n.start(ctx)
}

// Stop ends the node and removes all that it wrote.
func (n *Node) Stop() error {
	if n.process != nil {
		n.process.kill()
	}
	return os.RemoveAll(n.home)
}

// Call makes a request as the user elastic and returns the status and the body of the answer. A body that is not nil
// is sent as JSON.
func (n *Node) Call(ctx context.Context, method, path string, body any) (int, []byte, error) {
	var text io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		text = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, n.URL+path, text)
	if err != nil {
		return 0, nil, err
	}
	request.SetBasicAuth("elastic", n.Password)
	request.Header.Set("Content-Type", "application/json")
	answer, err := n.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(answer.Body)
	return answer.StatusCode, read, err
}
