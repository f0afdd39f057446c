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
	sound := s.checkParts()
	if d.Webhook == nil {
		return sound
	}
	if d.Webhook.Parser < 1 || d.Webhook.Parser > 9999 {
		s.fail(Definition, "the revision of the parser is %d, not from 1 to 9999", d.Webhook.Parser)
	}
	if d.Webhook.Parse == nil {
		s.fail(Definition, "the webhook has no Parse")
	}
	return s.checkScheme(d.Webhook.Signature) && d.Webhook.Parse != nil && sound
}

// checkParts sees that what stands on other parts has them, and that no part lacks a function.
func (s *suite) checkParts() bool {
	d := s.definition
	sound := true
	breach := func(broken bool, what string) {
		if broken {
			s.fail(Definition, "%s", what)
			sound = false
		}
	}
	breach(d.Webhook == nil && d.API == nil, "there is neither a webhook nor an API")
	breach(d.API == nil && (d.Describe != nil || d.Pull != nil || d.Log != nil || d.Subscription != nil || d.People != nil),
		"something reads from an API that is not there")
	breach(d.Pull == nil && d.Log != nil, "there is a log of records that cannot be read")
	breach(d.API != nil && d.API.Probe == nil, "the API has no Probe")
	breach(d.Pull != nil && d.Pull.Page == nil, "the pull has no Page")
	breach(d.Log != nil && (d.Log.Read == nil || d.Log.Keeps <= 0 || d.Log.Overlap < 0 || d.Log.Overlap >= d.Log.Keeps),
		"the log has no Read, or keeps nothing, or overlaps more than it keeps")
	if sub := d.Subscription; sub != nil {
		breach(d.Webhook == nil, "there are subscriptions to webhooks, and no webhook")
		breach(sub.Create == nil || sub.Find == nil || sub.Check == nil || sub.Mend == nil || sub.Delete == nil, "the subscription lacks one of its functions")
	}
	return sound
}

func (s *suite) checkScheme(sig connector.Signature) bool {
	if sig == (connector.Signature{Optional: true}) {
		return true // nothing is signed, ever
	}
	header := regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	encodings := []connector.Encoding{connector.Hex, connector.Base64, connector.Raw}
	ok := true
	breach := func(broken bool, format string, args ...any) {
		if broken {
			s.fail(Definition, format, args...)
			ok = false
		}
	}
	one := strings.EqualFold(sig.HashHeader, sig.TimestampHeader)
	breach(sig.Scheme != connector.HMAC && sig.Scheme != connector.ECDSA, "the scheme %q of the signature is unknown", sig.Scheme)
	breach(!header.MatchString(sig.HashHeader), "the signature's header %q is no header name", sig.HashHeader)
	breach(sig.TimestampHeader != "" && !header.MatchString(sig.TimestampHeader), "the timestamp's header %q is no header name", sig.TimestampHeader)
	breach(one && (sig.HashPart == "" || sig.TimestampPart == "" || sig.HashPart == sig.TimestampPart), "signature and timestamp share the header %q", sig.HashHeader)
	breach(sig.TimestampHeader == "" && sig.TimestampPart+sig.Separator != "", "a timestamp that is not there has a part of a header or a separator")
	breach(!slices.Contains(encodings[:2], sig.HashEncoding), "a signature written in %q cannot stand in a header", sig.HashEncoding)
	breach(!slices.Contains(encodings, sig.KeyEncoding), "the key's encoding %q is unknown", sig.KeyEncoding)
	breach(sig.KeyBytes < 0, "a key of %d bytes cannot be", sig.KeyBytes)
	return ok
}
