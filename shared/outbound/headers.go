package outbound

import (
	"maps"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"leadline/shared/fault"
)

const (
	maxHeaders     = 20
	maxHeaderBytes = 4 << 10
)

// CheckHeaders refuses headers that cannot be sent with events: Invalid, with a message that names the header and says
// what is wrong, without its value.
func CheckHeaders(headers map[string]string) error {
	total, seen := 0, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case len(name) > 128 || !regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString(name):
			return invalidHeaders("%.130q is no name of a header.", name)
		case seen[canonical]:
			return invalidHeaders("The header %s is given twice.", canonical)
		case reserved(canonical):
			return invalidHeaders("The header %s is set by Leadline or belongs to the connection; it cannot be replaced.", canonical)
		case !regexp.MustCompile(`^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$`).MatchString(headers[name]):
			return invalidHeaders("The value of the header %s must be printable ASCII, without spaces at its ends.", canonical)
		}
		seen[canonical] = true
		total += len(name) + len(headers[name])
	}
	if len(headers) > maxHeaders || total > maxHeaderBytes {
		return invalidHeaders("At most %d headers of %d bytes together are sent with each event.", maxHeaders, maxHeaderBytes)
	}
	return nil
}

// HeaderNames gives the names of headers as they are shown: in their usual form, sorted.
func HeaderNames(headers map[string]string) []string {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, textproto.CanonicalMIMEHeaderKey(name))
	}
	slices.Sort(names)
	return names
}

// reserved tells whether a header is not the destination's to set: those of the signature, and those by which requests
// are told apart on a connection.
func reserved(canonical string) bool {
	return strings.HasPrefix(canonical, "Webhook-") || strings.HasPrefix(canonical, "Proxy-") ||
		slices.Contains([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade",
			"Expect"}, canonical)
}

func invalidHeaders(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_headers", format, args...)
}
