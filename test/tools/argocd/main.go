// Command argocd is the part of Argo CD that meets a config management plugin: the server in the sidecar, and the call of it that
// repo-server makes.
//
//	argocd serve FLAG ...                           argocd-cmp-server, with its own flags
//	argocd generate SOCKET REPOSITORY APPLICATION   ask it for the manifests of an Application; prints one JSON object a line
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
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
	case len(args) == 4 && args[0] == "generate":
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return generate(ctx, args[1], args[2], args[3], stdout)
	}
	return errors.New("usage: argocd serve FLAG ... | argocd generate SOCKET REPOSITORY APPLICATION")
}

// generate asks as repo-server does: whether the plugin takes this folder at all, and then for its manifests.
func generate(ctx context.Context, socket, repository, file string, stdout io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var application v1alpha1.Application
	if err := yaml.UnmarshalStrict(text, &application); err != nil {
		return err
	}
	env, err := environment(&application)
	if err != nil {
		return err
	}
	connection, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	folder := filepath.Join(repository, application.Spec.Source.Path)
	matching, err := client.MatchRepository(ctx)
	if err != nil {
		return err
	}
	if err := cmp.SendRepoStream(ctx, folder, repository, matching, env, nil); err != nil {
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
	if err := cmp.SendRepoStream(ctx, folder, repository, generating, env, nil); err != nil {
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

// environment is what repo-server hands to a plugin, see newEnv and getPluginEnvs in its reposerver/repository.
func environment(application *v1alpha1.Application) ([]string, error) {
	source := application.Spec.Source
	env := []string{
		"ARGOCD_APP_NAME=" + application.Name,
		"ARGOCD_APP_NAMESPACE=" + application.Spec.Destination.Namespace,
		"ARGOCD_APP_PROJECT_NAME=" + application.Spec.Project,
		"ARGOCD_APP_SOURCE_REPO_URL=" + source.RepoURL,
		"ARGOCD_APP_SOURCE_PATH=" + source.Path,
		"ARGOCD_APP_SOURCE_TARGET_REVISION=" + source.TargetRevision,
		"KUBE_VERSION=1.34.4",
		"KUBE_API_VERSIONS=v1,apps/v1,batch/v1,policy/v1,rbac.authorization.k8s.io/v1",
	}
	for _, entry := range source.Plugin.Env {
		env = append(env, "ARGOCD_ENV_"+entry.Name+"="+entry.Value)
	}
	parameters, err := source.Plugin.Parameters.Environ()
	return append(env, parameters...), err
}
