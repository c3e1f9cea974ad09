package recognise

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
)

// Channels are where a program takes its settings from, by its command line.
type Channels struct {
	Files []string // of settings; one that ends in "/" stands for all below it
	Named bool     // the command line names them: it reads all of them
	Dir   string   // where relative names in settings start
}

// ChannelsOf reads where a program takes its settings from. dir is where it runs.
func ChannelsOf(f catalog.Files, dir string, seen process.Process) Channels {
	c := Channels{Dir: dir}
	said, _ := seen.Flags(f.Sets...)
	for _, name := range f.Dirs {
		for _, flag := range said {
			if flag.Name == name && flag.Given {
				c.Dir = rooted(flag.Value.Text, dir)
			}
		}
	}
	for _, flag := range said {
		if file := strings.TrimPrefix(flag.Value.Text, "file:"); !flag.Sets && flag.Given && file != "" &&
			slices.Contains(f.Options, flag.Name) {
			c.Files, c.Named = append(c.Files, rooted(file, c.Dir)), true
		}
	}
	for _, file := range f.Paths {
		if rest, below := strings.CutPrefix(file, dir+"/"); below && len(f.Dirs) > 0 {
			file = path.Join(c.Dir, rest)
		}
		if !c.Named {
			c.Files = append(c.Files, file)
		}
	}
	return c
}

// Refused says why a program does not take a file of settings: others than its owner may write it. It is "" for one
// that it takes.
func Refused(f catalog.Files, seen process.Process, file object.File) string {
	if f.Strict.Flag == "" || !file.OthersWrite() || isLax(f, seen) {
		return ""
	}
	return fmt.Sprintf("%s has the mode %s, and it does not start with a configuration that others than its owner "+
		"may write", file.Path, file.Mode)
}

// isLax tells whether a program is told to take files that others may write, or may be told so by what nothing shows.
func isLax(f catalog.Files, seen process.Process) bool {
	isFalse := func(text string) bool {
		is, err := strconv.ParseBool(text)
		return err == nil && !is
	}
	if v, set := seen.Env.Get(f.Strict.Env); set && (!v.Known || v.Text == "false") {
		return true
	}
	all, lax := seen.Flags(f.Sets...)
	for _, flag := range all {
		if flag.Name == f.Strict.Flag && !flag.Sets && !flag.Apart {
			lax = flag.Given && (!flag.Value.Known || isFalse(flag.Value.Text))
		}
	}
	return lax
}

// Modules gives the pattern of the files of its modules; setting gives what a setting of its files is, "" for none.
func (c Channels) Modules(f catalog.Files, setting func(name string) string) string {
	pattern := f.Modules
	if f.ModulesIn != "" {
		if said := setting(f.ModulesIn); said != "" {
			pattern = said
		}
	}
	return rooted(strings.ReplaceAll(pattern, "${path.config}", c.Dir), c.Dir)
}

// Matching gives those of the files of a container that a pattern means: *.yml in a folder, or all in one that ends in
// "/".
func Matching(pattern string, files []string) []string {
	var all []string
	for _, file := range files {
		folder, isFolder := strings.CutSuffix(pattern, "/")
		matched, err := path.Match(pattern, file)
		if isFolder && object.Below(file, folder) && file != folder || err == nil && matched {
			all = append(all, file)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func rooted(file, dir string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(dir, file)
}
