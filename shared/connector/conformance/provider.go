package conformance

import (
	"net/http"
	"time"

	"leadline/shared/connector"
)

// Provider is a fake of a provider's API with known contents, which answers as the provider documents it, caps included:
// pages so small that every object has several, searches that end, jobs that take their time. Its clock stands still but for
// Advance. It is used by one goroutine.
type Provider interface {
	http.Handler
	// Login gives a login that may do everything: its kind, and the API key or access token.
	Login() (kind connector.LoginKind, secret string)
	Now() time.Time
	Advance(d time.Duration)
	// Rows are all the records of an object as they now are, of one that the provider gives in any scope.
	Rows(object string) []Row
	// Change changes the content of a record, which is dated Now from then on. It is false for one that cannot be changed.
	Change(object, id string) bool
}

// Row is a record of a Provider.
type Row struct {
	ID string
	// Parents are the ids by which ChildrenOf finds it.
	Parents []string
	// Created and Updated are the times that the provider states, zero where it states none.
	Created, Updated time.Time
}

// What a Provider may do besides; the rules that need it are not checked without it.
type (
	// Remover makes and deletes records.
	Remover interface {
		// Remove deletes a record. It is false for one that cannot be deleted.
		Remove(object, id string) bool
	}
	// Poster posts webhooks.
	Poster interface {
		// Posted is the body that was posted when the record became as it now is; nil if the provider posts nothing of it.
		Posted(object, id string) []byte
	}
	// Searcher has a query language.
	Searcher interface {
		// Search gives a query that finds some of the records of an object, and their ids; "" if there is none.
		Search(object string) (query string, ids []string)
	}
	// Logger keeps a log.
	Logger interface {
		// Logged tells whether a change of a record of the object shows in the log.
		Logged(object string) bool
	}
	// Pauser pauses subscriptions by itself.
	Pauser interface {
		Pause(subscription string)
	}
	// Employer knows people.
	Employer interface {
		// Employed are the ids of all people.
		Employed() []string
	}
	// Restricter has logins that may not do everything.
	Restricter interface {
		// Restricted gives a login that is missing a permission that the connector needs.
		Restricted() (kind connector.LoginKind, secret string)
	}
)

// slack is how long before From what a scope of ChangedSince gives may have changed.
const slack = 10 * time.Minute

// holds tells whether a scope must hold the row; mayHold, whether it may.
func holds(scope connector.Scope, r Row) bool {
	switch scope.Kind {
	case connector.ChangedSince:
		return between(r.Updated, scope.From, scope.Until)
	case connector.CreatedBetween:
		return between(r.Created, scope.From, scope.Until)
	}
	return true
}

func mayHold(scope connector.Scope, r Row) bool {
	if scope.Kind == connector.ChangedSince && !scope.From.IsZero() {
		scope.From = scope.From.Add(-slack)
	}
	return holds(scope, r)
}

func between(t, from, until time.Time) bool {
	return !t.Before(from) && (until.IsZero() || t.Before(until))
}
