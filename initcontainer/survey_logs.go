package initcontainer

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/pods"
)

// strangers is a client without a certificate, which trusts nobody and is trusted by nobody: it sends nothing that
// could be taken.
func strangers() (client *http.Client, closing func()) {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12,
			InsecureSkipVerify: true}, //nolint:gosec // it sends no login, and believes no answer
		DisableKeepAlives: true,
	}
	return &http.Client{Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		transport.CloseIdleConnections
}

// logs reads logs, each in its own goroutine, and says what they hold.
type logs struct {
	clock clock
	kube  *pods.Client // nil: no Kubernetes
	heard chan heard
}

// heard is what one who reads a log has to say.
type heard struct {
	node, source, line string
	at                 time.Time // zero: the line's own time counts
	lost, note         string
	fatal              error
}

// follow reads a pod's log for as long as the survey lasts. A stream that ended, because the container or the API
// server was restarted or the log rotated, is begun again where it ended: the last line has to come again, else some
// are missing.
func (l *logs) follow(ctx context.Context, node string, pod pods.Pod, since time.Time) {
	source := "pod/" + pod.Namespace + "/" + pod.Name
	last, again := since, false
	for ctx.Err() == nil {
		seen, told := !again, false
		each := func(at time.Time, line string) {
			if !at.After(last) {
				seen = seen || at.Equal(last)
				return
			}
			h := heard{node: node, source: source, at: at, line: line}
			if !seen && !told {
				h.lost, told = "lines of its log are missing", true
			}
			last, again = at, true
			l.say(ctx, h)
		}
		if again {
			_ = l.kube.Lines(ctx, pod, pods.Request{Since: last, Previous: true}, each) // there may be none
		}
		err := l.kube.Lines(ctx, pod, pods.Request{Since: last, Follow: true}, each)
		if err != nil && ctx.Err() == nil {
			h := heard{node: node, source: source, note: "its log cannot be read for now"}
			if failure.Of(err) == failure.KubeForbidden {
				h.fatal = err
			}
			l.say(ctx, h)
		}
		l.clock.sleep(ctx, time.Second)
	}
}

func (l *logs) say(ctx context.Context, h heard) {
	select {
	case l.heard <- h:
	case <-ctx.Done():
	}
}

// readFile follows a file from its present end, or reads standard input.
func (l *logs) readFile(ctx context.Context, name string) error {
	if name == "-" {
		go l.readLines(ctx, bufio.NewReader(os.Stdin), "stdin")
		return nil
	}
	file, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return errors.Join(err, file.Close())
	}
	go l.tail(ctx, name, file)
	return nil
}

// readLines reads to the end.
func (l *logs) readLines(ctx context.Context, reader *bufio.Reader, source string) {
	for ctx.Err() == nil {
		line, err := reader.ReadString('\n')
		if line != "" {
			l.say(ctx, heard{source: source, line: strings.TrimRight(line, "\r\n")})
		}
		if err != nil {
			return
		}
	}
}

// readWhole reads a file from its beginning to its end.
func (l *logs) readWhole(ctx context.Context, name string) error {
	if name == "-" {
		l.readLines(ctx, bufio.NewReader(os.Stdin), "stdin")
		return nil
	}
	file, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return err
	}
	l.readLines(ctx, bufio.NewReader(file), name)
	return file.Close()
}

// tail reads what is added to a file. One that was renamed is read to its end before the new one is begun; one that
// was made shorter may have lost lines, which the next of our own requests shows.
func (l *logs) tail(ctx context.Context, name string, file *os.File) {
	defer func() { _ = file.Close() }()
	reader, rest := bufio.NewReader(file), ""
	for ctx.Err() == nil {
		text, err := reader.ReadString('\n')
		rest += text
		if err == nil {
			l.say(ctx, heard{source: name, line: strings.TrimRight(rest, "\r\n")})
			rest = ""
			continue
		}
		if next, shorter := replaced(name, file); next != nil {
			more, _ := io.ReadAll(reader) // what came since
			for line := range strings.SplitSeq(strings.TrimRight(rest+string(more), "\n"), "\n") {
				l.say(ctx, heard{source: name, line: line})
			}
			_ = file.Close()
			file, reader, rest = next, bufio.NewReader(next), ""
			h := heard{source: name, note: "its log was rotated"}
			if shorter {
				h.lost = "its log was made shorter: lines may be missing"
			}
			l.say(ctx, h)
			continue
		}
		l.clock.sleep(ctx, 200*time.Millisecond)
	}
}

// replaced opens the file that has its name now, where that is another one, or the same made shorter; else nil.
func replaced(name string, file *os.File) (next *os.File, shorter bool) {
	now, err := os.Stat(name)
	if err != nil {
		return nil, false
	}
	before, err := file.Stat()
	if err != nil {
		return nil, false
	}
	at, err := file.Seek(0, io.SeekCurrent)
	shorter = os.SameFile(now, before)
	if err != nil || shorter && now.Size() >= at {
		return nil, false
	}
	next, err = os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return nil, false
	}
	return next, shorter
}
