package dynamo

import (
	"testing"
	"time"

	"leadline/shared/ratelimit"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
	"leadline/shared/view"
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
		"payloads": {"intake", payloadsKey("o", "c", day, "x"), []func() error{
			func() error { _, _, err := s.Intake.Payloads(ctx, "o", "c", day, page); return err },
		}},
		"entry": {"intake", entryKey("o", "x"), []func() error{
			func() error { _, err := s.Intake.Entry(ctx, "o", "x"); return err },
			func() error { _, _, err := s.Intake.Entries(ctx, "o", store.QuarantineFilter{}, page); return err },
		}},
		"schema": {"intake", schemaKey("o", "c", "x"), []func() error{
			func() error { _, err := s.Schemas.Object(ctx, "o", "c", "x"); return err },
			func() error { _, _, err := s.Schemas.Objects(ctx, "o", "c", page); return err },
		}},
		"version": {"intake", versionKey("o", "c", "x", 1), []func() error{
			func() error { _, _, err := s.Schemas.Versions(ctx, "o", "c", "x", page); return err },
		}},
		"definition": {"intake", definitionKey("o", "view", "x"), []func() error{
			func() error { _, err := s.Views.Definition(ctx, "o", view.KindView, "x"); return err },
			func() error { _, _, err := s.Views.Definitions(ctx, "o", view.KindView, page); return err },
		}},
		"claim": {"intake", claimKey("o", "c"), []func() error{
			func() error { _, err := s.Batches.Claimed(ctx, "o", "c"); return err },
		}},
		"batch": {"intake", batchKey("o", "b"), []func() error{
			func() error { _, err := s.Batches.Batch(ctx, "o", "b"); return err },
			func() error { _, _, err := s.Batches.Batches(ctx, "o", page); return err },
		}},
		"chunk": {"intake", chunkKey("o", "b", 1), []func() error{
			func() error { _, _, err := s.Batches.Chunks(ctx, "o", "b", page); return err },
		}},
		"delivery": {"work", deliveryKey("o", "d", "x"), []func() error{
			func() error { _, err := s.Deliveries.LoggedDelivery(ctx, "o", "d", "x"); return err },
			func() error {
				_, _, err := s.Deliveries.LoggedDeliveries(ctx, "o", "d", store.DeliveryFilter{}, page)
				return err
			},
		}},
		"clock": {"work", clockKey(ratelimit.Key{Organization: "o", Connection: "c", Group: "g"}), []func() error{
			func() error {
				_, err := s.Limits.Clock(ctx, ratelimit.Key{Organization: "o", Connection: "c", Group: "g"})
				return err
			},
			func() error {
				_, err := s.Limits.SaveClock(ctx, ratelimit.Clock{Key: ratelimit.Key{Organization: "o", Connection: "c", Group: "g"}, Rev: 7})
				return err
			},
		}},
		"due": {"work", dueKey(day, "x"), []func() error{
			func() error {
				items, _, _, err := s.Due.DueBefore(ctx, store.DueMinute(day), day.Add(time.Minute), 1)
				if len(items) == 1 && items[0].At.Equal(day) && items[0].Key == "x" { // it must not keep the others from being read
					return items[0].Unreadable
				}
				return err
			},
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
		"API key by id": {"tenancy", apiKeyIDKey("o", "k"), []func() error{
			func() error { _, err := s.Members.APIKeyByID(ctx, "o", "k"); return err },
			func() error { _, _, err := s.Members.APIKeys(ctx, "o", page); return err },
			func() error { return s.Members.RevokeKey(ctx, "o", "k", day) },
		}},
		"client": {"tenancy", clientKey("o", "c"), []func() error{
			func() error { _, err := s.Members.Client(ctx, "o", "c"); return err },
			func() error { _, _, err := s.Members.Clients(ctx, "o", page); return err },
		}},
		"client hook": {"tenancy", clientHookKey("c"), []func() error{
			func() error { _, err := s.Members.ClientHook(ctx, "c"); return err },
		}},
		"person": {"tenancy", personKey("o", "p"), []func() error{
			func() error { _, err := s.Members.Person(ctx, "o", "p"); return err },
			func() error { _, _, err := s.Members.People(ctx, "o", page); return err },
			func() error { return s.Members.DeletePerson(ctx, "o", "p") },
			func() error {
				return s.Members.UpdatePerson(ctx, tenant.Person{ID: "p", Organization: "o", Rev: 1}, nil)
			},
		}},
		"destination": {"tenancy", destinationKey("o", "d"), []func() error{
			func() error { _, err := s.Destinations.Destination(ctx, "o", "d"); return err },
			func() error { _, _, err := s.Destinations.Destinations(ctx, "o", page); return err },
		}},
		"act": {"work", auditKey("o", "x"), []func() error{
			func() error { _, _, err := s.Journal.Entries(ctx, "o", store.AuditFilter{}, page); return err },
		}},
		"notice": {"work", noticeKey("o", "x"), []func() error{
			func() error { _, _, err := s.Journal.Notices(ctx, "o", page); return err },
		}},
		"job": {"work", jobKey("o", day, "j"), []func() error{
			func() error { _, _, err := s.Jobs.Jobs(ctx, "o", page); return err },
		}},
		"job's time": {"work", jobTimeKey("o", "j"), []func() error{
			func() error { _, err := s.Jobs.Job(ctx, "o", "j"); return err },
		}},
		"receipt": {"tenancy", receiptKey("o", "k"), []func() error{
			func() error { _, err := s.Tenancy.Receipt(ctx, "o", "k", day); return err },
		}},
	}
}
