package verify

import (
	"fmt"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// link is a file that a setting names, followed to the key of a Secret or ConfigMap, and what that takes for granted.
type link struct {
	object.File
	at          place
	assumptions []string
	code        Code // of what is wrong; "": nothing
	reason      string
}

func (l *link) assume(format string, args ...any) {
	l.assumptions = append(l.assumptions, fmt.Sprintf(format, args...))
}

func (l link) broken(code Code, format string, args ...any) link {
	l.code, l.reason = code, fmt.Sprintf(format, args...)
	return l
}

// document reads the file as YAML.
func (l link) document() (*manifest.Document, error) {
	if l.Content.Encoded {
		return l.Content.Object.Doc.InsideBase64(l.Content.Node)
	}
	return l.Content.Object.Doc.Inside(l.Content.Node)
}

// follow goes from a path in the container to a key, and looks whether the process may read it.
func (c caller) follow(file string, at place) link {
	l := link{File: c.Resolve(file, c.release), at: at}
	l.Content = inStream(c.release, l.Source, l.Content)
	switch l.Found {
	case object.NotThere:
		return l.broken(NoFile, "%s", l.Why)
	case object.Made, object.Outside, object.Perhaps:
		l.assume("%s: %s is there, and is what its name says (%s)", c, l.Path, l.Why)
		return l
	}
	if l.State == object.Lacking {
		return l.broken(NoKeyInObject, "%s/%s is in the input and has no key %q", l.Source.Kind, l.Source.Name,
			l.Source.Key)
	}
	if l.State == object.NotShown {
		l.assume("%s", holds(l.Source, l.Filled))
	}
	if l.Found == object.Copied {
		l.assume("%s: an init container copies %s to %s, readable", c, l.What(), l.Path)
		return l
	}
	switch readable, condition := c.MayRead(l.Mode); {
	case !readable:
		return l.broken(Unreadable, "%s has the mode %s, which the process (%s) may not read", l.Path,
			or(l.Mode, "0644"), c.Process())
	case condition != "":
		l.assume("%s: %s", c, condition)
	}
	return l
}

// followed refuses a file that a container of the pod makes or changes, where nothing but the file itself tells what
// it is.
func (l link) followed() link {
	if l.Found != object.Made {
		return l
	}
	l.assumptions = nil
	return l.broken(NotJudged, "%s could not be followed: %s", l.Path, l.Why)
}

// isUnread holds for a file of settings that is there, and that nothing here shows.
func (l link) isUnread() bool {
	return l.Found == object.Made || l.Found == object.Outside || l.Key() && l.State == object.NotShown
}

// holds is the assumption that an object which nothing here shows has a key; filled says who brings it, "" where
// nothing does.
func holds(s object.Source, filled string) string {
	text := fmt.Sprintf("%s/%s%s holds the key %q", s.Kind, s.Name, inNamespace(s.Namespace), s.Key)
	if filled != "" {
		text += " (" + filled + ")"
	}
	return text
}

func inNamespace(namespace string) string {
	if namespace == "" {
		return ""
	}
	return " in " + namespace
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
