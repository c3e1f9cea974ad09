//go:build chaos || integration

package chaos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// boundaries are the log lines after which a process may be killed: each is a step of the protocol that was answered.
var boundaries = []string{
	"Elasticsearch answers", "claimed a name", "created the token", "wrote the new token", "repaired the records",
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
	log    string // stderr
	out    string // stdout
	told   string // the termination message
	proc   string // command line and environment of the running process
}

var named = regexp.MustCompile(`msg="(?:the token in the Secret|wrote the new token|the token is in the Secret).*? name=(\S+)`)

// run runs the program to its end or to its death.
func run(ctx context.Context, program string, args []string, d death) (result, error) {
	message, err := os.CreateTemp("", "termination-log-")
	if err != nil {
		return result{}, err
	}
	_ = message.Close()
	defer func() { _ = os.Remove(message.Name()) }()
	cmd := exec.CommandContext(ctx, program, append(args, "--termination-log="+message.Name())...)
	var out bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	proc := shown(cmd.Process.Pid)
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
	told, err := os.ReadFile(message.Name())
	if err != nil {
		return result{}, err
	}
	r := result{code: cmd.ProcessState.ExitCode(), log: log.String(), out: out.String(), told: string(told), proc: proc}
	if found := named.FindAllStringSubmatch(r.log, -1); r.code == 0 && len(found) > 0 {
		r.relied = found[len(found)-1][1]
	}
	return r, nil
}

// shown is what everybody on the node may read about a process.
func shown(pid int) string {
	var all []byte
	for _, name := range []string{"cmdline", "environ"} {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name)) // it may be gone; how much was read is counted
		all = append(all, text...)
	}
	return string(all)
}
