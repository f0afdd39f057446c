// Package close connects to Close (https://close.com), a CRM for sales teams.
package close

import (
	"time"

	"leadline/shared/connector"
)

// parserRevision is raised whenever parse or the reading of rows reads something out of a body that it did not read
// before, or otherwise. 2: tasks are of one object, records have one content (normalize).
const parserRevision = 2

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
			Parser:  parserRevision,
			Parse:   parse,
			Touched: touched,
		},
		API:      api(),
		Describe: describe,
		Pull: &connector.Pull{
			Objects:  pullObjects(),
			Revision: parserRevision,
			Page:     readPage,
			Count:    count,
		},
		Log: &connector.Log{
			// https://developer.close.com/api/resources/events: 30 days are kept; the latest five minutes are to be scanned
			// again, for events become visible out of order and are consolidated in place.
			Keeps:   30 * 24 * time.Hour,
			Overlap: 5 * time.Minute,
			Read:    readLog,
		},
		Subscription: &connector.Subscription{
			Create: createSubscription,
			Find:   findSubscriptions,
			Check:  checkSubscription,
			Mend:   mendSubscription,
			Delete: deleteSubscription,
		},
		People: people,
	}
}
