package store

import (
	"context"

	"leadline/shared/credential"
	"leadline/shared/tenant"
)

// Logins keeps what connections log in with at their providers.
type Logins interface {
	// SaveLogin stores a login if the stored Rev is still l.Rev-1 (0: none is stored). Conflict
	// (CodeStale) if it is not.
	SaveLogin(ctx context.Context, l credential.Login) error
	// Connect stores a connection and its login, all or nothing, with the receipt: the connection is new where its Rev is 1,
	// else it replaces the one whose Rev is c.Rev-1; the login as for SaveLogin. Conflict as for these.
	Connect(ctx context.Context, c tenant.Connection, hook tenant.Hook, l credential.Login, receipt *Receipt) error
	// Login reads one, consistently.
	Login(ctx context.Context, organization, connection string) (credential.Login, error)
	// Logins pages through those of an organization by connection, eventually consistent.
	Logins(ctx context.Context, organization string, page Page) (logins []credential.Login, next string, err error)
}
