package dialguard_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"leadline/shared/dialguard"
)

func TestCheck(t *testing.T) {
	for address, use := range map[string]string{
		"127.0.0.1": "loopback", "::1": "loopback", "10.1.2.3": "private", "fc00::1": "private", "169.254.169.254": "a cloud's own services",
		"169.254.1.1": "link-local", "fe80::1%eth0": "link-local", "100.64.0.1": "provider's own network", "224.0.0.1": "multicast",
		"0.0.0.0": "unspecified", "192.0.2.1": "documentation", "198.18.0.1": "benchmarks", "::ffff:8.8.8.8": "IPv4 address in an IPv6",
		"240.0.0.1": "reserved", "4000::1": "reserved",
	} {
		err := dialguard.New(false).Check(netip.MustParseAddr(address))
		var refused *dialguard.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), use) || !strings.Contains(err.Error(), "public addresses only") {
			t.Errorf("%s: %v, want a word of %q", address, err, use)
		}
		addr := netip.MustParseAddr(address)
		if err := dialguard.New(true).Check(addr); (err == nil) != addr.IsLoopback() {
			t.Errorf("%s where loopback is allowed: %v", address, err)
		}
	}
	for _, address := range []string{"8.8.8.8", "2606:4700:4700::1111"} {
		if err := dialguard.New(false).Check(netip.MustParseAddr(address)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if dialguard.New(false).AllowsLoopback() || !dialguard.New(true).AllowsLoopback() {
		t.Error("a guard does not know what it allows")
	}
}

func TestControl(t *testing.T) {
	for address, ok := range map[string]bool{
		"8.8.8.8:443": true, "[2606:4700:4700::1111]:443": true, "127.0.0.1:443": false, "[::1]:80": false, "localhost:80": false, "": false,
	} {
		for _, network := range []string{"tcp4", "tcp6", "udp4", "unix", "tcp"} {
			want := ok && (network == "tcp4" || network == "tcp6")
			if err := dialguard.New(false).Control(network, address, nil); (err == nil) != want {
				t.Errorf("%s %s: %v", network, address, err)
			}
		}
	}
}

// TestItStandsInTheWayOfADialer uses it as it is meant.
func TestItStandsInTheWayOfADialer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for _, allow := range []bool{true, false} {
		dialer := net.Dialer{Control: dialguard.New(allow).Control}
		conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err == nil {
			conn.Close()
		}
		if (err == nil) != allow {
			t.Errorf("loopback allowed %t: %v", allow, err)
		}
	}
}
