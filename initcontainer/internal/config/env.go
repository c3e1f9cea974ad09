package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/internal/closest"
)

const envPrefix = "ELK_MTLS_INIT_"

// FromEnv sets each flag that was not given from ELK_MTLS_INIT_<FLAG>, in upper snake case. It refuses a variable of
// that prefix whose name is like that of a flag: a misspelt setting must not be passed over. Others are somebody
// else's. An empty value counts as not given.
func FromEnv(flags *pflag.FlagSet, environ []string) error {
	known := map[string]*pflag.Flag{}
	var names []string // without the prefix
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		name := strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		known[envPrefix+name] = f
		names = append(names, name)
	})
	var errs []error
	slices.Sort(environ)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		flag, ok := known[name]
		switch {
		case !strings.HasPrefix(name, envPrefix) || foreign(name):
		case !ok:
			if meant, ok := closest.To(strings.TrimPrefix(name, envPrefix), names); ok {
				errs = append(errs, fmt.Errorf("environment variable %s: no such setting; did you mean %s%s?", name,
					envPrefix, meant))
			}
		case flag.Changed || value == "":
		default:
			errs = append(errs, set(flag, name, value))
			flag.Changed = true // once is enough
		}
	}
	return errors.Join(errs...)
}

// set splits the value of a repeatable flag at commas and white space.
func set(flag *pflag.Flag, name, value string) error {
	values := []string{value}
	if flag.Value.Type() == "stringArray" {
		values = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	}
	for _, v := range values {
		if err := flag.Value.Set(v); err != nil {
			return fmt.Errorf("environment variable %s: not a value for --%s (%s)", name, flag.Name, flag.Value.Type())
		}
	}
	return nil
}

// foreign: variables of this prefix that are not ours. Kubernetes gives each container a set for every Service of the
// namespace, also for one called elk-mtls-init; and the post-renderer's settings spec.initContainer.* have this prefix.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
func foreign(name string) bool {
	service := regexp.MustCompile(`^ELK_MTLS_INIT_(\w+_)?` +
		`(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)
	return service.MatchString(name) || strings.HasPrefix(name, envPrefix+"CONTAINER_")
}
