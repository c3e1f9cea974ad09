package secret

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Written is when this program changed the Secret last, by the API server's own record; zero for never. A change of the
// records alone counts too: nothing tells it from a new token.
func (k *Kubernetes) Written(ctx context.Context) (time.Time, error) {
	var s corev1.Secret
	err := k.client.Get().Namespace(k.Namespace).Resource("secrets").Name(k.Name).MaxRetries(0).Do(ctx).Into(&s)
	if err != nil {
		return time.Time{}, k.explain("get", err)
	}
	var last time.Time
	for _, entry := range s.ManagedFields {
		if entry.Manager == FieldManager && entry.Time != nil && entry.Time.After(last) {
			last = entry.Time.Time
		}
	}
	return last, nil
}
