package config

import "strings"

// Description documents one setting.
type Description struct {
	Path    string // in the configuration file
	Env     string
	What    string
	Default string
}

// Describe documents every setting, in the order of the configuration file. Help and docs/settings.md show it, so that
// they cannot differ.
func Describe() []Description {
	text := map[string][2]string{
		"mode": {"how Kibana logs in: token, password; with client certificates " +
			"cert-token, cert-password, pki", ModeCertToken},
		"clientAuthentication": {"whether Elasticsearch asks for certificates: none, optional, required",
			"required in certificate modes, else none"},
		"hooks": {"auto, or off: the chart's hooks will not run (--no-hooks)", "auto"},
		"certificates.source": {"secret: certificates are in Secrets that exist; cert-manager: " +
			"Certificates are added", "secret"},
		"certificates.issuer.name":  {"cert-manager: issuer that signs; its CA must come into ca.crt", "none"},
		"certificates.issuer.kind":  {"Issuer, ClusterIssuer, or the kind of another group", "Issuer"},
		"certificates.issuer.group": {"API group of the issuer", "cert-manager.io"},
		"certificates.duration":     {"cert-manager: how long a certificate is valid", "cert-manager's"},
		"certificates.renewBefore": {"cert-manager: how long before it expires a certificate is renewed",
			"cert-manager's"},
		"certificates.namespace": {"cert-manager: namespace for names such as SERVICE.NAMESPACE.svc, where " +
			"the manifests name none", "none"},
		"certificates.secretName": {"Secret with CA, certificate and key, for the servers and for every " +
			"client without one of its own", "what the chart uses"},
		"certificates.keys.ca":   {"key of the CA in such a Secret", "ca.crt"},
		"certificates.keys.cert": {"key of the certificate", "tls.crt"},
		"certificates.keys.key":  {"key of the private key", "tls.key"},
		"certificates.ca.secretName": {"Secret with the CAs that servers and clients trust, where these are " +
			"not kept beside each certificate", "none"},
		"certificates.ca.configMapName": {"the same in a ConfigMap, as trust-manager writes it", "none"},
		"certificates.ca.key":           {"key of these CAs", "ca.crt"},
		"certificates.clientCA.secretName": {"Secret with a CA that signed clients' certificates, trusted besides " +
			"the server's", "none"},
		"certificates.clientCA.key": {"key of that CA", "ca.crt"},
		"certificates.clients": {"list of {ref: Kind/name or Kind/name/container, secretName}: " +
			"a key pair for one workload, or for one container of it", "none"},
		"certificates.verificationMode": {"full, or certificate: the chain without the host name",
			"what Kibana has, else full"},
		"certificates.rendered": {"allow, or refuse manifests that contain the private key of an " +
			"Elasticsearch node", "refuse in Argo CD, as KRM function and in export, else allow"},
		"certificates.onRenewal": {"what restarts a client that reads its certificate only at startup when " +
			"that was renewed: renew (elk-mtls-init renew), reloader (Stakater's Reloader), none", "renew"},
		"token.account":    {"service account of the token", "elastic/kibana"},
		"token.secretName": {"Secret that keeps the token", "<workload>-elk-mtls-token"},
		"token.key":        {"key of the token", "token"},
		"kibana.login": {"keep or replace: what becomes of a user name and password that the " +
			"chart writes where Kibana logs in without; keep: an error", "keep"},
		"password.secretName": {"password modes: Secret with the password of kibana_system",
			"where Kibana takes it from"},
		"password.key": {"key of the password", "password"},
		"password.set": {"true: elk-mtls-init sets that password in Elasticsearch, with the " +
			"credentials in minter", "false"},
		"pki.realm": {"mode pki: name of the PKI realm in Elasticsearch", "pki1"},
		"pki.role":  {"mode pki: role of Kibana's certificate", "kibana_system"},
		"minter.secretName": {"Secret with the credentials that may create tokens (or set password or " +
			"role mapping)", "that of the chart's own hook, else X-credentials where the CA is in X-certs, else " +
			"where the nodes read the password of elastic"},
		"minter.usernameKey":       {"key of the user name", "username"},
		"minter.passwordKey":       {"key of the password", "password"},
		"initContainer.image":      {"image of elk-mtls-init", "the release's own, with its digest"},
		"initContainer.pullPolicy": {"Always, IfNotPresent or Never", "IfNotPresent"},
		"initContainer.pullSecrets": {"list of Secrets with credentials of the registry; added to the pod's",
			"none"},
		"initContainer.resources": {"resources of the container; {}: none",
			"100m and 32Mi, requests and limits alike"},
		"initContainer.timeout": {"how long to wait for Elasticsearch", "5m"},
		"serviceAccount.name":   {"ServiceAccount of Kibana's pod", "the pod's own, else one that is added"},
		"elasticsearch.url": {"address of Elasticsearch, several with commas: elk-mtls-init calls it, " +
			"and Kibana where nothing sets its hosts; where the input has no Elasticsearch and its clients call " +
			"several, they are these", "Kibana's hosts"},
		"rules": {"list of {ref, as, mountPath, env, args, files}: how a client that " +
			"elk-mtls does not know gets its certificate, see docs/rules.md", "none"},
		"unmanaged": {"list of {ref: Kind/name or Kind/name/container, reason}: what you take " +
			"care of", "none"},
	}
	var all []Description
	for _, f := range new(Settings).Fields() {
		t := text[f.Path]
		all = append(all, Description{Path: f.Path, Env: f.Env, What: t[0], Default: strings.TrimSpace(t[1])})
	}
	return all
}
