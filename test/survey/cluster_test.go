//go:build integration || survey

package survey

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// cluster puts a real kube-apiserver in place of ours. It asks a kubelet for the logs of pods: that is ours.
func (w *world) cluster(t *testing.T) *parts.APIServer {
	t.Helper()
	server, err := parts.KubeAPIServer(t.Context())
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, server.Stop()) })
	mux := http.NewServeMux()
	mux.HandleFunc("/containerLogs/{namespace}/{pod}/{container}", func(out http.ResponseWriter, r *http.Request) { w.api.log(out, r, r.PathValue("pod")) })
	kubelet := httptest.NewTLSServer(mux)
	t.Cleanup(kubelet.CloseClientConnections)
	at, err := url.Parse(kubelet.URL)
	must(t, err)
	port, err := strconv.ParseInt(at.Port(), 10, 32)
	must(t, err)

	config, err := clientcmd.BuildConfigFromFlags("", server.Kubeconfig)
	must(t, err)
	admin, err := kubernetes.NewForConfig(config)
	must(t, err)
	ctx, core := t.Context(), admin.CoreV1()
	node, err := core.Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker"}}, metav1.CreateOptions{})
	must(t, err)
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: at.Hostname()}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(port)
	_, err = core.Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	must(t, err)
	_, err = core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "elastic"}}, metav1.CreateOptions{})
	must(t, err)
	for name := range w.api.logs {
		pod, err := core.Pods("elastic").Create(ctx, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       corev1.PodSpec{NodeName: node.Name, Containers: []corev1.Container{{Name: "main", Image: "elasticsearch"}}},
		}, metav1.CreateOptions{})
		must(t, err)
		pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, HostIP: "192.0.2.1", PodIP: "127.0.0.1", PodIPs: []corev1.PodIP{{IP: "127.0.0.1"}}}
		_, err = core.Pods("elastic").UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		must(t, err)
	}
	text, err := os.ReadFile(server.Kubeconfig)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(w.dir, "kubeconfig"), text, 0o600))
	return server
}
