package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// FieldManager is who writes. Helm takes over what "helm" wrote, and then drops what its manifest lacks.
const FieldManager = "elk-mtls-init"

// Kubernetes is a Secret in a cluster. It needs the verbs get and patch on that one name, nothing else.
type Kubernetes struct {
	Place
	client rest.Interface
}

// NewKubernetes makes a client for one Secret.
func NewKubernetes(config *rest.Config, place Place) (*Kubernetes, error) {
	client, err := RESTClient(config)
	if err != nil {
		return nil, err
	}
	return &Kubernetes{place, client}, nil
}

// RESTClient makes a client that knows the types of core/v1 only: client-go's typed clients register every API group
// and double the size and the start of the program.
func RESTClient(config *rest.Config) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.APIPath = "/api"
	config.GroupVersion = &corev1.SchemeGroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.QPS = -1 // the loop paces itself
	config.UserAgent = FieldManager
	config.DisableCompression = true // a small answer must not become a large one
	config.WarningHandler = rest.NoWarnings{}
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making the Kubernetes client: %w", err)
	}
	return client, nil
}

// String names the Secret for messages.
func (k *Kubernetes) String() string { return fmt.Sprintf("Secret %s/%s", k.Namespace, k.Name) }

// Get reads the Secret.
func (k *Kubernetes) Get(ctx context.Context) (protocol.State, error) {
	var s corev1.Secret
	err := k.client.Get().Namespace(k.Namespace).Resource("secrets").Name(k.Name).MaxRetries(0).Do(ctx).Into(&s)
	if err != nil {
		return protocol.State{}, k.explain("get", err)
	}
	out, err := k.checked(&s)
	if err == nil && s.DeletionTimestamp != nil && out.Token.IsZero() { // a token would be lost with it
		err = failure.New(failure.SecretMissing, fmt.Errorf("%s is being deleted", k),
			"run the same helm upgrade with --post-renderer again, once it is gone: it comes with the release")
	}
	return out, err
}

// checked refuses what is not this Secret: without a version, a patch would have no lock.
func (k *Kubernetes) checked(s *corev1.Secret) (protocol.State, error) {
	if s.Name != k.Name || s.Namespace != k.Namespace || s.UID == "" || s.ResourceVersion == "" {
		return protocol.State{}, failure.New(failure.Other, fmt.Errorf("%s: the answer is another object: a proxy, "+
			"or no Kubernetes API server", k),
			"call the API server itself")
	}
	return k.state(s), nil
}

func (k *Kubernetes) state(s *corev1.Secret) protocol.State {
	out := protocol.Read(s.Annotations, credential.NewToken(string(s.Data[k.Key])), k.Account)
	out.UID, out.Version = string(s.UID), s.ResourceVersion
	out.Locked = s.Immutable != nil && *s.Immutable
	return out
}

// Patch writes all that differs in one merge patch with the resourceVersion of the state it was decided upon: the API
// server answers 409 when anything changed since. Not a JSON patch, which fails on a Secret without data and cannot
// tell a conflict from other faults; not server-side apply, whose resourceVersion is no lock when the object is gone.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
func (k *Kubernetes) Patch(ctx context.Context, from, to protocol.State) (protocol.State, error) {
	body, err := k.mergePatch(from, to)
	if err != nil {
		return protocol.State{}, &NotDone{err}
	}
	var s corev1.Secret
	err = k.client.Patch(types.MergePatchType).Namespace(k.Namespace).Resource("secrets").Name(k.Name).
		Param("fieldManager", FieldManager).
		MaxRetries(0). // a repeated patch that had acted is answered 409, as if it had not
		Body(body).Do(ctx).Into(&s)
	if err == nil {
		return k.checked(&s)
	}
	switch status := (apierrors.APIStatus)(nil); {
	case !errors.As(err, &status):
	case refused[status.Status().Code]:
		return protocol.State{}, &NotDone{k.explain("patch", err)}
	}
	return protocol.State{}, k.explain("patch", err)
}

// refused are the answers to a patch after which the Secret surely is as it was.
var refused = map[int32]bool{
	http.StatusConflict: true, http.StatusNotFound: true, http.StatusForbidden: true,
	http.StatusUnprocessableEntity: true,
}

// mergePatch holds the value as []byte, so that it is proper base64: to anything else the API server answers with a
// message that quotes the whole object.
func (k *Kubernetes) mergePatch(from, to protocol.State) ([]byte, error) {
	metadata := map[string]any{"resourceVersion": from.Version}
	if annotations := changes(from, to); len(annotations) > 0 {
		metadata["annotations"] = annotations
	}
	patch := map[string]any{"metadata": metadata}
	switch {
	case to.Token.Equal(from.Token):
	case to.Token.IsZero():
		patch["data"] = map[string]any{k.Key: nil} // an empty value would let a container start without a token
	default:
		patch["data"] = map[string][]byte{k.Key: []byte(to.Token.Reveal())}
	}
	return json.Marshal(patch)
}

// LogIn is what helps where the API server does not know who asks.
const LogIn = "log in to the cluster again, until kubectl get works; or, in a pod, make its ServiceAccount again: is " +
	"the ServiceAccount still there?"

// explain makes an error that says what to do. The API server's own text is passed on only where it cannot quote the
// object.
func (k *Kubernetes) explain(verb string, err error) error {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return failure.New(failure.Other, fmt.Errorf("%s: the Kubernetes API server cannot be reached: %w", k, err),
			"let this pod reach the API server, by network policies: the Secret is the only thing asked for")
	}
	s := status.Status()
	switch s.Code {
	case http.StatusNotFound:
		return failure.New(failure.SecretMissing, fmt.Errorf("%s is not there", k),
			"run the same helm upgrade with --post-renderer again: it comes with the release")
	case http.StatusForbidden:
		return failure.New(failure.KubeForbidden, fmt.Errorf("%s: %s", k, s.Message),
			"run the same helm upgrade with --post-renderer again: the release brings a Role with get and patch on "+
				"this one Secret, and a RoleBinding for the pod's ServiceAccount")
	case http.StatusUnauthorized:
		return failure.New(failure.KubeForbidden, fmt.Errorf("%s: the Kubernetes API server does not accept the "+
			"ServiceAccount's token (401)", k),
			LogIn)
	case http.StatusUnprocessableEntity:
		return k.invalid(s)
	case http.StatusConflict:
		return fmt.Errorf("%s %w", k, errChanged)
	}
	return fmt.Errorf("%s: %s: the Kubernetes API server answers %d %s", k, verb, s.Code, s.Reason)
}

// invalid never passes the message on: it may quote the whole object, token included.
func (k *Kubernetes) invalid(s metav1.Status) error {
	var fields []string
	if s.Details != nil {
		for _, cause := range s.Details.Causes {
			fields = append(fields, cause.Field)
			if cause.Type == metav1.CauseType("FieldValueForbidden") &&
				(cause.Field == "data" || cause.Field == "immutable") {
				return Immutable(k.String(), k.Place)
			}
		}
	}
	return fmt.Errorf("%s: the Kubernetes API server refuses the patch as invalid (422), fields: %s", k,
		strings.Join(fields, ", "))
}

// Immutable is the error for a Secret that nobody can write.
func Immutable(what string, place Place) error {
	return failure.New(failure.SecretImmutable, fmt.Errorf("%s is immutable: no token can be written into it", what),
		fmt.Sprintf("delete this one, kubectl delete -n %s secret/%s, then run the same helm upgrade with "+
			"--post-renderer again: the Secret of the release is not immutable",
			place.Namespace, place.Name))
}
