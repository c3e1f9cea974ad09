package node

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// sysSetns is the number of setns(2), which package syscall does not know.
var sysSetns = map[string]uintptr{"amd64": 308, "arm64": 268}[runtime.GOARCH]

// credentials makes the cluster's certificates, and the administrator's kubeconfig.
func (c *Cluster) credentials() error {
	ca := pki.NewCA("cluster")
	server := ca.Leaf(pki.Options{CN: "kube-apiserver", ServerAuth: true, SANs: []string{
		Address, firstOfThem, "127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local",
	}})
	admin := ca.Leaf(pki.Options{CN: "admin", O: "system:masters", ClientAuth: true})
	accounts := ca.Leaf(pki.Options{CN: "service-accounts", RSA: true})
	in64 := base64.StdEncoding.EncodeToString
	kubeconfig := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:%s", certificate-authority-data: %s}}]
users: [{name: admin, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: c, context: {cluster: c, user: admin}}]
current-context: c
`, apiPort, in64(ca.Cert), in64(admin.Cert), in64(admin.Key))
	return errors.Join(
		c.write("ca.crt", ca.Cert), c.write("apiserver.crt", server.Cert), c.write("apiserver.key", server.Key),
		c.write("sa.key", accounts.Key), c.write("kubeconfig", []byte(kubeconfig)),
	)
}

func (c *Cluster) ctr(ctx context.Context, stdin io.Reader, args ...string) error {
	cmd := exec.CommandContext(ctx, "ctr", append([]string{"--address", c.socket(), "--namespace", "k8s.io"}, args...)...)
	cmd.Stdin = stdin
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ctr %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// load brings the images into containerd.
func (c *Cluster) load(ctx context.Context, o Options) error {
	read, write := io.Pipe()
	go func() { _ = write.CloseWithError(o.Images(write)) }()
	err := c.ctr(ctx, read, "images", "import", "-")
	_ = read.Close()
	if err != nil {
		return err
	}
	for _, name := range o.Archives {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = c.ctr(ctx, f, "images", "import", "-")
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// Tag gives an image of the cluster another name.
func (c *Cluster) Tag(ctx context.Context, image, name string) error {
	return c.ctr(ctx, nil, "images", "tag", image, name)
}

// ready tells why pods could not run yet.
func (c *Cluster) ready(ctx context.Context) error {
	node, err := c.Client.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	ready := false
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			ready = condition.Status == corev1.ConditionTrue
			err = fmt.Errorf("not ready: %s", condition.Message)
		}
	}
	if !ready || len(node.Spec.Taints) > 0 {
		return errors.Join(err, fmt.Errorf("taints: %v", node.Spec.Taints))
	}
	_, err = c.Client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
	return err
}

// volumes makes what the charts' claims, which name no class, bind to: folders. There is no provisioner, and a volume
// that was used does not bind again. An fsGroup does not reach a folder of the host, so that everybody may write there.
func (c *Cluster) volumes(ctx context.Context) error {
	for i := range 40 {
		name := fmt.Sprintf("volume-%d", i)
		path := filepath.Join(c.folder, "volumes", name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, 0o777); err != nil {
			return err
		}
		_, err := c.Client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: corev1.PersistentVolumeSpec{
				Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("30Gi")},
				AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
	}
	return nil
}
