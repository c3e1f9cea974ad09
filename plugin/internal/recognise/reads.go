package recognise

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
)

// beyond are parts of a file through which a program reads more than its files say: other files, or variables by a script.
var beyond = []*regexp.Regexp{
	regexp.MustCompile(`(?im)^\s*@?include\b`),                                  // of Fluent Bit and Fluentd
	regexp.MustCompile(`(?m)^\s*["']?(?:includes|plugins_file|Plugins_File)\b`), // of Fluent Bit
	regexp.MustCompile(`\bconfig\.(?:inputs|modules|monitors)\b`),               // of Beats
	regexp.MustCompile(`(?m)(?:\bconfig["']?\s*:|\bautodiscover\b)`),            // of Beats, in several lines
	regexp.MustCompile(`\bpath\.config\b`),                                      // of Logstash
	regexp.MustCompile(`\b(?:ruby|exec|pipe)\s*\{`),                             // of Logstash
	regexp.MustCompile(`(?i)\b(?:name|type)["']?:?\s+["']?(?:lua|wasm|exec)`),   // of Fluent Bit, Fluentd and Vector
	regexp.MustCompile(`(?i)\b(?:enable_ruby|ENV\b|getenv|get_env_var)`),        // in scripts
	regexp.MustCompile(`#\{`),
}

// plainVariable is the way in which Ruby names one variable, which Logstash and Fluentd put into their settings.
var plainVariable = regexp.MustCompile(`#\{\s*ENV\[["']\w+["']\]\s*(?:\|\|\s*(?:["'][^"'{}]*["']|use_default|use_nil)\s*)?\}`)

// readsBeyond tells whether a file makes a program read more than this file says.
func readsBeyond(text string) bool {
	text = plainVariable.ReplaceAllString(text, "")
	return slices.ContainsFunc(beyond, func(part *regexp.Regexp) bool { return part.MatchString(text) })
}

// configures are names of variables that hold options, or say which configuration counts.
var configures = regexp.MustCompile(`(?i)(?:^|_)(?:opts?|options?|args?|flags?|conf|config|path)(?:_|$)`)

// UnreadVariables gives the variables that a program surely does not read: its files say which ones it does, and all of them are shown. There
// are none unless the container runs that program only, as its image has it.
func UnreadVariables(p catalog.Program, seen process.Process, in object.Input) (names []string) {
	if !runsOnly(p, seen) || !showsAll(p, seen, in) {
		return nil
	}
	for _, v := range seen.Given.All() {
		if !configures.MatchString(v.Name) {
			names = append(names, v.Name)
		}
	}
	return names
}

// runsOnly tells whether a container runs a program and nothing else that calls: as its image does, or by its own name.
func runsOnly(p catalog.Program, seen process.Process) bool {
	image, _ := seen.Image()
	own := append([]string{"", p.As, strings.ToLower(string(p.App))}, p.Images...)
	if p.As == "" && !slices.Contains(p.Images, image) {
		return false // what its image runs is not known
	}
	for _, r := range seen.Runs {
		if !r.Whole {
			return false
		}
	}
	return !slices.ContainsFunc(seen.Starts(), func(name string) bool { return !slices.Contains(own, name) })
}

// showsAll tells whether the stream shows every file that a program reads, and none of them makes it read anything else.
func showsAll(p catalog.Program, seen process.Process, in object.Input) bool {
	var shown []string
	for _, name := range seen.Files(in) {
		file := seen.Resolve(name, in)
		switch {
		case file.Key() && file.State == object.Held:
			if readsBeyond(string(file.Content.Text)) {
				return false
			}
			shown = append(shown, name)
		case isConfig(name):
			return false
		}
	}
	isShown := func(name string) bool {
		name = path.Clean(name)
		return slices.ContainsFunc(shown, func(file string) bool { return file == name || object.Below(file, name) })
	}
	for _, m := range seen.Mounts() {
		if (isConfig(m.Path) || slices.Contains(p.Pipelines.Paths, m.Path)) && !isShown(m.Path) {
			return false
		}
	}
	said, open := seen.Flags()
	for _, f := range said {
		names := slices.Concat(p.Files.Options, p.Pipelines.Options, p.Files.Dirs)
		if slices.Contains(names, f.Name) && !(f.Given && f.Value.Known && isShown(rooted(f.Value.Text, p.Dir))) {
			return false
		}
	}
	return !open
}

// isConfig tells whether a file is called as configurations are.
func isConfig(name string) bool {
	return slices.Contains([]string{".yml", ".yaml", ".json", ".toml", ".conf", ".cfg"}, path.Ext(name))
}
