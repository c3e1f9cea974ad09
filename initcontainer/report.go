package initcontainer

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/plain"
)

// reporter writes what people read: the log and the last error to stderr, and that error once more where kubelet finds
// it.
type reporter struct {
	stderr         io.Writer
	json           bool
	terminationLog string
}

func (r *reporter) handler() slog.Handler {
	out := plain.Writer{Out: r.stderr}
	if r.json {
		return slog.NewJSONHandler(out, nil)
	}
	return slog.NewTextHandler(out, nil)
}

// fail prints the error and its hint: two lines of text, or one of JSON.
func (r *reporter) fail(err error) {
	hint, stderr := failure.Hint(err), plain.Writer{Out: r.stderr}
	if r.json {
		slog.New(r.handler()).Error(oneLine(err), "hint", hint, "exit", failure.Of(err).Code())
	} else {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(stderr, "%s: %s\n", program, line)
		}
		if hint != "" {
			fmt.Fprintf(stderr, "%s: hint: %s\n", program, hint)
		}
	}
	if r.terminationLog == "" {
		return
	}
	// https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ : at most 4096 bytes.
	text := limited(plain.Text(oneLine(err)), 3000) + "\n"
	if hint != "" {
		text += "hint: " + limited(plain.Text(hint), 1000) + "\n"
	}
	if err := os.WriteFile(r.terminationLog, []byte(text), 0o600); err != nil {
		fmt.Fprintf(r.stderr, "%s: --termination-log: %v\n", program, err)
	}
}

// limited cuts between two characters.
func limited(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
