package verify

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
)

// Answering is Manifests, and says of each mention in a stream whether an edge has read it.
func Answering(stream *manifest.Stream, options Options) ([]mention.Answer, *Graph, error) {
	r, err := read(stream, nil, options)
	if err != nil {
		return nil, nil, err
	}
	return r.answers(r.found), r.graph, nil
}

// answers says of each mention whether an edge has read it, or the user takes care of who does.
func (c *claimed) answers(found mention.Found) []mention.Answer {
	return mention.Answers(found.Mentions, func(m mention.Mention, reader *mention.Reader) mention.State {
		told := m.Told()
		_, listed := c.exempt.reason(m.Object.ID, m.Container)
		if reader != nil {
			told = reader.Container.Node
			_, reads := c.exempt.reason(reader.Object.ID, reader.Container.Name)
			listed = listed || reads
		}
		switch {
		case listed:
			return mention.Listed
		case c.claims.Open(m, told):
			return mention.Open
		}
		return mention.Claimed
	}, placeOf)
}
