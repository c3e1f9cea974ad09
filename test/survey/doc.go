// Package survey proves elk-mtls-init survey and elk-mtls survey: sets of real clients, put together from a seed, talk to a real
// Elasticsearch, and what the two programs say of them is compared with what the clients' own sockets know.
package survey
