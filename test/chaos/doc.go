// Package chaos runs elk-mtls-init as the world runs it: many at once, killed anywhere, over a network that loses requests
// and answers, with an Elasticsearch that restarts and people who spoil the Secret in between. It uses a real
// Elasticsearch and a real API server. After each round it checks what must always hold.
//
// CHAOS_SEED replays the decisions of a run, CHAOS_ROUNDS says how many rounds; `make chaos` runs it (build tag chaos), and
// `make test-all` a short form of it.
package chaos
