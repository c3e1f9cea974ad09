package initcontainer

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/secret"
)

// edge is the world outside the settings: what a test puts something else in place of.
type edge struct {
	clock      clock
	log        *slog.Logger
	stdout     io.Writer
	transport  func(http.RoundTripper) http.RoundTripper // around the connection to Elasticsearch
	kubernetes *rest.Config                              // instead of the pod's or a kubeconfig's
}

// ensure is the line: wait for Elasticsearch → ensure credential → write Secret → exit. The two arrows in the middle
// are one call, because a write that somebody else forestalled leads back to the beginning.
func ensure(ctx context.Context, o config.Ensure, e edge) error {
	h, err := newHolder(o, e)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.awaitElasticsearch(ctx); err != nil {
		return h.unverified(ctx, err)
	}
	held, err := h.hold(ctx)
	if err != nil {
		return h.unverified(ctx, err)
	}
	// The token is safe: from here nothing changes the exit code.
	_ = h.clean(ctx, held)
	h.settle(ctx)
	return h.print()
}

// newHolder opens what the settings name.
func newHolder(o config.Ensure, e edge) (*holder, error) {
	es, err := connect(o.Common, e)
	if err != nil {
		return nil, err
	}
	if _, err := o.Login(); err != nil {
		return nil, err
	}
	h := &holder{es: es, clock: e.clock, log: e.log, o: o, wait: newWaiting(e.clock, e.log, o.Timeout), unclear: true,
		pod: cmp.Or(o.PodUID, rand.Text()), stale: patience}
	if jitter, err := rand.Int(rand.Reader, big.NewInt(int64(10*time.Second))); err == nil {
		h.stale += time.Duration(jitter.Int64())
	}
	h.storage, err = openStorage(o, e)
	return h, err
}

// storage is where the Secret is.
type storage struct {
	store store
	place secret.Place
	print func() error // at the end, when all is well
	close func()
}

// openStorage chooses it by the settings.
func openStorage(o config.Ensure, e edge) (storage, error) {
	s := storage{
		place: secret.Place{Namespace: o.Namespace, Name: o.Secret, Key: o.SecretKey, Account: o.Account},
		print: func() error { return nil }, close: func() {},
	}
	if o.SecretOut != "" {
		s.place.Name = secret.NameOf(o.SecretOut)
	}
	switch o.SecretOut {
	case "-":
		out := secret.NewStdout(e.stdout, s.place)
		s.store, s.print = out, out.Print
	case "":
		client, err := kubernetesConfig(o.Kubeconfig, e.kubernetes)
		if err != nil {
			return s, err
		}
		s.store, err = secret.NewKubernetes(client, s.place)
		return s, err
	default:
		file := secret.NewFile(o.SecretOut, s.place)
		s.store, s.close = file, func() { _ = file.Close() }
	}
	return s, nil
}

// prefix begins the name of every token that was made for this Secret.
func (s storage) prefix(uid string) string {
	namespace := s.place.Namespace
	if namespace == "" {
		namespace = "file"
	}
	return credential.Prefix(namespace, s.place.Name, uid)
}

func kubernetesConfig(kubeconfig string, given *rest.Config) (*rest.Config, error) {
	if given != nil {
		return given, nil
	}
	if kubeconfig != "" {
		c, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			return nil, fmt.Errorf("--kubeconfig: %w", err)
		}
		return c, nil
	}
	c, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, failure.New(failure.Usage, errors.New("not in a pod, and no --kubeconfig"),
			"outside a cluster, --secret-out FILE keeps the Secret in a file")
	}
	if err != nil {
		return nil, fmt.Errorf("the pod's Kubernetes credentials: %w", err)
	}
	return c, nil
}
