// Package chaos runs elk-mtls-init as the world runs it: many at once, killed anywhere, over a network that loses requests
// and answers, with an Elasticsearch and an API server that restart, and people who spoil the Secret in between. Logs, termination
// messages, command lines and what is left at the end are searched for every secret that there ever was. It uses a real
// Elasticsearch and a real API server. After each round it checks what must always hold.
//
// CHAOS_SEED replays the decisions of a run, CHAOS_ROUNDS says how many rounds; `make chaos` runs it (build tag chaos), and
// `make test-all` a short form of it.
package chaos
