package plan

import (
	"errors"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// planToken plans the Secret of the service token, the container that fills it before Kibana starts, and the least
// that this container may do in Kubernetes.
func planToken(p step, w *recognise.Workload, conf *configuration, id identity, hosts []string) error {
	minter, err := minterItems(p, w.Object, id.ca, hosts)
	if err != nil {
		return err
	}
	account, err := accountOf(p, w)
	if err != nil {
		return err
	}
	secret := tokenSecretOf(p.In, w)
	if slices.Contains([]string{minter[1].source.Name, id.ca.Name, id.secret}, secret) {
		return problem.New(problem.TokenSecret, "token.secretName: Secret/%s holds credentials or certificates already",
			secret).
			Do("choose a name of its own")
	}
	if err := tokenObjects(p, w, account, secret); err != nil {
		return err
	}
	podIdentity(p, w, account)
	pod := podOf(w.Object)
	if key := secretKey(w.Object, secret, p.settings.Token.Key); pod.Needs(key) {
		return problem.New(problem.TokenSecret, "a volume of the pod lists %s, which %s is to write: the kubelet "+
			"waits for the key, and no container starts", key, initName).
			Do("remove the volume, or choose another name in token.secretName")
	}
	mode := fileMode(pod)
	addClientVolume(p, w.Object, id)
	addVolume(p, w.Object, projected(minterVolume, mode, minter),
		"credentials that may create service tokens; only "+initName+" mounts them", linkServiceToken)
	addVolume(p, w.Object, kubernetesAPI(mode), "access to the one Secret; only "+initName+" mounts it",
		linkServiceAccount)
	container, err := tokenContainer(p.In, w.Object, id, hosts, secret, verificationOf(p, conf))
	if err != nil {
		return err
	}
	runBefore(p, w.Object, container, "creates Kibana's service token before Kibana starts", linkServiceToken)
	readToken(p, w, conf, secret)
	return noteEgress(p, w)
}

// tokenSecretOf names the Secret that the init container fills.
func tokenSecretOf(in *In, w *recognise.Workload) string {
	return or(in.settings.Token.SecretName, w.Name+"-elk-mtls-token")
}

// minterItems gives the credentials that may create tokens: user name, then password. Where the configuration names no
// Secret, they are those of the chart's own hook, or those that the charts of Elasticsearch keep: the two Secrets of
// Elastic's are X-certs and X-credentials, and others hold the password of the user elastic in the Secret that their
// nodes read it from.
func minterItems(p step, o *object.Object, ca object.Source, hosts []string) ([]fileItem, error) {
	m := p.settings.Minter
	name := m.SecretName
	if username, password, ok := hookCredentials(p.In); name == "" && ok {
		return []fileItem{{username, "username"}, {password, "password"}}, errors.Join(checkHolds(p, username),
			checkHolds(p, password))
	}
	if items := mintedBy(o); name == "" && items != nil {
		return items, nil
	}
	if prefix, ok := strings.CutSuffix(ca.Name, "-certs"); name == "" && ok && ca.Kind == "Secret" {
		name = prefix + "-credentials"
	}
	if name != "" {
		items := []fileItem{{secretKey(o, name, m.UsernameKey), "username"},
			{secretKey(o, name, m.PasswordKey), "password"}}
		for _, i := range items {
			if err := checkHolds(p, i.source); err != nil {
				return nil, problem.Advise(err, "name the Secret in minter.secretName, and its keys in "+
					"minter.usernameKey and minter.passwordKey")
			}
		}
		return items, nil
	}
	for _, h := range hosts {
		if known := p.nodes.of(p.behind(o, shell.Host(h))); known != nil && known.password.Name != "" {
			return elasticUser(p, o, known.password)
		}
	}
	return nil, problem.New(problem.NoCredentials, "the credentials that may %s are not known", minterMay(p.In)).
		Do("name their Secret in minter.secretName, with minter.usernameKey and minter.passwordKey")
}

// mintedBy gives the credentials that an earlier run took from a hook, which is gone since; nil for others.
func mintedBy(o *object.Object) []fileItem {
	var all []fileItem
	for _, v := range object.Items(podOf(o).Spec, "volumes") {
		for _, source := range object.Items(v, "projected", "sources") {
			for _, item := range object.Items(source, "secret", "items") {
				if object.Text(v, "name") == minterVolume {
					all = append(all, fileItem{secretKey(o, object.Text(source, "secret", "name"),
						object.Text(item, "key")), object.Text(item, "path")})
				}
			}
		}
	}
	if len(all) != 2 || o.Annotation(annotationMode) == "" {
		return nil
	}
	return all
}

// minterMay says what the minter's credentials are for.
func minterMay(in *In) string {
	switch {
	case in.settings.HasPassword():
		return "set the password of " + kibanaSystem
	case in.settings.Mode == config.ModePKI:
		return "write the role mapping of Kibana's certificate"
	}
	return "create service tokens"
}

// elasticUser gives the credentials of the user elastic, whose Secret holds the password alone.
func elasticUser(p step, o *object.Object, password object.Source) ([]fileItem, error) {
	id, node := newObject(o, "v1", "ConfigMap", o.Name+"-elk-mtls-minter",
		patch.F("data", patch.Map(patch.F("username", patch.Str("elastic")))))
	if err := p.addObject(o, id, node, "the name that belongs to the password in "+password.String()); err != nil {
		return nil, err
	}
	return []fileItem{{object.Source{Kind: "ConfigMap", Name: id.Name, Key: "username"}, "username"},
		{password, "password"}}, checkHolds(p, password)
}

// accountOf gives the pod's own ServiceAccount, or "" when one of ours has to replace none or "default".
func accountOf(p step, w *recognise.Workload) (string, error) {
	if name := p.settings.ServiceAccount.Name; name != "" {
		return name, nil
	}
	pod := podOf(w.Object)
	name := or(object.Text(pod.Spec, "serviceAccountName"), object.Text(pod.Spec, "serviceAccount"))
	if name != "" && name != "default" {
		return name, nil
	}
	name = accountName(w)
	id, node := newObject(w.Object, "v1", "ServiceAccount", name,
		patch.F("automountServiceAccountToken", patch.Bool(false)))
	return name, p.addObject(w.Object, id, node, "identity of "+initName+" in Kubernetes")
}

func accountName(w *recognise.Workload) string { return w.Name + "-elk-mtls" }

// tokenObjects plans the Secret and the Role for it. The Secret is rendered without any data: a key that Helm does not
// know is one that Helm does not take back, at an upgrade or a rollback.
func tokenObjects(p step, w *recognise.Workload, account, secret string) error {
	role := accountName(w)
	const group = "rbac.authorization.k8s.io"
	secretID, secretNode := newObject(w.Object, "v1", "Secret", secret, patch.F("type", patch.Str("Opaque")))
	roleID, roleNode := newObject(w.Object, group+"/v1", "Role", role, patch.F("rules", patch.Seq(patch.Map(
		patch.F("apiGroups", patch.Strs("")),
		patch.F("resources", patch.Strs("secrets")),
		patch.F("resourceNames", patch.Strs(secret)),
		patch.F("verbs", patch.Strs("get", "patch")),
	))))
	subject := patch.Map(patch.F("kind", patch.Str("ServiceAccount")), patch.F("name", patch.Str(account)))
	if w.Namespace != "" {
		subject.Content = append(subject.Content, patch.Str("namespace"), patch.Str(w.Namespace))
	}
	bindingID, bindingNode := newObject(w.Object, group+"/v1", "RoleBinding", role,
		patch.F("subjects", patch.Seq(subject)),
		patch.F("roleRef", patch.Map(
			patch.F("apiGroup", patch.Str(group)), patch.F("kind", patch.Str("Role")), patch.F("name",
				patch.Str(role)))))
	for _, a := range []struct {
		id   object.ID
		node *yaml.Node
		why  string
	}{
		{secretID, secretNode, "keeps the service token; " + initName + " fills it"},
		{roleID, roleNode, "lets " + initName + " read and patch that one Secret, nothing else"},
		{bindingID, bindingNode, "gives that Role to ServiceAccount/" + account},
	} {
		if err := p.addObject(w.Object, a.id, a.node, a.why); err != nil {
			return err
		}
	}
	return nil
}

// podIdentity gives the pod its ServiceAccount, and takes the API token out of containers that have no use for it.
func podIdentity(p step, w *recognise.Workload, account string) {
	pod := podOf(w.Object)
	at := func(field string) patch.Path { return patch.Fields(pod.Path("spec", field)...) }
	name, old := object.Text(pod.Spec, "serviceAccountName"), object.Text(pod.Spec, "serviceAccount")
	if or(name, old) == account && account != accountName(w) {
		return // the pod's own: what its other containers do with it is the user's
	}
	p.set(w.Object, at("serviceAccountName"), patch.Str(account), "identity of "+initName, linkServiceAccount)
	// Kubernetes copies the name into the older field by itself. Where Helm knows one of the two only, a later upgrade
	// to the bare chart removes that one, the API server restores it from the other, and the pods ask for a
	// ServiceAccount that is gone.
	p.set(w.Object, at("serviceAccount"), patch.Str(account), "the older name of the same field, so that Helm can "+
		"take both back", linkServiceAccount)
	for _, c := range pod.All() {
		if c.Name != w.Main.Name && c.Name != initName {
			p.action(w.ID, "container %q keeps the API token of the pod, now of ServiceAccount/%s: set "+
				"automountServiceAccountToken: false if it has no use for it", c.Name, account)
			return
		}
	}
	p.set(w.Object, at("automountServiceAccountToken"), patch.Bool(false),
		"only "+initName+" calls the Kubernetes API, with a token of its own", linkServiceAccount)
}

// readToken points Kibana to the Secret. An environment variable is read when its container is created, after the init
// containers; a Secret volume would have to be complete before any container starts.
func readToken(p step, w *recognise.Workload, conf *configuration, secret string) {
	const name = tokenVariable
	at := containerPath(w.Main).Field("env").Item("name", name)
	const why = "Kibana logs in with the token of this Secret"
	if w.Layout.Env == nil {
		kibanaSet(p, w, conf, kibanaToken, "${"+name+"}", "Kibana takes the token from the variable of that name")
	}
	if _, ok := p.own(w.Main, name); !ok {
		p.set(w.Object, at, fromSecret(name, object.Source{Name: secret, Key: p.settings.Token.Key}), why,
			linkKibanaToken)
		return
	}
	ref := at.Field("valueFrom", "secretKeyRef")
	p.set(w.Object, ref.Field("name"), patch.Str(secret), why, linkKibanaToken)
	p.set(w.Object, ref.Field("key"), patch.Str(p.settings.Token.Key), why, linkKibanaToken)
}

// kubernetesAPI is the volume that the API server would add by itself, for one container alone.
func kubernetesAPI(mode int) *yaml.Node {
	item := func(entries ...patch.Entry) *yaml.Node { return patch.Map(entries...) }
	return patch.Map(
		patch.F("name", patch.Str(apiVolume)),
		patch.F("projected", patch.Map(
			patch.F("defaultMode", patch.Octal(mode)),
			patch.F("sources", patch.Seq(
				item(patch.F("serviceAccountToken",
					patch.Map(patch.F("expirationSeconds", patch.Int(3600)), patch.F("path", patch.Str("token"))))),
				item(patch.F("configMap", patch.Map(patch.F("name", patch.Str("kube-root-ca.crt")),
					patch.F("items", patch.Seq(patch.Map(patch.F("key", patch.Str("ca.crt")),
						patch.F("path", patch.Str("ca.crt")))))))),
				item(patch.F("downwardAPI", patch.Map(patch.F("items", patch.Seq(patch.Map(
					patch.F("path", patch.Str("namespace")),
					patch.F("fieldRef", patch.Map(patch.F("fieldPath", patch.Str("metadata.namespace"))))))))))))),
		),
	)
}

// tokenContainer is the container that makes the token.
func tokenContainer(in *In, o *object.Object, id identity, hosts []string, secret, verification string) (*yaml.Node,
	error) {
	s := in.settings
	args := ensureArgs(in, id, hosts, verification)
	args = append(args,
		contract.Flag(contract.FlagAccount, s.Token.Account),
		contract.Flag(contract.FlagSecret, secret),
		contract.Flag(contract.FlagSecretKey, s.Token.Key),
		contract.Flag(contract.FlagUsernameFile, minterDir+"/username"),
		contract.Flag(contract.FlagPasswordFile, minterDir+"/password"),
		contract.Flag(contract.FlagTimeout, s.InitContainer.Timeout),
	)
	return newInitContainer(in, podOf(o), args,
		patch.Seq(patch.Map(patch.F("name", patch.Str(contract.PodUID)),
			patch.F("valueFrom", patch.Map(patch.F("fieldRef",
				patch.Map(patch.F("fieldPath", patch.Str("metadata.uid")))))))),
		append(id.clientMounts(o), readOnlyMount(minterVolume, minterDir), readOnlyMount(apiVolume, apiDir))...)
}
