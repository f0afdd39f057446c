package store

import (
	"context"
	"time"

	"leadline/shared/audit"
	"leadline/shared/job"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/push"
	"leadline/shared/schema"
	"leadline/shared/tenant"
)

// Members keeps who may do what in an organization: people, API keys, clients; and what each organization may use.
type Members interface {
	// UpdateOrganization replaces an organization if the stored Rev is still org.Rev-1. Conflict (CodeStale) if it is not.
	UpdateOrganization(ctx context.Context, org tenant.Organization) error

	// PutAPIKey stores a new key under its hash and its id, all or nothing, with the receipt; Conflict (CodeTaken,
	// CodeReceiptTaken).
	PutAPIKey(ctx context.Context, key tenant.APIKey, receipt *Receipt) error
	// APIKeyByID reads one, consistently.
	APIKeyByID(ctx context.Context, organization, id string) (tenant.APIKey, error)
	// APIKeys pages through the keys of an organization by id, revoked ones too.
	APIKeys(ctx context.Context, organization string, page Page) (keys []tenant.APIKey, next string, err error)
	// RevokeKey notes under both that a key is revoked. One that was revoked before stays so since then.
	RevokeKey(ctx context.Context, organization, id string, at time.Time) error

	// CreateClient stores a new client, its hook and, unless connection is nil, the new connection that it pushes into, all
	// or nothing, with the receipt; Conflict as for CreateConnection.
	CreateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, connection *tenant.Connection, receipt *Receipt) error
	// UpdateClient replaces a client and its hook if the stored Rev is still c.Rev-1, all or nothing, with the receipt.
	UpdateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, receipt *Receipt) error
	// Client reads one, consistently.
	Client(ctx context.Context, organization, id string) (tenant.Client, error)
	// Clients pages through the clients of an organization by id.
	Clients(ctx context.Context, organization string, page Page) (clients []tenant.Client, next string, err error)
	// ClientHook reads what the door knows of a client by its clientid, consistently: one read.
	ClientHook(ctx context.Context, client string) (tenant.ClientHook, error)

	// CreatePerson stores a new person; Conflict (CodeTaken) if the id or, without regard to case, the e-mail is taken.
	CreatePerson(ctx context.Context, p tenant.Person, receipt *Receipt) error
	// UpdatePerson replaces a person if the stored Rev is still p.Rev-1. The e-mail may change.
	UpdatePerson(ctx context.Context, p tenant.Person, receipt *Receipt) error
	// DeletePerson removes a person, for an erasure. One that is not there is no error.
	DeletePerson(ctx context.Context, organization, id string) error
	// Person reads one, consistently.
	Person(ctx context.Context, organization, id string) (tenant.Person, error)
	// People pages through the people of an organization by id.
	People(ctx context.Context, organization string, page Page) (people []tenant.Person, next string, err error)

	// Use adds n to what was used of a quota in a window (such as "rows 2026-11-22") and gives what is used then: one
	// write. The count is forgotten some time after forget.
	Use(ctx context.Context, organization, window string, n int64, forget time.Time) (used int64, err error)
}

// Journal keeps what is told to an organization and what was done in it.
type Journal interface {
	// Record appends an entry; the same id again is no change. Its id is a ULID of a time within a minute of its At.
	Record(ctx context.Context, e audit.Entry) error
	// Entries pages through an organization's entries, newest first.
	Entries(ctx context.Context, organization string, filter AuditFilter, page Page) (entries []audit.Entry, next string, err error)
	// Tell stores a notice, its Mail apart; the same id again is no change. It tells whether the notice is new.
	Tell(ctx context.Context, n notice.Notice) (bool, error)
	// Notice reads one, consistently.
	Notice(ctx context.Context, organization, id string) (notice.Notice, error)
	// Notices pages through an organization's notices, newest first.
	Notices(ctx context.Context, organization string, page Page) (notices []notice.Notice, next string, err error)
	// MarkRead notes that a notice was seen; NotFound if there is none.
	MarkRead(ctx context.Context, organization, id string, at time.Time) error
	// SaveMail replaces what became of a notice's mail if the stored Rev of that is still m.Rev-1 (0: there is none); Conflict
	// (CodeStale). NotFound if there is no such notice.
	SaveMail(ctx context.Context, organization, id string, m notice.Mail) error
}

// AuditFilter narrows a list of audit entries; empty fields match all.
type AuditFilter struct {
	Actor, Operation string
	// From and Until bound the time, the first in, the second out; zero for no bound.
	From, Until time.Time
}

// Destinations keeps where an organization wants its events sent.
type Destinations interface {
	// CreateDestination stores a new destination with the receipt, all or nothing.
	CreateDestination(ctx context.Context, d outbound.Destination, receipt *Receipt) error
	// UpdateDestination replaces one if the stored Rev is still d.Rev-1, with the receipt; Conflict (CodeStale).
	UpdateDestination(ctx context.Context, d outbound.Destination, receipt *Receipt) error
	// DeleteDestination removes one; what is not there is no error.
	DeleteDestination(ctx context.Context, organization, id string) error
	// Destination reads one, consistently.
	Destination(ctx context.Context, organization, id string) (outbound.Destination, error)
	// Destinations pages through those of an organization by id, eventually consistent.
	Destinations(ctx context.Context, organization string, page Page) (destinations []outbound.Destination, next string, err error)
}

// Schemas keeps the objects of connections with the versions of their schemas.
type Schemas interface {
	// SaveObject stores an object if the stored Rev is still o.Rev-1 (0: none is stored), and with it the row of its present
	// version if addVersion, all or nothing. Conflict (CodeStale) if it is not.
	SaveObject(ctx context.Context, o schema.Object, addVersion bool) error
	// Object reads one, consistently.
	Object(ctx context.Context, organization, connection, name string) (schema.Object, error)
	// Objects pages through the objects of a connection by name, eventually consistent.
	Objects(ctx context.Context, organization, connection string, page Page) (objects []schema.Object, next string, err error)
	// Versions pages through the versions of an object's schema, newest first.
	Versions(ctx context.Context, organization, connection, name string, page Page) (versions []schema.Version, next string, err error)
}

// Batches keeps what became of batches of rows.
type Batches interface {
	// Claim stores who came first with a batch key: one conditional write. It returns nil if it wrote or the claim of the
	// same batch stands already, else the claim that stands. One that has expired at c.ReceivedAt does not stand.
	Claim(ctx context.Context, c push.Claim) (*push.Claim, error)
	// Claimed reads a claim, consistently.
	Claimed(ctx context.Context, organization, id string) (push.Claim, error)
	// SaveBatch replaces a batch: one write.
	SaveBatch(ctx context.Context, b push.Batch) error
	// FinishChunk stores the outcomes of one chunk of a stored batch and adds its counts to the batch, once however often
	// it is called: one transaction. NotFound if the batch is not stored.
	FinishChunk(ctx context.Context, organization, batch string, c push.Chunk) error
	// Batch reads one by its ID, consistently, without its chunks but Only.
	Batch(ctx context.Context, organization, id string) (push.Batch, error)
	// Batches pages through those of an organization, newest first, eventually consistent, without Only.
	Batches(ctx context.Context, organization string, page Page) (batches []push.Batch, next string, err error)
	// Chunks pages through the finished chunks of a batch by number. Those of a batch with Only are in it.
	Chunks(ctx context.Context, organization, batch string, page Page) (chunks []push.Chunk, next string, err error)
}

// Deliveries keeps the log of what was sent to destinations.
type Deliveries interface {
	// LogDelivery stores an entry if the stored Rev is still e.Rev-1 (0: none); Conflict (CodeStale). It is forgotten
	// some time after forget.
	LogDelivery(ctx context.Context, e outbound.LogEntry, forget time.Time) error
	// LoggedDelivery reads one, consistently, with its Body.
	LoggedDelivery(ctx context.Context, organization, destination, id string) (outbound.LogEntry, error)
	// LoggedDeliveries pages through those of a destination that match, newest first, without their bodies. For one page it
	// looks at MaxLookedAt entries at most.
	LoggedDeliveries(ctx context.Context, organization, destination string, filter DeliveryFilter, page Page) (entries []outbound.LogEntry, next string, err error)
	// DeleteDelivery removes one, for an erasure.
	DeleteDelivery(ctx context.Context, organization, destination, id string) error
}

// DeliveryFilter narrows a list of deliveries; empty fields match all.
type DeliveryFilter struct {
	Outcome outbound.Outcome
	Type    string
	// From and Until bound when the event came in, the first in, the second out.
	From, Until time.Time
}

// Due keeps what is to be done at a time, found by the time without a scan.
type Due interface {
	// Schedule stores an item; the same Key at the same time again replaces it. One write.
	Schedule(ctx context.Context, item DueItem) error
	// DueBefore gives up to limit items that are due before a time, earliest first. It begins with the minute that from
	// gives, DueReach before until if it is empty; next is the from of the next call, and more tells whether to call at
	// once. A minute is passed by only once it is empty and DueGrace has gone by since, so that an item that is not Finished
	// is given again: what cannot be sent must be put off, or it stands in the way of what is due long after it. Those
	// that are Unreadable keep no minute from being passed by.
	DueBefore(ctx context.Context, from string, until time.Time, limit int) (items []DueItem, next string, more bool, err error)
	// Finished removes an item.
	Finished(ctx context.Context, item DueItem) error
}

// DueItem is a message to be sent at a time.
type DueItem struct {
	At time.Time
	// Key names it; Queue is where the message goes: "deliver" ...; Group is the organization; Body the message.
	Key, Queue, Group string
	Body              []byte
	// Unreadable, in what DueBefore gives, says why there is nothing but At and Key: what is stored is spoilt, or of a
	// later version. It is left where it is.
	Unreadable error
}

// Jobs keeps long work.
type Jobs interface {
	// CreateJob stores a new job with the receipt, all or nothing.
	CreateJob(ctx context.Context, j job.Job, receipt *Receipt) error
	// UpdateJob replaces a job if the stored Rev is still j.Rev-1; Conflict (CodeStale).
	UpdateJob(ctx context.Context, j job.Job) error
	// Job reads one, consistently.
	Job(ctx context.Context, organization, id string) (job.Job, error)
	// Jobs pages through those of an organization, newest first.
	Jobs(ctx context.Context, organization string, page Page) (jobs []job.Job, next string, err error)
}
