package mention

import (
	"fmt"
	"strings"
)

// Answer is what an engine makes of a mention as one container is told it, or reads it.
type Answer struct {
	Mention
	Reader string // the container that reads it, as the configuration names it; "" where none of the input does
	State  State
	Says   string // how what the engine prints names the place
}

// State says who answers for a mention.
type State string

// The states.
const (
	Open    State = "open"    // nobody does: the engine has to speak of it
	Claimed State = "claimed" // the engine has read it
	Listed  State = "listed"  // the user, who has listed its container
	// the engine has said what is wrong with its container as a whole, or a rule of the user's describes that
	Told State = "told"
	Gone State = "gone" // nobody needs to: the engine takes its container out
)

// Answers takes mentions apart by who is told them. state is what an engine makes of one; reader is that of a file,
// nil for the container that has the text itself, and for nobody. says is how the engine names the place.
func Answers(all []Mention, state func(m Mention, reader *Reader) State, says func(Mention) string) []Answer {
	var answers []Answer
	for _, m := range all {
		if len(m.Readers) == 0 {
			answers = append(answers, Answer{m, "", state(m, nil), says(m)})
		}
		for _, r := range m.Readers {
			answers = append(answers, Answer{m, r.Ref(), state(m, &r), says(m)})
		}
	}
	return answers
}

// Place gives the object, the place in it, the line of the stream and the strength, and who reads it.
func (a Answer) Place() string {
	at := a.Path.String()
	if a.Inside != nil {
		at += " > " + a.Inside.String()
	}
	who := strings.TrimSuffix(a.Object.ID.String()+"/"+a.Container, "/")
	if a.Reader != "" {
		who += ", which " + a.Reader + " reads"
	}
	return fmt.Sprintf("%s: %s (line %d) is %s", who, at, a.StreamLine(), a.Strength)
}
