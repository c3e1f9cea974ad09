//go:build integration

package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// dryRunCase is one rendering in one of the forms in which Helm hands it over, and one mode.
type dryRunCase struct {
	name  string
	mode  string
	input []byte
	env   []string
}

func dryRunCases(t *testing.T) []dryRunCase {
	t.Helper()
	var all []dryRunCase
	for _, r := range append(fixtures(t), realRenderings(t, official...)...) {
		stage := map[string]string{"token": "none", "cert-token": "required"}
		modes := []string{"token", "cert-token"}
		if r.mode != "" && stage[r.mode] == "" { // the configuration is for that mode alone
			modes, stage[r.mode] = []string{r.mode}, stageOf(r.mode)
		}
		for _, mode := range modes {
			env := append([]string{"ELK_MTLS_INIT_CONTAINER_IMAGE=" + initImage, "ELK_MTLS_MODE=" + mode,
				"ELK_MTLS_CLIENT_AUTHENTICATION=" + stage[mode]}, r.env...)
			hidden := withoutHooks(t, r.stream)
			if len(objects(t, hidden)) > 0 {
				all = append(all, dryRunCase{r.name + "/without hooks/" + mode, mode, hidden, append(slices.Clone(env), "ELK_MTLS_HOOKS=off")})
			}
			if len(objects(t, hidden)) < len(objects(t, r.stream)) {
				env = append(slices.Clone(env), "ELK_MTLS_HOOKS=auto")
				all = append(all, dryRunCase{r.name + "/with hooks/" + mode, mode, r.stream, env})
			}
		}
	}
	return all
}

func stageOf(mode string) string {
	if mode == "password" {
		return "none"
	}
	return "required"
}

// output patches the input of a case.
func (c dryRunCase) output(t *testing.T) []byte {
	t.Helper()
	output, stderr, err := patched(t, c.input, c.env...)
	if err != nil {
		t.Fatalf("elk-mtls: %v\n%s", err, stderr)
	}
	return output
}

// TestDryRun holds that a real API server, which checks every field, takes each object that we write. What it refuses of the input as
// well, in the same words, is the chart's.
func TestDryRun(t *testing.T) {
	c, ns := connect(t), namespace(t)
	patchedObjects := 0
	for _, test := range dryRunCases(t) {
		t.Run(test.name, func(t *testing.T) {
			output := test.output(t)
			before := map[string]*unstructured.Unstructured{}
			for _, o := range objects(t, test.input) {
				before[idOf(o)] = o
			}
			for _, o := range objects(t, output) {
				if o.GetKind() == "Certificate" {
					continue // TestCertManager asks an API server that has them
				}
				c.ensureNamespace(t, o.GetNamespace())
				stock := before[idOf(o)]
				c.takes(t, ns, o, stock)
				if stock == nil || !equal(stock, o) {
					patchedObjects++
				}
			}
		})
	}
	if patchedObjects < 50 {
		t.Errorf("only %d objects were added or changed in all: this test shows too little", patchedObjects)
	}
}

// takes holds that the API server takes an object, or had refused it in the same words before it was patched.
func (c *client) takes(t *testing.T, namespace string, o, stock *unstructured.Unstructured) {
	t.Helper()
	err := c.dryRun(t, o, namespace, metav1.FieldValidationStrict)
	if err == nil {
		return
	}
	if stock == nil {
		t.Errorf("the API server refuses %s, which we add: %v", idOf(o), err)
		return
	}
	// The complaint about an unknown field comes alone: look behind it too.
	for _, validation := range []string{metav1.FieldValidationStrict, metav1.FieldValidationIgnore} {
		now, was := fmt.Sprint(c.dryRun(t, o, namespace, validation)), fmt.Sprint(c.dryRun(t, stock, namespace, validation))
		if now != was {
			t.Errorf("the API server refuses %s: %s\nand said of it before we changed it: %s", idOf(o), now, was)
			return
		}
	}
	t.Logf("the API server refuses %s as the chart has it: %v", idOf(o), err)
}

// TestDryRunRefuses holds that the check above can fail.
func TestDryRunRefuses(t *testing.T) {
	c, ns := connect(t), namespace(t)
	for name, text := range map[string]string{
		`unknown field "spec.containers[0].imagePullPolice"`: "{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: x, image: x, imagePullPolice: Always}]}}",
		`spec.containers[0].volumeMounts[0].name: Not found`: "{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: x, image: x, volumeMounts: [{name: gone, mountPath: /x}]}]}}",
	} {
		err := c.dryRun(t, objectsIn(t, []byte(text))[0], ns, metav1.FieldValidationStrict)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want a refusal with %s, got %v", name, err)
		}
	}
}

// TestDryRunPodSecurity holds that a namespace under the restricted Pod Security Standard takes the init container with its volumes,
// under the security context of Kibana's pod.
func TestDryRunPodSecurity(t *testing.T) {
	c := connect(t)
	ns := labelledNamespace(t, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	pods := 0
	for _, test := range dryRunCases(t) {
		t.Run(test.name, func(t *testing.T) {
			output := test.output(t)
			for _, o := range objects(t, output) {
				pod := onlyInit(t, o)
				if pod == nil {
					continue
				}
				pods++
				if err := c.dryRun(t, asObject(t, pod), ns, metav1.FieldValidationStrict); err != nil {
					t.Errorf("the init container of %s: %v", idOf(o), err)
				}
				pod.Spec.Containers[0].SecurityContext = nil
				if err := c.dryRun(t, asObject(t, pod), ns, metav1.FieldValidationStrict); err == nil {
					t.Errorf("without its own security context the init container of %s is taken too: this test shows nothing", idOf(o))
				}
			}
		})
	}
	if pods == 0 {
		t.Error("no pod has our init container")
	}
}

// onlyInit makes a Pod of the init container of a Deployment and of what that mounts; nil when there is none.
func onlyInit(t *testing.T, o *unstructured.Unstructured) *corev1.Pod {
	t.Helper()
	template, found, err := unstructured.NestedMap(o.Object, "spec", "template", "spec")
	if err != nil {
		t.Fatal(err)
	}
	var spec corev1.PodSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, &spec); !found || err != nil {
		return nil
	}
	i := slices.IndexFunc(spec.InitContainers, func(c corev1.Container) bool { return c.Name == "elk-mtls-init" })
	if i < 0 {
		return nil
	}
	container := spec.InitContainers[i]
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: o.GetName()},
		Spec: corev1.PodSpec{
			Containers:                   []corev1.Container{container},
			SecurityContext:              spec.SecurityContext,
			ServiceAccountName:           spec.ServiceAccountName,
			AutomountServiceAccountToken: spec.AutomountServiceAccountToken,
		},
	}
	for _, v := range spec.Volumes {
		if slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name }) {
			pod.Spec.Volumes = append(pod.Spec.Volumes, v)
		}
	}
	return pod
}

func asObject(t *testing.T, pod *corev1.Pod) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		t.Fatal(err)
	}
	delete(content, "status")
	return &unstructured.Unstructured{Object: content}
}

func equal(a, b *unstructured.Unstructured) bool {
	return len(lacks("", a.Object, b.Object))+len(lacks("", b.Object, a.Object)) == 0
}
