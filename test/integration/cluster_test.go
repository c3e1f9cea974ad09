//go:build integration

package integration

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// client is an administrator of the API server, who knows all kinds that it serves.
type client struct {
	dynamic dynamic.Interface
	mapper  meta.RESTMapper
	listed  []schema.GroupVersionResource // what a namespace can hold
}

var administrator = sync.OnceValues(newClient)

func connect(t *testing.T) *client {
	t.Helper()
	apiServer(t)
	c, err := administrator()
	if err != nil {
		t.Fatalf("connecting to the API server: %v", err)
	}
	return c
}

func newClient() (*client, error) {
	server, err := controlPlane()
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", server.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // no limit: the server is ours
	config.WarningHandler = rest.NoWarnings{}
	kinds, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	groups, err := restmapper.GetAPIGroupResources(kinds)
	if err != nil {
		return nil, err
	}
	lists, err := kinds.ServerPreferredNamespacedResources()
	if err != nil {
		return nil, err
	}
	listed, err := discovery.GroupVersionResources(discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "create"}}, lists))
	if err != nil {
		return nil, err
	}
	c := &client{mapper: restmapper.NewDiscoveryRESTMapper(groups)}
	for resource := range listed {
		if resource.Resource != "events" {
			c.listed = append(c.listed, resource)
		}
	}
	c.dynamic, err = dynamic.NewForConfig(config)
	return c, err
}

// at gives the place of an object, in the namespace that it names or else in this one.
func (c *client) at(o *unstructured.Unstructured, namespace string) (dynamic.ResourceInterface, error) {
	kind := o.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dynamic.Resource(mapping.Resource), nil
	}
	if own := o.GetNamespace(); own != "" {
		namespace = own
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(namespace), nil
}

// dryRun asks the API server whether it would take the object; fields it does not know are refused with metav1.FieldValidationStrict.
func (c *client) dryRun(t *testing.T, o *unstructured.Unstructured, namespace, validation string) error {
	t.Helper()
	place, err := c.at(o, namespace)
	if err != nil {
		return err
	}
	_, err = place.Create(t.Context(), o.DeepCopy(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: validation})
	return err
}

// everything lists what a namespace holds, as "Kind/name".
func (c *client) everything(t *testing.T, namespace string) []string {
	t.Helper()
	var all []string
	for _, resource := range c.listed {
		list, err := c.dynamic.Resource(resource).Namespace(namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatalf("listing %s: %v", resource.Resource, err)
		}
		for i := range list.Items {
			if id := idOf(&list.Items[i]); id != "ConfigMap/kube-root-ca.crt" {
				all = append(all, id)
			}
		}
	}
	slices.Sort(all)
	return all
}

const helmRecord = "Secret/sh.helm.release.v1."

// released lists what a namespace holds besides Helm's own records.
func (c *client) released(t *testing.T, namespace string) []string {
	t.Helper()
	return slices.DeleteFunc(c.everything(t, namespace), func(id string) bool { return strings.HasPrefix(id, helmRecord) })
}

func (c *client) secret(t *testing.T, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	s, err := c.secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("reading a Secret: %v", err)
	}
	return s
}

func (c *client) secrets(namespace string) dynamic.ResourceInterface {
	return c.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(namespace)
}

func idOf(o *unstructured.Unstructured) string { return fmt.Sprintf("%s/%s", o.GetKind(), o.GetName()) }
