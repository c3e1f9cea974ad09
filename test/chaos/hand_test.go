//go:build chaos || integration

package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// spoil does one thing that people and tools do to the Secret, or to Elasticsearch, at the worst of times.
func (l *lane) spoil(ctx context.Context) error {
	l.edits++
	l.hands.RLock()
	defer l.hands.RUnlock()
	put := func(token string) error {
		return l.edit(ctx, func(s *corev1.Secret) { s.Data = map[string][]byte{"token": []byte(token)} })
	}
	what := l.random.IntN(11)
	l.tell("hand %d", what)
	switch what {
	case 0, 1:
		l.wiped = 2
		return l.edit(ctx, func(s *corev1.Secret) { s.Data, s.Annotations = nil, nil })
	case 2:
		l.wiped = 2
		return l.render(ctx)
	case 3, 4:
		return l.edit(ctx, func(s *corev1.Secret) { s.Labels = map[string]string{"helm": s.ResourceVersion} })
	case 5:
		return put("garbage")
	case 6:
		s, err := l.read(ctx)
		if token := string(s.Data["token"]); err == nil && len(token) > 40 {
			return put(token[:40])
		}
		return err
	case 7:
		token, err := l.foreign(ctx)
		if err != nil || token == "" {
			return err
		}
		return put(token)
	case 8:
		return l.forget(ctx)
	case 9:
		l.api.Outage(true)
		time.Sleep(time.Duration(l.random.IntN(800)) * time.Millisecond)
		l.api.Outage(false)
		return nil
	}
	if len(l.old) == 0 {
		return nil
	}
	return put(l.old[l.random.IntN(len(l.old))])
}

// foreign makes a token behind everybody's back, as somebody's own script would.
func (l *lane) foreign(ctx context.Context) (string, error) {
	path := fmt.Sprintf("%s/token/by-hand-%s-%d", accounts, l.name, l.random.Uint32())
	var answer struct{ Token struct{ Value string } }
	status, body, err := l.node.Call(ctx, http.MethodPost, path, nil)
	if err == nil && status == http.StatusOK { // or else Elasticsearch restarts: there is no foreign token this time
		err = json.Unmarshal(body, &answer)
	} else {
		err = nil
	}
	l.leaks.add(answer.Token.Value)
	return answer.Token.Value, err
}

// forget deletes the token in the Secret behind everybody's back: nothing can rely on it any more.
func (l *lane) forget(ctx context.Context) error {
	s, err := l.read(ctx)
	name := ""
	if err == nil {
		name = s.Annotations[prefix+"token-name"]
	}
	if name == "" {
		return err
	}
	l.gone[name] = true // also when Elasticsearch restarts and nobody knows
	_, _, _ = l.node.Call(ctx, http.MethodDelete, accounts+"/token/"+name, nil)
	return nil
}

// age makes the abandoned names old, as ten quiet minutes would: without it, hundreds of rounds in a few minutes reach the
// limit that is there for an Elasticsearch that never answers.
func (l *lane) age(ctx context.Context) error {
	s, err := l.read(ctx)
	if err != nil || strings.Count(s.Annotations[prefix+"abandoned"], ",") < 25 {
		return err
	}
	return l.edit(ctx, func(s *corev1.Secret) {
		var aged []string
		for _, entry := range strings.Split(s.Annotations[prefix+"abandoned"], ",") {
			name, _, _ := strings.Cut(entry, "=")
			aged = append(aged, name+"="+time.Now().Add(-11*time.Minute).UTC().Format(time.RFC3339))
		}
		s.Annotations[prefix+"abandoned"] = strings.Join(aged, ",")
	})
}
