package intake_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/intake"
	"leadline/shared/notice"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

var errCrash = errors.New("crashed")

// process is a run of intake that ends at a certain step, as a killed function does: at the step's door, or after it
// was done and before anybody heard of it. Nothing happens after that.
type process struct {
	mu    sync.Mutex
	steps int
	at    int // the step to crash at, from 1; 0 for never
	after bool
	dead  bool
}

// step runs one call to the outside world, unless the process is dead or dies with it.
func (p *process) step(do func() error) error {
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return errCrash
	}
	p.steps++
	crash := p.steps == p.at
	p.dead = p.dead || crash
	p.mu.Unlock()
	if crash && !p.after {
		return errCrash
	}
	if err := do(); err != nil || !crash {
		return err
	}
	return errCrash
}

func (p *process) crashed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// The stores as the process sees them: each call is a step.
type (
	crashingRecords struct {
		store.Records
		*process
	}
	crashingIntake struct {
		store.Intake
		*process
	}
	crashingBlobs struct {
		blob.Store
		*process
	}
	crashingSchemas struct {
		store.Schemas
		*process
	}
	batches         = store.Batches // as a field, it may not have the name of its method
	crashingBatches struct {
		batches
		*process
	}
	crashingJournal struct {
		store.Journal
		*process
	}
	crashingAnnouncer struct {
		intake.Announcer
		*process
	}
)

func (p crashingRecords) PutNewer(ctx context.Context, r record.Record) (standing *record.Record, err error) {
	err = p.step(func() error { standing, err = p.Records.PutNewer(ctx, r); return err })
	return standing, err
}

func (p crashingRecords) Replace(ctx context.Context, r record.Record, rev int64) (done bool, standing *record.Record, err error) {
	err = p.step(func() error { done, standing, err = p.Records.Replace(ctx, r, rev); return err })
	return done, standing, err
}

func (p crashingRecords) Get(ctx context.Context, key record.Key) (r record.Record, err error) {
	err = p.step(func() error { r, err = p.Records.Get(ctx, key); return err })
	return r, err
}

func (p crashingSchemas) Object(ctx context.Context, organization, connection, name string) (o schema.Object, err error) {
	err = p.step(func() error { o, err = p.Schemas.Object(ctx, organization, connection, name); return err })
	return o, err
}

func (p crashingSchemas) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	return p.step(func() error { return p.Schemas.SaveObject(ctx, o, addVersion) })
}

func (p crashingBatches) Claim(ctx context.Context, c push.Claim) (stands *push.Claim, err error) {
	err = p.step(func() error { stands, err = p.batches.Claim(ctx, c); return err })
	return stands, err
}

func (p crashingBatches) Batch(ctx context.Context, organization, id string) (b push.Batch, err error) {
	err = p.step(func() error { b, err = p.batches.Batch(ctx, organization, id); return err })
	return b, err
}

func (p crashingBatches) SaveBatch(ctx context.Context, b push.Batch) error {
	return p.step(func() error { return p.batches.SaveBatch(ctx, b) })
}

func (p crashingBatches) FinishChunk(ctx context.Context, organization, batch string, c push.Chunk) error {
	return p.step(func() error { return p.batches.FinishChunk(ctx, organization, batch, c) })
}

func (p crashingJournal) Tell(ctx context.Context, n notice.Notice) (told bool, err error) {
	err = p.step(func() error { told, err = p.Journal.Tell(ctx, n); return err })
	return told, err
}

func (p crashingAnnouncer) Announce(ctx context.Context, d delivery.Delivery) error {
	return p.step(func() error { return p.Announcer.Announce(ctx, d) })
}

func (p crashingIntake) IndexPayloads(ctx context.Context, i delivery.PayloadIndex) error {
	return p.step(func() error { return p.Intake.IndexPayloads(ctx, i) })
}

func (p crashingIntake) SetAside(ctx context.Context, e quarantine.Entry) error {
	return p.step(func() error { return p.Intake.SetAside(ctx, e) })
}

func (p crashingIntake) Requeue(ctx context.Context, organization, id string, why quarantine.Entry, at time.Time) error {
	return p.step(func() error { return p.Intake.Requeue(ctx, organization, id, why, at) })
}

func (p crashingIntake) Resolve(ctx context.Context, organization, id string, at time.Time) error {
	return p.step(func() error { return p.Intake.Resolve(ctx, organization, id, at) })
}

func (p crashingBlobs) Put(ctx context.Context, key string, body []byte) error {
	return p.step(func() error { return p.Store.Put(ctx, key, body) })
}

func (p crashingBlobs) Get(ctx context.Context, key string) (body []byte, err error) {
	err = p.step(func() error { body, err = p.Store.Get(ctx, key); return err })
	return body, err
}

func (p crashingBlobs) GetRange(ctx context.Context, key string, offset, length int64) (body []byte, err error) {
	err = p.step(func() error { body, err = p.Store.GetRange(ctx, key, offset, length); return err })
	return body, err
}

// serial lets one call at a time through to a store that is not made for more.
type serial struct {
	store.Records
	mu sync.Mutex
}

func (s *serial) Get(ctx context.Context, key record.Key) (record.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Records.Get(ctx, key)
}

func (s *serial) Replace(ctx context.Context, r record.Record, rev int64) (bool, *record.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Records.Replace(ctx, r, rev)
}
