package storetest

import (
	"context"
	"slices"
	"time"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

func brokenWorkStores() map[string]defect {
	got := func(f func(*record.Record)) func(*Stores) {
		return func(s *Stores) {
			s.Records = brokenRecords{Records: s.Records, got: func(r record.Record) (record.Record, error) { f(&r); return r, nil }}
		}
	}
	return map[string]defect{
		"what is remembered is lost":        {"PartialRecords/what is remembered of", got(func(r *record.Record) { r.Partial = nil })},
		"erasures are forgotten":            {"PartialRecords/an erased tombstone", got(func(r *record.Record) { r.Erased = false })},
		"the row of a batch is lost":        {"PartialRecords/the row of a batch", got(func(r *record.Record) { r.Source.Row = 0 })},
		"a refused replacement says little": {"Records/replace goes by rev alone", func(s *Stores) { s.Records = silent{s.Records} }},
		"history is never deleted":          {"History/deleted rows are gone", func(s *Stores) { s.History = keptRows{s.History} }},
		"entries are never deleted":         {"Quarantine/a deleted entry is gone", func(s *Stores) { s.Intake = keptEntries{s.Intake} }},
		"entries are discarded twice":       {"Quarantine/a discarded entry stays", func(s *Stores) { s.Intake = discardedTwice{s.Intake} }},
		"old mismatches stay":               {"Quarantine/a requeued entry", func(s *Stores) { s.Intake = oldMismatches{s.Intake} }},
		"objects ignore the rev":            {"Schemas/an object goes by its rev", func(s *Stores) { s.Schemas = anySchema{s.Schemas} }},
		"versions are not kept":             {"Schemas/versions come newest first", func(s *Stores) { s.Schemas = setVersion{s.Schemas, false} }},
		"every state is a version":          {"Schemas/a version is stored only", func(s *Stores) { s.Schemas = setVersion{s.Schemas, true} }},
		"every claim stands":                {"Claims/the first claim stands", func(s *Stores) { s.Batches = everyClaim{s.Batches} }},
		"every claim stands at once":        {"Claims/one of concurrent claims", func(s *Stores) { s.Batches = everyClaim{s.Batches} }},
		"claims do not expire":              {"Claims/a claim that has expired", func(s *Stores) { s.Batches = eternalClaims{s.Batches} }},
		"a chunk counts each time":          {"Batches/finished chunks add up", func(s *Stores) { s.Batches = counting{s.Batches} }},
		"a chunk makes its batch":           {"Batches/a missing batch is not found", func(s *Stores) { s.Batches = making{s.Batches} }},
		"lists of batches have outcomes":    {"Batches/batches come newest first", func(s *Stores) { s.Batches = wordy{s.Batches} }},
		"deliveries ignore the rev":         {"Deliveries/a delivery goes by its rev", func(s *Stores) { s.Deliveries = anyDelivery{s.Deliveries} }},
		"deliveries are never deleted":      {"Deliveries/a deleted delivery is", func(s *Stores) { s.Deliveries = keptDeliveries{s.Deliveries} }},
		"lists of deliveries have bodies":   {"Deliveries/deliveries come newest", func(s *Stores) { s.Deliveries = bodies{s.Deliveries} }},
		"deliveries ignore the filter":      {"Deliveries/deliveries come newest", func(s *Stores) { s.Deliveries = unbounded{s.Deliveries} }},
		"bounds only filter":                {"Deliveries/a time bounds", func(s *Stores) { s.Deliveries = scanned{s.Deliveries} }},
		"what is due is given once":         {"Due/what is not finished", func(s *Stores) { s.Due = once{s.Due} }},
		"what is due at the time is given":  {"Due/what is due at the time", func(s *Stores) { s.Due = early{s.Due} }},
		"a minute is looked at once":        {"Due/a minute is looked at again", func(s *Stores) { s.Due = hasty{s.Due} }},
		"more is never said":                {"Due/items come earliest first", func(s *Stores) { s.Due = scarce{s.Due} }},
	}
}

type silent struct{ store.Records }

func (r silent) Replace(ctx context.Context, rec record.Record, rev int64) (bool, *record.Record, error) {
	replaced, _, err := r.Records.Replace(ctx, rec, rev)
	return replaced, nil, err
}

type keptRows struct{ store.History }

func (keptRows) Delete(context.Context, record.Key, ...int64) error { return nil }

type keptEntries struct{ store.Intake }

func (keptEntries) DeleteEntry(context.Context, string, string) error { return nil }

type discardedTwice struct{ store.Intake }

func (d discardedTwice) Discard(ctx context.Context, organization, id string, at time.Time) error {
	err := d.Intake.Discard(ctx, organization, id, at)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

type oldMismatches struct{ store.Intake }

func (o oldMismatches) Requeue(ctx context.Context, organization, id string, why quarantine.Entry, at time.Time) error {
	if e, err := o.Intake.Entry(ctx, organization, id); err == nil && len(why.Mismatches) == 0 {
		why.Mismatches = e.Mismatches
	}
	return o.Intake.Requeue(ctx, organization, id, why, at)
}

type anySchema struct{ store.Schemas }

func (a anySchema) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	present, _ := a.Schemas.Object(ctx, o.Organization, o.Connection, o.Name) // nothing has rev 0
	o.Rev = present.Rev + 1
	return a.Schemas.SaveObject(ctx, o, addVersion)
}

type setVersion struct {
	store.Schemas
	add bool
}

func (v setVersion) SaveObject(ctx context.Context, o schema.Object, _ bool) error {
	return v.Schemas.SaveObject(ctx, o, v.add)
}

type everyClaim struct{ whole }

func (e everyClaim) Claim(ctx context.Context, c push.Claim) (*push.Claim, error) {
	_, err := e.whole.Claim(ctx, c)
	return nil, err
}

type eternalClaims struct{ whole }

func (e eternalClaims) Claim(ctx context.Context, c push.Claim) (*push.Claim, error) {
	if stands, err := e.whole.Claimed(ctx, c.Organization, c.ID); err == nil && stands.Batch != c.Batch {
		return &stands, nil
	}
	return e.whole.Claim(ctx, c)
}

type counting struct{ whole }

func (c counting) FinishChunk(ctx context.Context, organization, batch string, chunk push.Chunk) error {
	before, _ := c.whole.Batch(ctx, organization, batch) // one that is missing stays so
	err := c.whole.FinishChunk(ctx, organization, batch, chunk)
	after, _ := c.whole.Batch(ctx, organization, batch)
	if err == nil && after.Done == before.Done {
		after.Done++
		err = c.whole.SaveBatch(ctx, after)
	}
	return err
}

type making struct{ whole }

func (m making) FinishChunk(ctx context.Context, organization, batch string, c push.Chunk) error {
	if _, err := m.whole.Batch(ctx, organization, batch); fault.Is(err, fault.NotFound) {
		if err := m.whole.SaveBatch(ctx, push.Batch{Organization: organization, ID: batch}); err != nil {
			return err
		}
	}
	return m.whole.FinishChunk(ctx, organization, batch, c)
}

type wordy struct{ whole }

// whole is store.Batches under another name, for it has a method of its own.
type whole interface{ store.Batches }

func (w wordy) Batches(ctx context.Context, organization string, p store.Page) ([]push.Batch, string, error) {
	found, next, err := w.whole.Batches(ctx, organization, p)
	for n := range found {
		if found[n], err = w.Batch(ctx, organization, found[n].ID); err != nil {
			return nil, "", err
		}
	}
	return found, next, err
}

type anyDelivery struct{ store.Deliveries }

func (a anyDelivery) LogDelivery(ctx context.Context, e outbound.LogEntry, forget time.Time) error {
	present, _ := a.LoggedDelivery(ctx, e.Organization, e.Destination, e.ID) // nothing has rev 0
	e.Rev = present.Rev + 1
	return a.Deliveries.LogDelivery(ctx, e, forget)
}

type keptDeliveries struct{ store.Deliveries }

func (keptDeliveries) DeleteDelivery(context.Context, string, string, string) error { return nil }

type bodies struct{ store.Deliveries }

func (b bodies) LoggedDeliveries(ctx context.Context, organization, destination string, f store.DeliveryFilter, p store.Page) (
	[]outbound.LogEntry, string, error,
) {
	found, next, err := b.Deliveries.LoggedDeliveries(ctx, organization, destination, f, p)
	for n := range found {
		if found[n], err = b.LoggedDelivery(ctx, organization, destination, found[n].ID); err != nil {
			return nil, "", err
		}
	}
	return found, next, err
}

type unbounded struct{ store.Deliveries }

func (u unbounded) LoggedDeliveries(ctx context.Context, organization, destination string, _ store.DeliveryFilter, p store.Page) (
	[]outbound.LogEntry, string, error,
) {
	return u.Deliveries.LoggedDeliveries(ctx, organization, destination, store.DeliveryFilter{}, p)
}

type scanned struct{ store.Deliveries }

func (s scanned) LoggedDeliveries(ctx context.Context, organization, destination string, f store.DeliveryFilter, p store.Page) (
	[]outbound.LogEntry, string, error,
) {
	found, next, err := s.Deliveries.LoggedDeliveries(ctx, organization, destination, store.DeliveryFilter{}, p)
	return slices.DeleteFunc(found, func(e outbound.LogEntry) bool { return !f.Matches(e) }), next, err
}

type once struct{ store.Due }

func (o once) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	items, next, more, err := o.Due.DueBefore(ctx, from, until, limit)
	for _, d := range items {
		if err := o.Finished(ctx, d); err != nil {
			return nil, "", false, err
		}
	}
	return items, next, more, err
}

type early struct{ store.Due }

func (e early) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	return e.Due.DueBefore(ctx, from, until.Add(1), limit)
}

type hasty struct{ store.Due }

func (h hasty) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	items, _, more, err := h.Due.DueBefore(ctx, from, until, limit)
	return items, store.DueMinute(until), more, err
}

type scarce struct{ store.Due }

func (s scarce) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	items, next, _, err := s.Due.DueBefore(ctx, from, until, limit)
	return items, next, false, err
}
