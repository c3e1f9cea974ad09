// Command help asks both programs for their help, command by command, and writes it as one page of the documentation and as man pages.
//
//	help -bin bin -page docs/cli.md -man dist/man
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "help:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("help", flag.ContinueOnError)
	bin := flags.String("bin", "bin", "folder that holds both programs")
	page := flags.String("page", "", "file for the page in Markdown; none if empty")
	man := flags.String("man", "", "folder for the man pages; none if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var all []command
	for _, name := range []string{"elk-mtls", "elk-mtls-init"} {
		found, err := commands(filepath.Join(*bin, name), name)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	if *page != "" {
		if err := os.WriteFile(*page, markdown(all), 0o644); err != nil {
			return err
		}
	}
	if *man == "" {
		return nil
	}
	if err := os.MkdirAll(*man, 0o755); err != nil {
		return err
	}
	for _, c := range all {
		name := strings.ReplaceAll(c.name, " ", "-") + ".1"
		if err := os.WriteFile(filepath.Join(*man, name), c.man(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// command is what a program says of one of its commands.
type command struct{ name, help string }

var listed = regexp.MustCompile(`(?m)^  ([a-z][a-z-]*)  +\S`)

// commands gives the program's own help and that of its commands, in the order in which it lists them.
func commands(program, name string, words ...string) ([]command, error) {
	cmd := exec.Command(program, append(words, "--help")...)
	cmd.Env = []string{"LANG=C.UTF-8"} // nothing that could be a setting
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(words, " "), err, stderr.String())
	}
	if len(out) == 0 {
		return nil, errors.New(name + " --help says nothing")
	}
	all := []command{{strings.Join(append([]string{name}, words...), " "), strings.TrimSpace(string(out))}}
	if len(words) > 0 {
		return all, nil
	}
	list, _, _ := strings.Cut(all[0].help, "\nFlags:")
	for _, found := range listed.FindAllStringSubmatch(list, -1) {
		if found[1] == name || found[1] == "help" {
			continue
		}
		below, err := commands(program, name, found[1])
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}

func markdown(all []command) []byte {
	var out bytes.Buffer
	out.WriteString("# Command line\n\nWhat the programs say with `--help`. `make cli` writes this page, and man pages into `dist/man`.\n")
	for _, c := range all {
		fmt.Fprintf(&out, "\n## %s\n\n```text\n%s\n```\n", c.name, c.help)
	}
	return out.Bytes()
}

// man is the help as a man page: its first sentence as the name, all of it as it is.
func (c command) man() []byte {
	paragraph, _, _ := strings.Cut(c.help, "\n\n")
	first, _, _ := strings.Cut(strings.ReplaceAll(paragraph, "\n", " "), ". ")
	title := strings.ReplaceAll(c.name, " ", "-")
	escaped := strings.NewReplacer(`\`, `\e`, "-", `\-`)
	var out bytes.Buffer
	fmt.Fprintf(&out, ".TH %q 1\n.SH NAME\n%s \\- %s\n.SH DESCRIPTION\n.nf\n", strings.ToUpper(title), escaped.Replace(title), escaped.Replace(strings.TrimSuffix(first, ".")))
	for line := range strings.Lines(c.help + "\n") {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			out.WriteString(`\&`)
		}
		out.WriteString(escaped.Replace(line))
	}
	out.WriteString(".fi\n")
	return out.Bytes()
}
