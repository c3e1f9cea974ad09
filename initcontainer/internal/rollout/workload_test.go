package rollout

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func status(t *testing.T, text string) Status {
	t.Helper()
	var s Status
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProgress(t *testing.T) {
	for _, test := range []struct {
		name, kind, object string
		done               bool
	}{
		{"all new and ready", "Deployment", `{"metadata":{"generation":2},"spec":{"replicas":2},"status":{"observedGeneration":2,"replicas":2,"updatedReplicas":2,"readyReplicas":2}}`, true},
		{"the controller has not looked yet", "Deployment", `{"metadata":{"generation":2},"spec":{"replicas":2},"status":{"observedGeneration":1,"replicas":2,"updatedReplicas":2,"readyReplicas":2}}`, false},
		{"an old one is left", "Deployment", `{"metadata":{"generation":2},"spec":{"replicas":2},"status":{"observedGeneration":2,"replicas":3,"updatedReplicas":2,"readyReplicas":2}}`, false},
		{"a new one is not ready", "StatefulSet", `{"metadata":{"generation":2},"spec":{"replicas":2},"status":{"observedGeneration":2,"replicas":2,"updatedReplicas":2,"readyReplicas":1}}`, false},
		{"no replicas named: one", "Deployment", `{"metadata":{"generation":1},"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1}}`, true},
		{"none wanted", "Deployment", `{"metadata":{"generation":1},"spec":{"replicas":0},"status":{"observedGeneration":1}}`, true},
		{"every node has it", "DaemonSet", `{"metadata":{"generation":3},"status":{"observedGeneration":3,"desiredNumberScheduled":5,"updatedNumberScheduled":5,"numberReady":5}}`, true},
		{"a node lacks it", "DaemonSet", `{"metadata":{"generation":3},"status":{"observedGeneration":3,"desiredNumberScheduled":5,"updatedNumberScheduled":4,"numberReady":5}}`, false},
		{"a Rollout has restarted", "Rollout", `{"metadata":{"generation":2},"spec":{"replicas":2,"restartAt":"2026-01-01T00:00:00Z"},
			"status":{"observedGeneration":"2","readyReplicas":2,"restartedAt":"2026-01-01T00:00:00Z"}}`, true},
		{"a Rollout in the middle of a step has, too", "Rollout", `{"metadata":{"generation":2},"spec":{"replicas":2,"restartAt":"2026-01-01T00:00:00Z"},
			"status":{"observedGeneration":"2","updatedReplicas":1,"readyReplicas":2,"restartedAt":"2026-01-01T00:00:00Z"}}`, true},
		{"a Rollout is restarting", "Rollout", `{"metadata":{"generation":2},"spec":{"replicas":2,"restartAt":"2026-01-01T00:00:00Z"},
			"status":{"observedGeneration":"2","readyReplicas":2,"restartedAt":"2025-01-01T00:00:00Z"}}`, false},
		{"a Rollout was not looked at", "Rollout", `{"metadata":{"generation":3},"spec":{"replicas":2,"restartAt":"2026-01-01T00:00:00Z"},
			"status":{"observedGeneration":"2","readyReplicas":2,"restartedAt":"2026-01-01T00:00:00Z"}}`, false},
	} {
		if done, text := status(t, test.object).Progress(test.kind); done != test.done {
			t.Errorf("%s: %v, %s", test.name, done, text)
		}
	}
}

func TestStuck(t *testing.T) {
	for object, want := range map[string]string{
		`{}`:                       "",
		`{"spec":{"paused":true}}`: "it is paused",
		`{"spec":{"updateStrategy":{"type":"OnDelete"}}}`:                                           "its update strategy is OnDelete",
		`{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}}}`:      "its update strategy leaves the pods below 2 as they are",
		`{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1}}}}`: "",
	} {
		if got := status(t, object).Stuck(); got != want {
			t.Errorf("%s: %q, want %q", object, got, want)
		}
	}
}

func TestEveryWayToUseASecretCounts(t *testing.T) {
	for _, pod := range []string{
		`{"containers":[{"env":[{"valueFrom":{"secretKeyRef":{"name":"token","key":"k"}}}]}]}`,
		`{"initContainers":[{"envFrom":[{"secretRef":{"name":"token"}}]}]}`,
		`{"volumes":[{"name":"v","secret":{"secretName":"token"}}]}`,
		`{"volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"token"}}]}}]}`,
	} {
		var spec corev1.PodSpec
		if err := json.Unmarshal([]byte(pod), &spec); err != nil {
			t.Fatal(err)
		}
		if !uses(spec, "token") || uses(spec, "other") {
			t.Errorf("%s", pod)
		}
		list := []corev1.Pod{{Spec: spec}, {Spec: spec, Status: corev1.PodStatus{Phase: corev1.PodSucceeded}}}
		if live := livePods(list, "token"); len(live) != 1 {
			t.Errorf("%d live pods of %s", len(live), pod)
		}
	}
}

func TestParseWorkload(t *testing.T) {
	for text, ok := range map[string]bool{
		"Deployment/kibana": true, "StatefulSet/a.b": true, "DaemonSet/x": true,
		"deployment/kibana": true, "deploy/kibana": true, "statefulsets/x": true, "Rollout/kibana": true, "rollouts/kibana": true,
		"Kibana/x": false, "/x": false, "Deployment": false, "Deployment/": false, "Deployment/../x": false, "Job/x": false, "Deployment/..": false,
	} {
		if _, err := ParseWorkload(text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A Rollout with a workloadRef has no selector of its own; its status says it.
func TestOwnsByTheStatus(t *testing.T) {
	s := status(t, `{"status":{"selector":"app=kibana,team in (a,b)"}}`)
	if !s.Owns(Pod{Labels: map[string]string{"app": "kibana", "team": "a"}}) || s.Owns(Pod{Labels: map[string]string{"app": "kibana"}}) {
		t.Error("the selector is not read")
	}
	if status(t, `{}`).Owns(Pod{Labels: map[string]string{"app": "kibana"}}) {
		t.Error("no selector is everything")
	}
}

func TestSource(t *testing.T) {
	s := status(t, `{"spec":{"template":{"spec":{
		"initContainers":[{"args":["other"]},{"args":["ensure","--ca=/etc/certs/ca.crt"],"volumeMounts":[
			{"name":"certs","mountPath":"/etc/certs"},{"name":"inner","mountPath":"/etc/certs/inner"},{"name":"whole","mountPath":"/etc/whole"},
			{"name":"map","mountPath":"/etc/map/ca.pem","subPath":"ca"},{"name":"none","mountPath":"/etc/none"}]}],
		"volumes":[
			{"name":"certs","projected":{"sources":[{"secret":{"name":"a","items":[{"key":"k","path":"ca.crt"}]}},{"secret":{"name":"b","items":[{"key":"cert","path":"tls.crt"}]}}]}},
			{"name":"inner","secret":{"secretName":"c","items":[{"key":"x","path":"deep/file"}]}},
			{"name":"whole","secret":{"secretName":"d"}},
			{"name":"map","configMap":{"name":"e"}},
			{"name":"none","emptyDir":{}}]}}}}`)
	for file, want := range map[string]source{
		"/etc/certs/ca.crt": {"secrets", "a", "k"}, "/etc/certs/tls.crt": {"secrets", "b", "cert"}, "/etc/certs/inner/deep/file": {"secrets", "c", "x"},
		"/etc/whole/password": {"secrets", "d", "password"}, "/etc/map/ca.pem": {"configmaps", "e", "ca"},
		"/etc/certs/other": {}, "/etc/none/x": {}, "/elsewhere": {}, "/etc/certificates": {},
	} {
		if got, ok := s.source("ensure", file); got != want || ok != (want != source{}) {
			t.Errorf("%s: %v, want %v", file, got, want)
		}
	}
	if args := s.Arguments("ensure"); len(args) != 1 || args[0] != "--ca=/etc/certs/ca.crt" {
		t.Errorf("arguments %q", args)
	}
}
