package outbound

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"leadline/shared/dialguard"
	"leadline/shared/fault"
)

// maxURLBytes is the longest URL of a destination.
const maxURLBytes = 2048

// CheckURL refuses a URL that events cannot be sent to: Invalid, with a message that says what is wrong. It asks no DNS;
// where a name leads is judged on each attempt. allowLoopback lets through addresses of the machine itself, also by
// http, for tests and for running locally.
func CheckURL(text string, allowLoopback bool) error {
	return checkURL(dialguard.New(allowLoopback), text)
}

func checkURL(g dialguard.Guard, text string) error {
	if len(text) > maxURLBytes {
		return invalidURL("is longer than %d bytes", maxURLBytes)
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return invalidURL("cannot be read") // what is wrong is not quoted: a URL may hold a secret
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return invalidURL("must begin with https://")
	case host == "":
		return invalidURL("names no host")
	case u.User != nil:
		return invalidURL("must hold no user and password; use a header for them")
	case strings.Contains(text, "#"):
		return invalidURL("must have no fragment (#...): it would not be sent")
	case strings.ContainsFunc(u.RawQuery, func(r rune) bool { return r <= ' ' || r > '~' }):
		return invalidURL("has characters behind its ? that must be percent-encoded, a space as %%20") // they are sent as they are
	case !validPort(u):
		return invalidURL("has a port that is none")
	}
	local, err := checkHost(g, host)
	if err != nil {
		return err
	}
	if u.Scheme == "http" && !local {
		return invalidURL("must begin with https://")
	}
	return nil
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// checkHost refuses hosts that are not public as far as the name tells. local says that it is this machine, and allowed.
func checkHost(g dialguard.Guard, host string) (local bool, err error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return false, invalidURL("names a network interface")
		}
		if err := g.Check(addr); err != nil {
			return false, invalidURL("leads to where nothing is sent: %s", err)
		}
		return addr.IsLoopback(), nil
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	switch {
	case last == "localhost":
		if g.AllowsLoopback() {
			return true, nil
		}
		return false, invalidURL("names this machine; events are sent to public addresses only")
	// Some resolvers read 2130706433, 0x7f000001, 0177.1 and 127.1 as 127.0.0.1.
	// https://url.spec.whatwg.org/#ends-in-a-number-checker
	case regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`).MatchString(last):
		return false, invalidURL("names its host by a number that is no IPv4 address in its usual form")
	case !regexp.MustCompile(`^[a-z0-9._-]+$`).MatchString(host) || slices.Contains(labels, "") || len(host) > 253:
		return false, invalidURL("names a host that is no name of the DNS; write international names in their xn-- form")
	case len(labels) == 1 || slices.Contains([]string{"local", "internal", "localdomain", "lan", "intranet", "home", "corp", "arpa"}, last):
		return false, invalidURL("names a host of a private network; events are sent to public addresses only")
	}
	return false, nil
}

func invalidURL(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_url", "The URL "+format+".", args...)
}
