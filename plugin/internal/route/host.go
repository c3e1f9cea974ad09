package route

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Canonical gives a host in one form: small letters, no dot at the end, and addresses as they are printed. Numbers are
// read as libc does: 127.1.
func Canonical(host string) string {
	host = strings.Trim(strings.ToLower(strings.TrimSuffix(host, ".")), "[]")
	host, _, _ = strings.Cut(host, "%")
	if host == "" || (host[0] < '0' || host[0] > '9') && !strings.Contains(host, ":") {
		return host // no address
	}
	if strings.ContainsAny(host, ".:") {
		if ip, err := netip.ParseAddr(host); err == nil {
			return ip.Unmap().String()
		}
	}
	if ip, ok := numeric(host); ok {
		return ip.String()
	}
	return host
}

// numeric reads an address of up to four numbers, the last of which has all the bytes that are left.
// https://pubs.opengroup.org/onlinepubs/9699919799/functions/inet_addr.html
func numeric(host string) (netip.Addr, bool) {
	left := strings.Count(host, ".") + 1
	if left > 4 {
		return netip.Addr{}, false
	}
	var all uint64
	rest := 8 * (5 - left)
	for piece := range strings.SplitSeq(host, ".") {
		bits := 8
		if left--; left == 0 {
			bits = rest
		}
		n, err := strconv.ParseUint(piece, 0, 64)
		if err != nil || n >= 1<<bits || strings.ContainsAny(piece, "_bo") {
			return netip.Addr{}, false
		}
		all = all<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}

// IsAddress tells whether a host is an address, and no name.
func IsAddress(host string) bool {
	_, err := netip.ParseAddr(Canonical(host))
	return err == nil
}

// IsCluster tells whether what follows a Service and its namespace in a host is the domain of a cluster: svc, or
// svc.cluster.local.
func IsCluster(domain string) bool { return domain == "svc" || strings.HasPrefix(domain, "svc.") }

// IsLocal holds for the names of a pod's own machine.
func IsLocal(host string) bool {
	host = Canonical(host)
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsUnspecified()
	}
	return slices.Contains([]string{"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"}, host)
}

// Aliased gives the address that a pod's own list has for a name, the name itself where it has none. It wins over all
// else.
// https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
func Aliased(pod object.Pod, host string) string {
	for _, alias := range object.Items(pod.Spec, "hostAliases") {
		for _, name := range object.Items(alias, "hostnames") {
			if Canonical(name.Value) == Canonical(host) {
				return object.Text(alias, "ip")
			}
		}
	}
	return host
}
