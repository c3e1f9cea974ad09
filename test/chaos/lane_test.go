//go:build chaos || integration

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

const (
	secretName = "kibana-elk-mtls-token"
	prefix     = "elk-mtls.dev/"
	accounts   = "/_security/service/elastic/kibana/credential"
	bound      = 75 * time.Second // half a minute for a dead holder, jitter, and a busy machine
)

// lane is one Secret and what is known of its past.
type lane struct {
	*stage
	name, namespace, kubeconfig string
	random                      *rand.Rand
	leaks                       *leaks

	relied  map[string]bool // exit 0 rested on these: ensure must never delete them
	gone    map[string]bool // deleted behind everybody's back
	excused map[string]bool // tokens whose record a hand took away
	old     []string        // values that were in the Secret
	wiped   int             // rounds ago that a hand took records away, counted down from 2: a create may come late
	story   []string        // of this round

	kills, exits, edits, processes int
	longest                        time.Duration
}

func (l *lane) tell(format string, args ...any) {
	l.story = append(l.story, fmt.Sprintf(format, args...))
}

// round is one storm and one calm.
func (l *lane) round(ctx context.Context, n int) error {
	l.story, l.wiped = nil, max(l.wiped-1, 0)
	if err := l.storm(ctx); err != nil {
		return err
	}
	l.calm.RLock()
	defer l.calm.RUnlock()
	return l.settle(ctx, n)
}

// storm runs many at once, kills some, and spoils the Secret meanwhile.
func (l *lane) storm(ctx context.Context) error {
	if l.random.IntN(3) > 0 { // or else most find a token that works, and have nothing to do
		if err := l.spoil(ctx); err != nil {
			return err
		}
	}
	count := 1 + l.random.IntN(4)
	if l.random.IntN(5) == 0 {
		count = 1 + l.random.IntN(10)
	}
	var group sync.WaitGroup
	results, errs := make([]result, count), make([]error, count)
	for i := range count {
		var d death
		switch l.random.IntN(6) {
		case 0, 1, 2:
			d.line = boundaries[l.random.IntN(len(boundaries))]
		case 3:
			d.after = time.Duration(1+l.random.IntN(1200)) * time.Millisecond
		}
		start := time.Duration(l.random.IntN(500)) * time.Millisecond
		args := l.arguments("ensure", l.namespace, l.kubeconfig, fmt.Sprintf("pod-%s-%d", l.name, i),
			map[string]string{"settle": "20ms", "timeout": "8s"})
		group.Go(func() {
			time.Sleep(start)
			results[i], errs[i] = run(ctx, l.program, args, d)
		})
	}
	for range l.random.IntN(3) {
		time.Sleep(time.Duration(l.random.IntN(500)) * time.Millisecond)
		if err := l.spoil(ctx); err != nil {
			return err
		}
	}
	group.Wait()
	err := errors.Join(errs...)
	for _, r := range results {
		l.processes++
		switch {
		case r.code < 0:
			l.kills++
		case r.relied != "":
			l.exits++
			l.relied[r.relied] = true
		}
		l.tell("exit %d, relied on %q", r.code, r.relied)
		err = errors.Join(err, l.leaks.look(r))
	}
	return err
}

// settle lets one run go undisturbed, and then checks all that must hold.
func (l *lane) settle(ctx context.Context, n int) error {
	s, err := l.read(ctx)
	if err != nil {
		return err
	}
	if s, err = l.foreigner(ctx, s); err != nil {
		return err
	}
	claim := s.Annotations[prefix+"claim"]
	_, pod, _ := strings.Cut(claim, " ")
	pod, _, _ = strings.Cut(pod, " ") // and when it claimed
	if pod == "" || l.random.IntN(15) == 0 {
		pod = "stranger-" + l.name
	} else {
		claim = "" // its own pod takes it back; a stranger has no reason to, where the token works
	}
	begin := time.Now()
	for i := range 2 {
		r, err := l.undisturbed(ctx, pod)
		if err := errors.Join(err, l.leaks.look(r)); err != nil {
			return err
		}
		if took := time.Since(begin); r.code != 0 || took > bound {
			return fmt.Errorf("round %d: undisturbed run %d exits %d after %s:\n%s", n, i, r.code, took, r.log)
		}
		l.relied[r.relied] = true
	}
	l.longest = max(l.longest, time.Since(begin))
	if err := l.check(ctx, claim); err != nil {
		return err
	}
	return l.age(ctx)
}

// foreigner holds that what nobody of us wrote stays, and then takes it out as a person would: a value that is no token, in a
// Secret whose records name none.
func (l *lane) foreigner(ctx context.Context, s *corev1.Secret) (*corev1.Secret, error) {
	value := string(s.Data["token"])
	if value == "" || len(value) > 40 || s.Annotations[prefix+"token-name"] != "" {
		return s, nil
	}
	const foreign = 2
	r, err := l.undisturbed(ctx, "foreigner-"+l.name)
	if err != nil || r.code != foreign {
		return s, fmt.Errorf("with a value of somebody else it exits %d, %w:\n%s", r.code, err, r.log)
	}
	if s, err = l.read(ctx); err != nil || string(s.Data["token"]) != value {
		return s, fmt.Errorf("a value of somebody else was overwritten, %w", err)
	}
	if err := l.edit(ctx, func(s *corev1.Secret) { s.Data = nil }); err != nil {
		return s, err
	}
	return l.read(ctx)
}

func (l *lane) undisturbed(ctx context.Context, pod string) (result, error) {
	args := l.arguments("ensure", l.namespace, l.kubeconfig, pod, map[string]string{"settle": "20ms", "timeout": bound.String()})
	for i, arg := range args {
		if strings.HasPrefix(arg, "--elasticsearch-url=") {
			args[i] = "--elasticsearch-url=" + l.node.URL
		}
		if strings.HasPrefix(arg, "--kubeconfig=") {
			args[i] += "-calm"
		}
	}
	return run(ctx, l.program, args, death{})
}

// refused is a run that ends with a termination message for sure: with a Secret of which its Role says nothing.
func (l *lane) refused(ctx context.Context) error {
	const forbidden = 20
	r, err := run(ctx, l.program, l.arguments("ensure", l.namespace, l.kubeconfig+"-calm", "refused", map[string]string{"secret": "not-mine", "timeout": bound.String()}), death{})
	if err == nil && r.code != forbidden {
		err = fmt.Errorf("a run without rights exits %d:\n%s", r.code, r.log)
	}
	return errors.Join(err, l.leaks.look(r))
}

// check holds the invariants. One claim may still stand: that of a pod that died before a stranger came.
func (l *lane) check(ctx context.Context, stands string) error {
	s, err := l.read(ctx)
	if err != nil {
		return err
	}
	token := string(s.Data["token"])
	l.leaks.add(token)
	if !slices.Contains(l.old, token) {
		l.old = append(l.old, token)
	}
	live, err := l.tokens(ctx)
	if err != nil {
		return err
	}
	var errs []error
	if status, err := l.bearer(ctx, token); status != http.StatusOK || err != nil {
		errs = append(errs, fmt.Errorf("the Secret's token does not work: %d, %w", status, err))
	}
	recorded := records(s)
	for name := range l.relied {
		if !live[name] && !l.gone[name] {
			errs = append(errs, fmt.Errorf("token %s is gone, and an exit 0 relied on it", name))
		}
	}
	mine := "_" + strings.ReplaceAll(string(s.UID), "-", "")[:8] + "_"
	for name := range live {
		switch {
		case !strings.Contains(name, mine) || recorded[name] || l.excused[name]:
		case l.wiped > 0:
			l.excused[name] = true
		default:
			errs = append(errs, fmt.Errorf("token %s is in no record", name))
		}
	}
	name, claim := s.Annotations[prefix+"token-name"], s.Annotations[prefix+"claim"]
	if claim != "" && claim != stands || !live[name] || strings.Contains(s.Annotations[prefix+"abandoned"], name) || strings.Contains(s.Annotations[prefix+"previous"], name) {
		errs = append(errs, fmt.Errorf("the records are not right: %v", s.Annotations))
	}
	return errors.Join(errs...)
}

func records(s *corev1.Secret) map[string]bool {
	names := map[string]bool{}
	for _, key := range []string{"token-name", "claim", "abandoned", "previous"} {
		for _, entry := range strings.Split(s.Annotations[prefix+key], ",") {
			name, _, _ := strings.Cut(entry, "=")
			name, _, _ = strings.Cut(name, " ") // a claim names its pod, too
			names[name] = true
		}
	}
	return names
}

func (l *lane) read(ctx context.Context) (*corev1.Secret, error) {
	return l.admin.CoreV1().Secrets(l.namespace).Get(ctx, secretName, metav1.GetOptions{})
}

func (l *lane) edit(ctx context.Context, change func(*corev1.Secret)) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		s, err := l.read(ctx)
		if err != nil {
			return err
		}
		change(s)
		_, err = l.admin.CoreV1().Secrets(l.namespace).Update(ctx, s, metav1.UpdateOptions{})
		return err
	})
}

func (l *lane) render(ctx context.Context) error {
	secrets := l.admin.CoreV1().Secrets(l.namespace)
	if err := secrets.Delete(ctx, secretName, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	time.Sleep(time.Duration(l.random.IntN(300)) * time.Millisecond)
	_, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretName}}, metav1.CreateOptions{})
	return err
}

// tokens lists what Elasticsearch has; right after a restart it may not yet answer.
func (l *lane) tokens(ctx context.Context) (map[string]bool, error) {
	var answer struct {
		Tokens map[string]any `json:"tokens"`
	}
	for range 40 {
		status, body, err := l.node.Call(ctx, http.MethodGet, accounts, nil)
		if err == nil && status == http.StatusOK {
			if err := json.Unmarshal(body, &answer); err != nil {
				return nil, err
			}
			names := map[string]bool{}
			for name := range maps.Keys(answer.Tokens) {
				names[name] = true
			}
			return names, nil
		}
		time.Sleep(250 * time.Millisecond)
	}
	return nil, errors.New("the tokens cannot be listed")
}
