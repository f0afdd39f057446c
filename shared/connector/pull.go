package connector

import (
	"context"
	"time"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/schema"
)

// Describe reads what the provider's objects and their fields are: one step of it, as few requests as make sense. cursor is
// empty at first, then the Next of the step before; the last step has none.
type Describe func(ctx context.Context, c Client, cursor string) (Description, error)

// Description is what one step of a Describe found.
type Description struct {
	Objects []DescribedObject
	Next    string
}

// DescribedObject is one object with its fields, in the names under which records carry them. A field's Title is what
// people at the provider call it, its Refers the object that a reference leads to.
type DescribedObject struct {
	Name, Title string
	Fields      []schema.Field
}

// Pull reads a provider's records.
type Pull struct {
	// Objects are the kinds of record that can be read, in the order in which an import begins with them.
	Objects []Object
	// Revision is that of the parser of Page, as Webhook.Parser is of Parse. Where a provider has both, they are one number.
	Revision int
	// Page reads one page: one request, few where the provider needs more. It may be repeated from any cursor that it gave
	// out, hours later, and never gives less for that. It does not hold what it read.
	Page func(ctx context.Context, c Client, r PageRequest) (Page, error)
	// Count asks the provider how many records a scope has, and says in words where the number comes from. nil where it does
	// not tell; Known is false where it does not tell for this object or scope.
	Count func(ctx context.Context, c Client, r PageRequest) (Count, error)
}

// Object is one kind of record that can be read.
type Object struct {
	Name, Title string
	// Scopes are those that Page serves for it. All is always one of them.
	Scopes []ScopeKind
	// Sweep is how far an incremental read goes back where only CreatedBetween is served: what was created in the last Sweep is
	// read again, and the rest is left to webhooks and the log. Zero where ChangedSince finds what changed, and for Small ones.
	Sweep time.Duration
	// Absent says that All shows every record that there is, so that a record it does not show may be gone.
	Absent bool
	// Small objects (users, statuses) are read whole each time.
	Small bool
}

// Serves tells whether Page serves a scope for the object.
func (o Object) Serves(k ScopeKind) bool {
	for _, s := range o.Scopes {
		if s == k {
			return true
		}
	}
	return false
}

// ScopeKind says which records are meant.
type ScopeKind string

// The scopes.
const (
	// All records.
	All ScopeKind = "all"
	// ChangedSince: those whose last update lies at or after From and, if Until is set, before Until. Where what changed shows
	// late, some of the last minutes before From may come, too.
	ChangedSince ScopeKind = "changed_since"
	// CreatedBetween: those created at or after From and before Until; each open where zero.
	CreatedBetween ScopeKind = "created_between"
	// Matching: those that match Query, which is in the provider's own language.
	Matching ScopeKind = "matching"
	// IDs: those named. What is not there is in Page.Missing.
	IDs ScopeKind = "ids"
	// ChildrenOf: those that belong to the records named in IDs (the contacts of leads).
	ChildrenOf ScopeKind = "children_of"
)

// Scope says which records are meant.
type Scope struct {
	Kind  ScopeKind `json:"kind"`
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Query string    `json:"query,omitempty"`
	IDs   []string  `json:"ids,omitempty"`
}

// MaxIDs is how many ids a scope names at most.
const MaxIDs = 100

// MaxCursorBytes is how long a cursor may be.
const MaxCursorBytes = 32 << 10

// PageRequest asks for a page.
type PageRequest struct {
	Object string
	Scope  Scope
	// Cursor is the Next of the page before; empty for the first.
	Cursor string
	// Now is the time of the request, for providers whose bounds must reach into the future.
	Now time.Time
}

// Page is what a page request found.
type Page struct {
	// Changes are the records as they now are, each an Upsert with the version that the source states. One record may come
	// more than once over the pages of a scope.
	Changes []record.Change
	// Refused are rows that cannot be understood; the others go on.
	Refused []RefusedRow
	// Missing are the ids of a scope of IDs that are not there (any more).
	Missing []string
	// Raw is the untouched body that the changes were read from.
	Raw []byte
	// Next is the cursor of the next page; empty after the last. It is all that the next page is made from, UTF-8 text of at
	// most MaxCursorBytes. It may be the cursor of this page again only where NotBefore says when to come back.
	Next string
	// NotBefore is when to come back for Next, where the provider has to prepare it first; zero for at once, which scopes of
	// IDs and ChildrenOf always are.
	NotBefore time.Time
	// At is the provider's time of the answer.
	At time.Time
	// Total is how many records the provider says the scope has; nil where it does not say.
	Total *int64
}

// RefusedRow is a row that cannot become a record. Why is of kind Invalid, its Code a quarantine.Reason.
type RefusedRow struct {
	// ID of the record, empty where the row does not even say that. Index is its place in the page, from 0.
	ID    string
	Index int
	Why   *fault.Error
}

// Count is how many records a provider says there are.
type Count struct {
	N     int64
	Known bool
	// Source says in words where the number comes from: "total_results of GET /lead/".
	Source string
}

// Log reads a provider's own log of changes, which fills the gap that a lost webhook leaves and tells what was deleted.
type Log struct {
	// Keeps is how long an entry stays in the log.
	Keeps time.Duration
	// Overlap is how far back entries may still change or be added.
	Overlap time.Duration
	// Read reads one page of the entries since From (inclusive), in no particular order.
	Read func(ctx context.Context, c Client, r LogRequest) (LogPage, error)
}

// LogRequest asks for a page of the log.
type LogRequest struct {
	From   time.Time
	Cursor string
}

// LogPage is a page of the log.
type LogPage struct {
	// Changes are what entries tell, as Webhook.Parse gives them.
	Changes []record.Change
	// Refused are entries that cannot be understood.
	Refused []RefusedRow
	// Touched is what must be read again, for the entries do not say how it has become.
	Touched []Ref
	Raw     []byte
	Next    string
	At      time.Time
}

// Subscription is how a provider is made to post its changes to a URL of ours.
type Subscription struct {
	// Create makes a subscription to everything that Webhook.Parse understands.
	Create func(ctx context.Context, c Client, url string) (Subscribed, error)
	// Find lists the subscriptions that post to the URL: that of a Create whose answer was lost, above all.
	Find func(ctx context.Context, c Client, url string) ([]SubscriptionState, error)
	// Check reads how a subscription stands. One that is gone is NotFound.
	Check func(ctx context.Context, c Client, id string) (SubscriptionState, error)
	// Mend makes a subscription active and complete again.
	Mend func(ctx context.Context, c Client, id, url string) error
	// Delete ends one. One that is gone is NotFound.
	Delete func(ctx context.Context, c Client, id string) error
}

// Subscribed is a new subscription.
type Subscribed struct {
	ID string
	// SigningKey is what its events are signed with, as the provider writes it; empty where it signs nothing.
	SigningKey string
}

// SubscriptionState is how a subscription stands.
type SubscriptionState struct {
	ID string
	// Active tells whether events are sent.
	Active bool
	// Problem says in words why not, or what else is wrong; empty for nothing.
	Problem string
	// Incomplete says that it does not cover all that it should, or posts to another URL.
	Incomplete bool
}

// People reads who works at the provider's account, a page at a time.
type People func(ctx context.Context, c Client, cursor string) (PeoplePage, error)

// PeoplePage is a page of people.
type PeoplePage struct {
	People []Person
	Next   string
}

// Person is somebody who works, or worked, at the provider's account.
type Person struct {
	ID, Name, Email, Phone string
	// Active tells whether the person may log in there.
	Active bool
	// Admin tells whether the person manages the account.
	Admin bool
	Role  Role
	Teams []Team
	// CreatedAt is since when the person is known there; zero where it does not say.
	CreatedAt time.Time
}

// Role is what a person may do and see at the provider.
type Role struct {
	ID, Name    string
	Permissions []string
	// SeesAll tells whether the person sees the records of others.
	SeesAll bool
	// VisibleBy are the fields of leads (of type user) that name who may see them; empty where no field decides.
	VisibleBy []string
	// Unassigned tells whether leads whose VisibleBy fields are empty are seen, too.
	Unassigned bool
}

// Team is a group of people.
type Team struct{ ID, Name string }
