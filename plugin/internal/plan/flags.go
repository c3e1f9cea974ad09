package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// commandLines gives the command line of a server, and the variables that its entry script adds to it.
func (c *configuration) commandLines() []process.Run {
	var all []process.Run
	for _, line := range c.seen.Lines() {
		all = append(all, *line)
	}
	for _, name := range c.w.Layout.Flags.Env {
		if v, ok := c.seen.Env.Own(name); ok && v.Known {
			all = append(all, process.Extra(name, v.Text, v.Nodes[0]))
		}
	}
	return all
}

// flags gives the places of the command line that say a setting: -Ekey=value, -E key=value or --key value, as words
// of their own or in a script. The last one comes first.
func (c *configuration) flags(key string) []*setting {
	prefix := c.w.Layout.Flags.Prefix
	if prefix == "" {
		return nil
	}
	var setters []string
	if prefix != "--" {
		setters = []string{strings.TrimLeft(prefix, "-")}
	}
	var all []*setting
	for _, line := range c.commandLines() {
		said, _ := line.Flags(setters...)
		for _, f := range said {
			if f.Name == key && f.Sets == (setters != nil) && f.Given {
				s := flagSetting(c.w, f)
				s.Values, s.commas = splitList(f.Value.Text), hasCommas(f.Value.Text)
				v, extra := c.seen.Env.Own(line.Name)
				s.Hidden = s.Hidden || extra && (v.Entry == nil || v.Written != v.Text) // it cannot be changed there
				all = append(all, s)
			}
		}
	}
	slices.Reverse(all)
	return all
}

// flagSetting gives the value of a flag as a setting. What does not stand in the command line as it is cannot be
// changed there.
func flagSetting(w *recognise.Workload, f process.Flag) *setting {
	arg, from, to, exact := f.Place()
	s := &setting{
		Key: f.Name, Values: []string{f.Value.Text}, Hidden: !exact || !f.Value.Known, object: w.Object,
		prefix: arg.Text[:from], suffix: arg.Text[to:], span: mention.Span{From: from, To: to},
	}
	if f.Run.Holder != nil {
		s.Hidden, s.Place = true, fmt.Sprintf("the script %s of container %q (%s)", f.Run.File, w.Main.Name,
			f.Run.Holder.ID)
		return s
	}
	if arg.Field == nil {
		s.Place = fmt.Sprintf("env %q of container %q", f.Run.Name, w.Main.Name)
		s.edit.Path = containerPath(w.Main).Field("env").Item("name", f.Run.Name).Field("value")
		return s
	}
	s.Place, s.edit.Path = argPlace(w, arg), argPath(w, arg)
	return s
}

// argPlace says where a word of a command line is.
func argPlace(w *recognise.Workload, arg process.Arg) string {
	return fmt.Sprintf("an argument of container %q (%s %d)", w.Main.Name, strings.Join(arg.Field, "."), arg.Index+1)
}

// argPath gives the place of a word of a command line.
func argPath(w *recognise.Workload, arg process.Arg) patch.Path {
	return containerPath(w.Main).Field(arg.Field...).Index(strconv.Itoa(arg.Index))
}
