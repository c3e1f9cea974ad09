package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

const (
	linkBuiltInUsers = "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/built-in-users.html"

	kibanaSystem     = catalog.KibanaSystem
	passwordVariable = "ELASTICSEARCH_PASSWORD"
	// passwordReference is how a setting takes its value from that variable.
	passwordReference = "${" + passwordVariable + "}"
	usernameVariable  = "ELASTICSEARCH_USERNAME"
)

// planPassword plans a Kibana that logs in with a password: its container reads it from a Secret, and the init
// container checks beforehand that it works, or sets it.
func planPassword(p step, w *recognise.Workload, conf *configuration, id identity, hosts []string) error {
	source, err := passwordSource(p.In, w, conf)
	if err != nil {
		return err
	}
	if err := checkHolds(p, source); err != nil {
		return problem.Advise(err, "name the Secret in password.secretName, and its key in password.key")
	}
	user, err := kibanaUserOf(p, conf)
	if err != nil {
		return err
	}
	withoutToken(p, w)
	readPassword(p, w, conf, source)
	if makesUser(p, w) && !p.settings.Password.Set {
		p.action(w.ID, "its image set the password of %s at its start (KIBANA_CREATE_USER), and does not any more: "+
			"on a first installation set password.set: true, and %s does", kibanaSystem, initName)
	}
	pod := podOf(w.Object)
	args := append(ensureArgs(p.In, id, hosts, verificationOf(p, conf)),
		contract.Flag(contract.FlagMode, p.settings.Mode), contract.Flag(contract.FlagKibanaPass, loginDir+"/password"))
	items, mounts := []fileItem{{source, "password"}}, append(id.clientMounts(w.Object),
		readOnlyMount(loginVolume, loginDir))
	switch {
	case user.source.Name != "":
		items = append(items, fileItem{user.source, "username"})
		args = append(args, contract.Flag(contract.FlagKibanaFile, loginDir+"/username"))
	case user.name != kibanaSystem:
		args = append(args, contract.Flag(contract.FlagKibanaUser, user.name))
	}
	addClientVolume(p, w.Object, id)
	addVolume(p, w.Object, projected(loginVolume, fileMode(pod), items), "Kibana's own credentials, for "+initName,
		linkBuiltInUsers)
	if p.settings.Password.Set {
		minter, err := minterItems(p, w.Object, id.ca, hosts)
		if err != nil {
			return err
		}
		addVolume(p, w.Object, projected(minterVolume, fileMode(pod), minter),
			"credentials that may set the password (manage_security); only "+initName+" mounts them", linkBuiltInUsers)
		args = append(append(args, "--"+contract.FlagSetPassword), asMinter()...)
		mounts = append(mounts, readOnlyMount(minterVolume, minterDir))
	}
	return ensureBefore(p, w.Object, args, mounts, "makes sure that Kibana's password works before Kibana starts",
		linkBuiltInUsers)
}

// passwordSource finds the Secret with Kibana's password: where its container takes it from already, or the one that
// the configuration names.
func passwordSource(in *In, w *recognise.Workload, conf *configuration) (object.Source, error) {
	named := in.settings.Password
	wanted := secretKey(w.Object, named.SecretName, named.Key)
	s := conf.get(kibanaPassword)
	if s == nil {
		if named.SecretName == "" {
			return object.Source{}, problem.New(problem.NoCredentials, "nothing tells the password of %s",
				kibanaSystem).
				Do("name its Secret in password.secretName (key %q; another one: password.key)", named.Key)
		}
		return wanted, nil
	}
	own := conf.credential(s, passwordVariable)
	switch {
	case own.Name == "" && named.SecretName != "":
		return wanted, nil // it takes the place of what stands there
	case own.Name == "":
		return object.Source{}, problem.New(problem.NoCredentials, "%s is set in %s and comes from no Secret by a "+
			"variable such as %s", kibanaPassword, s.Place, passwordVariable).At(kibanaPassword).
			Do("name the Secret that holds it in password.secretName")
	case named.SecretName != "" && own != wanted:
		return object.Source{}, problem.New(problem.InTheWay, "%s comes from %s in %s, and the configuration names "+
			"%s in password.secretName", kibanaPassword, own, s.Place, wanted).At(kibanaPassword).
			Do("remove one of the two")
	}
	return own, nil
}

// kibanaLogin is the user that Kibana logs in as: a name, or where the name is.
type kibanaLogin struct {
	name   string
	source object.Source
}

// kibanaUserOf gives the user's own choice, else kibana_system. Kibana does not start as elastic.
func kibanaUserOf(p step, conf *configuration) (kibanaLogin, error) {
	s := conf.get(kibanaUsername)
	switch {
	case s == nil:
		return kibanaLogin{name: kibanaSystem}, nil
	case s.Value() == "elastic":
		return kibanaLogin{}, problem.New(problem.Login, "%s is elastic in %s, and Kibana refuses that user",
			kibanaUsername, s.Place).At(kibanaUsername).
			Do("remove it, Kibana's own user is %s", kibanaSystem)
	case !s.Hidden:
		return kibanaLogin{name: s.Value()}, nil
	}
	source := conf.credential(s, usernameVariable)
	if source.Name == "" {
		return kibanaLogin{}, problem.New(problem.Elsewhere, "%s comes from elsewhere in %s, so that it cannot be read",
			kibanaUsername, s.Place).At(kibanaUsername).
			Do("write the name there, or remove it for %s", kibanaSystem)
	}
	return kibanaLogin{source: source}, checkHolds(p, source)
}

// readPassword points Kibana to the Secret and, where it has no name yet, names its user.
func readPassword(p step, w *recognise.Workload, conf *configuration, source object.Source) {
	const why = "Kibana logs in with the password of this Secret"
	if s := conf.get(kibanaUsername); s == nil || !s.Hidden {
		kibanaSet(p, w, conf, kibanaUsername, or(s.Value(), kibanaSystem), "the user that Kibana logs in as")
	}
	written := conf.get(kibanaPassword)
	name, isTold := reference(written)
	isTold = isTold && conf.secret(name).Name != ""
	const asked = "Kibana takes the password from the variable of that name"
	var inFile *setting
	if conf.file != nil {
		inFile = conf.file.get(kibanaPassword)
	}
	switch of, refers := reference(inFile); {
	case written != nil && written.script != nil && written.Hidden: // of the image's own variables, which leave
		throughScript(p, written.script, passwordReference, asked, linkKibanaTLS)
	case inFile != nil && (!refers || of == passwordVariable):
		replaceValue(p, w, inFile, passwordReference, asked, linkKibanaTLS)
	case w.Layout.Env == nil && !isTold:
		kibanaSet(p, w, conf, kibanaPassword, passwordReference, asked)
	}
	if v, ok := p.own(w.Main, passwordVariable); !isTold && (!ok || v.From.Kind != "Secret") {
		p.set(w.Object, containerPath(w.Main).Field("env").Item("name", passwordVariable),
			fromSecret(passwordVariable, source), why, linkBuiltInUsers)
	}
}

// makesUser tells whether the entry script of an image would set the password itself.
func makesUser(p step, w *recognise.Workload) bool {
	v, ok := p.own(w.Main, "KIBANA_CREATE_USER")
	return ok && slices.Contains(w.Layout.Login, v.Name) && isYes(v.Text)
}

// credential gives the Secret of a setting: that of the variable which the image takes for it, or of one that the
// setting names.
func (c *configuration) credential(s *setting, variable string) object.Source {
	if s.script != nil {
		for _, name := range s.script.Env {
			if own := c.secret(name); own.Name != "" {
				return own
			}
		}
	}
	if own := c.secret(variable); own.Name != "" {
		return own
	}
	if name, ok := reference(s); ok {
		return c.secret(name)
	}
	return object.Source{}
}

// reference gives the variable that is all of a setting's value: "${NAME}".
func reference(s *setting) (name string, ok bool) {
	name, isOpen := strings.CutPrefix(s.Value(), "${")
	name, isClosed := strings.CutSuffix(name, "}")
	return name, isOpen && isClosed && name != "" && !strings.ContainsAny(name, ":$")
}

// fromSecret is a variable that a Secret fills.
func fromSecret(name string, s object.Source) *yaml.Node {
	return patch.Map(patch.F("name", patch.Str(name)), patch.F("valueFrom", patch.Map(patch.F("secretKeyRef", patch.Map(
		patch.F("name", patch.Str(s.Name)), patch.F("key", patch.Str(s.Key)))))))
}

// ensureBefore plans the init container of the modes without a token: it calls no Kubernetes API.
func ensureBefore(p step, o *object.Object, args []string, mounts []*yaml.Node, why, link string) error {
	container, err := newInitContainer(p.In, podOf(o),
		append(args, contract.Flag(contract.FlagTimeout, p.settings.InitContainer.Timeout)), nil, mounts...)
	if err != nil {
		return err
	}
	runBefore(p, o, container, why, link)
	return nil
}
