package object

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Mount is one volume mount of a container.
type Mount struct {
	Volume, Path, SubPath string
	SubPathExpr           string // the same with $(NAME) for variables
	ReadOnly              bool
}

// Mounts lists the volume mounts of the container.
func (c Container) Mounts() []Mount {
	var all []Mount
	for _, node := range Items(c.Node, "volumeMounts") {
		all = append(all, Mount{
			Volume:      Text(node, "name"),
			Path:        path.Clean(Text(node, "mountPath")),
			SubPath:     Text(node, "subPath"),
			SubPathExpr: Text(node, "subPathExpr"),
			ReadOnly:    Text(node, "readOnly") == "true",
		})
	}
	return all
}

// Below tells whether a file is a folder or in it.
func Below(file, folder string) bool {
	return file == folder || strings.HasPrefix(file, strings.TrimSuffix(folder, "/")+"/")
}

// inside gives the path below a folder, "" for the folder itself.
func inside(file, folder string) string {
	return strings.TrimPrefix(strings.TrimPrefix(file, folder), "/")
}

// MountOf gives the mount that a file is in: the longest that fits, as in the container.
func (c Container) MountOf(file string) (best Mount, ok bool) {
	for _, m := range c.Mounts() {
		if Below(file, m.Path) && len(m.Path) >= len(best.Path) {
			best, ok = m, true
		}
	}
	return best, ok
}

// ReadOnly tells whether a volume is one of Secrets and ConfigMaps, in which no container can write.
func (p Pod) ReadOnly(volume string) bool {
	v := p.volume(volume)
	return Get(v, "configMap") != nil || Get(v, "secret") != nil || Get(v, "projected") != nil ||
		Get(v, "downwardAPI") != nil
}

// volume gives a volume of the pod, nil when it has none of that name.
func (p Pod) volume(name string) *yaml.Node {
	for _, v := range Items(p.Spec, "volumes") {
		if Text(v, "name") == name {
			return v
		}
	}
	return nil
}

// Part is one key of a Secret or ConfigMap in a volume and the file that it becomes; with an empty Key all keys, each
// under its name.
type Part struct {
	Source
	File     string
	Mode     string // as it is written, decimal or octal; "" where Kubernetes decides
	Optional bool   // the pod starts without it
	Why      string // Source is empty: who else makes File
}

// Sources gives the Secrets and ConfigMaps of a volume, in the order in which the kubelet lays them down: of one path,
// the last counts.
func (p Pod) Sources(volume string) []Part {
	var all []Part
	for _, part := range p.parts(p.volume(volume)) {
		if part.Kind != "" {
			all = append(all, part)
		}
	}
	return all
}

// parts gives all that a volume of the kinds secret, configMap, projected and downwardAPI is made of.
// https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/
func (p Pod) parts(v *yaml.Node) []Part {
	var all []Part
	for _, s := range append([]*yaml.Node{v}, Items(v, "projected", "sources")...) {
		for _, kind := range [...]struct{ field, name, kind string }{
			{"secret", "secretName", "Secret"}, {"secret", "name", "Secret"}, {"configMap", "name", "ConfigMap"},
		} {
			at := Get(s, kind.field)
			if name := Text(at, kind.name); name != "" {
				mode := cmp.Or(Text(at, "defaultMode"), Text(v, "projected", "defaultMode"))
				source := Source{Namespace: p.namespace(), Kind: kind.kind, Name: name}
				all = append(all, keysOf(at, Part{Source: source, Mode: mode,
					Optional: Text(at, "optional") == "true"})...)
			}
		}
		all = append(all, made(s)...)
	}
	return all
}

// keysOf gives the keys that a source of a volume lists, or all.
func keysOf(at *yaml.Node, whole Part) []Part {
	items := Items(at, "items")
	if len(items) == 0 {
		return []Part{whole}
	}
	var all []Part
	for _, item := range items {
		one := whole
		one.Key, one.File = Text(item, "key"), path.Clean(Text(item, "path"))
		one.Mode = cmp.Or(Text(item, "mode"), whole.Mode)
		all = append(all, one)
	}
	return all
}

// What the kubelet writes into files that are no certificates and no keys.
const (
	OfPod   = "the kubelet writes fields of the pod there (downwardAPI)"
	OfToken = "the kubelet writes a token of the pod's ServiceAccount there"
)

// made gives the files of a source that the kubelet makes of something else.
func made(s *yaml.Node) []Part {
	var all []Part
	add := func(file, why string) {
		if file != "" {
			all = append(all, Part{File: path.Clean(file), Why: why})
		}
	}
	for _, item := range Items(s, "downwardAPI", "items") {
		add(Text(item, "path"), OfPod)
	}
	add(Text(s, "serviceAccountToken", "path"), OfToken)
	if bundle := Get(s, "clusterTrustBundle"); bundle != nil {
		name := cmp.Or(Text(bundle, "name"), Text(bundle, "signerName"))
		add(Text(bundle, "path"), fmt.Sprintf("it is the ClusterTrustBundle of %q", name))
	}
	if signed := Get(s, "podCertificate"); signed != nil {
		why := fmt.Sprintf("the signer %q issues it to the pod (podCertificate)", Text(signed, "signerName"))
		for _, field := range [...]string{"credentialBundlePath", "keyPath", "certificateChainPath"} {
			add(Text(signed, field), why)
		}
	}
	return all
}

// kindOf gives what a volume is, by the one field beside its name: "emptyDir" where it has none.
func kindOf(v *yaml.Node) string {
	n := v
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "name" {
			return n.Content[i].Value
		}
	}
	return "emptyDir"
}

// outside says where the files of a volume come from that no Secret, ConfigMap or container of the pod fills.
func outside(v *yaml.Node, kind string) string {
	name := Text(v, "name")
	switch kind {
	case "persistentVolumeClaim":
		return fmt.Sprintf("PersistentVolumeClaim/%s holds what somebody has put there", Text(v, kind, "claimName"))
	case "ephemeral":
		return fmt.Sprintf("a claim of the pod's own fills the volume %q", name)
	case "hostPath":
		return fmt.Sprintf("it is in the folder %q of the machine that the pod runs on", Text(v, kind, "path"))
	case "image":
		return fmt.Sprintf("it is in the image %q", Text(v, kind, "reference"))
	case "csi":
		return csi(v)
	}
	return fmt.Sprintf("the volume %q is of the kind %s", name, kind)
}

// csi names who fills a volume of a CSI driver.
// https://secrets-store-csi-driver.sigs.k8s.io/getting-started/usage, https://cert-manager.io/docs/usage/csi-driver/
func csi(v *yaml.Node) string {
	driver := Text(v, "csi", "driver")
	switch class := Text(v, "csi", "volumeAttributes", "secretProviderClass"); {
	case class != "":
		return fmt.Sprintf("SecretProviderClass/%s says what is there (CSI driver %q)", class, driver)
	case driver == "csi.cert-manager.io":
		return "cert-manager issues it to the pod (CSI driver " + fmt.Sprintf("%q)", driver)
	}
	return fmt.Sprintf("the CSI driver %q puts it there", driver)
}
