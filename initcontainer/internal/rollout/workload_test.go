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
		"deployment/kibana": false, "Deployment": false, "Deployment/": false, "Deployment/../x": false, "Job/x": false, "Deployment/..": false,
	} {
		if _, err := ParseWorkload(text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
