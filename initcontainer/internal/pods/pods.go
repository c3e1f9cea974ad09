// Package pods says whose an address is, and reads the logs of pods. It needs list on pods, and get on pods/log of the
// pods whose logs it reads.
package pods

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/secret"
	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

// Client calls the API server.
type Client struct{ client rest.Interface }

// New makes a client.
func New(config *rest.Config) (*Client, error) {
	client, err := secret.RESTClient(config)
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

// RoleHint is what helps a survey that lacks a right.
const RoleHint = "elk-mtls-init survey --print-role prints the roles that are needed, and docs/migration.md says how " +
	"to bind them"

func explain(what string, err error) error {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &status):
		return failure.New(failure.Other, fmt.Errorf("%s: the Kubernetes API server cannot be reached: %w", what, err),
			"let this pod reach the API server, by network policies")
	case status.Status().Code == http.StatusForbidden:
		return failure.New(failure.KubeForbidden, fmt.Errorf("%s: %s", what, status.Status().Message), RoleHint)
	case status.Status().Code == http.StatusUnauthorized:
		return failure.New(failure.KubeForbidden, fmt.Errorf("%s: the Kubernetes API server does not accept the "+
			"credentials (401)", what), secret.LogIn)
	}
	return fmt.Errorf("%s: the Kubernetes API server answers %d %s", what, status.Status().Code, status.Status().Reason)
}

// Pod is one, as far as it is of interest.
type Pod struct {
	Namespace, Name, Workload string
	Node                      string // its address
	OnHost                    bool
	IPs                       []string
	Container                 string // the one with the port of Elasticsearch's HTTP
	Over                      bool   // it has ended
}

// List lists the pods of all namespaces, page by page, out of the API server's memory.
func (c *Client) List(ctx context.Context) ([]Pod, error) {
	var all []Pod
	for from := ""; ; {
		var list corev1.PodList
		request := c.client.Get().AbsPath("/api/v1/pods").SetHeader("Accept", "application/json").MaxRetries(0).
			Param("limit", "500").Param("continue", from)
		answer := request.Do(ctx)
		if err := answer.Error(); err != nil {
			return nil, explain("pods", err)
		}
		text, err := answer.Raw()
		if err != nil {
			return nil, err
		}
		if json.Unmarshal(text, &list) != nil {
			return nil, errors.New("pods: the answer is not that of a Kubernetes API server")
		}
		for _, p := range list.Items {
			all = append(all, read(p))
		}
		if from = list.Continue; from == "" {
			return all, nil
		}
	}
}

func read(p corev1.Pod) Pod {
	out := Pod{
		Namespace: p.Namespace, Name: p.Name, Workload: workload(p), Node: p.Status.HostIP, OnHost: p.Spec.HostNetwork,
		Over: p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed,
	}
	for _, ip := range p.Status.PodIPs {
		out.IPs = append(out.IPs, ip.IP)
	}
	if len(out.IPs) == 0 && p.Status.PodIP != "" {
		out.IPs = []string{p.Status.PodIP}
	}
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			if out.Container == "" && (port.ContainerPort == 9200 || port.Name == "http" || port.Name == "https") {
				out.Container = container.Name
			}
		}
	}
	if out.Container == "" && len(p.Spec.Containers) > 0 {
		out.Container = p.Spec.Containers[0].Name
	}
	return out
}

// workload is what made the pod. That of a ReplicaSet is a Deployment: its name less the hash that the pods are
// labelled with.
func workload(p corev1.Pod) string {
	for _, owner := range p.OwnerReferences {
		if owner.Controller == nil || !*owner.Controller {
			continue
		}
		if hash := p.Labels["pod-template-hash"]; owner.Kind == "ReplicaSet" && hash != "" &&
			strings.HasSuffix(owner.Name, "-"+hash) {
			return "Deployment/" + strings.TrimSuffix(owner.Name, "-"+hash)
		}
		return owner.Kind + "/" + owner.Name
	}
	return "Pod/" + p.Name
}

// Index finds pods by address. A pod that is gone is remembered until another one has its address.
type Index struct {
	byIP, onHost map[string][]Pod
	known        bool
}

// Update takes a list.
func (x *Index) Update(all []Pod) {
	if x.byIP == nil {
		x.byIP = map[string][]Pod{}
	}
	x.known, x.onHost = true, map[string][]Pod{}
	fresh := map[string][]Pod{}
	for _, p := range all {
		if _, known := x.onHost[p.Node]; !known && p.Node != "" {
			x.onHost[p.Node] = nil
		}
		for _, ip := range p.IPs {
			switch {
			case p.OnHost:
				x.onHost[ip] = append(x.onHost[ip], p)
			case p.Over: // its address may be another pod's by now
				fresh[ip] = append(fresh[ip], p)
			default:
				fresh[ip] = append([]Pod{p}, fresh[ip]...)
			}
		}
	}
	for ip, list := range fresh {
		x.byIP[ip] = list
	}
}

// Whose says what has the address. A loopback address is that of Elasticsearch's own pod or machine, whatever its
// number: the runtime of a kubelet opens the connections of kubectl port-forward inside the pod, to localhost
// (https://github.com/containerd/containerd/blob/v2.0.0/internal/cri/server/sandbox_portforward_linux.go), and the
// sidecar of a mesh hands on what it took from 127.0.0.6.
func (x *Index) Whose(ip string) evidence.Whose {
	_, taken := x.byIP[ip]
	if parsed, err := netip.ParseAddr(ip); err == nil && parsed.IsLoopback() && !taken {
		return evidence.Whose{Place: evidence.Loopback}
	}
	if !x.known {
		return evidence.Whose{}
	}
	if all, host := x.onHost[ip]; host {
		var names []string
		for _, p := range all {
			if name := p.Namespace + "/" + p.Workload; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return evidence.Whose{Place: evidence.OnNode, Workload: strings.Join(names, ", ")}
	}
	if list := x.byIP[ip]; len(list) > 0 {
		return evidence.Whose{Place: evidence.InPod, Namespace: list[0].Namespace, Workload: list[0].Workload,
			Pod: list[0].Name}
	}
	return evidence.Whose{Place: evidence.Outside}
}

// Of finds the pod that has an address, and has not ended. Of several, such as those that share the address of their
// machine, it is the one with that name.
func (x *Index) Of(ip, name string) (Pod, bool) {
	var found []Pod
	for _, p := range slices.Concat(x.byIP[ip], x.onHost[ip]) {
		if p.Name == name && !p.Over {
			return p, true
		}
		if !p.Over {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return Pod{}, false
	}
	return found[0], true
}

// Request is which lines of a log are wanted.
type Request struct {
	Since            time.Time
	Previous, Follow bool
}

// Lines reads a log, and gives each line with its time, until it ends.
func (c *Client) Lines(ctx context.Context, p Pod, r Request, each func(at time.Time, line string)) error {
	request := c.client.Get().AbsPath("/api/v1/namespaces/"+p.Namespace+"/pods/"+p.Name+"/log").MaxRetries(0).
		Param("container", p.Container).Param("timestamps", "true")
	if !r.Since.IsZero() {
		request.Param("sinceTime", r.Since.UTC().Format(time.RFC3339))
	}
	if r.Follow {
		request.Param("follow", "true")
	}
	if r.Previous {
		request.Param("previous", "true")
	}
	stream, err := request.Stream(ctx)
	if err != nil {
		return explain("the log of pod "+p.Namespace+"/"+p.Name, err)
	}
	defer func() { _ = stream.Close() }()
	return scan(stream, each)
}

func scan(in io.Reader, each func(time.Time, string)) error {
	reader := bufio.NewReaderSize(in, 1<<16)
	for {
		text, err := reader.ReadString('\n')
		if stamp, line, ok := strings.Cut(strings.TrimSuffix(text, "\n"), " "); ok && strings.HasSuffix(text, "\n") {
			if at, bad := time.Parse(time.RFC3339Nano, stamp); bad == nil {
				each(at, line)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Roles are what a survey needs: a look at all pods, whose addresses are to be found, and the logs of those of
// Elasticsearch. Names of the pods may be given; without them it is the logs of the namespace.
func Roles(namespace string, names []string) ([]byte, error) {
	logs := map[string]any{"apiGroups": []string{""}, "resources": []string{"pods/log"}, "verbs": []string{"get"}}
	if len(names) > 0 {
		logs["resourceNames"] = names
	}
	const api, name = "rbac.authorization.k8s.io/v1", "elk-mtls-survey"
	var out []byte
	for _, object := range []map[string]any{
		{"apiVersion": api, "kind": "ClusterRole", "metadata": map[string]any{"name": name},
			"rules": []any{map[string]any{"apiGroups": []string{""}, "resources": []string{"pods"},
				"verbs": []string{"list"}}}},
		{"apiVersion": api, "kind": "Role", "metadata": map[string]any{"name": name, "namespace": namespace},
			"rules": []any{logs}},
	} {
		text, err := yaml.Marshal(object)
		if err != nil {
			return nil, err
		}
		out = append(append(out, "---\n"...), text...)
	}
	return out, nil
}
