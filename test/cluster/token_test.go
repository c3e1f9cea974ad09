//go:build cluster

package cluster

import (
	"slices"
	"strings"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	rounds   = 20
	initName = "elk-mtls-init"
)

func (s *stack) tokenSecret() string { return s.stock.deployment + "-elk-mtls-token" }

// replaced deletes Kibana's pods and waits for the new ones.
func (s *stack) replaced() []corev1.Pod {
	s.t.Helper()
	old := s.pods(kibanaPods)
	s.deletePods(old)
	start := time.Now()
	fresh := s.awaitReady(kibanaPods, len(old), old...)
	if slow := time.Since(start); slow > 20*time.Second {
		s.t.Logf("it took %s; the pods:\n%s", slow, s.state())
	}
	return fresh
}

// deadTokens makes the token in the Secret dead and replaces the pod, again and again. Kubelet gives a Secret to a container
// out of a cache: the main container must not get what the init container has found there.
func (s *stack) deadTokens() {
	start := time.Now()
	dead := s.loggedIn(s.pods(kibanaPods)[0])
	for round := range rounds {
		s.deleteToken(dead)
		pod := s.replaced()[0]
		token := s.loggedIn(pod)
		if token == dead {
			s.t.Fatalf("round %d: Kibana still has the token %s, which is dead", round, dead)
		}
		for _, c := range pod.Status.ContainerStatuses {
			if c.RestartCount != 0 {
				s.t.Errorf("round %d: container %s had to be restarted %d times", round, c.Name, c.RestartCount)
			}
		}
		if names := s.tokens(); len(names) != 1 || names[0] != token {
			s.t.Errorf("round %d: Elasticsearch has the tokens %q, Kibana has %s", round, names, token)
		}
		dead = token
		if s.t.Failed() {
			return
		}
	}
	s.t.Logf("%d of %d rounds, %.1f s each", rounds, rounds, time.Since(start).Seconds()/rounds)
}

// scale sets the number of Kibana's replicas and waits for that many pods.
func (s *stack) scale(replicas int32) []corev1.Pod {
	s.t.Helper()
	_, err := lab.Client.AppsV1().Deployments(s.ns).UpdateScale(s.t.Context(), s.stock.deployment, &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: s.stock.deployment, Namespace: s.ns},
		Spec:       autoscalingv1.ScaleSpec{Replicas: replicas},
	}, metav1.UpdateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.awaitReady(kibanaPods, int(replicas))
}

// blank does to the Secret what `helm upgrade --force` does: nothing of ours is left in it.
func (s *stack) blank() {
	s.t.Helper()
	secret := s.secret(s.tokenSecret())
	secret.Data = nil
	for name := range secret.Annotations {
		if strings.HasPrefix(name, "elk-mtls.dev/") {
			delete(secret.Annotations, name)
		}
	}
	if _, err := lab.Client.CoreV1().Secrets(s.ns).Update(s.t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) replicas() {
	s.scale(0)
	s.blank()
	for _, name := range s.tokens() {
		s.deleteToken(name)
	}
	pods := s.scale(3)
	var used []string
	for _, p := range pods {
		used = append(used, s.loggedIn(p))
	}
	slices.Sort(used)
	if names := s.tokens(); len(slices.Compact(used)) != 1 || !slices.Equal(names, used[:1]) {
		s.t.Errorf("three replicas log in with %q; Elasticsearch has %q", used, names)
	}
	s.scale(1)
}

func (s *stack) podDeleted() {
	before := s.loggedIn(s.pods(kibanaPods)[0])
	if after := s.loggedIn(s.replaced()[0]); after != before {
		s.t.Errorf("a new pod, and the token is another: %s, was %s", after, before)
	}
}

func (s *stack) elasticsearchRestarted() {
	kibana := s.pods(kibanaPods)
	before := s.loggedIn(kibana[0])
	old := s.pods(elasticsearchPods)
	s.deletePods(old)
	s.awaitReady(elasticsearchPods, 1, old...)
	pod := s.awaitReady(kibanaPods, 1)[0]
	if after := s.loggedIn(pod); after != before || pod.UID != kibana[0].UID {
		s.t.Errorf("the token is %s, was %s; the pod is %s, was %s", after, before, pod.UID, kibana[0].UID)
	}
	// A pod that starts while Elasticsearch is away waits for it.
	old = s.pods(elasticsearchPods)
	s.deletePods(old)
	pod = s.replaced()[0]
	if after := s.loggedIn(pod); after != before {
		s.t.Errorf("both restarted, and the token is another: %s, was %s", after, before)
	}
	s.awaitReady(elasticsearchPods, 1, old...)
}

func (s *stack) blanked() {
	before := s.loggedIn(s.pods(kibanaPods)[0])
	s.blank()
	if after := s.loggedIn(s.replaced()[0]); after == before {
		s.t.Errorf("the token %s came back from nowhere", after)
	}
}

func (s *stack) deleteSecret(name string) {
	s.t.Helper()
	if err := lab.Client.CoreV1().Secrets(s.ns).Delete(s.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) secretDeleted() {
	// Else it waits for five minutes that somebody brings the Secret back.
	s.env = append(slices.Clone(s.env), "ELK_MTLS_INIT_CONTAINER_TIMEOUT=5s")
	s.apply("elk", s.both(), s.patched()...)
	s.deleteSecret(s.tokenSecret())
	s.deletePods(s.pods(kibanaPods))
	var ended corev1.ContainerStateTerminated
	s.eventually("the init container's end", func() error {
		for _, p := range s.pods(kibanaPods) {
			for _, c := range p.Status.InitContainerStatuses {
				for _, state := range []corev1.ContainerState{c.State, c.LastTerminationState} {
					if c.Name == initName && state.Terminated != nil {
						ended = *state.Terminated
						return nil
					}
				}
			}
		}
		return errNotYet
	})
	if ended.ExitCode != 21 || !strings.Contains(ended.Message, s.tokenSecret()) || !strings.Contains(ended.Message, "\nhint: run the same helm upgrade with --post-renderer again") {
		s.t.Errorf("exit code %d, message %q: want 21, which Secret is missing, and what to do", ended.ExitCode, ended.Message)
	}
	s.apply("elk", s.both(), s.patched()...)
	s.loggedIn(s.replaced()[0])
}
