package initcontainer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
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
		limited, cancel := oneCall(ctx)
		listed, listing = x.es.Names(limited, x.o.Account) // before the Secret: what is listed was claimed before
		cancel()
	}
	limited, cancel := oneCall(ctx)
	defer cancel()
	s, err := at.store.Get(limited)
	if failure.Of(err) == failure.SecretMissing {
		err = restarted(x.o, err)
	}
	if err != nil {
		x.bad(d.TokenWorks, err)
		x.Skip("get on the Secret", d.TokenRecorded, d.Orphans)
		return
	}
	x.works(ctx, s, at)
	x.recorded(s)
	ours := beginningWith(at.prefix(s.UID))
	switch orphans := protocol.Orphans(s, slices.Sorted(maps.Keys(listed)), ours); {
	case x.es == nil:
		x.Skip("an Elasticsearch that answers", d.Orphans)
	case listing != nil:
		x.Skip("manage_service_account in Elasticsearch", d.Orphans)
	case len(orphans) > 0:
		x.Warn(d.Orphans, ourCommand(x.o, "revoke")+" --orphans --yes, which deletes them; without --yes it lists them",
			"tokens of this Secret that nothing records: %d", len(orphans))
	default:
		x.Good(d.Orphans, "every token of this Secret is recorded")
	}
}

// restart is the command that gives Kibana a new pod, whose init container makes or mends the token.
func restart(o config.Doctor) string {
	if len(o.Workloads) == 0 {
		return "restart Kibana"
	}
	var names []string
	for _, w := range o.Workloads {
		names = append(names, strings.ToLower(w.String()))
	}
	return fmt.Sprintf("kubectl rollout restart -n %s %s", o.Namespace, strings.Join(names, " "))
}

// command is another command of ours for the same Secret.
func ourCommand(o config.Doctor, name string) string {
	text := program + " " + name
	for i, w := range o.Workloads {
		if i == 0 {
			text += fmt.Sprintf(" -n %s %s", o.Namespace, strings.ToLower(w.String()))
		} else if name == "rotate" {
			text += " --workload " + w.String()
		}
	}
	return text
}

// restarted is an error whose hint helps once Kibana has a new pod.
func restarted(o config.Doctor, err error) error {
	return hinting(err, failure.Of(err), failure.Hint(err)+", then "+restart(o))
}

func (x *examination) works(ctx context.Context, s protocol.State, at storage) {
	switch {
	case s.Token.IsZero() && s.Locked:
		x.bad(d.TokenWorks, restarted(x.o, secret.Immutable(at.store.String(), at.place)))
		return
	case s.Token.IsZero():
		x.Bad(d.TokenWorks, restart(x.o)+": the init container makes a token", "the Secret holds no token")
		return
	case protocol.Foreign(s):
		x.bad(d.TokenWorks, restarted(x.o, secret.Foreign(at.store.String(), at.place)))
		return
	case protocol.Hopeless(s):
		x.Bad(d.TokenWorks, restart(x.o)+": the init container replaces it",
			"what the Secret holds is no usable token of %s", x.o.Account)
		return
	case x.es == nil:
		x.Skip("an Elasticsearch that answers", d.TokenWorks)
		return
	}
	limited, cancel := oneCall(ctx)
	defer cancel()
	id, err := x.es.AuthenticateToken(limited, s.Token)
	switch {
	case failure.Of(err) == failure.Unauthorized:
		x.Bad(d.TokenWorks, restart(x.o)+": the init container replaces it", "Elasticsearch refuses the token %s (401)",
			s.Has)
	case err != nil:
		x.bad(d.TokenWorks, err)
	case id.Username != x.o.Account.String():
		x.Bad(d.TokenWorks, restart(x.o)+": the init container replaces it", "the token is one of %s, not of %s",
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
		x.Warn(d.TokenRecorded, restart(x.o)+": the init container sets that right",
			"the Secret holds %q and its records say %q", s.Has, s.TokenName)
	case s.Claim.Name != "":
		x.Warn(d.TokenRecorded, "wait, if it is new; or "+restart(x.o)+": the init container clears an old claim",
			"pod %s is making a token, or was when it ended", s.Claim.Holder)
	case len(s.Previous) > 0:
		x.Warn(d.TokenRecorded, ourCommand(x.o, "rotate")+", which deletes them",
			"tokens from before that are still valid, because a pod may use them: %d", len(s.Previous))
	default:
		x.Good(d.TokenRecorded, "it is the recorded one")
	}
}

// cluster looks at Kubernetes, as far as it is allowed. It gives alwaysPresentCertificate of the workloads: "true" if
// one has it, "" where nobody knows.
func (x *examination) cluster(ctx context.Context) (alwaysPresent string) {
	codes := []d.Code{d.PostRenderer, d.HookLeftovers, d.ReleaseLeftovers}
	if x.o.HasToken() {
		codes = append(codes, d.PodsCurrent, d.Kubernetes)
	}
	kube, err := kubernetesConfig(x.o.Kubeconfig, x.edge.kubernetes)
	if err != nil {
		x.Skip("--kubeconfig, or to run in a pod", codes...)
		return ""
	}
	place := secret.Place{Namespace: x.o.Namespace, Name: x.o.Secret, Key: x.o.SecretKey, Account: x.o.Account}
	store, err := secret.NewKubernetes(kube, place)
	if err != nil {
		x.Skip(oneLine(err), codes...)
		return ""
	}
	cluster, err := rollout.New(kube, x.o.Namespace, x.o.Secret)
	if err != nil {
		x.Skip(oneLine(err), codes...)
		return ""
	}
	limited, cancel := oneCall(ctx)
	defer cancel()
	k := inKubernetes{x.findings, x.o, cluster}
	accounts, alwaysPresent := k.workloads(limited)
	k.strays(limited)
	if x.o.HasToken() {
		k.pods(limited, store)
		k.rights(limited, accounts)
	}
	return alwaysPresent
}

// inKubernetes is the part of an examination that looks at what uses a Secret.
type inKubernetes struct {
	findings
	o       config.Doctor
	cluster *rollout.Client
}

// pods compares when containers started with when the Secret was written: each reads the token once.
func (k inKubernetes) pods(ctx context.Context, store *secret.Kubernetes) {
	written, err := store.Written(ctx)
	if err != nil {
		k.Skip("get on the Secret", d.PodsCurrent)
		return
	}
	pods, err := k.cluster.Pods(ctx)
	if err != nil {
		k.unseen("list on pods", err, d.PodsCurrent)
		return
	}
	var older []string
	for _, p := range pods {
		if !p.Started.IsZero() && p.Started.Time.Before(written) {
			older = append(older, p.Name)
		}
	}
	if len(older) > 0 {
		k.Warn(d.PodsCurrent, restart(k.o),
			"started before the Secret was changed last, and may have an older token: %s", strings.Join(older, ", "))
		return
	}
	k.Good(d.PodsCurrent, "pods that use the Secret: %d, none started before it was changed last", len(pods))
}

// workloads looks at them and returns the ServiceAccounts of their pods, and alwaysPresentCertificate.
func (k inKubernetes) workloads(ctx context.Context) (accounts []string, alwaysPresent string) {
	if len(k.o.Workloads) == 0 {
		k.Skip("--workload", d.PostRenderer, d.HookLeftovers)
		return nil, ""
	}
	for _, w := range k.o.Workloads {
		s, err := k.cluster.Get(ctx, w)
		switch {
		case failure.Of(err) == failure.Usage:
			k.bad(d.PostRenderer, err)
		case err != nil:
			k.unseen("get on "+strings.ToLower(w.Kind)+"s", err, d.PostRenderer)
		case !s.Patched():
			k.Bad(d.PostRenderer, again, "%s was deployed without the post-renderer", w)
		}
		if err == nil {
			accounts = append(accounts, s.ServiceAccount())
		}
		if value, there := s.Variable("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE"); there && alwaysPresent != "true" {
			alwaysPresent = value
		}
		left, err := k.cluster.Leftovers(ctx, w)
		switch {
		case len(left) > 0:
			k.Warn(d.HookLeftovers, fmt.Sprintf("kubectl delete -n %s %s", k.o.Namespace, strings.Join(left, " ")),
				"the chart's hooks left objects: %s", strings.Join(left, ", "))
		case err != nil:
			k.unseen("get on jobs, roles, rolebindings, serviceaccounts and configmaps", err, d.HookLeftovers)
		}
	}
	k.Good(d.PostRenderer, "%s", fmt.Sprint(k.o.Workloads))
	k.Good(d.HookLeftovers, "none")
	return accounts, alwaysPresent
}

// strays looks for what was added to releases that are gone. A Secret among them may hold a token that still works.
func (k inKubernetes) strays(ctx context.Context) {
	all, err := k.cluster.Strays(ctx)
	switch {
	case err != nil:
		k.unseen("list on secrets, configmaps, serviceaccounts, roles and rolebindings", err, d.ReleaseLeftovers)
	case len(all) == 0:
		k.Good(d.ReleaseLeftovers, "none")
	default:
		var names, releases []string
		remedy := ""
		for _, s := range all {
			names = append(names, s.Kind+"/"+s.Name)
			if !slices.Contains(releases, s.Release) {
				releases = append(releases, s.Release)
			}
			if s.Kind == "secret" { // only the token is kept in one
				remedy += fmt.Sprintf("%s revoke --secret %s/%s, then ", program, k.o.Namespace, s.Name)
			}
		}
		k.Warn(d.ReleaseLeftovers, remedy+fmt.Sprintf("kubectl delete -n %s %s", k.o.Namespace,
			strings.Join(names, " ")),
			"added to a release that is gone (%s): %s", strings.Join(releases, ", "), strings.Join(names, ", "))
	}
}

// rights asks for what ensure needs: of the pods' ServiceAccounts, where they are known and others' rights may be
// asked for; else of who runs this.
func (k inKubernetes) rights(ctx context.Context, accounts []string) {
	who := "who runs this"
	for _, account := range accounts {
		who = "the ServiceAccount " + account
	}
	if len(accounts) == 0 {
		accounts = []string{""}
	}
	for _, account := range accounts {
		for _, verb := range []string{"get", "patch"} {
			allowed, err := k.cluster.AllowedFor(ctx, account, verb, "", "secrets", k.o.Secret)
			if failure.Of(err) == failure.KubeForbidden {
				who = "who runs this"
				allowed, err = k.cluster.Allowed(ctx, verb, "", "secrets", k.o.Secret)
			}
			switch {
			case err != nil:
				k.Skip("an answer: "+oneLine(err), d.Kubernetes)
			case !allowed:
				k.Bad(d.Kubernetes, again+": the release brings a Role with get and patch on this one Secret, and "+
					"its RoleBinding",
					"%s may not %s Secret %s/%s", who, verb, k.o.Namespace, k.o.Secret)
			}
		}
	}
	k.Good(d.Kubernetes, "%s may get and patch the Secret", who)
}
