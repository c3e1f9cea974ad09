package initcontainer

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
	at, err := openStorage(x.o.Ensure, x.edge)
	if err != nil {
		x.bad(d.TokenWorks, err)
		x.Skip("get on the Secret", d.TokenRecorded, d.Orphans)
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
	s, err := at.store.Get(limited)
	if failure.Of(err) == failure.SecretMissing {
		err = x.restarted(err)
	}
	if err != nil {
		x.bad(d.TokenWorks, err)
		x.Skip("get on the Secret", d.TokenRecorded, d.Orphans)
		return
	}
	x.works(ctx, s, at)
	x.recorded(s)
	prefix := at.prefix(s.UID)
	ours := func(name string) bool { return strings.HasPrefix(name, prefix) }
	switch orphans := protocol.Orphans(s, slices.Sorted(maps.Keys(listed)), ours); {
	case x.es == nil:
		x.Skip("an Elasticsearch that answers", d.Orphans)
	case listing != nil:
		x.Skip("manage_service_account in Elasticsearch", d.Orphans)
	case len(orphans) > 0:
		x.Warn(d.Orphans, x.command("revoke")+" --orphans --yes, which deletes them; without --yes it lists them",
			"tokens of this Secret that nothing records: %d", len(orphans))
	default:
		x.Good(d.Orphans, "every token of this Secret is recorded")
	}
}

// restart is the command that gives Kibana a new pod, whose init container makes or mends the token.
func (x *examination) restart() string {
	if len(x.o.Workloads) == 0 {
		return "restart Kibana"
	}
	var names []string
	for _, w := range x.o.Workloads {
		names = append(names, strings.ToLower(w.String()))
	}
	return fmt.Sprintf("kubectl rollout restart -n %s %s", x.o.Namespace, strings.Join(names, " "))
}

// command is another command of ours for the same Secret.
func (x *examination) command(name string) string {
	text := program + " " + name
	for i, w := range x.o.Workloads {
		if i == 0 {
			text += fmt.Sprintf(" -n %s %s", x.o.Namespace, strings.ToLower(w.String()))
		} else if name == "rotate" {
			text += " --workload " + w.String()
		}
	}
	return text
}

// restarted is an error whose hint helps once Kibana has a new pod.
func (x *examination) restarted(err error) error {
	return hinting(err, failure.Of(err), failure.Hint(err)+", then "+x.restart())
}

func (x *examination) works(ctx context.Context, s protocol.State, at storage) {
	switch {
	case s.Token.IsZero() && s.Locked:
		x.bad(d.TokenWorks, x.restarted(secret.Immutable(at.store.String(), at.place)))
		return
	case s.Token.IsZero():
		x.Bad(d.TokenWorks, x.restart()+": the init container makes a token", "the Secret holds no token")
		return
	case protocol.Foreign(s):
		x.bad(d.TokenWorks, x.restarted(secret.Foreign(at.store.String(), at.place)))
		return
	case protocol.Hopeless(s):
		x.Bad(d.TokenWorks, x.restart()+": the init container replaces it",
			"what the Secret holds is no usable token of %s", x.o.Account)
		return
	case x.es == nil:
		x.Skip("an Elasticsearch that answers", d.TokenWorks)
		return
	}
	limited, cancel := x.each(ctx)
	defer cancel()
	id, err := x.es.AuthenticateToken(limited, s.Token)
	switch {
	case failure.Of(err) == failure.Unauthorized:
		x.Bad(d.TokenWorks, x.restart()+": the init container replaces it", "Elasticsearch refuses the token %s (401)",
			s.Has)
	case err != nil:
		x.bad(d.TokenWorks, err)
	case id.Username != x.o.Account.String():
		x.Bad(d.TokenWorks, x.restart()+": the init container replaces it", "the token is one of %s, not of %s",
			id.Username, x.o.Account)
	default:
		x.Good(d.TokenWorks, "%s", s.Has)
	}
}

func (x *examination) recorded(s protocol.State) {
	switch {
	case s.Has == "":
		x.Skip("a token in the Secret", d.TokenRecorded)
	case s.TokenName != s.Has || slices.Contains(s.Previous, s.Has):
		x.Warn(d.TokenRecorded, x.restart()+": the init container sets that right",
			"the Secret holds %q and its records say %q", s.Has, s.TokenName)
	case s.Claim.Name != "":
		x.Warn(d.TokenRecorded, "wait, if it is new; or "+x.restart()+": the init container clears an old claim",
			"pod %s is making a token, or was when it ended", s.Claim.Holder)
	case len(s.Previous) > 0:
		x.Warn(d.TokenRecorded, x.command("rotate")+", which deletes them",
			"tokens from before that are still valid, because a pod may use them: %d", len(s.Previous))
	default:
		x.Good(d.TokenRecorded, "it is the recorded one")
	}
}

// cluster looks at Kubernetes, as far as it is allowed.
func (x *examination) cluster(ctx context.Context) {
	codes := []d.Code{d.PostRenderer, d.HookLeftovers, d.ReleaseLeftovers}
	if x.o.HasToken() {
		codes = append(codes, d.PodsCurrent, d.Kubernetes)
	}
	kube, err := kubernetesConfig(x.o.Kubeconfig, x.edge.kubernetes)
	if err != nil {
		x.Skip("--kubeconfig, or to run in a pod", codes...)
		return
	}
	place := secret.Place{Namespace: x.o.Namespace, Name: x.o.Secret, Key: x.o.SecretKey, Account: x.o.Account}
	store, err := secret.NewKubernetes(kube, place)
	if err != nil {
		x.Skip(oneLine(err), codes...)
		return
	}
	cluster, err := rollout.New(kube, x.o.Namespace, x.o.Secret)
	if err != nil {
		x.Skip(oneLine(err), codes...)
		return
	}
	limited, cancel := x.each(ctx)
	defer cancel()
	accounts := x.workloads(limited, cluster)
	x.strays(limited, cluster)
	if x.o.HasToken() {
		x.pods(limited, store, cluster)
		x.rights(limited, cluster, accounts)
	}
}

// skip says which right is missing, or what else went wrong.
func (x *examination) skip(right string, err error, codes ...d.Code) {
	if failure.Of(err) != failure.KubeForbidden {
		right = oneLine(err)
	}
	x.Skip(right, codes...)
}

// pods compares when containers started with when the Secret was written: each reads the token once.
func (x *examination) pods(ctx context.Context, store *secret.Kubernetes, cluster *rollout.Client) {
	written, err := store.Written(ctx)
	if err != nil {
		x.Skip("get on the Secret", d.PodsCurrent)
		return
	}
	pods, err := cluster.Pods(ctx)
	if err != nil {
		x.skip("list on pods", err, d.PodsCurrent)
		return
	}
	var older []string
	for _, p := range pods {
		if !p.Started.IsZero() && p.Started.Time.Before(written) {
			older = append(older, p.Name)
		}
	}
	if len(older) > 0 {
		x.Warn(d.PodsCurrent, x.restart(),
			"started before the Secret was changed last, and may have an older token: %s", strings.Join(older, ", "))
		return
	}
	x.Good(d.PodsCurrent, "pods that use the Secret: %d, none started before it was changed last", len(pods))
}

// workloads looks at them and returns the ServiceAccounts of their pods.
func (x *examination) workloads(ctx context.Context, cluster *rollout.Client) (accounts []string) {
	if len(x.o.Workloads) == 0 {
		x.Skip("--workload", d.PostRenderer, d.HookLeftovers)
		return nil
	}
	for _, w := range x.o.Workloads {
		s, err := cluster.Get(ctx, w)
		switch {
		case failure.Of(err) == failure.Usage:
			x.bad(d.PostRenderer, err)
		case err != nil:
			x.skip("get on "+strings.ToLower(w.Kind)+"s", err, d.PostRenderer)
		case !s.Patched():
			x.Bad(d.PostRenderer, again, "%s was deployed without the post-renderer", w)
		}
		if err == nil {
			accounts = append(accounts, s.ServiceAccount())
		}
		if value, there := s.Variable("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE"); there &&
			x.alwaysPresent != "true" {
			x.alwaysPresent = value
		}
		left, err := cluster.Leftovers(ctx, w)
		switch {
		case len(left) > 0:
			x.Warn(d.HookLeftovers, fmt.Sprintf("kubectl delete -n %s %s", x.o.Namespace, strings.Join(left, " ")),
				"the chart's hooks left objects: %s", strings.Join(left, ", "))
		case err != nil:
			x.skip("get on jobs, roles, rolebindings, serviceaccounts and configmaps", err, d.HookLeftovers)
		}
	}
	x.Good(d.PostRenderer, "%s", fmt.Sprint(x.o.Workloads))
	x.Good(d.HookLeftovers, "none")
	return accounts
}

// strays looks for what was added to releases that are gone. A Secret among them may hold a token that still works.
func (x *examination) strays(ctx context.Context, cluster *rollout.Client) {
	all, err := cluster.Strays(ctx)
	switch {
	case err != nil:
		x.skip("list on secrets, configmaps, serviceaccounts, roles and rolebindings", err, d.ReleaseLeftovers)
	case len(all) == 0:
		x.Good(d.ReleaseLeftovers, "none")
	default:
		var names, releases []string
		remedy := ""
		for _, s := range all {
			names = append(names, s.Kind+"/"+s.Name)
			if !slices.Contains(releases, s.Release) {
				releases = append(releases, s.Release)
			}
			if s.Kind == "secret" { // only the token is kept in one
				remedy += fmt.Sprintf("%s revoke --secret %s/%s, then ", program, x.o.Namespace, s.Name)
			}
		}
		x.Warn(d.ReleaseLeftovers, remedy+fmt.Sprintf("kubectl delete -n %s %s", x.o.Namespace,
			strings.Join(names, " ")),
			"added to a release that is gone (%s): %s", strings.Join(releases, ", "), strings.Join(names, ", "))
	}
}

// rights asks for what ensure needs: of the pods' ServiceAccounts, where they are known and others' rights may be
// asked for; else of who runs this.
func (x *examination) rights(ctx context.Context, cluster *rollout.Client, accounts []string) {
	who := "who runs this"
	for _, account := range accounts {
		who = "the ServiceAccount " + account
	}
	if len(accounts) == 0 {
		accounts = []string{""}
	}
	for _, account := range accounts {
		for _, verb := range []string{"get", "patch"} {
			allowed, err := cluster.AllowedFor(ctx, account, verb, "", "secrets", x.o.Secret)
			if failure.Of(err) == failure.KubeForbidden {
				who = "who runs this"
				allowed, err = cluster.Allowed(ctx, verb, "", "secrets", x.o.Secret)
			}
			switch {
			case err != nil:
				x.Skip("an answer: "+oneLine(err), d.Kubernetes)
			case !allowed:
				x.Bad(d.Kubernetes, again+": the release brings a Role with get and patch on this one Secret, and "+
					"its RoleBinding",
					"%s may not %s Secret %s/%s", who, verb, x.o.Namespace, x.o.Secret)
			}
		}
	}
	x.Good(d.Kubernetes, "%s may get and patch the Secret", who)
}
