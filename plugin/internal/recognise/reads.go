package recognise

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// beyond are parts of a file through which a program reads more than its files say: other files, or variables by a
// script. A text has one of some words, in any case, before it is held against the form.
var beyond = []struct {
	words []string
	form  func() *regexp.Regexp
}{
	// Fluent Bit and Fluentd
	{[]string{"include"}, regex.Of(`(?im)^\s*@?include\b`)},
	{[]string{"includes", "plugins_file"}, regex.Of(`(?m)^\s*["']?(?:includes|plugins_file|Plugins_File)\b`)},
	// Beats
	{[]string{"config."}, regex.Of(`\bconfig\.(?:inputs|modules|monitors)\b`)},
	{[]string{"config", "autodiscover"}, regex.Of(`(?m)(?:\bconfig["']?\s*:|\bautodiscover\b)`)},
	// Logstash
	{[]string{"path.config"}, regex.Of(`\bpath\.config\b`)},
	{[]string{"ruby", "exec", "pipe"}, regex.Of(`\b(?:ruby|exec|pipe)\s*\{`)},
	// Fluent Bit, Fluentd and Vector
	{[]string{"lua", "wasm", "exec"}, regex.Of(`(?i)\b(?:name|type)["']?:?\s+["']?(?:lua|wasm|exec)`)},
	// scripts
	{[]string{"enable_ruby", "env", "get_env_var"}, regex.Of(`\b(?:enable_ruby|ENV|getenv|get_env_var)\b`)},
	// the collector of OpenTelemetry
	{[]string{"${file:"}, regex.Of(`\$\{file:`)},
	// Ruby
	{[]string{"#{"}, regex.Of(`#\{`)},
}

// plainVariable is the way in which Ruby names one variable, which Logstash and Fluentd put into their settings.
var plainVariable = regex.Of(`#\{\s*ENV\[["']\w+["']\]\s*(?:\|\|\s*(?:["'][^"'{}]*["']|use_default|use_nil)\s*)?\}`)

// readsBeyond tells whether a file makes a program read more than this file says.
func readsBeyond(text string) bool {
	if strings.Contains(text, "#{") {
		text = plainVariable().ReplaceAllString(text, "")
	}
	small := strings.ToLower(text)
	for _, part := range beyond {
		holds := func(word string) bool { return strings.Contains(small, word) }
		if slices.ContainsFunc(part.words, holds) && part.form().MatchString(text) {
			return true
		}
	}
	return false
}

// configures are names of variables that hold options, or say which configuration counts.
var configures = regex.Of(`(?i)(?:^|_)(?:opts?|options?|args?|flags?|conf|config)(?:_|$)|^path_`)

// UnreadVariables gives the variables that a program surely does not read: its files say which ones it does, and all
// of them are shown. There are none unless the container runs that program only, as its image has it.
func UnreadVariables(p catalog.Program, seen process.Process, in object.Input) (names []string) {
	if !runsOnly(p, seen) || !showsAll(p, seen, in) {
		return nil
	}
	for _, v := range seen.Given.All() {
		if !configures().MatchString(v.Name) {
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

// showsAll tells whether the stream shows every file that a program reads, and nothing makes it read anything else.
func showsAll(p catalog.Program, seen process.Process, in object.Input) bool {
	shown, all := shownFiles(seen, in)
	isShown := func(name string) bool {
		name = path.Clean(name)
		return slices.ContainsFunc(shown, func(file string) bool {
			return file == name || object.Below(file, name) || strings.HasSuffix(file, "/"+name)
		})
	}
	isHidden := func(m object.Mount) bool {
		return !isShown(m.Path) && (isConfig(m.Path) || slices.Contains(p.Pipelines.Paths, m.Path))
	}
	namesHidden := func(v object.Variable) bool {
		isHidden := func(word string) bool { return (path.IsAbs(word) || isConfig(word)) && !isShown(word) }
		return slices.ContainsFunc(strings.Fields(v.Text), isHidden) && configures().MatchString(v.Name)
	}
	goesBeyond := func(r *process.Run) bool {
		return slices.ContainsFunc(r.Args, func(arg process.Arg) bool { return readsBeyond(arg.Text) })
	}
	options := slices.Concat(p.Files.Options, p.Pipelines.Options, p.Files.Dirs, []string{"c", "config"})
	takesHidden := func(f process.Flag) bool {
		isFile := f.Given && (slices.Contains(options, f.Name) || isConfig(f.Value.Text))
		return isFile && !(f.Value.Known && isShown(rooted(f.Value.Text, p.Dir)))
	}
	said, open := seen.Flags()
	return all && !open && !slices.ContainsFunc(seen.Mounts(), isHidden) &&
		!slices.ContainsFunc(seen.Given.All(), namesHidden) && !slices.ContainsFunc(seen.Lines(), goesBeyond) &&
		!slices.ContainsFunc(said, takesHidden)
}

// shownFiles lists the files of a container that the stream shows; false where one is not shown that may be a
// configuration, or one makes its program read more.
func shownFiles(seen process.Process, in object.Input) (shown []string, all bool) {
	all = true
	texts := map[string]string{}
	for _, name := range seen.Files(in) {
		file := seen.Resolve(name, in)
		if file.Key() && file.State == object.Held {
			shown, texts[name] = append(shown, name), string(file.Content.Text)
		} else {
			all = all && !isConfig(name)
		}
	}
	for _, name := range shown {
		all = all && !readsBeyond(withoutShown(texts[name], path.Dir(name), shown, seen.Mounts()))
	}
	return shown, all
}

// included is a line of Fluent Bit or Fluentd that takes in other files: one, or those of a pattern.
var included = regex.Of(`(?im)^[ \t]*@?include[ \t]+["']?([^\s"'$#{}]+)["']?[ \t]*$`)

// Included gives the files, or patterns of them, that a text in the language of Fluent Bit or Fluentd takes in.
func Included(text, dir string) (files []string) {
	for _, found := range included().FindAllStringSubmatch(text, -1) {
		files = append(files, rooted(found[1], dir))
	}
	return files
}

// withoutShown takes away the lines that take in nothing but files that are shown. All files of a folder are, where a
// volume is mounted there.
func withoutShown(text, dir string, shown []string, mounts []object.Mount) string {
	if !strings.Contains(strings.ToLower(text), "include") {
		return text
	}
	return included().ReplaceAllStringFunc(text, func(line string) string {
		target := rooted(included().FindStringSubmatch(line)[1], dir)
		isTarget := func(file string) bool { is, err := path.Match(target, file); return is && err == nil }
		isWhole := func(m object.Mount) bool { return path.Clean(m.Path) == path.Dir(target) }
		if slices.ContainsFunc(shown, isTarget) &&
			(!strings.ContainsAny(target, "*?[") || slices.ContainsFunc(mounts, isWhole)) {
			return ""
		}
		return line
	})
}

// isConfig tells whether a file is called as configurations are.
func isConfig(name string) bool {
	return slices.Contains([]string{".yml", ".yaml", ".json", ".toml", ".conf", ".cfg"}, path.Ext(name))
}
