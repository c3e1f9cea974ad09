package plugin

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // the tests parse much and keep little: a fifth of their time was the collector's
	testscript.Main(m, map[string]func(){"elk-mtls": func() { os.Exit(Main()) }})
}

// TestScripts runs the command as typed: flags, environment, exit codes, both outputs.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			charts, err := os.Getwd()
			env.Setenv("CHARTS", charts+"/testdata/charts")
			return err
		},
	})
}
