//go:build integration

package wiring

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestRealJaeger is TestRealClients with Jaeger, which takes longer to build.
func TestRealJaeger(t *testing.T) {
	realClients(t, "Deployment/elk-kibana", jaegers(), "../../examples/release/rendered.yaml", "testdata/jaeger.yaml")
}

func jaegers() []clientProgram {
	const old = "/jaeger-span-2020-01-01" // of today, for who looks at when it was made: so that the job is told to keep none
	return []clientProgram{
		{
			name: "jaeger-collector", workload: "Deployment/jaeger-collector", container: "jaeger-collector", path: "/go/bin/collector-linux", port: ":4318",
			args: []string{
				"--collector.otlp.http.host-port=:4318", "--collector.otlp.grpc.host-port=127.0.0.1:0", "--collector.grpc-server.host-port=127.0.0.1:0",
				"--collector.http-server.host-port=127.0.0.1:0", "--admin.http.host-port=127.0.0.1:0",
			},
			works: func(l *lab, r *running) error { return l.traced(r, "jaeger-span-*") },
		},
		{
			name: "jaeger", workload: "Deployment/jaeger", container: "jaeger", path: "/cmd/jaeger/jaeger-linux", port: ":4318",
			env:   []string{"OTLP=:4318"},
			works: func(l *lab, r *running) error { return l.traced(r, "second-jaeger-span-*") },
		},
		{
			name: "jaeger-es-index-cleaner", workload: "CronJob/jaeger-es-index-cleaner", container: "cleaner", path: "/go/bin/es-index-cleaner",
			before: func(l *lab) error { return l.makeIndex(old) },
			works:  func(l *lab, _ *running) error { return l.gone(old) },
		},
	}
}

// traced sends a span to a collector, and looks for it in Elasticsearch.
func (l *lab) traced(r *running, index string) error {
	trace, service := hex.EncodeToString([]byte(time.Now().Format("150405.000000000"))), "of the test"
	now := time.Now().UnixNano()
	body := fmt.Sprintf(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},"scopeSpans":[{"spans":[`+
		`{"traceId":%q,"spanId":"0102030405060708","name":"a span","kind":1,"startTimeUnixNano":"%d","endTimeUnixNano":"%d"}]}]}]}`,
		service, trace[:32], now, now+1000)
	ctx, cancel := context.WithTimeout(l.t.Context(), 5*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:"+r.port+"/v1/traces", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("sending a span: status %d", response.StatusCode)
	}
	return l.found(index, `process.serviceName:"`+service+`"`)
}

func (l *lab) makeIndex(path string) error {
	_, _, err := l.node.Call(l.t.Context(), http.MethodPut, path, nil)
	return err
}

// gone tells whether the program has deleted an index.
func (l *lab) gone(path string) error {
	status, _, err := l.node.Call(l.t.Context(), http.MethodGet, path, nil)
	if err == nil && status != http.StatusNotFound {
		return fmt.Errorf("the index that it deletes is still there: status %d", status)
	}
	return err
}
