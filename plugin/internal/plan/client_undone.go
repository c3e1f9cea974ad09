package plan

import (
	"errors"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// Where a program reads a setting in several places, one of them may undo what is planned in another: an argument
// that wins over the file, a second file that is merged with it, another spelling in the same file.

// channel is a place in which a program looks for the settings of a connection.
type channel interface {
	// all gives every place of the channel that says a setting, the one that is planned first.
	all(key string) []*setting
}

// undone refuses what other channels of a connection say against its plan.
func (c *connection) undone() error {
	keys := slices.Concat(c.keys.Hosts, c.keys.StoreAlso,
		[]string{c.keys.Scheme, c.keys.Switch.Name, c.keys.CA, c.keys.Cert, c.keys.Key, c.keys.Store, c.keys.StorePass})
	if c.keys.Verify.Blind || c.keys.Verify.Idle {
		keys = append(keys, c.keys.Verify.Name)
	}
	var problems []error
	said := map[string]bool{}
	for _, key := range keys {
		if key == "" {
			continue
		}
		want, known := c.wanted(key)
		for _, other := range c.others(key) {
			agrees := len(other.Values) > 0 && slices.EqualFunc(other.Values, want, strings.EqualFold)
			if !known || agrees || said[other.Key+other.Place] {
				continue
			}
			said[other.Key+other.Place] = true
			problems = append(problems, c.contradicts(other, key, want))
		}
	}
	return errors.Join(problems...)
}

// others gives what is said of a setting elsewhere than where it is planned.
func (c *connection) others(key string) []*setting {
	var all []*setting
	if own := c.store.all(key); len(own) > 1 {
		all = append(all, own[1:]...)
	}
	for _, other := range c.over {
		all = append(all, other.all(key)...)
	}
	return all
}

// wanted gives what a setting of a connection is in the end; false when no plan depends on it.
func (c *connection) wanted(key string) ([]string, bool) {
	values, planned := c.planned[key]
	s := c.store.get(key)
	switch {
	case planned:
		return values, true
	case s != nil:
		return s.Values, true
	case key == c.keys.Switch.Name:
		return []string{c.keys.Switch.On}, true
	case key == c.keys.Scheme:
		return []string{"https"}, true
	}
	return nil, c.keys.Verify.Idle && key == c.keys.Verify.Name || slices.Contains(c.keys.StoreAlso, key)
}

func (c *connection) contradicts(other *setting, key string, want []string) error {
	here, there := other.Place, c.addresses().Place
	if here == there {
		here = other.edit.String()
	}
	if len(want) == 0 {
		return problem.New(problem.InTheWay, "%s is %s in %s, and contradicts what %s says of %s", other.Key,
			other.said(), here, there, c.name).At(other.Key).
			Do("remove it")
	}
	return problem.New(problem.InTheWay, "%s is %s in %s, which may win over %s, where %s of %s is to be %q", other.Key,
		other.said(), here, there, key, c.name, strings.Join(want, ",")).At(other.Key).
		Do("remove the former")
}

// renamed is a channel in which the settings have other names.
type renamed struct {
	channel
	names map[string]string
}

func (r renamed) all(key string) []*setting {
	if r.names[key] == "" {
		return nil
	}
	return r.channel.all(r.names[key])
}
