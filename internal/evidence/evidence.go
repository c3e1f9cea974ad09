// Package evidence is what a survey hands over: lines of JSON that elk-mtls-init survey writes and elk-mtls survey
// reads. A line says who was seen, or what was not looked at. No line holds a header but the name of the agent, a
// body, or what follows a ? in a path.
package evidence

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Version is that of the lines. Another one is refused: what is not understood must not be taken for "nobody".
const Version = 1

// Kind is what a line tells.
type Kind string

// The kinds of lines.
const (
	Start Kind = "start" // the survey begins: Version, Run, Until
	Node  Kind = "node"  // a node of Elasticsearch is watched from Time on
	// who was seen, counted from the start; a later line about the same client replaces an earlier one
	Client  Kind = "client"
	Gap     Kind = "gap"     // From, To: what was not watched, of a node, or of all
	Refused Kind = "refused" // whom Elasticsearch refused
	End     Kind = "end"     // From, To: the window; Reason; whether the logger is as it was
)

// Certificate is whether a client presented one.
type Certificate string

// What is known of it. Unknown is a connection that was open and sent nothing while it was watched.
const (
	Absent  Certificate = "absent"
	Present Certificate = "present"
	Unknown Certificate = "unknown"
)

// Place is what an address belongs to.
type Place string

// The places. None is said where nobody could look.
const (
	InPod    Place = "pod"
	OnNode   Place = "node"     // of Kubernetes: pods on the host's network, or connections that it forwards (NAT)
	Loopback Place = "loopback" // of Elasticsearch's own pod or machine: a program there, or a tunnel that ends there
	Outside  Place = "outside"  // no pod and no node has it
)

// Reasons for the end of a survey.
const (
	Complete    = "complete"
	Interrupted = "interrupted"
	TooMuchLog  = "max-log-mb"
	TakenOver   = "taken-over" // another survey, or somebody's --restore
	Failed      = "failed"
)

// Line is one line. Which fields it has depends on its kind.
type Line struct {
	Kind    Kind      `json:"kind"`
	Time    time.Time `json:"time"`
	Version int       `json:"version,omitempty"`
	Run     string    `json:"run,omitempty"`
	Until   time.Time `json:"until,omitzero"`

	Node    string `json:"node,omitempty"`
	Release string `json:"release,omitempty"` // of Elasticsearch
	Source  string `json:"source,omitempty"`  // where its log is read

	Address     string      `json:"address,omitempty"`
	Agent       string      `json:"agent,omitempty"` // as the first request of the connection names it
	Certificate Certificate `json:"certificate,omitempty"`
	Connections int         `json:"connections,omitempty"`
	Requests    int         `json:"requests,omitempty"`
	First       time.Time   `json:"first,omitzero"`
	Last        time.Time   `json:"last,omitzero"`
	Path        string      `json:"path,omitempty"`
	Forwarded   bool        `json:"forwarded,omitempty"` // somebody in between forwards requests of others
	Whose

	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	Subject  string    `json:"subject,omitempty"` // of a certificate that was refused
	Restored *bool     `json:"restored,omitempty"`
	LogBytes int64     `json:"logBytes,omitempty"`
}

// Whose says what has an address.
type Whose struct {
	Place     Place  `json:"place,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Workload  string `json:"workload,omitempty"` // Deployment/shop; of several on a node, all
	Pod       string `json:"pod,omitempty"`
}

// Write writes a line.
func Write(out io.Writer, l Line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

// longest is a line that is still read.
const longest = 1 << 20

// Read reads all lines. One that was cut off at the end, as by a kill, is left out, and Evidence.Cut says so.
func Read(in io.Reader) (Evidence, error) {
	var e Evidence
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, longest)
	var wrong error
	for n := 1; scanner.Scan(); n++ {
		if wrong != nil {
			return Evidence{}, wrong
		}
		if len(scanner.Bytes()) == 0 {
			continue
		}
		var l struct {
			Line
			Level string `json:"level"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			// the parser's text would quote it
			wrong = fmt.Errorf("line %d is not from elk-mtls-init survey: EVIDENCE is what it prints, and comes "+
				"before MANIFESTS", n)
			continue
		}
		if l.Kind == "" && l.Level != "" {
			continue // a line of the program's own log, of --log-format json: a pod has both streams in one
		}
		if err := l.check(); err != nil {
			return Evidence{}, fmt.Errorf("line %d: %w", n, err)
		}
		e.Lines = append(e.Lines, l.Line)
	}
	switch err := scanner.Err(); {
	case err != nil:
		return Evidence{}, fmt.Errorf("after line %d: %w", len(e.Lines), err)
	case len(e.Lines) == 0 && wrong != nil:
		return Evidence{}, wrong
	case len(e.Lines) == 0:
		return Evidence{}, errors.New("no line in it: the survey has not begun, or its output went elsewhere")
	case e.Lines[0].Kind != Start:
		return Evidence{}, fmt.Errorf("line 1: begins with %q, not with a line of kind start: its beginning is missing",
			e.Lines[0].Kind)
	}
	e.Cut = wrong != nil
	return e, nil
}

// Evidence are the lines of one survey, or of several, one behind the other.
type Evidence struct {
	Lines []Line
	Cut   bool
}

func (l Line) check() error {
	switch l.Kind {
	case Start:
		if l.Version != Version {
			return fmt.Errorf("is of version %d of the evidence, and this program reads version %d: use both "+
				"programs of one release", l.Version, Version)
		}
	case Client:
		if l.Address == "" || l.Certificate != Absent && l.Certificate != Present && l.Certificate != Unknown {
			return errors.New("a client without an address, or without a word about its certificate")
		}
	case Node, Gap, Refused, End:
	default:
		return fmt.Errorf("the kind %q is unknown: use both programs of one release", l.Kind)
	}
	return nil
}
