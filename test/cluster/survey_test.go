//go:build cluster

package cluster

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/elk-mtls/elk-mtls/test/cluster/image"
)

// The Job of our chart surveys a cluster at optional: its report names the workloads without a certificate, by the addresses that
// the cluster gave to their pods, and nobody else.
func TestSurvey(t *testing.T) {
	s := newStack(t, 4, nil)
	s.apply("es", s.elasticsearch(), s.patched("--client-authentication=optional")...)
	s.apply("kibana", s.kibana(), s.patched("--client-authentication=optional")...)
	s.apply("clients", fmt.Sprintf(surveyed, image.Elasticsearch))
	s.must("install", "look", "../../charts-overlay/elk-mtls-support", "--set", "survey.enabled=true", "--set", "survey.for=1m",
		"--set", "survey.image="+lab.images["elk-mtls-init"], "--set", "survey.pods={"+service+"-0}",
		"--set", "survey.certificates.secretName="+certificate, "--set", "survey.user.secretName="+credentials)
	s.eventually("the survey's end", func() error {
		job, err := lab.Client.BatchV1().Jobs(s.ns).Get(s.t.Context(), "look-survey", metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range job.Status.Conditions {
			if c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue {
				s.t.Fatalf("the Job failed: %s\n%s", c.Message, s.evidence())
			}
		}
		if job.Status.Succeeded != 1 {
			return errNotYet
		}
		return nil
	})
	lines := s.evidence()
	cmd := exec.Command("../../bin/elk-mtls", "survey", "-o", "json", "-")
	cmd.Stdin = strings.NewReader(lines)
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, lines)
	}
	type who struct{ Namespace, Workload, Place string }
	type seen struct {
		who
		Agent string
	}
	var report struct{ Without, Unknown, With []seen }
	if err := json.Unmarshal(out, &report); err != nil {
		s.t.Fatal(err)
	}
	want := []seen{{who{s.ns, "Deployment/both", "pod"}, "without/1"}, {who{s.ns, "Deployment/plain", "pod"}, "without/1"}}
	if diff := cmp.Diff(want, report.Without, cmp.AllowUnexported(seen{})); diff != "" || len(report.Unknown) > 0 {
		s.t.Errorf("without a certificate (-want +got):\n%s\nunknown: %+v\n%s", diff, report.Unknown, lines)
	}
	got := map[who]bool{}
	for _, c := range report.With {
		got[c.who] = true
	}
	with := map[who]bool{{s.ns, "Deployment/both", "pod"}: true, {"", "", "loopback"}: true, {"", "", "node"}: true} // the probe, and Kibana
	if diff := cmp.Diff(with, got); diff != "" {
		s.t.Errorf("with one (-want +got):\n%s\n%s", diff, lines)
	}
}

// evidence is the log of the survey's pod.
func (s *stack) evidence() string {
	s.t.Helper()
	var all strings.Builder
	for _, p := range s.pods("job-name=look-survey") {
		all.WriteString(s.log(s.t.Context(), p.Name, corev1.PodLogOptions{}, 10_000))
	}
	return all.String()
}

// surveyed are a workload without a certificate, and one whose pods have a container with and one without. They connect to the pod itself:
// this cluster's kube-proxy, unlike most, gives the node's address to what comes through a Service, as Kibana does.
const surveyed = `apiVersion: apps/v1
kind: Deployment
metadata: {name: plain}
spec:
  selector: {matchLabels: {app: plain}}
  template:
    metadata: {labels: {app: plain}}
    spec:
      terminationGracePeriodSeconds: 2
      volumes: [{name: certificates, secret: {secretName: elasticsearch-master-certs}}]
      containers:
      - name: without
        image: %[1]s
        command: [bash, -c, 'while sleep 1; do curl -sS -A without/1 --cacert /certificates/ca.crt -u "elastic:$PASSWORD" --connect-to ::elasticsearch-master-headless: https://elasticsearch-master:9200/; done']
        env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: elasticsearch-master-credentials, key: password}}}]
        volumeMounts: [{name: certificates, mountPath: /certificates}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: both}
spec:
  selector: {matchLabels: {app: both}}
  template:
    metadata: {labels: {app: both}}
    spec:
      terminationGracePeriodSeconds: 2
      volumes: [{name: certificates, secret: {secretName: elasticsearch-master-certs}}]
      containers:
      - name: without
        image: %[1]s
        command: [bash, -c, 'while sleep 1; do curl -sS -A without/1 --cacert /certificates/ca.crt -u "elastic:$PASSWORD" --connect-to ::elasticsearch-master-headless: https://elasticsearch-master:9200/; done']
        env: &password [{name: PASSWORD, valueFrom: {secretKeyRef: {name: elasticsearch-master-credentials, key: password}}}]
        volumeMounts: &certificates [{name: certificates, mountPath: /certificates}]
      - name: with
        image: %[1]s
        command: [bash, -c, 'while sleep 1; do curl -sS -A with/1 --cacert /certificates/ca.crt --cert /certificates/tls.crt --key /certificates/tls.key -u "elastic:$PASSWORD" --connect-to ::elasticsearch-master-headless: https://elasticsearch-master:9200/; done']
        env: *password
        volumeMounts: *certificates
`
