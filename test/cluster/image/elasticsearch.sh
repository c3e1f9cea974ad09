#!/bin/bash
# What the official image's entrypoint does, as far as the charts depend on it: variables with dots in their names become
# settings, ELASTIC_PASSWORD becomes bootstrap.password, and the server is the container's main process and logs to stdout.
set -euo pipefail
home=/usr/share/elasticsearch
bridge=("$home"/lib/entitlement-bridge/*.jar)
export LIBFFI_TMPDIR=/tmp

settings=()
while IFS= read -r -d '' entry; do
	if [[ ${entry%%=*} =~ ^[a-z0-9_]+(\.[a-z0-9_]+)+$ ]]; then settings+=("$entry"); fi
done < <(env -0)
# Elasticsearch checks the limit of open files once transport is bound to a real address. It cannot be raised from in here.
limits=()
hard=$(ulimit -Hn)
if [ "$hard" != unlimited ] && [ "$hard" -lt 65535 ]; then
	limits=(--patch-module=org.elasticsearch.server="$home/lib/limits/limits.jar")
fi

boot() {
	printf 'bootstrap.password %s\n' "$(printf %s "${ELASTIC_PASSWORD:-}" | base64 -w0)" |
		java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$home/lib/entitlement-agent/boot.jar:$home/lib/*" \
			dev.elkmtls.boot.Boot "$home" "${settings[@]}"
	exec sleep infinity # the server stops when its stdin ends
}

# Little memory, quick to start; the serial collector would fail a bootstrap check.
# shellcheck disable=SC2086  # ES_JAVA_OPTS is a list of words
exec java -Xms384m -Xmx384m -Xss1m -XX:+UseParallelGC -XX:TieredStopAtLevel=1 \
	-Djava.awt.headless=true -Dfile.encoding=UTF-8 -Djava.locale.providers=CLDR -Djna.nosys=true \
	-Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true -Dio.netty.recycler.maxCapacityPerThread=0 \
	-Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true \
	-Des.path.home="$home" -Des.distribution.type=docker \
	-Des.entitlements.enabled=true -Djdk.attach.allowAttachSelf=true -XX:+EnableDynamicAgentLoading \
	--patch-module=java.base="${bridge[0]}" "${limits[@]}" \
	--add-exports=java.base/org.elasticsearch.entitlement.bridge=org.elasticsearch.entitlement,java.logging,java.net.http,java.naming,jdk.net \
	--add-opens=org.apache.lucene.core/org.apache.lucene.store=org.elasticsearch.simdvec \
	--module-path "$home/lib" --add-modules=ALL-MODULE-PATH,jdk.net \
	${ES_JAVA_OPTS:-} -m org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch < <(boot)
