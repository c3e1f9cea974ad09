//go:build cluster

package cluster

import (
	"testing"

	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Helm 3, one release, with another group than the charts' default, and keys that nobody else may read.
func TestGroupAndMode(t *testing.T) {
	s := newStack(t, 3, nil)
	strict := func(text string) string {
		return edited(text, substitute(`fsGroup: 1000\b`, "fsGroup: 1001"),
			substitute(`(?m)^( +)secretName: "?`+certificate+`"?$`, "${1}secretName: "+certificate+"\n${1}defaultMode: 0400"))
	}
	s.apply("elk", s.both(strict), s.patched()...)
	s.demands(true)
	for _, p := range s.awaitReady(kibanaPods, 1) {
		s.loggedIn(p)
		if *p.Spec.SecurityContext.FSGroup != 1001 {
			t.Errorf("fsGroup is %d: this test shows nothing", *p.Spec.SecurityContext.FSGroup)
		}
	}
}

// someUser is a user that no image knows: OpenShift gives every namespace a range of its own.
const someUser = 1000730000

// TestRandomUser is OpenShift: the charts' values for it name no user and no group, and admission sets a user that nobody
// knows. The namespace holds every pod to the restricted Pod Security Standard: for the chart's containers that is the
// user's affair, by values; what elk-mtls adds must be up to it. Helm 4, two releases.
func TestRandomUser(t *testing.T) {
	s := newStack(t, 4, map[string]string{"pod-security.kubernetes.io/enforce": "restricted", randomUserLabel: ""})
	s.randomUser()
	asOnOpenShift := func(text string) string {
		return edited(text, withoutSysctl,
			substitute(`(?m)^( +securityContext:)\n +fsGroup: 1000\n( +runAsUser: 1000\n)?`, "$1 {}\n"),
			substitute(`(?m)^( +)runAsNonRoot: true\n( +runAsUser: 1000\n)?`,
				"${1}runAsNonRoot: true\n${1}allowPrivilegeEscalation: false\n${1}seccompProfile: {type: RuntimeDefault}\n"))
	}
	forElasticsearch := asOnOpenShift
	if !s.stock.official {
		forElasticsearch = func(text string) string {
			return edited(asOnOpenShift(text), replace("runAsNonRoot: true\n", "runAsNonRoot: true\n          capabilities: {drop: [ALL]}\n"))
		}
	}
	s.apply("elasticsearch", s.elasticsearch(forElasticsearch), s.patched()...)
	s.apply("kibana", s.kibana(asOnOpenShift), s.patched()...)
	s.demands(true)
	for _, p := range s.awaitReady(kibanaPods, 1) {
		s.loggedIn(p)
		if p.Spec.SecurityContext.FSGroup != nil || *p.Spec.SecurityContext.RunAsUser != someUser {
			t.Errorf("the pod's security context is %v: this test shows nothing", p.Spec.SecurityContext)
		}
	}
}

const randomUserLabel = "elk-mtls.test/random-user"

// randomUser makes admission set the user of pods that name none, as OpenShift's security context constraints do.
func (s *stack) randomUser() {
	s.t.Helper()
	const name = "random-user"
	admission := lab.Client.AdmissionregistrationV1beta1()
	_, err := admission.MutatingAdmissionPolicies().Create(s.t.Context(), &admissionv1beta1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1beta1.MutatingAdmissionPolicySpec{
			ReinvocationPolicy: admissionv1beta1.NeverReinvocationPolicy,
			MatchConstraints: &admissionv1beta1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{randomUserLabel: ""}},
				ResourceRules: []admissionv1beta1.NamedRuleWithOperations{{RuleWithOperations: admissionv1beta1.RuleWithOperations{
					Operations: []admissionv1beta1.OperationType{admissionv1beta1.Create},
					Rule:       admissionv1beta1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
				}}},
			},
			Mutations: []admissionv1beta1.Mutation{{
				PatchType: admissionv1beta1.PatchTypeApplyConfiguration,
				ApplyConfiguration: &admissionv1beta1.ApplyConfiguration{
					Expression: "Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsUser: 1000730000}}}",
				},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = admission.MutatingAdmissionPolicyBindings().Create(s.t.Context(), &admissionv1beta1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       admissionv1beta1.MutatingAdmissionPolicyBindingSpec{PolicyName: name},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}
