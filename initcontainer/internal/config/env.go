package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

const envPrefix = "ELK_MTLS_INIT_"

// FromEnv sets each flag that was not given from ELK_MTLS_INIT_<FLAG>, in upper snake case, and refuses by name every
// other variable of that prefix: a misspelt setting must not be passed over. An empty value counts as not given.
func FromEnv(flags *pflag.FlagSet, environ []string) error {
	known := map[string]*pflag.Flag{}
	flags.VisitAll(func(f *pflag.Flag) {
		known[envPrefix+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = f
	})
	var errs []error
	slices.Sort(environ)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		flag, ok := known[name]
		switch {
		case !strings.HasPrefix(name, envPrefix) || foreign(name):
		case !ok || flag.Name == "help":
			errs = append(errs, fmt.Errorf("environment variable %s: no such setting", name))
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
	service := regexp.MustCompile(`^ELK_MTLS_INIT_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)
	return service.MatchString(name) || strings.HasPrefix(name, envPrefix+"CONTAINER_")
}
