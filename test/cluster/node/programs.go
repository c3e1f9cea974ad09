package node

import (
	"fmt"
	"path/filepath"
)

// programs are all that a node and its control plane consist of.
func (c *Cluster) programs(find func(string) string) []Program {
	at := func(name string) string { return filepath.Join(c.folder, name) }
	kubeconfig := "--kubeconfig=" + c.Kubeconfig
	api := "https://127.0.0.1:" + apiPort + "/readyz"
	return []Program{
		{Name: "etcd", Args: []string{
			find("etcd"), "--data-dir=/run/etcd", "--unsafe-no-fsync", "--log-level=warn",
		}},
		{Name: "containerd", Args: []string{"containerd", "--config", at("containerd.toml")}},
		{Name: "kube-apiserver", Args: []string{
			find("kube-apiserver"), "--etcd-servers=http://127.0.0.1:2379", "--service-cluster-ip-range=" + services,
			"--advertise-address=" + Address, "--secure-port=" + apiPort,
			"--tls-cert-file=" + at("apiserver.crt"), "--tls-private-key-file=" + at("apiserver.key"), "--client-ca-file=" + at("ca.crt"),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + at("sa.key"), "--service-account-signing-key-file=" + at("sa.key"),
			"--authorization-mode=Node,RBAC", "--allow-privileged=true",
			// Tests play the admission of other distributions by it.
			"--feature-gates=MutatingAdmissionPolicy=true", "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
			"--kubelet-preferred-address-types=InternalIP",
		}},
		{Name: "kube-controller-manager", Await: []string{api}, Args: []string{
			find("kube-controller-manager"), kubeconfig, "--leader-elect=false",
			"--root-ca-file=" + at("ca.crt"), "--service-account-private-key-file=" + at("sa.key"),
		}},
		{Name: "kube-scheduler", Args: []string{find("kube-scheduler"), kubeconfig, "--leader-elect=false"}},
		// Limits of conntrack are sysctls that a network namespace may not write.
		{Name: "kube-proxy", Args: []string{
			find("kube-proxy"), kubeconfig, "--hostname-override=" + Name, "--proxy-mode=iptables", "--masquerade-all",
			"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
		}},
		{Name: "coredns", Args: []string{find("coredns"), "-conf", at("Corefile")}},
		{Name: "kubelet", Await: []string{c.socket()}, Args: []string{
			find("kubelet"), "--config=" + at("kubelet.yaml"), kubeconfig, "--hostname-override=" + Name, "--node-ip=" + Address,
			"--root-dir=" + at("kubelet"), "--cert-dir=/run/kubelet",
		}},
	}
}

func (c *Cluster) socket() string { return filepath.Join(c.folder, "containerd.sock") }

// configurations are the files that the programs read.
func (c *Cluster) configurations(cgroup, cni, pause string) map[string]string {
	return map[string]string{
		"containerd.toml": fmt.Sprintf(`version = 2
root = %[1]q
state = "/run/containerd"
[grpc]
  address = %[2]q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[3]q
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %[4]q
    conf_dir = %[5]q
`, filepath.Join(c.folder, "containerd"), c.socket(), pause, cni, filepath.Join(c.folder, "cni")),

		"cni/10-bridge.conflist": `{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "` + Bridge + `",
 "isDefaultGateway": true, "hairpinMode": true, "ipMasq": false,
 "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": "` + Subnet + `", "gateway": "` + Address + `"}]]}}]}
`,
		// Secrets that are mounted follow within a few seconds instead of a minute.
		"kubelet.yaml": `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /` + cgroup + `
enforceNodeAllocatable: []
failSwapOn: false
failCgroupV1: false
syncFrequency: 5s
clusterDNS: ["` + Address + `"]
clusterDomain: cluster.local
resolvConf: ""
podLogsDir: /var/log/pods
containerRuntimeEndpoint: "unix://` + c.socket() + `"
evictionHard: {memory.available: 1Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
`,
		// Without the template an unknown name is SERVFAIL, and not the clear answer that it is in a real cluster.
		"Corefile": `.:53 {
    bind ` + Address + `
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local {
        kubeconfig ` + c.Kubeconfig + `
        ttl 1
    }
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
`,
	}
}
