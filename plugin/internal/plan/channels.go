package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// channels gives every place that says a setting of a server, channel by channel. The first channel that says it wins:
//
//	official Elasticsearch   variables, command line, file
//	others                   command line, variables or what the entry script makes of them, file
//
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html#docker-configuration-methods
func (c *configuration) channels(key string) [][]*setting {
	var variables, written, file []*setting
	if c.envNames != nil {
		for _, name := range c.envNames(key) {
			if s := c.variable(name); s != nil && !(c.w.Layout.NoEmpty && !s.Hidden && len(s.Values) == 0) {
				named := *s
				named.Key = key
				variables = append(variables, &named)
			}
		}
	}
	if s := c.writtenBy(key); s != nil {
		written = append(written, s)
	}
	if c.file != nil {
		file = c.file.all(key)
	}
	all := [][]*setting{c.flags(key), variables, written, file}
	if c.w.Layout.Flags.Weak {
		all[0], all[1] = all[1], all[0]
	}
	if first(written) != nil && written[0].script.Weak {
		all[2], all[3] = all[3], all[2]
	}
	return slices.DeleteFunc(all, func(channel []*setting) bool { return len(channel) == 0 })
}

// get finds a setting where the server finds it; nil when nobody sets it. What one channel says twice, and not in the
// same way, is an error.
func (c *configuration) get(key string) *setting {
	channels := c.channels(key)
	if len(channels) == 0 {
		return nil
	}
	s := *channels[0][0]
	s.twins = channels[0][1:]
	for _, twin := range s.twins {
		if twin.Hidden || s.Hidden || !slices.Equal(twin.Values, s.Values) {
			c.fail(s.doubled(twin))
		}
	}
	return &s
}

// strongest gives the channel that counts.
func (c *configuration) strongest(key string) []*setting {
	if channels := c.channels(key); len(channels) > 0 {
		return channels[0]
	}
	return nil
}

// doubled says that one channel has a setting twice.
func (s *setting) doubled(twin *setting) error {
	here, there := s.Place, twin.Place
	if here == there {
		here, there = s.edit.String(), twin.edit.String()
	}
	return problem.New(problem.TwoPlaces, "%s is %s in %s, and %s in %s: this is one setting, and nothing tells "+
		"which of the two counts", s.Key, s.said(), here, twin.said(), there).At(s.Key).
		Do("remove one of them")
}

// said gives the value of a setting for messages, as far as it may be shown.
func (s *setting) said() string {
	if s.Hidden || s.secret() {
		return "set"
	}
	return fmt.Sprintf("%q", strings.Join(s.Values, ","))
}

// secret holds for settings whose values do not belong into messages.
func (s *setting) secret() bool {
	credentials := func(value string) bool { return strings.Contains(value, "@") }
	return patch.IsSecret(s.Key) || slices.ContainsFunc(s.Values, credentials)
}

// over tells what a setting wins over, for messages: `, which wins over "required" in …`. "" when nobody says
// otherwise.
func (c *configuration) over(s *setting) string {
	for _, weaker := range c.channels(s.Key)[1:] {
		if w := weaker[0]; !w.Hidden && !slices.Equal(w.Values, s.Values) {
			return fmt.Sprintf(", which wins over %s in %s", w.said(), w.Place)
		}
	}
	return ""
}
