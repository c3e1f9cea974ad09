package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// stdinName is how stdin is called among files.
const stdinName = "-"

// oneFile allows the commands that read manifests a file in place of stdin.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		of := strings.TrimPrefix(cmd.CommandPath()+" ", "elk-mtls ")
		return usageError{fmt.Errorf("%sreads one FILE, and there are %d; see %s --help", of, len(args),
			cmd.CommandPath())}
	}
	return nil
}

// fileOrCommand is oneFile for the program itself, whose argument may be a command that was mistyped.
func fileOrCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && args[0] != stdinName {
		if _, err := os.Stat(args[0]); err != nil {
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return usageError{fmt.Errorf("no such command or file: %q%s; see elk-mtls --help", args[0],
				closest.Hint(args[0], names))}
		}
	}
	return oneFile(cmd, args)
}

// manifests reads the file that was named, or stdin.
func (o *options) manifests(args []string) ([]byte, error) {
	if fromStdin(args) {
		return o.read()
	}
	if o.host != "" {
		return nil, usageError{fmt.Errorf("%q: Helm passes the manifests on stdin, so no file is read; to name a "+
			"configuration, --config=%s", args[0], args[0])}
	}
	input, err := readFile(args[0])
	if err == nil && configuration().Match(input) {
		return nil, usageError{fmt.Errorf("%s is a configuration of elk-mtls, not manifests: --config=%s", args[0],
			args[0])}
	}
	return input, err
}

func fromStdin(args []string) bool { return len(args) == 0 || args[0] == stdinName }

var configuration = regex.Of(`(?m)^kind: ["']?` + config.Kind + `["']?\s*$`)

// readFile reads manifests from a file.
func readFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return nil, folder(name)
	}
	input, err := os.ReadFile(name) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	return input, foreign(input, name)
}

// read takes all of stdin.
func (o *options) read() ([]byte, error) {
	if f, ok := o.stdin.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && !isNull(info) {
			return nil, usageError{errors.New("stdin is a terminal: elk-mtls reads the manifests from it (helm " +
				"template … | elk-mtls); see elk-mtls --help")}
		}
	}
	input := make([]byte, 0, roomForRelease)
	for {
		n, err := o.stdin.Read(input[len(input):cap(input)])
		input = input[:len(input)+n]
		switch {
		case err == io.EOF && len(bytes.TrimSpace(input)) == 0:
			return nil, explained(recognise.ErrNoObject, input)
		case err == io.EOF:
			return input, foreign(input, stdinName)
		case err != nil:
			return nil, fmt.Errorf("reading stdin: %w", err)
		case len(input) == cap(input):
			input = append(room(max(roomForStream, 2*cap(input)))[:0], input...)
		}
	}
}

// folder says what to do with a folder in place of a file.
func folder(name string) error {
	if _, err := os.Stat(filepath.Join(name, "Chart.yaml")); err == nil {
		return usageError{fmt.Errorf("%s is a chart, and elk-mtls reads rendered manifests: helm template NAME %s | "+
			"elk-mtls", name, name)}
	}
	return usageError{fmt.Errorf("%s is a folder, and elk-mtls reads one file with all manifests", name)}
}

// foreign names an input that somebody passes in place of manifests, by how it begins.
func foreign(input []byte, name string) error {
	if name == stdinName {
		name = "stdin"
	}
	isTar := len(input) > 262 && string(input[257:262]) == "ustar" // POSIX.1-1988, the field magic
	switch {
	case bytes.HasPrefix(input, []byte("\x1f\x8b")) || bytes.HasPrefix(input, []byte("PK\x03\x04")) || isTar:
		return usageError{fmt.Errorf("%s is an archive, perhaps a packaged chart, and elk-mtls reads rendered "+
			"manifests: helm template NAME CHART | elk-mtls", name)}
	case bytes.IndexByte(input, 0) >= 0 && !isUTF16(input):
		return usageError{fmt.Errorf("%s is binary, and elk-mtls reads rendered manifests: helm template NAME CHART "+
			"| elk-mtls", name)}
	case markup().Match(input):
		return usageError{fmt.Errorf("%s is HTML or XML, perhaps the error page of a server, not manifests: look at "+
			"it, and fetch the manifests again", name)}
	case bytes.HasPrefix(input, []byte("Error: ")):
		return fmt.Errorf("%s is an error message of Helm, not manifests: run Helm's command alone to see the whole "+
			"message", name)
	}
	return nil
}

// isUTF16 holds for a text that begins with the byte order mark of one; the manifests' reader says what to do with it.
func isUTF16(input []byte) bool {
	return bytes.HasPrefix(input, []byte("\xff\xfe")) || bytes.HasPrefix(input, []byte("\xfe\xff"))
}

var markup = regex.Of(`^\s*<[!?A-Za-z]`)

var topLevelKey = regex.Of(`(?m)^[A-Za-z_][\w.-]*:(\s|$)`)

// explained says of an input without any object what it may be.
func explained(err error, input []byte) error {
	switch {
	case !errors.Is(err, recognise.ErrNoObject):
		return err
	case len(bytes.TrimSpace(input)) == 0:
		return fmt.Errorf("%w: it is empty. Run the command that writes it alone, and see what it prints", err)
	case topLevelKey().Match(input):
		return fmt.Errorf("%w: it has keys, but not both apiVersion and kind. If this is a values.yaml, render the "+
			"chart with it: helm template NAME CHART --values FILE | elk-mtls", err)
	}
	return fmt.Errorf("%w: it has no apiVersion and kind. Run the command that writes it alone, and see what it prints",
		err)
}

var content = regex.Of(`(?m)^\s*[^\s#-]`)

// unrendered is explained for the post-renderer. Helm 3's `template --output-dir` writes its files before it calls a
// post-renderer, and passes it nothing but comments.
func unrendered(err error, input []byte, args []string) error {
	if errors.Is(err, recognise.ErrNoObject) && fromStdin(args) && !content().Match(input) {
		return errors.New("stdin holds no Kubernetes object: a post-renderer reads the manifests from stdin (helm " +
			"template … | elk-mtls); " +
			"`helm template --output-dir` of Helm 3 passes none and has written its files unpatched")
	}
	return explained(err, input)
}

// isNull holds for the device that a program gets as stdin whose caller names none. It is no terminal, though a device
// of characters.
func isNull(stdin os.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(stdin, null)
}
