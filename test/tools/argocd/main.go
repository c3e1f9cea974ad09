// Command argocd is the part of Argo CD that meets a config management plugin: the server in the sidecar, and the call of it that
// repo-server makes.
//
//	argocd serve FLAG ...                           argocd-cmp-server, with its own flags
//	argocd generate SOCKET REPOSITORY APP ENV ...   ask it for the manifests of the folder APP; prints one JSON object a line
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/cmp"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	switch {
	case len(args) > 0 && args[0] == "serve":
		command := commands.NewCommand()
		command.SetArgs(args[1:])
		return command.Execute()
	case len(args) > 3 && args[0] == "generate":
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return generate(ctx, args[1], args[2], args[3], args[4:], stdout)
	}
	return errors.New("usage: argocd serve FLAG ... | argocd generate SOCKET REPOSITORY APP ENV ...")
}

// generate asks as repo-server does: whether the plugin takes this folder at all, and then for its manifests.
func generate(ctx context.Context, socket, repository, app string, env []string, stdout io.Writer) error {
	connection, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	matching, err := client.MatchRepository(ctx)
	if err != nil {
		return err
	}
	if err := cmp.SendRepoStream(ctx, app, repository, matching, env, nil); err != nil {
		return err
	}
	match, err := matching.CloseAndRecv()
	if err != nil {
		return err
	}
	if match.IsDiscoveryEnabled {
		return errors.New("the plugin has a discovery rule, and would take applications that do not name it")
	}
	generating, err := client.GenerateManifest(ctx)
	if err != nil {
		return err
	}
	if err := cmp.SendRepoStream(ctx, app, repository, generating, env, nil); err != nil {
		return err
	}
	answer, err := generating.CloseAndRecv()
	if err != nil {
		return err
	}
	for _, manifest := range answer.Manifests {
		fmt.Fprintln(stdout, manifest)
	}
	return nil
}
