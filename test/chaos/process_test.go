//go:build chaos || integration

package chaos

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// boundaries are the log lines after which a process may be killed: each is a step of the protocol that was answered.
var boundaries = []string{
	"Elasticsearch answers", "claimed a name", "created the token", "wrote the new token", "mended the records",
	"deleted an abandoned token", "the token was replaced",
}

// death is when a process is killed: after a time, or after a line of its log; the zero value is never.
type death struct {
	after time.Duration
	line  string
}

// result is how a process ended.
type result struct {
	code   int // -1: killed
	relied string
	log    string
}

var named = regexp.MustCompile(`msg="(?:the token in the Secret|wrote the new token|the token is in the Secret).*? name=(\S+)`)

// run runs the program to its end or to its death.
func run(ctx context.Context, program string, args []string, d death) (result, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	if d.after > 0 {
		timer := time.AfterFunc(d.after, func() { _ = cmd.Process.Signal(os.Kill) })
		defer timer.Stop()
	}
	var log bytes.Buffer
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		log.WriteString(lines.Text() + "\n")
		if d.line != "" && strings.Contains(lines.Text(), d.line) {
			_ = cmd.Process.Signal(os.Kill)
		}
	}
	_ = cmd.Wait()
	r := result{code: cmd.ProcessState.ExitCode(), log: log.String()}
	if found := named.FindAllStringSubmatch(r.log, -1); r.code == 0 && len(found) > 0 {
		r.relied = found[len(found)-1][1]
	}
	return r, nil
}

// leaks remembers what no output may hold.
type leaks struct {
	mu     sync.Mutex
	values map[string]bool
}

func (l *leaks) add(value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(value) > 40 {
		l.values[value[len(value)-24:]] = true
	}
}

func (l *leaks) in(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for value := range l.values {
		if strings.Contains(text, value) {
			return true
		}
	}
	return strings.Contains(text, password)
}
