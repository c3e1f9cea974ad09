//go:build cluster

package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What docs/first-ten-minutes.md says about pods and hooks: Kibana before its certificates are there, and an uninstall by Helm 3.
func TestFirstTenMinutes(t *testing.T) {
	for _, major := range []int{3, 4} {
		t.Run(fmt.Sprintf("Helm %d", major), func(t *testing.T) {
			s := newStack(t, major, nil)
			if !s.stock.official {
				t.Skip("LEFT OUT: the certificates of our example are no part of it, and its hook does nothing")
			}
			s.step("Kibana alone waits, and says for what", (*stack).kibanaAlone)
			s.step("uninstalled with --no-hooks: nothing is left", (*stack).uninstalled)
			if major == 3 {
				s.step("uninstalled without --no-hooks: the chart's hook runs unpatched", (*stack).uninstalledWithHooks)
			}
		})
	}
}

// kibanaAlone installs Kibana where nobody has made the Secret of its certificates, and then Elasticsearch, whose chart makes it.
func (s *stack) kibanaAlone() {
	s.must(append([]string{"install", "kibana", chart(s.t, "kibana", s.kibana())}, s.patched()...)...)
	const want = `secret "` + certificate + `" not found`
	s.eventually("an event that names the Secret", func() error {
		for _, p := range s.pods(kibanaPods) {
			if events := s.warnings(p, "FailedMount"); strings.Contains(events, want) {
				return nil
			}
		}
		return errNotYet
	})
	for _, p := range s.pods(kibanaPods) {
		for _, c := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
			if c.RestartCount > 0 || c.State.Waiting == nil {
				s.t.Errorf("container %s: %d restarts, %+v", c.Name, c.RestartCount, c.State)
			}
		}
	}
	s.apply("es", s.elasticsearch(), s.patched()...)
	for _, p := range s.awaitReady(kibanaPods, 1) { // the kubelet tries a mount again after two minutes at the latest
		s.loggedIn(p)
	}
}

// uninstalled uninstalls both releases as a page says.
func (s *stack) uninstalled() {
	args := []string{"uninstall", "kibana", "--wait", "--timeout", "5m"}
	if s.major == 3 {
		args = append(args, "--no-hooks")
	}
	s.must(args...)
	s.must("uninstall", "es", "--wait", "--timeout", "5m")
	if left := s.left(); len(left) > 0 {
		s.t.Errorf("left is %q", left)
	}
}

// uninstalledWithHooks forgets --no-hooks. The chart's job has no certificate to present.
func (s *stack) uninstalledWithHooks() {
	s.apply("es", s.elasticsearch(), s.patched()...)
	s.apply("kibana", s.kibana(), s.patched()...)
	before := s.left()
	out, err := s.helm("uninstall", "kibana", "--timeout", "20s")
	if err == nil || !strings.Contains(out, "uninstallation completed with 1 error(s)") {
		s.t.Errorf("helm uninstall: %v\n%s", err, out)
	}
	s.must("uninstall", "es")
	if left := s.left(); !slices.Equal(left, []string{"Job/post-delete-" + s.stock.deployment}) {
		s.t.Errorf("left is %q, of %q", left, before)
	}
}

// left names what is in the namespace of what a release or its hooks made.
func (s *stack) left() []string {
	s.t.Helper()
	ctx, all := s.t.Context(), []string{}
	add := func(kind string, names []string, err error) {
		if err != nil {
			s.t.Fatal(err)
		}
		for _, name := range names {
			all = append(all, kind+"/"+name)
		}
	}
	secrets, err := lab.Client.CoreV1().Secrets(s.ns).List(ctx, metav1.ListOptions{})
	add("Secret", namesOf(secrets.Items), err)
	maps, err := lab.Client.CoreV1().ConfigMaps(s.ns).List(ctx, metav1.ListOptions{})
	add("ConfigMap", namesOf(maps.Items), err)
	accounts, err := lab.Client.CoreV1().ServiceAccounts(s.ns).List(ctx, metav1.ListOptions{})
	add("ServiceAccount", namesOf(accounts.Items), err)
	roles, err := lab.Client.RbacV1().Roles(s.ns).List(ctx, metav1.ListOptions{})
	add("Role", namesOf(roles.Items), err)
	jobs, err := lab.Client.BatchV1().Jobs(s.ns).List(ctx, metav1.ListOptions{})
	add("Job", namesOf(jobs.Items), err)
	return slices.DeleteFunc(all, func(id string) bool {
		return id == "ConfigMap/kube-root-ca.crt" || id == "ServiceAccount/default"
	})
}

// namesOf gives the names of objects of one kind.
func namesOf[T any, P interface {
	*T
	metav1.Object
}](items []T) []string {
	var names []string
	for i := range items {
		names = append(names, P(&items[i]).GetName())
	}
	return names
}
