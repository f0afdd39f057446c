package credential

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"leadline/shared/cache"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/tenant"
)

// Store keeps logins: a store.Logins.
type Store interface {
	// SaveLogin stores a login if the stored Rev is still l.Rev-1 (0: none is stored); Conflict.
	SaveLogin(ctx context.Context, l Login) error
	// Login reads one, consistently.
	Login(ctx context.Context, organization, connection string) (Login, error)
}

// Organizations finds organizations with their data keys: a store.Tenancy.
type Organizations interface {
	Organization(ctx context.Context, id string) (tenant.Organization, error)
}

// Options of a keeper.
type Options struct {
	Store         Store
	Organizations Organizations
	Keyring       *secret.Keyring
	Connectors    connector.Registry
	Service       *rest.Service
	// Limiter holds all requests to the providers' limits; nil for none.
	Limiter rest.Limiter
	// CallbackURL is where providers send people back to; needed where authorizations are asked for.
	CallbackURL string
	// Now is the clock, Random makes tokens, Sleep waits for its duration or the end of the context; the usual ones unless
	// set.
	Now    func() time.Time
	Random io.Reader
	Sleep  func(ctx context.Context, d time.Duration) error
}

const (
	// keep is how long a secret is remembered: so long a replaced key may be used on.
	keep = time.Minute
	// cacheSize is how many secrets, and how many data keys, are remembered.
	cacheSize = 1000
)

// Keeper gives connections their secrets. It is safe for concurrent use.
type Keeper struct {
	options Options
	secrets *cache.Cache[place, rest.Secret]
	boxes   *cache.Cache[string, secret.Box]
}

// place is where a login belongs.
type place struct{ organization, connection string }

// New makes a keeper.
func New(o Options) *Keeper {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &Keeper{options: o, secrets: cache.New[place, rest.Secret](cacheSize), boxes: cache.New[string, secret.Box](cacheSize)}
}

// Client makes a client for a connection that logs in by what is stored.
func (k *Keeper) Client(conn tenant.Connection) (*rest.Client, error) {
	return k.client(conn, k.Authorizer(conn))
}

func (k *Keeper) client(conn tenant.Connection, a rest.Authorizer) (*rest.Client, error) {
	d, err := k.definition(conn)
	if err != nil {
		return nil, err
	}
	return k.options.Service.Client(rest.Config{Organization: conn.Organization, Connection: conn.ID, Title: d.Title, API: *d.API,
		BaseURL: conn.BaseURL, Authorizer: a, Limiter: k.options.Limiter})
}

// Authorizer knows the secret of a connection, and renews it in time.
func (k *Keeper) Authorizer(conn tenant.Connection) rest.Authorizer {
	return authorizer{k, conn, false}
}

// definition gives the definition of a connection's connector, which has an API.
func (k *Keeper) definition(conn tenant.Connection) (connector.Definition, error) {
	d, known := k.options.Connectors[conn.Connector]
	if !known || d.API == nil {
		return d, fault.New(fault.Invalid, "no_api", "There is no connector %q that logs in at its provider.", conn.Connector)
	}
	return d, nil
}

func loginOf(d connector.Definition, kind connector.LoginKind) (connector.Login, error) {
	for _, l := range d.API.Logins {
		if l.Kind == kind {
			return l, nil
		}
	}
	return connector.Login{}, fault.New(fault.Invalid, "unknown_login", "%s has no login of the kind %q.", d.Title, kind)
}

// box opens what belongs to an organization.
func (k *Keeper) box(ctx context.Context, organization string) (secret.Box, error) {
	now := k.options.Now()
	if box, ok := k.boxes.Get(organization, now); ok {
		return box, nil
	}
	org, err := k.options.Organizations.Organization(ctx, organization)
	if err != nil {
		return secret.Box{}, fmt.Errorf("credential: %w", err)
	}
	box, err := k.options.Keyring.Open(ctx, org.ID, org.DataKey)
	if err != nil {
		return secret.Box{}, fmt.Errorf("credential: %w", err)
	}
	k.boxes.Put(organization, box, now, now.Add(keep))
	return box, nil
}

// Login reads a connection's login.
func (k *Keeper) Login(ctx context.Context, conn tenant.Connection) (Login, error) {
	return k.options.Store.Login(ctx, conn.Organization, conn.ID)
}

// open reads a login with its secrets.
func (k *Keeper) open(ctx context.Context, conn tenant.Connection) (Login, Secrets, error) {
	l, err := k.Login(ctx, conn)
	if fault.Is(err, fault.NotFound) || err == nil && len(l.Sealed) == 0 {
		return l, Secrets{}, fault.New(fault.Revoked, CodeNoLogin, "The connection has no login yet. Give it one: PUT /v1/connections/%s/login.", conn.ID)
	}
	if err != nil {
		return Login{}, Secrets{}, err
	}
	box, err := k.box(ctx, conn.Organization)
	if err != nil {
		return Login{}, Secrets{}, err
	}
	s, err := unseal(box, l.Sealed)
	return l, s, err
}

// The codes of the faults of connections that cannot log in, all of them Revoked.
const (
	CodeNoLogin = "no_login"
	// CodeNotOK: the login is known to be revoked, or to need a person.
	CodeNotOK = "login_not_ok"
)

// remember keeps a login's secret for the next requests and gives it.
func (k *Keeper) remember(l Login, s Secrets) rest.Secret {
	out := rest.Secret{Kind: l.Kind, Text: s.present(l.Kind), Generation: l.Generation}
	now := k.options.Now()
	until := now.Add(keep)
	if at := l.renewAt(); !at.IsZero() && at.Before(until) {
		until = at
	}
	if l.State == OK && now.Before(until) {
		k.secrets.Put(place{l.Organization, l.Connection}, out, now, until)
	}
	return out
}

// Forget makes this process read a connection's login again: after it was changed.
func (k *Keeper) Forget(organization, connection string) {
	k.secrets.Drop(place{organization, connection})
}

// authorizer implements rest.Authorizer. trying says that a login is tried that may not be OK.
type authorizer struct {
	keeper *Keeper
	conn   tenant.Connection
	trying bool
}

// Secret implements rest.Authorizer.
func (a authorizer) Secret(ctx context.Context) (rest.Secret, error) {
	k := a.keeper
	if s, ok := k.secrets.Get(place{a.conn.Organization, a.conn.ID}, k.options.Now()); ok && !a.trying {
		return s, nil
	}
	l, s, err := k.open(ctx, a.conn)
	if err != nil {
		return rest.Secret{}, err
	}
	if l.State != OK && !a.trying {
		return rest.Secret{}, notOK(l)
	}
	now := k.options.Now()
	if at := l.renewAt(); at.IsZero() || now.Before(at) {
		return k.remember(l, s), nil
	}
	fresh, ok, err := k.renew(ctx, a.conn, s.present(l.Kind), a.trying, now.Before(l.ExpiresAt))
	switch {
	case err == nil && ok:
		return fresh, nil
	case now.Before(l.ExpiresAt) && (err == nil || fault.Is(err, fault.RateLimited) || fault.Is(err, fault.Unavailable)):
		return rest.Secret{Kind: l.Kind, Text: s.present(l.Kind), Generation: l.Generation}, nil // it works on for a while
	case err == nil:
		return rest.Secret{}, notOK(l.WithState(Reconnect, ranOut, now))
	}
	return rest.Secret{}, err
}

// Another implements rest.Authorizer.
func (a authorizer) Another(ctx context.Context, used rest.Secret, expired bool) (rest.Secret, bool, error) {
	k := a.keeper
	k.Forget(a.conn.Organization, a.conn.ID)
	if expired && used.Kind != connector.APIKey {
		return k.renew(ctx, a.conn, used.Text, a.trying, false)
	}
	l, s, err := k.open(ctx, a.conn)
	if err != nil {
		return rest.Secret{}, false, err
	}
	if s.present(l.Kind) == used.Text {
		return rest.Secret{}, false, nil
	}
	if l.State != OK && !a.trying {
		return rest.Secret{}, false, notOK(l)
	}
	return k.remember(l, s), true, nil
}

// ranOut is why a login without a refresh token does not work any more.
const ranOut = "The access token has run out, and the provider gave none to renew it with."

// notOK is the fault of a login that is known not to work.
func notOK(l Login) error {
	return fault.New(fault.Revoked, CodeNotOK, "The login of the connection does not work since %s: %s Log in again: PUT /v1/connections/%s/login.",
		l.StateAt.UTC().Format(time.RFC3339), l.Reason, l.Connection)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
