// Package store says what can be read and written, one method per access pattern, each with what it costs and how
// consistent it is. store/dynamo keeps it in DynamoDB, store/memory in memory; store/storetest holds both to this page.
//
// All methods return errors of package fault: NotFound where a get finds nothing, Unavailable or RateLimited where a
// later try may succeed.
package store

import (
	"context"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/tenant"
)

// Page asks for a part of a list. A page may be shorter than its limit, even empty, and yet have a Next.
type Page struct {
	// Cursor is the Next of the page before, empty for the first page. One that was not given out is Invalid.
	Cursor string
	// Limit is the most items wanted, from 1 to 1,000.
	Limit int
}

// Records keeps the one clean copy of every record.
type Records interface {
	// PutNewer writes r, with the next Rev, if nothing is stored under its key or what is stored has an older version:
	// one conditional write. It returns nil if it wrote, else the record that stands, whole.
	PutNewer(ctx context.Context, r record.Record) (*record.Record, error)
	// Replace writes r, with Rev rev+1, if the stored Rev is still rev (0: nothing is stored), and tells whether it did: one
	// conditional write. If it did not, standing is what stands, whole; nil if nothing does.
	Replace(ctx context.Context, r record.Record, rev int64) (replaced bool, standing *record.Record, err error)
	// Get reads one record, tombstones too, consistently: one read.
	Get(ctx context.Context, key record.Key) (record.Record, error)
	// GetMany reads those of at most MaxLimit records that are there, tombstones too, in no order: eventually consistent, one
	// request per hundred.
	GetMany(ctx context.Context, keys []record.Key) ([]record.Record, error)
	// Heads is List without what is in the records: Key, Version, Rev, Deleted, Contested, StoredAt.
	Heads(ctx context.Context, organization, connection, object string, page Page) (heads []record.Record, next string, err error)
	// List pages through the records of an object in a stable order that means nothing, tombstones too. Eventually
	// consistent; one read per shard and page.
	List(ctx context.Context, organization, connection, object string, page Page) (records []record.Record, next string, err error)
	// Scan pages through all records of all organizations, for the sweeper: eventually consistent.
	Scan(ctx context.Context, page Page) (records []record.Record, next string, err error)
}

// History keeps what each write to a record changed.
type History interface {
	// Put writes rows; a row of the same record and Rev is replaced, unless the new one is Repaired and the stored one
	// is not.
	Put(ctx context.Context, rows ...record.Revision) error
	// List pages through the rows of a record, newest first, consistently.
	List(ctx context.Context, key record.Key, page Page) (rows []record.Revision, next string, err error)
	// Delete removes rows, for an erasure. Rows that are not there are no error.
	Delete(ctx context.Context, key record.Key, revs ...int64) error
}

// Cursors keeps how far a long job has come, so that its next invocation goes on there.
type Cursors interface {
	// Cursor reads what was last saved for a job, consistently; empty if nothing was.
	Cursor(ctx context.Context, job string) (string, error)
	// SaveCursor replaces it.
	SaveCursor(ctx context.Context, job, cursor string) error
}

// Intake keeps what intake knows besides the records: payloads kept, deliveries set aside.
type Intake interface {
	// IndexPayloads notes what lies in an object of kept payloads. The same index again is no change.
	IndexPayloads(ctx context.Context, index delivery.PayloadIndex) error
	// Payloads pages through the indexes of a connection's payloads of one UTC day, oldest first.
	Payloads(ctx context.Context, organization, connection string, day time.Time, page Page) (indexes []delivery.PayloadIndex, next string, err error)

	// SetAside stores a new entry. One that is there stays as it is.
	SetAside(ctx context.Context, entry quarantine.Entry) error
	// Requeue notes that a replay of an entry was set aside again, for a reason that may be another. An entry that is
	// resolved or discarded stays as it is. Of why, only Reason, Detail and Mismatches count.
	Requeue(ctx context.Context, organization, id string, why quarantine.Entry, at time.Time) error
	// Resolve notes that a replay of an entry was applied. An entry that is resolved or discarded stays so.
	Resolve(ctx context.Context, organization, id string, at time.Time) error
	// Discard notes that a person gave an entry up. Conflict (CodeStale) for one that is not open.
	Discard(ctx context.Context, organization, id string, at time.Time) error
	// DeleteEntry removes an entry, for an erasure. One that is not there is no error.
	DeleteEntry(ctx context.Context, organization, id string) error
	// Entry reads one entry, consistently.
	Entry(ctx context.Context, organization, id string) (quarantine.Entry, error)
	// Entries pages through the entries of an organization that match the filter, newest first. For one page it looks at
	// MaxLookedAt entries at most.
	Entries(ctx context.Context, organization string, filter QuarantineFilter, page Page) (entries []quarantine.Entry, next string, err error)
}

// QuarantineFilter narrows a list of entries; empty fields match all.
type QuarantineFilter struct {
	Connection string
	Object     string
	Reason     quarantine.Reason
	Status     quarantine.Status
}

// Tenancy keeps organizations, keys and connections.
type Tenancy interface {
	// CreateOrganization stores a new organization; Conflict if the id is taken.
	CreateOrganization(ctx context.Context, org tenant.Organization) error
	// Organization reads one, consistently.
	Organization(ctx context.Context, id string) (tenant.Organization, error)

	// CreateAPIKey stores a new key; Conflict if the hash is taken.
	CreateAPIKey(ctx context.Context, key tenant.APIKey) error
	// APIKey reads a key by its hash, revoked ones too, consistently.
	APIKey(ctx context.Context, hash string) (tenant.APIKey, error)
	// RevokeAPIKey notes that a key is revoked. One that was revoked before stays so since then. NotFound if there is none.
	RevokeAPIKey(ctx context.Context, hash string, at time.Time) error

	// CreateConnection stores a new connection, the hook that leads to it, and, unless receipt is nil, the receipt of
	// the request, all or nothing. Conflict if the id or the hook (CodeTaken) or the receipt (CodeReceiptTaken) is taken;
	// a receipt that had expired at c.CreatedAt is not.
	CreateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *Receipt) error
	// UpdateConnection replaces a connection and its hook if the stored Rev is still c.Rev-1, all or nothing, with the
	// receipt as above, at c.UpdatedAt. Conflict (CodeStale) if it is not. The hook keeps its token: Conflict (CodeTaken)
	// if that does not lead to the connection already.
	UpdateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, receipt *Receipt) error
	// Connection reads one, consistently.
	Connection(ctx context.Context, organization, id string) (tenant.Connection, error)
	// Connections pages through the connections of an organization by id.
	Connections(ctx context.Context, organization string, page Page) (connections []tenant.Connection, next string, err error)
	// Hook reads a hook by the hash of its token, consistently: one read.
	Hook(ctx context.Context, tokenHash string) (tenant.Hook, error)

	// SaveReceipt stores the receipt of a request that changed nothing else. Conflict (CodeReceiptTaken) if one is stored
	// that has not expired at a time.
	SaveReceipt(ctx context.Context, receipt Receipt, at time.Time) error
	// Receipt reads the receipt of a request by its Idempotency-Key, consistently. Expired ones are not found.
	Receipt(ctx context.Context, organization, key string, now time.Time) (Receipt, error)
}

// Receipt remembers the answer to a POST that carried an Idempotency-Key, so that a resend gets the same answer and
// does nothing.
type Receipt struct {
	Organization string
	// Key is the Idempotency-Key as sent.
	Key string
	// Request identifies what was asked: a hash of method, route and body. Another request with the same key is refused.
	Request string
	Status  int
	// Answer is the body of the answer, encrypted with the organization's data key, for it may show a secret.
	Answer    []byte
	ExpiresAt time.Time
}
