package plan

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// ruled is a container that the configuration has a rule for.
type ruled struct {
	rule  config.Rule
	ready ready // its `as`; empty when it has none
	w     *recognise.Workload
}

// findRuled finds the containers of the rules. A rule that matches nothing is an error: a typing mistake there would
// leave a client out.
func findRuled(p step) []ruled {
	var all []ruled
	for _, rule := range p.settings.Rules {
		known, err := readyRule(rule.As, p.release.Ruled())
		if err != nil {
			p.fail(problem.Within(err, "spec.rules: %s", rule.Ref))
			continue
		}
		kind, name, container := rule.Object()
		objects, err := p.release.Named(kind, name)
		switch {
		case err != nil:
			p.fail(err)
		case len(objects) == 0:
			p.fail(problem.New(problem.Configuration, "spec.rules: %s matches nothing in the input", rule.Ref).
				Do("correct or remove the rule"))
		}
		for _, o := range objects {
			w, err := ruledContainer(p.In, o, container)
			if err != nil {
				p.fail(problem.Within(err, "spec.rules: %s", rule.Ref))
				continue
			}
			w.App = recognise.App(or(rule.As, w.Main.Name))
			all = append(all, ruled{rule, known, w})
		}
	}
	return all
}

// ruledContainer finds the container that a rule names, or the only one of the pod.
func ruledContainer(in *In, o *object.Object, name string) (*recognise.Workload, error) {
	pod, ok := o.Pod()
	if !ok {
		return nil, problem.New(problem.Rule, "it runs no pod, so that nothing can be mounted").
			Do("name the workload whose containers call Elasticsearch")
	}
	all := pod.Containers()
	var names []string
	for _, c := range pod.All() {
		names = append(names, c.Name)
		if c.Name == name {
			all = []object.Container{c}
		}
	}
	switch {
	case name != "" && !slices.Contains(names, name):
		return nil, problem.New(problem.Rule, "it has no container %q, only %s", name, quoted(names)).Do("correct " +
			"ref of the rule")
	case len(all) != 1:
		return nil, problem.New(problem.Rule, "it has several containers (%s)", quoted(names)).
			Do("write which one (ref: %s/<container>)", o.ID)
	case in.isMain(o, all[0].Name):
		return nil, problem.New(problem.Rule, "container %q is the server itself, which is patched without a rule",
			all[0].Name).
			Do("remove the rule")
	}
	return &recognise.Workload{Object: o, Pod: pod, Main: all[0], Signs: []string{catalog.RulesField}}, nil
}

func planRuled(p step, r ruled) {
	if p.isRemoved(r.w.Object) {
		return
	}
	err := rulePlan(p, r)
	if p.failing(r.w.ID, err); err != nil || r.ready.name == "" {
		p.care(r.w.Main) // what is wrong is said; what only the rule describes is the rule's business
	}
}

// rulePlan plans what one rule says.
func rulePlan(p step, r ruled) error {
	w := r.w
	if !p.settings.Certs() && !p.switched && p.settings.Certificates.SecretName == "" {
		p.pass(w.ID, "mode "+p.settings.Mode+" asks nothing of what has a rule")
		return nil
	}
	if err := errors.Join(duplicatesOnPath(w.Object), checkFree(p.In, w.Object), hookMayRun(p, w.Object)); err != nil {
		return err
	}
	dir, err := r.dir()
	if err != nil {
		return err
	}
	files, err := ruleFiles(p.In, r)
	if err != nil {
		return within(w.Main, err)
	}
	groups, err := wishesOf(p, r, files)
	if err != nil {
		return within(w.Main, err)
	}
	called := ruleCalls(p.In, w, files)
	byCurl := r.ready.curl && p.settings.Certs()
	if byCurl && len(groups) == 0 {
		if own, err := presentsItself(p, w.Object, w.Main, called...); own || err != nil {
			p.hasRule(w)
			return errors.Join(err, rulePlain(p, w, files))
		}
	}
	id, err := ruleIdentity(p, w, groups, called)
	if err != nil {
		return err
	}
	p.hasRule(w)
	coverRule(p, r, files)
	if byCurl {
		if id.curl, err = curlConfig(p, w.Object, curlTrusts(p.In, w.Object, id.ca)); err != nil {
			return err
		}
		err = curlClient(p, w.Object, w.Main, id, called...)
	}
	return errors.Join(err, rulePlain(p, w, files), ruleFilesGiven(p, r, groups, id, dir, called))
}

// ruleFilesGiven gives a container the files of its rule, and writes where they are.
func ruleFilesGiven(p step, r ruled, groups [][]wish, id identity, dir string, called []*recognise.Workload) error {
	w := r.w
	_, reloads := catalog.RenewalOf(p.ready(r.rule.As).Renewals, recognise.VersionOf(w.Object, w.Main))
	if !r.ready.curl && !reloads {
		readsOnce(p.Part, w, id.sources(w.Object)...)
	}
	used, err := grantAll(p, w, groups, id, dir)
	if used || len(groups) == 0 && !r.ready.curl {
		mountClientAt(p, w.Object, w.Main, id, dir)
		presentPair(p, w.Object, w.Main, id, called...)
	}
	return err
}

// dir gives the folder in which the container finds the files.
func (r ruled) dir() (string, error) {
	dir := path.Clean(or(r.rule.MountPath, clientDir))
	for _, m := range r.w.Main.Mounts() {
		if m.Path == dir && !strings.HasPrefix(m.Volume, clientVolume) {
			return "", problem.New(problem.Rule, "container %q: volume %q is mounted at %q already", r.w.Main.Name,
				m.Volume, dir).
				Do("name another folder in mountPath of the rule")
		}
	}
	return dir, nil
}

// ruleFile is a file that a rule names, and what it says about it.
type ruleFile struct {
	*embedded
	says []config.RuleFile
}

// ruleFiles opens the files of a rule. Those of a ready rule are looked for where its program reads them, unless the
// rule says where.
func ruleFiles(in *In, r ruled) ([]ruleFile, error) {
	var all []ruleFile
	var names []string
	for _, said := range r.rule.Files {
		f, err := openRuleFile(in, r.w, said.Path)
		if err != nil {
			return nil, err
		}
		says := []config.RuleFile{said}
		if len(said.Set) == 0 {
			says = r.ready.files
			names = append(names, said.Path)
		}
		all = append(all, ruleFile{f, says})
	}
	if len(r.ready.files) == 0 || len(names) > 0 {
		return all, nil
	}
	names = recognise.ChannelsOf(catalog.Files{Options: r.ready.flags, Paths: r.ready.paths}, "/",
		in.seen(r.w.Main)).Files
	for i, name := range names {
		name = strings.TrimPrefix(name, "/file:") // the collector's way to say that it is a file
		if path.Ext(name) == "" && !strings.HasSuffix(name, "/") {
			name += "/"
		}
		names[i] = name
	}
	opened, err := openFiles(in, r.w, names...)
	if err != nil {
		return nil, err
	}
	if len(opened) == 0 {
		return nil, problem.New(problem.Rule, "the rule is as: %s, and none of its files (%s) is mounted from a "+
			"ConfigMap or Secret in the input", r.rule.As, quoted(names)).
			Do("name the file in files (- path: …) of the rule, or list the container under spec.unmanaged (ref: "+
				"%s/%s) with the reason", r.w.ID, r.w.Main.Name)
	}
	for _, f := range opened {
		all = append(all, ruleFile{f, r.ready.files})
	}
	return all, nil
}

// otherLanguages are files that are known not to be YAML.
var otherLanguages = [...]string{".toml", ".ini", ".conf", ".cfg", ".properties", ".xml", ".hocon", ".rb", ".alloy"}

func openRuleFile(in *In, w *recognise.Workload, name string) (*embedded, error) {
	if slices.Contains(otherLanguages[:], path.Ext(name)) {
		return nil, problem.New(problem.Rule, "%q is no YAML or JSON, and no other file can be changed by a rule",
			name).
			Do("use env or args of the rule, or set CA, certificate and key in that file (a rule with mountPath " +
				"alone mounts them)")
	}
	file := w.Main.Resolve(name, in.release)
	if !file.Key() {
		return nil, problem.New(problem.Rule, "%q is not mounted from a ConfigMap or Secret%s", name, because(file)).
			Do("correct the path in the rule")
	}
	if file.State == object.NotShown {
		return nil, problem.New(problem.Rule, "%q is mounted from %s, which %s, so that it cannot be changed", name,
			file.What(), unshown(file)).
			Do("use env or args of the rule, or set CA, certificate and key there (a rule with mountPath alone " +
				"mounts them)")
	}
	f, err := openFile(w, file)
	if err == nil && f == nil {
		err = problem.New(problem.Rule, "%q is mounted from %s, which the object does not have", name,
			file.What()).Do("correct the path in the rule")
	}
	return f, err
}

// ruleIdentity gives the identity of a container with a rule: as for other clients, the pair of the node that its
// strings name; of any node of the stream when they name none.
func ruleIdentity(p step, w *recognise.Workload, groups [][]wish, called []*recognise.Workload) (identity, error) {
	if id, ok := p.pods.find(mounter{object: w.Object}); ok && namedAlone(p, w) == "" {
		return id, nil
	}
	var ca object.Source
	for _, wanted := range slices.Concat(groups...) {
		if file := wanted.source(w, p.release); file.Key() && wanted.names(placeCA) && ca.Name == "" &&
			!strings.HasPrefix(wanted.old.Value(), clientDir) {
			ca = file.Source
		}
	}
	return sharedIdentity(p, w, ca, slices.Concat(called, p.release.Nodes), "the rule for "+w.ID.String(), needsAll)
}

// ruleCalls gives the nodes that the strings of a container with a rule name.
func ruleCalls(in *In, w *recognise.Workload, files []ruleFile) []*recognise.Workload {
	all := texts(w.Main.Node)
	for _, f := range files {
		all = append(all, texts(f.root)...)
	}
	var called []*recognise.Workload
	for _, node := range in.release.Nodes {
		calls := func(text string) bool {
			name := in.names.Calls(text)
			return name != "" && slices.Contains(in.names.Behind(name), node.Object)
		}
		if slices.ContainsFunc(all, calls) {
			called = append(called, node)
		}
	}
	return called
}

// rulePlain plans https:// where a container with a rule calls Elasticsearch by http://.
func rulePlain(p step, w *recognise.Workload, files []ruleFile) error {
	ours, known := plainHosts(p.In)
	remedy := "use https:// there"
	if !known {
		remedy = switchAll + ", or " + remedy
	}
	var problems []error
	refuse := func(where string) {
		problems = append(problems, problem.New(problem.PlainHTTP, "container %q: %s calls Elasticsearch by plain "+
			"HTTP, which knows no certificates", w.Main.Name, where).
			Do("%s", remedy))
	}
	if known {
		rewriteHTTP(p, w.Object, w.Main, ours)
	} else if slices.ContainsFunc(texts(w.Main.Node), func(text string) bool { return toHTTPS(text, ours) != text }) {
		refuse("its command or environment")
	}
	opened := map[*object.Object]bool{}
	for _, f := range files {
		opened[f.object] = true
		walk(f.root, nil, func(at patch.Path, scalar *yaml.Node) {
			plain := strings.ReplaceAll(scalar.Value, "https://", "http://")
			fresh := toHTTPS(scalar.Value, ours)
			e := patch.Edit{Path: f.path, Inside: at, Value: patch.Str(fresh)}
			switch {
			case toHTTPS(plain, ours) == plain:
			case fresh == scalar.Value:
				readsFile(p, w, f.object, e)
			case known:
				inFileOf(p, w, e, f.object, "Elasticsearch speaks HTTPS", "")
			default:
				refuse(fmt.Sprintf("%s of %s > %s", f.source.Key, f.object.ID, at))
			}
		})
	}
	for _, name := range w.Main.ConfigMaps() {
		holder, err := p.release.Find(w.Namespace, "ConfigMap", name)
		if err != nil || holder == nil || opened[holder] {
			continue
		}
		for _, key := range sortedKeys(object.Pairs(holder.Node, "data")) {
			if text := object.Text(holder.Node, "data", key); toHTTPS(text, ours) != text {
				refuse(fmt.Sprintf("%s key %q", holder.ID, key))
			}
		}
	}
	return errors.Join(problems...)
}

// plainHosts tells which hosts speak HTTPS that a client may still call by http://: those of this stream, or, where it
// holds no Elasticsearch and the configuration brings the certificates, whatever has its port. Without either nothing
// is known.
func plainHosts(in *In) (ours func(host string) bool, known bool) {
	if len(in.services) > 0 {
		return isOneOf(in.services, ""), true
	}
	return func(host string) bool { return shell.Port(host) == "9200" }, in.settings.Certificates.SecretName != ""
}

// inFileOf plans an edit in a file that a workload's pods read.
func inFileOf(p step, w *recognise.Workload, e patch.Edit, o *object.Object, why, link string) {
	p.edit(o, e, why, link)
	readsFile(p, w, o, e)
}

// readsFile notes that a workload's pods read, in another object, what an edit makes stand there.
func readsFile(p step, w *recognise.Workload, o *object.Object, e patch.Edit) {
	if o != w.Object {
		p.input(w.Object, e.String()+"="+patch.Flow(e.Value))
	}
}

// walk visits the scalars below a node with the paths that lead to them.
func walk(n *yaml.Node, at patch.Path, visit func(at patch.Path, scalar *yaml.Node)) {
	switch n.Kind {
	case yaml.ScalarNode:
		visit(at, n)
	case yaml.MappingNode, yaml.SequenceNode:
		for _, e := range entries(n) {
			walk(e.node, append(slices.Clone(at), e.step), visit)
		}
	}
}

// grantAll grants what a rule wishes, group by group, and tells whether any of it uses the key pair.
func grantAll(p step, w *recognise.Workload, groups [][]wish, id identity, dir string) (used bool, err error) {
	var problems []error
	for _, g := range groups {
		granted, err := grantWishes(p, w, g, id, dir)
		if err != nil {
			problems = append(problems, within(w.Main, err))
		}
		used = used || granted
	}
	return used, errors.Join(problems...)
}
