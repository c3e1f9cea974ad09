// Package cluster shows elk-mtls on a real cluster of one node: real Helm installs the stock renderings of Elasticsearch
// and Kibana with our post-renderer and our init container, kubelet runs their probes and mounts their volumes, and a
// genuine Elasticsearch answers. Kibana is a stand-in of ours (see the program kibana). `make test-cluster` runs it (build
// tag cluster); it needs root.
package cluster
