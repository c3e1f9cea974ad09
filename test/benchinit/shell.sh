#!/usr/bin/env bash
# The calls that elk-mtls-init makes for a first token, as a script in an init container would: bash, curl and jq.
set -euo pipefail
login="$(cat "$USERNAME_FILE"):$(cat "$PASSWORD_FILE")"
es() { curl -sS --fail --cacert "$CA" --cert "$CERT" --key "$KEY" -K <(printf 'user = "%s"' "$login") "$@"; }
kube() { curl -sS --fail --cacert "$KUBE_CA" -K <(printf 'header = "Authorization: Bearer %s"' "$(cat "$KUBE_TOKEN_FILE")") "$@"; }
patch() { kube -X PATCH -H 'Content-Type: application/merge-patch+json' --data-binary @- "$SECRET"; }
name="shell-$(date +%s%N)"
es "$ES/_security/_authenticate" | jq -e .username >/dev/null
version=$(kube "$SECRET" | jq -r .metadata.resourceVersion)
es "$ES/_cluster/health" | jq -e '.status != "red"' >/dev/null
version=$(jq -n --arg v "$version" --arg n "$name" '{metadata: {resourceVersion: $v, annotations: {claim: $n}}}' | patch | jq -r .metadata.resourceVersion)
token=$(es -X POST "$ES/_security/service/elastic/kibana/credential/token/$name?refresh=true" | jq -r .token.value)
printf %s "$token" | jq -Rs --arg v "$version" --arg n "$name" \
  '{metadata: {resourceVersion: $v, annotations: {claim: null, name: $n}}, data: {token: @base64}}' | patch >/dev/null
