package verify

import (
	"strings"
	"testing"
)

// desk is a Kibana whose token elk-mtls-init writes, with all that it needs for that.
const desk = `apiVersion: v1
kind: Secret
metadata: {name: desk-token}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: desk}
rules:
- {apiGroups: [""], resources: [secrets], resourceNames: [desk-token], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: desk}
subjects:
- {kind: ServiceAccount, name: desk}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: desk}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: desk}
spec:
  template:
    spec:
      serviceAccountName: desk
      securityContext: {fsGroup: 1000}
      initContainers:
      - name: init
        image: elk-mtls-init:1
        args: [ensure, --elasticsearch-url=https://search:9200, --ca=/pki/ca.crt, --cert=/pki/tls.crt, --key=/pki/tls.key, --secret=desk-token]
        volumeMounts: [{name: pki, mountPath: /pki}]
      containers:
      - name: kibana
        image: docker.elastic.co/kibana/kibana:8.19.0
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://search:9200"}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /pki/ca.crt}
        - {name: ELASTICSEARCH_SSL_CERTIFICATE, value: /pki/tls.crt}
        - {name: ELASTICSEARCH_SSL_KEY, value: /pki/tls.key}
        - {name: ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE, value: "true"}
        - {name: ELASTICSEARCH_SERVICEACCOUNTTOKEN, valueFrom: {secretKeyRef: {name: desk-token, key: token}}}
        volumeMounts: [{name: pki, mountPath: /pki}]
      volumes:
      - {name: pki, secret: {secretName: desk-pki}}
`

// TestWriter holds that the init container is part of the proof: that it writes the token, and may.
func TestWriter(t *testing.T) {
	const may, there = "ServiceAccount/desk may get and patch Secret/desk-token", "Secret/desk-token is there"
	const cluster = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: all}\n" +
		"subjects: [{kind: ServiceAccount, name: runner, namespace: default}]\nroleRef: {kind: ClusterRole, name: cluster-admin}\n"
	first, rest, _ := strings.Cut(desk, "---\n")
	_, workload, _ := strings.Cut(desk, "name: desk}\n---\napiVersion: apps")
	workload = "apiVersion: apps" + workload
	with := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(desk) }
	for name, c := range map[string]struct{ stream, codes, assumed string }{
		"all is there":                           {desk, "", ""},
		"in a shell":                             {with("args: [ensure, ", "command: [sh, -c, 'exec elk-mtls-init ensure \"$@\"', x]\n        args: ["), "", ""},
		"by its path":                            {with("args: [ensure", "command: [/elk-mtls-init]\n        args: [ensure"), "", ""},
		"another command":                        {with("[ensure", "[doctor"), "EMT025", ""},
		"another command in a shell":             {with("args: [ensure, ", "command: [sh, -c, 'elk-mtls-init revoke \"$@\"', x]\n        args: ["), "EMT025", ""},
		"a command that nothing shows":           {with("args: [ensure", "env: [{name: WHAT, valueFrom: {configMapKeyRef: {name: no, key: w}}}]\n        args: [$(WHAT)"), "", "elk-mtls-init runs the command ensure"},
		"a binding for another account":          {with("serviceAccountName: desk", "serviceAccountName: runner"), "EMT025", ""},
		"no account is named":                    {with("      serviceAccountName: desk\n", ""), "EMT025", ""},
		"a Role that may not patch":              {with(", patch]", "]"), "EMT025", ""},
		"a Role that may not get":                {with("[get, patch]", "[patch]"), "EMT025", ""},
		"a Role that may do all":                 {with("[get, patch]", `["*"]`), "", ""},
		"rights in two rules":                    {with("verbs: [get, patch]}", "verbs: [get]}\n- {apiGroups: [\"\"], resources: [secrets], verbs: [patch]}"), "", ""},
		"a Role for another Secret":              {with("[desk-token]", "[other]"), "", may},
		"a Role from elsewhere":                  {first + "---\n" + workload, "", may},
		"Role and Secret from elsewhere":         {workload, "", there},
		"a group of all accounts":                {with("{kind: ServiceAccount, name: desk}", "{kind: Group, name: 'system:serviceaccounts'}"), "", ""},
		"a group of people":                      {with("{kind: ServiceAccount, name: desk}", "{kind: Group, name: 'system:masters'}"), "EMT025", ""},
		"a role of the cluster from elsewhere":   {with("serviceAccountName: desk", "serviceAccountName: runner") + cluster, "", "by ClusterRole/cluster-admin, which is not in these manifests"},
		"and its Role":                           {desk + strings.ReplaceAll(cluster, "runner", "desk"), "", ""},
		"the Secret is gone":                     {rest, "EMT025", ""},
		"the Secret is gone, and can be made":    {strings.Replace(rest, "[get, patch]", "[get, patch, create]", 1), "", ""},
		"the key is a volume of the pod":         {desk + "      - {name: t, secret: {secretName: desk-token, items: [{key: token, path: token}]}}\n", "EMT025", ""},
		"a volume that need not be there":        {desk + "      - {name: t, secret: {secretName: desk-token, optional: true, items: [{key: token, path: token}]}}\n", "", ""},
		"a volume that takes what there is":      {desk + "      - {name: t, secret: {secretName: desk-token}}\n", "", ""},
		"an init container for another token":    {with("--secret=desk-token", "--secret=other"), "EMT025", ""},
		"an init container for another key":      {with("--secret=desk-token", "--secret=desk-token, --secret-key=other"), "EMT025", ""},
		"the Secret holds a value, and no token": {with("{name: desk-token}\n---", "{name: desk-token}\nstringData: {other: x}\n---"), "EMT016", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := judged(t, c.stream, Options{})
			if got := codesOf(g); got != c.codes {
				t.Errorf("got %q, expected %q\n%s", got, c.codes, g.Text())
			}
			if all := strings.Join(g.Assumptions, "\n"); !strings.Contains(all, c.assumed) || c.assumed == "" && strings.Contains(all, "desk-token") {
				t.Errorf("expected the assumption %q\n%s", c.assumed, g.Text())
			}
		})
	}
}
