package pod

import (
	"fmt"
	"strings"
)

// environmentFrom takes all keys of the objects in envFrom, of which a later one wins.
func (r *Release) environmentFrom(c *Container) error {
	for _, from := range c.Spec.EnvFrom {
		id, optional := "", (*bool)(nil)
		switch {
		case from.ConfigMapRef != nil:
			id, optional = "ConfigMap/"+from.ConfigMapRef.Name, from.ConfigMapRef.Optional
		case from.SecretRef != nil:
			id, optional = "Secret/"+from.SecretRef.Name, from.SecretRef.Optional
		}
		data, ok := r.data[id]
		if !ok && (optional == nil || !*optional) {
			return fmt.Errorf("CreateContainerConfigError: %s not found", strings.ToLower(strings.Replace(id, "/", " ", 1)))
		}
		for name, value := range data {
			c.Env[from.Prefix+name] = string(value)
		}
	}
	return nil
}

// Words gives the command line of the container: its own command or that of the image, and its arguments.
func (c *Container) Words(image ...string) []string {
	words := c.Spec.Command
	if len(words) == 0 {
		words = image
	}
	var all []string
	for _, word := range append(append([]string(nil), words...), c.Spec.Args...) {
		all = append(all, expand(word, c.Env))
	}
	return all
}

// expand puts variables into a text as Kubernetes does: $(NAME) where it is set by then, and $$ for one dollar sign.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func expand(text string, env map[string]string) string {
	var b strings.Builder
	for text != "" {
		at := strings.IndexByte(text, '$')
		if at < 0 || at == len(text)-1 {
			break
		}
		b.WriteString(text[:at])
		text = text[at:]
		end := strings.IndexByte(text, ')')
		value, set := "", false
		if text[1] == '(' && end > 0 {
			value, set = env[text[2:end]]
		}
		switch {
		case text[1] == '$':
			b.WriteByte('$')
			text = text[2:]
		case set:
			b.WriteString(value)
			text = text[end+1:]
		default:
			b.WriteByte('$')
			text = text[1:]
		}
	}
	return b.String() + text
}
