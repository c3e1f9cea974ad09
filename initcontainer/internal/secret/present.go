package secret

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// Present is a Secret that is there.
type Present struct{ Name, UID string }

// UIDs finds a Secret, or all of a namespace where it has no name. It asks for metadata alone: no value is sent.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
func UIDs(ctx context.Context, config *rest.Config, namespace, name string) ([]Present, error) {
	client, err := RESTClient(config)
	if err != nil {
		return nil, err
	}
	at := &Kubernetes{Place{Namespace: namespace, Name: name}, client}
	request, form := client.Get().Namespace(namespace).Resource("secrets"), "PartialObjectMetadataList"
	if name != "" {
		request, form = request.Name(name), "PartialObjectMetadata"
	}
	answer := request.SetHeader("Accept", "application/json;as="+form+";v=v1;g=meta.k8s.io").MaxRetries(0).Do(ctx)
	if err := answer.Error(); err != nil {
		err = at.explain("get", err)
		if failure.Of(err) == failure.SecretMissing {
			return nil, nil
		}
		if name == "" && failure.Of(err) == failure.KubeForbidden {
			err = failure.New(failure.KubeForbidden, err,
				"it takes the right to list Secrets; or name one: --secret "+namespace+"/NAME")
		}
		return nil, err
	}
	text, err := answer.Raw()
	if err != nil {
		return nil, err
	}
	type object struct{ Metadata Present }
	var list struct {
		object
		Items []object
	}
	if err := json.Unmarshal(text, &list); err != nil {
		// the parser's text may quote it
		return nil, fmt.Errorf("%s: the answer is not that of a Kubernetes API server", at)
	}
	if name != "" {
		list.Items = []object{list.object}
	}
	var found []Present
	for _, o := range list.Items {
		found = append(found, o.Metadata)
	}
	return found, nil
}
