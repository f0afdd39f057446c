// Package close connects to Close (https://close.com), a CRM for sales teams.
package close

import (
	"leadline/shared/connector"
)

// parserRevision is raised whenever parse reads something out of a body that it did not read before, or otherwise.
const parserRevision = 1

// Definition describes Close.
func Definition() connector.Definition {
	return connector.Definition{
		Name:    "close",
		Title:   "Close",
		DocsURL: "https://developer.close.com/",
		Webhook: &connector.Webhook{
			// https://developer.close.com/api/resources/webhooks: the HMAC covers the timestamp header's text, then the
			// raw body; the key that comes with a new subscription is 64 hex digits, and it is their bytes that sign.
			Signature: connector.Signature{
				HashHeader:      "close-sig-hash",
				HashEncoding:    connector.Hex,
				TimestampHeader: "close-sig-timestamp",
				KeyEncoding:     connector.Hex,
				KeyBytes:        32,
			},
			Parser: parserRevision,
			Parse:  parse,
		},
	}
}
