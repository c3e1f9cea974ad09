package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// Settings are those of the cluster that were set by its API, by their whole names.
type Settings struct {
	Persistent map[string]any `json:"persistent"`
	Transient  map[string]any `json:"transient"`
}

// ClusterSettings reads them.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/cluster-get-settings.html
func (c *Client) ClusterSettings(ctx context.Context, opaque string) (Settings, error) {
	var s Settings
	header, err := c.named(opaque)
	if err != nil {
		return s, err
	}
	flat := true
	err = c.call(ctx, "reading the cluster's settings", &s, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.ClusterGetSettingsRequest{FlatSettings: &flat, Header: header}.Do(ctx, c.base)
	})
	return s, err
}

// PutSettings changes persistent settings, all or none; nil takes one away.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/cluster-update-settings.html
func (c *Client) PutSettings(ctx context.Context, opaque string, persistent map[string]any) error {
	header, err := c.named(opaque)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"persistent": persistent})
	if err != nil {
		return err
	}
	var answer struct {
		Acknowledged bool `json:"acknowledged"`
	}
	err = c.call(ctx, "changing the cluster's settings", &answer, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.ClusterPutSettingsRequest{Body: bytes.NewReader(body), Header: header}.Do(ctx, c.base)
	})
	// not acknowledged by every node in time: those take it when they can, and the survey hears whether they did
	return err
}

// NodeStats are a node's statistics about its clients.
type NodeStats struct {
	Name string `json:"name"`
	JVM  struct {
		Timestamp int64 `json:"timestamp"`
		Uptime    int64 `json:"uptime_in_millis"`
	} `json:"jvm"`
	HTTP struct {
		Clients []HTTPClient `json:"clients"`
	} `json:"http"`
}

// HTTPClient is a connection.
type HTTPClient struct {
	Agent     string `json:"agent"`
	Remote    string `json:"remote_address"`
	URI       string `json:"last_uri"`
	Opaque    string `json:"x_opaque_id"`
	Forwarded string `json:"x_forwarded_for"`
	Opened    int64  `json:"opened_time_millis"`
	Closed    int64  `json:"closed_time_millis"`
	Last      int64  `json:"last_request_time_millis"`
	Requests  int    `json:"request_count"`
}

// HTTPStats asks all nodes who talks to them.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/cluster-nodes-stats.html
func (c *Client) HTTPStats(ctx context.Context, opaque string) ([]NodeStats, error) {
	header, err := c.named(opaque)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Nodes map[string]NodeStats `json:"nodes"`
	}
	err = c.read(ctx, "reading the statistics of the nodes", &answer, manyClients,
		func(ctx context.Context) (*esapi.Response, error) {
			return esapi.NodesStatsRequest{
				Metric: []string{"http", "jvm"}, Header: header,
				FilterPath: []string{"nodes.*.name", "nodes.*.jvm.timestamp", "nodes.*.jvm.uptime_in_millis",
					"nodes.*.http.clients"},
			}.Do(ctx, c.base)
		})
	return byID(answer.Nodes), err
}

// byID lists them in one order.
func byID[T any](nodes map[string]T) (all []T) {
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		all = append(all, nodes[id])
	}
	return all
}

// manyClients is as much as ten thousand clients of each of some nodes can have.
const manyClients = 256 << 20

// NodeInfo is where a node is.
type NodeInfo struct {
	Name    string `json:"name"`
	IP      string `json:"ip"`
	Version string `json:"version"`
	HTTP    struct {
		Publish string `json:"publish_address"`
	} `json:"http"`
}

// Nodes lists the nodes.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/cluster-nodes-info.html
func (c *Client) Nodes(ctx context.Context, opaque string) ([]NodeInfo, error) {
	header, err := c.named(opaque)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Nodes map[string]NodeInfo `json:"nodes"`
	}
	err = c.call(ctx, "listing the nodes", &answer, func(ctx context.Context) (*esapi.Response, error) {
		return esapi.NodesInfoRequest{
			Metric: []string{"http"}, Header: header,
			FilterPath: []string{"nodes.*.name", "nodes.*.ip", "nodes.*.version", "nodes.*.http.publish_address"},
		}.Do(ctx, c.base)
	})
	if err == nil && len(answer.Nodes) == 0 {
		err = errors.New("listing the nodes: there are none in the answer")
	}
	return byID(answer.Nodes), err
}

// Knock sends a request without certificate and login to an address, and takes any answer. It trusts nobody, and tells
// nothing. It gives the address from which it was sent, "" where it was not.
func Knock(ctx context.Context, client *http.Client, address, opaque string) (local string, err error) {
	ctx = httptrace.WithClientTrace(ctx,
		&httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { local = c.Conn.LocalAddr().String() }})
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+address+"/", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("User-Agent", "elk-mtls-init survey")
	request.Header.Set("X-Opaque-Id", opaque)
	res, err := client.Do(request)
	if err != nil {
		return local, fmt.Errorf("a request without a certificate: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	return local, res.Body.Close()
}

// Millis reads a time of the statistics; zero where there is none.
func Millis(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (c *Client) named(opaque string) (http.Header, error) {
	header, err := c.basic()
	if err == nil {
		header.Set("X-Opaque-Id", opaque)
	}
	return header, err
}
