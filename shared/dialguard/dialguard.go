// Package dialguard keeps requests to hosts that customers name from leading inside: it decides which addresses may be
// dialed, when a connection is about to be made.
package dialguard

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// Guard decides which addresses may be dialed: public ones. It judges the address that a connection is about to be made
// to, after all resolving, so that neither names nor redirects nor a DNS that changes its mind get around it.
//
// https://www.iana.org/assignments/iana-ipv4-special-registry/
// https://www.iana.org/assignments/iana-ipv6-special-registry/
type Guard struct {
	allowLoopback bool
	refused       []span
	// unicast6 holds what of IPv6 is given out; nothing is sent to the rest.
	unicast6 netip.Prefix
}

// span is a block of addresses that nothing is sent to, and what it is for.
type span struct {
	netip.Prefix
	use string
}

// New makes a guard. allowLoopback lets through addresses of the machine itself, for tests and for running locally.
func New(allowLoopback bool) Guard {
	var spans []span
	add := func(use string, prefixes ...string) {
		for _, p := range prefixes {
			spans = append(spans, span{netip.MustParsePrefix(p), use})
		}
	}
	add("the address of a cloud's own services", "169.254.169.254/32", "169.254.170.2/32", "168.63.129.16/32", "fd00:ec2::254/128")
	add("a loopback address", "127.0.0.0/8", "::1/128")
	add("a private address", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")
	add("a link-local address", "169.254.0.0/16", "fe80::/10")
	add("an address of a provider's own network", "100.64.0.0/10")
	add("a multicast or broadcast address", "224.0.0.0/4", "255.255.255.255/32", "ff00::/8")
	add("an unspecified address", "0.0.0.0/8", "::/128")
	add("an address for documentation", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
	add("an address for benchmarks", "198.18.0.0/15", "2001:2::/48")
	add("an IPv4 address in an IPv6 one", "::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
	add("a reserved address", "192.0.0.0/24", "192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24",
		"240.0.0.0/4", "2001::/23", "2620:4f:8000::/48", "5f00::/16")
	return Guard{allowLoopback: allowLoopback, refused: spans, unicast6: netip.MustParsePrefix("2000::/3")}
}

// RefusedError is why nothing is sent to an address.
type RefusedError struct {
	addr netip.Addr
	use  string
}

// Error names the address and what it is.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s is %s; requests are sent to public addresses only", e.addr, e.use)
}

// AllowsLoopback tells whether addresses of the machine itself are let through.
func (g Guard) AllowsLoopback() bool { return g.allowLoopback }

// Check refuses an address that nothing is sent to.
func (g Guard) Check(addr netip.Addr) error {
	addr = addr.WithZone("")
	if g.allowLoopback && addr.IsLoopback() && !addr.Is4In6() {
		return nil
	}
	at := slices.IndexFunc(g.refused, func(s span) bool { return s.Contains(addr) })
	switch {
	case at >= 0:
		return &RefusedError{addr, g.refused[at].use}
	case addr.Is4() || g.unicast6.Contains(addr):
		return nil
	default:
		return &RefusedError{addr, "a reserved address"}
	}
}

// Control is asked before each connection is made, with the address that it goes to: for net.Dialer.
func (g Guard) Control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return &RefusedError{use: "no TCP address"}
	}
	return g.Check(to.Addr())
}
