package conformance

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"leadline/shared/connector"
)

// checkDefinition tells whether the other rules can be checked at all.
func (s *suite) checkDefinition() bool {
	d := s.definition
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(d.Name) {
		s.fail(Definition, "the name %q is not lower-case letters and digits", d.Name)
	}
	if d.Name != s.options.Folder {
		s.fail(Definition, "the name %q is not that of the folder, %q", d.Name, s.options.Folder)
	}
	if strings.TrimSpace(d.Title) == "" {
		s.fail(Definition, "there is no title")
	}
	if u, err := url.Parse(d.DocsURL); err != nil || u.Scheme != "https" || u.Host == "" {
		s.fail(Definition, "the address of the documentation, %q, is no https URL", d.DocsURL)
	}
	if d.Webhook == nil {
		return true
	}
	if d.Webhook.Parser < 1 || d.Webhook.Parser > 9999 {
		s.fail(Definition, "the revision of the parser is %d, not from 1 to 9999", d.Webhook.Parser)
	}
	if d.Webhook.Parse == nil {
		s.fail(Definition, "the webhook has no Parse")
	}
	return s.checkScheme(d.Webhook.Signature) && d.Webhook.Parse != nil
}

func (s *suite) checkScheme(sig connector.Signature) bool {
	header := regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	encodings := []connector.Encoding{connector.Hex, connector.Base64, connector.Raw}
	ok := true
	breach := func(broken bool, format string, args ...any) {
		if broken {
			s.fail(Definition, format, args...)
			ok = false
		}
	}
	breach(!header.MatchString(sig.HashHeader), "the signature's header %q is no header name", sig.HashHeader)
	breach(sig.TimestampHeader != "" && !header.MatchString(sig.TimestampHeader), "the timestamp's header %q is no header name", sig.TimestampHeader)
	breach(strings.EqualFold(sig.HashHeader, sig.TimestampHeader), "signature and timestamp share the header %q", sig.HashHeader)
	breach(!slices.Contains(encodings[:2], sig.HashEncoding), "a signature written in %q cannot stand in a header", sig.HashEncoding)
	breach(!slices.Contains(encodings, sig.KeyEncoding), "the key's encoding %q is unknown", sig.KeyEncoding)
	breach(sig.KeyBytes < 0, "a key of %d bytes cannot be", sig.KeyBytes)
	return ok
}
