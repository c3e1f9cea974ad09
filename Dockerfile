# The images: a program and nothing else; in elk-mtls-cmp, which Argo CD runs, with helm and public CAs beside it. Built from this very file by `make image`, without Docker, or by
#
#     make image && docker build --target elk-mtls-init -t elk-mtls-init .
#
# The programs are expected in bin/linux/ARCH, where `make image` puts them. The reader of this file in
# test/tools/image knows FROM scratch, ARG TARGETARCH, COPY, USER and ENTRYPOINT, and refuses anything else.

FROM scratch AS elk-mtls
ARG TARGETARCH
COPY bin/linux/${TARGETARCH}/elk-mtls /elk-mtls
USER 65532:65532
ENTRYPOINT ["/elk-mtls"]

FROM scratch AS elk-mtls-init
ARG TARGETARCH
COPY bin/linux/${TARGETARCH}/elk-mtls-init /elk-mtls-init
USER 65532:65532
ENTRYPOINT ["/elk-mtls-init"]

FROM scratch AS elk-mtls-cmp
ARG TARGETARCH
COPY bin/linux/${TARGETARCH}/elk-mtls /usr/local/bin/elk-mtls
COPY bin/linux/${TARGETARCH}/helm /usr/local/bin/helm
COPY bin/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY examples/argocd-cmp/plugin.yaml /home/argocd/cmp-server/config/plugin.yaml
USER 999:999
ENTRYPOINT ["/usr/local/bin/elk-mtls"]
