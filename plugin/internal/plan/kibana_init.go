package plan

import (
	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// hasInitImage refuses to plan the init container without an image.
func hasInitImage(in *In) error {
	if in.settings.InitContainer.Image == "" {
		return problem.New(problem.NoImage, "no image for the init container %s is configured (initContainer.image, "+
			"--init-image), and this build has none of its own", initName).
			Do("`make image` writes dist/elk-mtls-init.oci.tar; push it (skopeo copy " +
				"oci-archive:dist/elk-mtls-init.oci.tar docker://REGISTRY/elk-mtls-init:TAG) or load it into a test " +
				"cluster (kind load image-archive, minikube image load), and name it")
	}
	return nil
}

// newInitContainer gives our container, with what it does: it meets the restricted Pod Security Standard whatever the
// pod allows.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
func newInitContainer(in *In, pod object.Pod, args []string, env *yaml.Node, mounts ...*yaml.Node) (*yaml.Node, error) {
	s := in.settings
	var resources *yaml.Node
	if len(s.InitContainer.Resources) > 0 {
		var err error
		if resources, err = patch.From(s.InitContainer.Resources); err != nil {
			return nil, problem.New(problem.Configuration, "initContainer.resources: %v", err).Do("correct it")
		}
	}
	security := patch.Map(
		patch.F("allowPrivilegeEscalation", patch.Bool(false)),
		patch.F("capabilities", patch.Map(patch.F("drop", patch.Strs("ALL")))),
		patch.F("readOnlyRootFilesystem", patch.Bool(true)),
		patch.F("runAsNonRoot", patch.Bool(true)),
	)
	if object.Text(pod.Spec, "securityContext", "runAsUser") == "0" {
		security.Content = append(security.Content, patch.Str("runAsUser"), patch.Int(65532))
	}
	security.Content = append(security.Content, patch.Str("seccompProfile"),
		patch.Map(patch.F("type", patch.Str("RuntimeDefault"))))
	return patch.Map(
		patch.F("name", patch.Str(initName)),
		patch.F("image", patch.Str(s.InitContainer.Image)),
		patch.F("imagePullPolicy", patch.Str(s.InitContainer.PullPolicy)),
		patch.F("args", patch.Strs(args...)),
		patch.F("env", env),
		patch.F("resources", resources),
		patch.F("securityContext", security),
		patch.F("volumeMounts", patch.Seq(mounts...)),
	), nil
}

// ensureArgs are the arguments of ensure that all modes share: where it calls, and how.
func ensureArgs(in *In, id identity, hosts []string, verification string) []string {
	args := []string{contract.Ensure}
	for _, h := range hosts {
		args = append(args, contract.Flag(contract.FlagURL, h))
	}
	args = append(args, contract.Flag(contract.FlagCA, or(id.carried.ca, clientDir+"/"+fileCA)))
	if in.settings.Certs() {
		args = append(args, contract.Flag(contract.FlagCert, or(id.carried.cert, clientDir+"/"+fileCert)),
			contract.Flag(contract.FlagKey, or(id.carried.key, clientDir+"/"+fileKey)))
	}
	if verification != "full" {
		args = append(args, contract.Flag(contract.FlagVerification, verification))
	}
	return args
}

// runBefore plans our container among those that run before the pod's own, and the credentials by which its image is
// pulled.
func runBefore(p step, o *object.Object, container *yaml.Node, why, link string) {
	for _, name := range p.settings.InitContainer.PullSecrets {
		p.set(o, fields(podOf(o).Path("spec", "imagePullSecrets")...).Item("name", name),
			patch.Map(patch.F("name", patch.Str(name))),
			"credentials of the registry that has the image of "+initName, linkPullSecrets)
	}
	p.set(o, fields(podOf(o).Path("spec", "initContainers")...).Item("name", initName), container, why, link)
}

// addVolume plans a volume of a pod.
func addVolume(p step, o *object.Object, node *yaml.Node, why, link string) {
	p.set(o, fields(podOf(o).Path("spec", "volumes")...).Item("name", object.Text(node, "name")), node, why, link)
}

func readOnlyMount(volume, dir string) *yaml.Node {
	return patch.Map(patch.F("name", patch.Str(volume)), patch.F("mountPath", patch.Str(dir)),
		patch.F("readOnly", patch.Bool(true)))
}

// asMinter are the arguments by which elk-mtls-init logs in as who may do what it is to do.
func asMinter() []string {
	return []string{contract.Flag(contract.FlagUsernameFile, minterDir+"/username"),
		contract.Flag(contract.FlagPasswordFile, minterDir+"/password")}
}
