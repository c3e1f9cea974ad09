package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	d "github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/secret"
)

// token looks into the Secret.
func (x *examination) token(ctx context.Context) {
	h := &holder{es: x.es, clock: x.edge.clock, log: x.edge.log, o: x.o.Ensure}
	if err := h.open(x.edge); err != nil {
		x.Add(d.TokenWorks, d.Problem, "%s", oneLine(err))
		x.Skip("the Secret cannot be read", d.TokenRecorded, d.Orphans)
		return
	}
	var listed map[string]bool
	var listing error
	if x.es != nil {
		limited, cancel := x.each(ctx)
		listed, listing = x.es.Names(limited, x.o.Account) // before the Secret: what is listed was claimed before
		cancel()
	}
	limited, cancel := x.each(ctx)
	defer cancel()
	s, err := h.store.Get(limited)
	if err != nil {
		x.Add(d.TokenWorks, d.Problem, "%s", oneLine(err))
		x.Skip("the Secret cannot be read", d.TokenRecorded, d.Orphans)
		return
	}
	x.works(ctx, s)
	x.recorded(s)
	switch orphans := protocol.Orphans(s, slices.Sorted(maps.Keys(listed)), h.ours(s)); {
	case x.es == nil:
		x.Skip("Elasticsearch cannot be reached", d.Orphans)
	case listing != nil:
		x.Add(d.Orphans, d.Warning, "not looked at: %s", oneLine(listing))
	case len(orphans) > 0:
		x.Add(d.Orphans, d.Warning, "tokens of this Secret that nothing records: %d; elk-mtls-init revoke --orphans lists them", len(orphans))
	default:
		x.Add(d.Orphans, d.OK, "every token of this Secret is recorded")
	}
}

func (x *examination) works(ctx context.Context, s protocol.State) {
	switch {
	case s.Token.IsZero():
		x.Add(d.TokenWorks, d.Problem, "the Secret holds no token: the init container of the next pod makes one")
		return
	case protocol.Hopeless(s):
		x.Add(d.TokenWorks, d.Problem, "what the Secret holds is no usable token of %s: the init container of the next pod replaces it", x.o.Account)
		return
	case x.es == nil:
		x.Skip("Elasticsearch cannot be reached", d.TokenWorks)
		return
	}
	limited, cancel := x.each(ctx)
	defer cancel()
	id, err := x.es.AuthenticateToken(limited, s.Token)
	switch {
	case failure.Of(err) == failure.Unauthorized:
		x.Add(d.TokenWorks, d.Problem, "Elasticsearch refuses the token %s (401)", s.Has)
	case err != nil:
		x.Add(d.TokenWorks, d.Warning, "not looked at: %s", oneLine(err))
	case id.Username != x.o.Account.String():
		x.Add(d.TokenWorks, d.Problem, "the token is one of %s, not of %s", id.Username, x.o.Account)
	default:
		x.Add(d.TokenWorks, d.OK, "%s", s.Has)
	}
}

func (x *examination) recorded(s protocol.State) {
	switch {
	case s.TokenName != s.Has || slices.Contains(s.Previous, s.Has):
		x.Add(d.TokenRecorded, d.Warning, "the Secret holds %q and its records say %q: the next start of a pod sets that right", s.Has, s.TokenName)
	case s.Claim.Name != "":
		x.Add(d.TokenRecorded, d.Warning, "pod %s is making a token, or was when it ended", s.Claim.Holder)
	case len(s.Previous) > 0:
		x.Add(d.TokenRecorded, d.Warning, "tokens from before that are still valid, because a pod may use them: %d; elk-mtls-init rotate deletes them", len(s.Previous))
	default:
		x.Add(d.TokenRecorded, d.OK, "it is the recorded one")
	}
}

// cluster looks at Kubernetes, as far as it is allowed.
func (x *examination) cluster(ctx context.Context) {
	kube, err := kubernetesConfig(x.o.Kubeconfig, x.edge.kubernetes)
	if err != nil {
		x.Skip(oneLine(err), d.PodsCurrent, d.PostRenderer, d.HookLeftovers, d.Kubernetes)
		return
	}
	place := secret.Place{Namespace: x.o.Namespace, Name: x.o.Secret, Key: x.o.SecretKey, Account: x.o.Account}
	store, err := secret.NewKubernetes(kube, place)
	if err != nil {
		x.Skip(oneLine(err), d.PodsCurrent, d.PostRenderer, d.HookLeftovers, d.Kubernetes)
		return
	}
	cluster, err := rollout.New(kube, x.o.Namespace, x.o.Secret)
	if err != nil {
		x.Skip(oneLine(err), d.PodsCurrent, d.PostRenderer, d.HookLeftovers, d.Kubernetes)
		return
	}
	limited, cancel := x.each(ctx)
	defer cancel()
	x.pods(limited, store, cluster)
	x.workloads(limited, cluster)
	x.rights(limited, cluster)
}

// pods compares when containers started with when the Secret was written: each reads the token once.
func (x *examination) pods(ctx context.Context, store *secret.Kubernetes, cluster *rollout.Client) {
	written, err := store.Written(ctx)
	if err != nil {
		x.Skip("the Secret cannot be read", d.PodsCurrent)
		return
	}
	pods, err := cluster.Pods(ctx)
	if err != nil {
		x.Skip(oneLine(err), d.PodsCurrent)
		return
	}
	var older []string
	for _, p := range pods {
		if !p.Started.IsZero() && p.Started.Time.Before(written) {
			older = append(older, p.Name)
		}
	}
	if len(older) > 0 {
		x.Add(d.PodsCurrent, d.Warning, "started before the Secret was changed last, and may have an older token: %s", strings.Join(older, ", "))
		return
	}
	x.Add(d.PodsCurrent, d.OK, "pods that use the Secret: %d, none started before it was changed last", len(pods))
}

func (x *examination) workloads(ctx context.Context, cluster *rollout.Client) {
	if len(x.o.Workloads) == 0 {
		x.Skip("no --workload is given", d.PostRenderer, d.HookLeftovers)
		return
	}
	for _, w := range x.o.Workloads {
		s, err := cluster.Get(ctx, w)
		switch {
		case err != nil:
			x.Skip(oneLine(err), d.PostRenderer)
		case !s.Patched():
			x.Add(d.PostRenderer, d.Problem, "%s was deployed without the post-renderer: run the same upgrade again with --post-renderer", w)
		}
		if value, there := s.Variable("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE"); there && x.alwaysPresent != "true" {
			x.alwaysPresent = value
		}
		left, err := cluster.Leftovers(ctx, w)
		switch {
		case len(left) > 0:
			x.Add(d.HookLeftovers, d.Warning, "the chart's hooks left objects: kubectl delete -n %s %s", x.o.Namespace, strings.Join(left, " "))
		case err != nil:
			x.Skip(oneLine(err), d.HookLeftovers)
		}
	}
	x.Add(d.PostRenderer, d.OK, "%s", fmt.Sprint(x.o.Workloads))
	x.Add(d.HookLeftovers, d.OK, "none")
}

// rights asks for what ensure needs.
func (x *examination) rights(ctx context.Context, cluster *rollout.Client) {
	for _, verb := range []string{"get", "patch"} {
		allowed, err := cluster.Allowed(ctx, verb, "", "secrets", x.o.Secret)
		switch {
		case err != nil:
			x.Skip(oneLine(err), d.Kubernetes)
		case !allowed:
			x.Add(d.Kubernetes, d.Problem, "%s on Secret %s/%s is not allowed", verb, x.o.Namespace, x.o.Secret)
		}
	}
	x.Add(d.Kubernetes, d.OK, "get and patch on the Secret")
}
