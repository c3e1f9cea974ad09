// Package truth holds what elk-mtls verify says of a release against what the real programs do with it: package setups describes releases, the
// tests of this one run them against a real Elasticsearch, and compare. What is proven works; what works is proven.
package truth
