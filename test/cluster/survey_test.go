//go:build cluster

package cluster

import (
	"encoding/json"
	"os/exec"
	"slices"
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
	const pair = "--cert /certificates/tls.crt --key /certificates/tls.key "
	s.apply("clients", surveyed("plain", calling("without", ""))+"---\n"+surveyed("both", calling("without", ""), calling("with", pair)))
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
	unknown := slices.DeleteFunc(report.Unknown, func(c seen) bool { return c.Agent == "" }) // it was opened during the last look, and asked nothing yet
	if diff := cmp.Diff(want, report.Without, cmp.AllowUnexported(seen{})); diff != "" || len(unknown) > 0 {
		s.t.Errorf("without a certificate (-want +got):\n%s\nunknown: %+v\n%s", diff, unknown, lines)
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

// surveyed is a workload with some containers that call Elasticsearch. They connect to the pod itself: this cluster's kube-proxy, unlike most, gives
// the node's address to what comes through a Service, as Kibana does.
func surveyed(name string, containers ...string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ` + name + `}
spec:
  selector: {matchLabels: {app: ` + name + `}}
  template:
    metadata: {labels: {app: ` + name + `}}
    spec:
      terminationGracePeriodSeconds: 2
      volumes: [{name: certificates, secret: {secretName: elasticsearch-master-certs}}]
      containers:
` + strings.Join(containers, "")
}

// calling is a container that calls once a second, with options of curl.
func calling(name, options string) string {
	return `      - name: ` + name + `
        image: ` + image.Elasticsearch + `
        command: [bash, -c, 'while sleep 1; do curl -sS -A ` + name + `/1 --cacert /certificates/ca.crt ` + options + `-u "elastic:$PASSWORD" --connect-to ::elasticsearch-master-headless: https://elasticsearch-master:9200/; done']
        env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: elasticsearch-master-credentials, key: password}}}]
        volumeMounts: [{name: certificates, mountPath: /certificates}]
`
}
