package config

import (
	"fmt"
	"strings"
)

// validateNames finds names that no API server takes: what they would be written into is often not checked there, and a
// pod then waits for something that cannot be.
func (s Settings) validateNames() []error {
	var problems []error
	check := func(valid func(string) bool, want string, fields ...[2]string) {
		for _, f := range fields {
			if path, value := f[0], f[1]; value != "" && !valid(value) {
				problems = append(problems, invalid(path, "%q: want %s", value, want))
			}
		}
	}
	names := [][2]string{
		{"certificates.secretName", s.Certificates.SecretName},
		{"certificates.clientCA.secretName", s.Certificates.ClientCA.SecretName},
		{"certificates.ca.secretName", s.Certificates.CA.SecretName},
		{"certificates.ca.configMapName", s.Certificates.CA.ConfigMapName},
		{"certificates.issuer.name", s.Certificates.Issuer.Name}, {"token.secretName", s.Token.SecretName},
		{"password.secretName", s.Password.SecretName},
		{"minter.secretName", s.Minter.SecretName}, {"serviceAccount.name", s.ServiceAccount.Name},
	}
	for i, c := range s.Certificates.Clients {
		names = append(names, [2]string{fmt.Sprintf("certificates.clients[%d].secretName", i), c.SecretName})
	}
	for i, name := range s.InitContainer.PullSecrets {
		names = append(names, [2]string{fmt.Sprintf("initContainer.pullSecrets[%d]", i), name})
	}
	check(isName, "lower-case letters, digits, hyphens and dots, as in a name of Kubernetes", names...)
	check(isKey, "letters, digits, hyphens, underscores and dots, as in a key of a Secret",
		[2]string{"certificates.keys.ca", s.Certificates.Keys.CA},
		[2]string{"certificates.keys.cert", s.Certificates.Keys.Cert},
		[2]string{"certificates.keys.key", s.Certificates.Keys.Key},
		[2]string{"certificates.clientCA.key", s.Certificates.ClientCA.Key},
		[2]string{"certificates.ca.key", s.Certificates.CA.Key},
		[2]string{"token.key", s.Token.Key}, [2]string{"password.key", s.Password.Key},
		[2]string{"minter.usernameKey", s.Minter.UsernameKey}, [2]string{"minter.passwordKey", s.Minter.PasswordKey})
	check(isImage, "a reference of an image such as registry.example/elk-mtls-init:1.0",
		[2]string{"initContainer.image", s.InitContainer.Image})
	return problems
}

const lower, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"

// isName is the rule for a DNS subdomain, which names of Secrets follow:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
func isName(name string) bool {
	return len(name) <= 253 && strings.Trim(name, lower+digits+"-.") == "" && strings.Trim(name, "-.") == name
}

// isKey is the rule for the keys of a Secret:
// https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data
func isKey(key string) bool {
	return len(key) <= 253 && strings.Trim(key, lower+strings.ToUpper(lower)+digits+"-_.") == "" &&
		strings.Trim(key, ".") != ""
}

// isImage tells a reference from an address with a scheme, a template that nobody filled in, or two words. It is for a
// registry to know more.
func isImage(image string) bool {
	return strings.Trim(image, lower+strings.ToUpper(lower)+digits+"-_./:@") == "" && !strings.Contains(image, "//")
}
