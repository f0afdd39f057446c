package rest

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// maxURLBytes is the longest base URL.
const maxURLBytes = 2048

// CheckBaseURL refuses a base URL that a connection to the API may not have, and gives it as it is kept: without a slash at
// its end, its host in small letters. Empty stands for the API's own. With allowLoopback it may lead to the machine
// itself, also by http, where a sandbox or a proxy stands in.
func CheckBaseURL(api connector.API, text string, allowLoopback bool) (string, error) {
	if text == "" {
		text = api.BaseURL
	}
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "", fault.New(fault.Invalid, "base_url_needed", "Each account of the provider has a base URL of its own: give it as base_url. It may be %s.", strings.Join(hosts(api), ", "))
	case len(text) > maxURLBytes:
		return "", invalidURL("is longer than %d bytes", maxURLBytes)
	case err != nil || u.Opaque != "":
		return "", invalidURL("cannot be read") // what is wrong is not quoted: a URL may hold a secret
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return "", invalidURL("must begin with https:// and name a host")
	case u.User != nil:
		return "", invalidURL("must hold no user and password")
	case strings.ContainsAny(text, "?#"):
		return "", invalidURL("must have nothing behind its path")
	}
	if err := checkPath(strings.TrimSuffix(u.EscapedPath(), "/")); err != nil {
		return "", invalidURL("has a path with empty or dotted parts")
	}
	u.Host = strings.ToLower(u.Host)
	if loopback(u.Hostname()) && allowLoopback {
		return strings.TrimSuffix(u.String(), "/"), nil
	}
	if port := u.Port(); u.Scheme != "https" || port != "" && port != "443" || strings.HasSuffix(u.Host, ":") {
		return "", invalidURL("must begin with https:// and name no port")
	}
	if !allowed(hosts(api), u.Hostname()) {
		return "", invalidURL("leads to %q, which is no host of the provider. It may be %s", u.Hostname(), strings.Join(hosts(api), ", "))
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// Production tells whether a base URL is the API's own one: where real customers' data are, as far as anybody can tell.
func Production(api connector.API, base string) bool {
	return base == "" || hostOf(base) == hostOf(api.BaseURL) || api.BaseURL == "" && allowed(hosts(api), hostOf(base))
}

// Resolve gives one of a login's URLs: what begins with a slash stands under the base URL without its path. Where the base
// URL leads to the machine itself, so does all the rest: a sandbox stands in for the provider whole.
func Resolve(base, text string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		return "", invalidURL("cannot be read")
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", invalidURL("cannot be read")
	}
	if u.Host == "" || loopback(b.Hostname()) {
		u.Scheme, u.Host = b.Scheme, b.Host
	}
	return u.String(), nil
}

func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback() && !addr.Is4In6()
}

func allowed(hosts []string, host string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool {
		h = strings.ToLower(h)
		return h == host && !strings.HasPrefix(h, ".") || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h) && !strings.HasPrefix(host, ".")
	})
}

func hosts(api connector.API) []string {
	all := slices.Clone(api.Hosts)
	if own := hostOf(api.BaseURL); own != "" && !slices.Contains(all, own) {
		all = append(all, own)
	}
	return all
}

// join gives the URL of a request. The path is taken as it is spelled; what would lead elsewhere than below the base is
// refused, and so is an empty part: where the id of a record is missing, the request would mean all of them.
func join(base, path string, query url.Values) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, invalidURL("cannot be read")
	}
	if !strings.HasPrefix(path, "/") || checkPath(strings.TrimSuffix(path, "/")) != nil || strings.ContainsAny(path, "?#") {
		return nil, fault.New(fault.Invalid, "invalid_path", "The path of the request has empty or dotted parts, or characters that a path does not have.")
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_path", "The path of the request is not percent-encoded as it should be.")
	}
	u.RawPath, u.Path = u.EscapedPath()+path, u.Path+decoded
	u.RawQuery = query.Encode()
	return u, nil
}

// download gives the address of a file that an answer named. Where the base URL leads to the machine itself, so may that.
func download(api connector.API, base, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	local := err == nil && loopback(u.Hostname()) && loopback(hostOf(base)) && u.Scheme != ""
	if !local && (err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || !allowed(api.Downloads, strings.ToLower(u.Hostname()))) {
		return nil, fault.New(fault.Invalid, "invalid_download", "The provider gave an address of a file that does not lead to where its files are.")
	}
	return u, nil
}

// checkPath refuses the parts of a path that servers and proxies read in ways of their own, however they are spelled.
func checkPath(path string) error {
	if path == "" {
		return nil
	}
	bad := fault.New(fault.Invalid, "invalid_path", "The path is not plain.")
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		decoded, err := url.PathUnescape(part)
		if err != nil || decoded == "" || strings.ContainsAny(decoded, "\\") ||
			strings.ContainsFunc(decoded, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return bad
		}
		for piece := range strings.SplitSeq(decoded, "/") {
			if piece == "." || piece == ".." {
				return bad
			}
		}
	}
	return nil
}

func invalidURL(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_base_url", "The base URL "+format+".", args...)
}
