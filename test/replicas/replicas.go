// Package replicas plays the controllers and kubelets that a bare API server lacks, for one Deployment: in goes what its
// template says, out come pods that take a token from a Secret when they start and keep it until they are replaced.
package replicas

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Options say which Deployment it is.
type Options struct {
	Client            kubernetes.Interface // with all rights
	Namespace, Name   string
	Secret, SecretKey string
	Count             int32
	// Init runs in place of the init container before a pod starts, until it returns nil; may be nil.
	Init func(ctx context.Context, podUID string) error
}

// Set is the Deployment and its pods.
type Set struct {
	Options
	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex
	tokens map[string]string // of the running pods, by name
	err    error
}

const label = "app"

// Start makes the Deployment, and goes on until Stop.
func Start(ctx context.Context, o Options) (*Set, error) {
	if _, err := o.Client.AppsV1().Deployments(o.Namespace).Create(ctx, o.deployment(), metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	s := &Set{Options: o, stop: stop, done: make(chan struct{}), tokens: map[string]string{}}
	go func() {
		defer close(s.done)
		for ctx.Err() == nil {
			if err := s.reconcile(ctx); err != nil && ctx.Err() == nil {
				s.mu.Lock()
				s.err = err
				s.mu.Unlock()
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return s, nil
}

// Stop ends it and returns what went wrong last.
func (s *Set) Stop() error {
	s.stop()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Tokens returns what the running pods started with, by the pod's name.
func (s *Set) Tokens() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.tokens)
}

func (o Options) deployment() *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: o.Name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &o.Count,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{label: o.Name}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{label: o.Name}}, Spec: o.pod()},
		},
	}
}

func (o Options) pod() corev1.PodSpec {
	from := &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: o.SecretKey}}
	from.SecretKeyRef.Name = o.Secret
	return corev1.PodSpec{Containers: []corev1.Container{{
		Name: "kibana", Image: "none", Env: []corev1.EnvVar{{Name: "ELASTICSEARCH_SERVICEACCOUNTTOKEN", ValueFrom: from}},
	}}}
}

// reconcile is one round of the controller: a new pod starts before an old one ends.
func (s *Set) reconcile(ctx context.Context) error {
	d, err := s.Client.AppsV1().Deployments(s.Namespace).Get(ctx, s.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	version := fmt.Sprintf("%d", d.Generation)
	list, err := s.Client.CoreV1().Pods(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: label + "=" + s.Name})
	if err != nil {
		return err
	}
	var fresh int32
	var old []string
	for _, p := range list.Items {
		if p.Annotations["generation"] == version {
			fresh++
		} else {
			old = append(old, p.Name)
		}
	}
	if fresh < s.Count {
		if err := s.start(ctx, version); err != nil {
			return err
		}
		fresh++
	}
	if len(old) > 0 {
		if err := s.end(ctx, old[0]); err != nil {
			return err
		}
		old = old[1:]
	}
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: fresh + int32(len(old)), UpdatedReplicas: fresh, ReadyReplicas: fresh, AvailableReplicas: fresh,
	}
	_, err = s.Client.AppsV1().Deployments(s.Namespace).UpdateStatus(ctx, d, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) {
		return nil // the next round sees why
	}
	return err
}

func (s *Set) start(ctx context.Context, version string) error {
	pods := s.Client.CoreV1().Pods(s.Namespace)
	p, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: s.Name + "-", Labels: map[string]string{label: s.Name}, Annotations: map[string]string{"generation": version},
		},
		Spec: s.pod(),
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	for s.Init != nil && s.Init(ctx, string(p.UID)) != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for {
		secret, err := s.Client.CoreV1().Secrets(s.Namespace).Get(ctx, s.Secret, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		if token := string(secret.Data[s.SecretKey]); err == nil && token != "" {
			s.mu.Lock()
			s.tokens[p.Name] = token
			s.mu.Unlock()
			return nil
		}
		select { // kubelet tries again until the key is there
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *Set) end(ctx context.Context, name string) error {
	s.mu.Lock()
	delete(s.tokens, name)
	s.mu.Unlock()
	now := int64(0)
	err := s.Client.CoreV1().Pods(s.Namespace).Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
