package dynamo

import (
	"testing"
	"time"

	"leadline/shared/record"
	"leadline/shared/store"
)

type reading struct {
	table string
	at    primary
	do    []func() error
}

// reads lists where each kind of item lies and everything that reads it.
func reads(t *testing.T, s stores) map[string]reading {
	ctx, page, day := t.Context(), store.Page{Limit: 10}, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	k := record.Key{Organization: "o", Connection: "c", Object: "x", ID: "id"}
	return map[string]reading{
		"record": {"records", recordKey(k), []func() error{
			func() error { _, err := s.Records.Get(ctx, k); return err },
			func() error { _, _, err := s.Records.List(ctx, "o", "c", "x", page); return err },
			func() error { _, _, err := s.Records.Scan(ctx, page); return err },
		}},
		"row": {"history", historyKey(k, 1), []func() error{
			func() error { _, _, err := s.History.List(ctx, k, page); return err },
		}},
		"cursor": {"history", cursorKey("job"), []func() error{
			func() error { _, err := s.Cursors.Cursor(ctx, "job"); return err },
		}},
		"object": {"intake", objectKey(record.Object{Organization: "o", Connection: "c", Name: "x"}), []func() error{
			func() error { _, _, err := s.Intake.Objects(ctx, "o", "c", page); return err },
		}},
		"payloads": {"intake", payloadsKey("o", "c", day, "x"), []func() error{
			func() error { _, _, err := s.Intake.Payloads(ctx, "o", "c", day, page); return err },
		}},
		"entry": {"intake", entryKey("o", "x"), []func() error{
			func() error { _, err := s.Intake.Entry(ctx, "o", "x"); return err },
			func() error { _, _, err := s.Intake.Entries(ctx, "o", store.QuarantineFilter{}, page); return err },
		}},
		"organization": {"tenancy", organizationKey("o"), []func() error{
			func() error { _, err := s.Tenancy.Organization(ctx, "o"); return err },
		}},
		"API key": {"tenancy", apiKeyKey("h"), []func() error{
			func() error { _, err := s.Tenancy.APIKey(ctx, "h"); return err },
		}},
		"connection": {"tenancy", connectionKey("o", "c"), []func() error{
			func() error { _, err := s.Tenancy.Connection(ctx, "o", "c"); return err },
			func() error { _, _, err := s.Tenancy.Connections(ctx, "o", page); return err },
		}},
		"hook": {"tenancy", hookKey("h"), []func() error{
			func() error { _, err := s.Tenancy.Hook(ctx, "h"); return err },
		}},
		"receipt": {"tenancy", receiptKey("o", "k"), []func() error{
			func() error { _, err := s.Tenancy.Receipt(ctx, "o", "k", day); return err },
		}},
	}
}
