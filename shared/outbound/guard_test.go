package outbound_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/outbound"
)

// refusedAddresses are those that nothing is sent to, each for a reason of its own.
var refusedAddresses = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.3", "168.63.129.16",
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1",
	"192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.9", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
	"255.255.255.255", "192.31.196.1", "192.52.193.1", "192.175.48.1",
	"::", "::1", "::2", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8",
	"64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1",
	"2001:db8::1", "2002:a9fe:a9fe::1", "2002:0808:0808::1", "2620:4f:8000::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254",
	"fdff::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
}

var publicAddresses = []string{
	"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
	"169.253.255.255", "169.255.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255", "192.169.0.1", "198.17.255.255",
	"198.20.0.1", "223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700:4700::1111", "2a00:1450::1", "3ffe::1",
}

func literal(address string) string {
	if strings.Contains(address, ":") {
		return "https://[" + address + "]/hook"
	}
	return "https://" + address + ":8443/hook"
}

func TestAddresses(t *testing.T) {
	for _, address := range refusedAddresses {
		if err := outbound.CheckURL(literal(address), false); !fault.Is(err, fault.Invalid) || fault.Of(err).Code != "invalid_url" {
			t.Errorf("%s is let through: %v", address, err)
		}
		if addr := netip.MustParseAddr(address); !addr.IsLoopback() || addr.Is4In6() {
			if outbound.CheckURL(literal(address), true) == nil {
				t.Errorf("%s is let through where only loopback is allowed", address)
			}
		}
	}
	for _, address := range publicAddresses {
		if err := outbound.CheckURL(literal(address), false); err != nil {
			t.Errorf("%s is refused: %v", address, err)
		}
	}
	for _, address := range []string{"127.0.0.1", "127.8.8.8", "::1"} {
		if err := outbound.CheckURL(literal(address), true); err != nil {
			t.Errorf("%s is refused where loopback is allowed: %v", address, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for _, good := range []string{
		"https://hooks.example.com", "https://hooks.example.com/a/b?c=d%20e", "HTTPS://Hooks.Example.com:8443/", "https://a_b.example.co.uk./",
		"https://xn--bcher-kva.example/x", "https://example.com/" + strings.Repeat("a", 2000), "https://1.example.com/",
	} {
		if err := outbound.CheckURL(good, false); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, say := range map[string]string{
		"":                                                    "https://",
		"hooks.example.com/x":                                 "https://",
		"http://hooks.example.com/":                           "https://",
		"ftp://hooks.example.com/":                            "https://",
		"javascript:alert(1)":                                 "cannot be read",
		"https:hooks.example.com":                             "cannot be read",
		"https://":                                            "no host",
		"https:///path":                                       "no host",
		"https://:443/":                                       "no host",
		"https://user:pw@hooks.example.com/":                  "no user",
		"https://u@hooks.example.com/":                        "no user",
		"https://hooks.example.com/#x":                        "fragment",
		"https://hooks.example.com/#":                         "fragment",
		"https://hooks.example.com:/":                         "port",
		"https://hooks.example.com:0/":                        "port",
		"https://hooks.example.com:65536/":                    "port",
		"https://hooks.example.com:https/":                    "cannot be read",
		"https://hooks.example.com/\n":                        "cannot be read",
		"https://localhost/":                                  "this machine",
		"https://LOCALHOST./":                                 "this machine",
		"https://a.localhost:8443/":                           "this machine",
		"https://intranet/":                                   "private network",
		"https://db.corp/":                                    "private network",
		"https://metadata.google.internal/":                   "private network",
		"https://printer.local/":                              "private network",
		"https://254.169.254.169.in-addr.arpa":                "private network",
		"https://2130706433/":                                 "by a number",
		"https://0x7f000001/":                                 "by a number",
		"https://0x7f.1/":                                     "by a number",
		"https://0X7F.0.0.1/":                                 "by a number",
		"https://0177.0.0.1/":                                 "by a number",
		"https://017700000001/":                               "by a number",
		"https://127.1/":                                      "by a number",
		"https://10.0.1/":                                     "by a number",
		"https://169.254.169.254./":                           "is the address of a cloud",
		"https://256.256.256.256/":                            "by a number",
		"https://example.0x/":                                 "by a number",
		"https://[fe80::1%25eth0]/":                           "interface",
		"https://１２７.０.０.１/":                                  "no name of the DNS",
		"https://bücher.example/":                             "no name of the DNS",
		"https://a..example.com/":                             "no name of the DNS",
		"https://exa mple.com/":                               "cannot be read",
		"https://hooks.example.com/?a=b HTTP/1.0":             "percent-encoded",
		"https://hooks.example.com/?a=ü":                      "percent-encoded",
		"https://exa%20mple.com/":                             "cannot be read",
		"https://" + strings.Repeat("a.", 130) + "com/":       "no name of the DNS",
		"https://example.com/" + strings.Repeat("a", 2040):    "longer than",
		"https://hooks.example.com\\@169.254.169.254/latest/": "cannot be read",
	} {
		err := outbound.CheckURL(bad, false)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Of(err).Message, say) {
			t.Errorf("%s: got %v, want a word of %q", bad, err, say)
		}
	}
	if err := outbound.CheckURL("https://u:hunter2@[::1", false); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a message quotes the URL: %v", err)
	}
	for _, local := range []string{"http://127.0.0.1:8080/x", "http://localhost:8080/", "https://localhost/", "http://[::1]:80/", "http://a.localhost/"} {
		if err := outbound.CheckURL(local, true); err != nil {
			t.Errorf("%s, loopback allowed: %v", local, err)
		}
	}
	for _, other := range []string{"http://example.com/", "http://10.0.0.1/", "https://10.0.0.1/", "http://1.1.1.1/", "https://intranet/", "http://2130706433/"} {
		if outbound.CheckURL(other, true) == nil {
			t.Errorf("%s is let through where only loopback is allowed", other)
		}
	}
}

// names is a DNS server of our own: each question about a name gets the next of its answers, the last one for ever.
type names struct {
	mu      sync.Mutex
	answers map[string][]string
	asked   map[string]int
}

// resolver starts the server and gives a resolver that asks it only.
func (n *names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	n.asked = map[string]int{}
	go func() {
		question := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(n.answer(question[:size]), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (n *names) wasAsked(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[name] > 0
}

// answer answers a question of RFC 1035: the header, the one question, and an address if there is one of its family.
func (n *names) answer(question []byte) []byte {
	end, name := 12, ""
	for question[end] != 0 {
		size := int(question[end])
		name += string(question[end+1:end+1+size]) + "."
		end += 1 + size
	}
	kind := binary.BigEndian.Uint16(question[end+1:])
	end += 5
	n.mu.Lock()
	defer n.mu.Unlock()
	var data []byte
	if all := n.answers[name]; len(all) > 0 {
		addr := netip.MustParseAddr(all[min(n.asked[name], len(all)-1)])
		if addr.Is4() == (kind == 1) {
			n.asked[name]++
			data = addr.AsSlice()
		}
	}
	out := append([]byte{}, question[:end]...)
	out[2], out[3] = 0x81, 0x80 // an answer, recursion
	copy(out[6:12], make([]byte, 6))
	if data == nil {
		return out
	}
	out[7] = 1
	out = append(out, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(data)))
	return append(out, data...)
}

// inside is a server that nobody is to reach.
func inside(t *testing.T) (port string, hits *atomic.Int64) {
	t.Helper()
	hits = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			hits.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, hits
}

func post(t *testing.T, c *outbound.Client, url string) outbound.Answer {
	t.Helper()
	a, err := c.Post(t.Context(), outbound.Request{URL: url, Keys: [][]byte{make([]byte, 32)}, ID: "ev_1", Body: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNamesThatLeadInside(t *testing.T) {
	port, hits := inside(t)
	addresses := map[string]string{
		"loopback.example.com.": "127.0.0.1", "loopback6.example.com.": "::1", "private.example.com.": "10.1.2.3", "metadata.example.com.": "169.254.169.254",
		"containers.example.com.": "169.254.170.2", "metadata6.example.com.": "fd00:ec2::254", "mapped.example.com.": "::ffff:127.0.0.1",
		"nat64.example.com.": "64:ff9b::7f00:1", "zero.example.com.": "0.0.0.0",
	}
	dns := &names{answers: map[string][]string{}}
	for name, address := range addresses {
		dns.answers[name] = []string{address}
	}
	c := outbound.NewClient(outbound.ClientOptions{Resolver: dns.resolver(t), Timeout: 5 * time.Second})
	for name := range addresses {
		a := post(t, c, "https://"+strings.TrimSuffix(name, ".")+":"+port+"/latest/meta-data/")
		if a.Status != 0 || !strings.HasPrefix(a.Problem, "Nothing was sent: ") || !strings.Contains(a.Problem, "public addresses only") {
			t.Errorf("%s: %+v", name, a)
		}
		if !dns.wasAsked(name) {
			t.Errorf("%s was never resolved", name)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d connections came inside", hits.Load())
	}
}

// TestWhatIsSpelledOddly posts without a check before, as a destination would that was stored by an older version.
func TestWhatIsSpelledOddly(t *testing.T) {
	port, hits := inside(t)
	dns := &names{}
	c := outbound.NewClient(outbound.ClientOptions{Resolver: dns.resolver(t), Timeout: 5 * time.Second})
	for _, host := range []string{"127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"[0:0:0:0:0:ffff:127.0.0.1]", "localhost", "0", "[::]"} {
		if a := post(t, c, "https://"+host+":"+port+"/"); a.Status != 0 || !strings.HasPrefix(a.Problem, "Nothing was sent") {
			t.Errorf("%s: %+v", host, a)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d connections came inside", hits.Load())
	}
}

// TestDNSThatChangesItsMind resolves a name to a public address when it is checked, and inside when it is dialed.
func TestDNSThatChangesItsMind(t *testing.T) {
	port, hits := inside(t)
	for _, then := range []string{"169.254.169.254", "127.0.0.1"} {
		dns := &names{answers: map[string][]string{"rebind.example.com.": {"93.184.216.34", then}}}
		resolver := dns.resolver(t)
		url := "https://rebind.example.com:" + port + "/"
		if err := outbound.CheckURL(url, false); err != nil {
			t.Fatal(err)
		}
		checked, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example.com")
		if err != nil || len(checked) != 1 || checked[0].String() != "93.184.216.34" {
			t.Fatalf("the check resolves to %v, %v", checked, err)
		}
		a := post(t, outbound.NewClient(outbound.ClientOptions{Resolver: resolver, Timeout: 5 * time.Second}), url)
		if a.Status != 0 || !strings.Contains(a.Problem, then+" is ") {
			t.Errorf("got %+v", a)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d connections came inside", hits.Load())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	port, hits := inside(t)
	target := ""
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	c := outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, RootCAs: rootsOf(server)})
	for _, target = range []string{"http://169.254.169.254/latest/meta-data/", "https://127.0.0.1:" + port + "/", "/elsewhere"} {
		if a := post(t, c, server.URL); a.Status != 307 || a.Delivered() || !strings.Contains(a.Problem, "Redirects are not followed") {
			t.Errorf("to %s: %+v", target, a)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d connections followed", hits.Load())
	}
}

// TestLoopbackSwitchOpensNothingElse holds what is allowed for running locally against the rest of the addresses.
func TestLoopbackSwitchOpensNothingElse(t *testing.T) {
	dns := &names{answers: map[string][]string{"private.example.com.": {"10.1.2.3"}, "mapped.example.com.": {"169.254.169.254"}}}
	c := outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, Resolver: dns.resolver(t), Timeout: 5 * time.Second})
	for name := range dns.answers {
		if a := post(t, c, "https://"+strings.TrimSuffix(name, ".")+"/"); !strings.HasPrefix(a.Problem, "Nothing was sent") {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestMain names a proxy in the environment, for net/http reads it once in a process.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
		os.Setenv(name, "http://127.0.0.1:1")
	}
	os.Exit(m.Run())
}

// TestNoProxyOfTheEnvironmentIsUsed asks for a private address where the proxy's own would be allowed.
func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	dns := &names{answers: map[string][]string{"hooks.example.com.": {"10.0.0.1"}}}
	c := outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, Resolver: dns.resolver(t), Timeout: 5 * time.Second})
	if a := post(t, c, "https://hooks.example.com/"); !strings.HasPrefix(a.Problem, "Nothing was sent: 10.0.0.1 is ") {
		t.Errorf("got %+v", a)
	}
}
