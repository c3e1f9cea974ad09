// Package minting gives what elk-mtls-init works between: a real Elasticsearch that requires client certificates, with a user that may
// mint and nothing more, and in a real API server what a release brings.
package minting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// The user that mints.
const (
	Username = "minter"
	Password = "correct horse battery staple"
)

// Options are what a node has besides.
type Options struct {
	Settings map[string]string
	Files    map[string][]byte // below config/
	Env      []string
	Role     any // of the minter, as the API takes it; nil: the two privileges that are needed
}

// Elasticsearch starts a node whose CA signed its own certificate and those of all clients. Its error may be a *parts.Missing.
func Elasticsearch(ctx context.Context, o Options) (*parts.Node, *pki.CA, error) {
	ca := pki.NewCA("ca")
	server := ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true})
	const ssl = "xpack.security.http.ssl."
	settings := map[string]string{
		ssl + "enabled": "true", ssl + "client_authentication": "required",
		ssl + "certificate": "certs/tls.crt", ssl + "key": "certs/tls.key", ssl + "certificate_authorities": "certs/ca.crt",
	}
	files := map[string][]byte{"certs/tls.crt": server.Cert, "certs/tls.key": server.Key, "certs/ca.crt": ca.Cert}
	maps.Copy(settings, o.Settings)
	maps.Copy(files, o.Files)
	node, err := parts.Elasticsearch(ctx, parts.Options{
		Settings: settings, Files: files, Env: o.Env, TLS: ca.Client(ca.Leaf(pki.Options{CN: "admin", ClientAuth: true})),
	})
	if err != nil {
		return nil, nil, err
	}
	if o.Role == nil {
		o.Role = map[string]any{"cluster": []string{"manage_service_account", "monitor"}}
	}
	for path, body := range map[string]any{
		"/_security/role/" + Username: o.Role,
		"/_security/user/" + Username: map[string]any{"password": Password, "roles": []string{Username}},
	} {
		if status, text, err := node.Call(ctx, http.MethodPut, path, body); err != nil || status != http.StatusOK {
			return nil, nil, errors.Join(fmt.Errorf("PUT %s: %d %s", path, status, text), err, node.Stop())
		}
	}
	return node, ca, nil
}

// Files writes those that elk-mtls-init is given, and returns their paths by flag.
func Files(dir string, ca *pki.CA) (map[string]string, error) {
	pair := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	paths := map[string]string{}
	for flag, text := range map[string][]byte{
		"ca": ca.Cert, "cert": pair.Cert, "key": pair.Key, "username-file": []byte(Username), "password-file": []byte(Password),
	} {
		paths[flag] = filepath.Join(dir, flag)
		if err := os.WriteFile(paths[flag], text, 0o600); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// Namespace makes one with what a release brings: the blank Secret, a Role for it, to which rules may be added, and a ServiceAccount,
// whose token it returns.
func Namespace(ctx context.Context, admin kubernetes.Interface, secret string, more ...rbacv1.PolicyRule) (namespace, token string, err error) {
	core, rbac, create := admin.CoreV1(), admin.RbacV1(), metav1.CreateOptions{}
	space, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "elk-"}}, create)
	if err != nil {
		return "", "", err
	}
	namespace = space.Name
	meta := metav1.ObjectMeta{Name: secret}
	rule := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{secret}, Verbs: []string{"get", "patch"}}
	_, err1 := core.Secrets(namespace).Create(ctx, &corev1.Secret{ObjectMeta: meta}, create)
	_, err2 := core.ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, create)
	_, err3 := rbac.Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: append(more, rule)}, create)
	_, err4 := rbac.RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: secret},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: secret, Namespace: namespace}},
	}, create)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return "", "", err
	}
	account, err := core.ServiceAccounts(namespace).CreateToken(ctx, secret, &authenticationv1.TokenRequest{}, create)
	if err != nil {
		return "", "", err
	}
	return namespace, account.Status.Token, nil
}

// Kubeconfig writes one for a ServiceAccount's token. The server may be another address than the config's: a proxy's.
func Kubeconfig(path, server, token string, config *rest.Config) error {
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: server, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{"c": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "c",
	}, path)
}
