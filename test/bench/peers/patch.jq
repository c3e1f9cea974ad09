if .kind == "Deployment" and (.metadata.name | test("-kibana$")) then
  .spec.template.spec |= (
    .volumes += [{name: "client-certificate", secret: {secretName: "client-certificate"}}] |
    (.containers[] | select(.name == "kibana")) |= (
      .env += [{name: "CLIENT_CERTIFICATE", value: "/etc/client/tls.crt"}] |
      .volumeMounts += [{name: "client-certificate", mountPath: "/etc/client", readOnly: true}]))
elif .kind == "ConfigMap" and (.metadata.name | test("-kibana-config$")) then
  .data["kibana.yml"] += "elasticsearch.ssl.certificate: /etc/client/tls.crt\nelasticsearch.ssl.key: /etc/client/tls.key\n"
else . end
