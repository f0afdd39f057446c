package credential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/tenant"
)

// Offer is what a person gives to log in with. It shows nothing of itself when printed.
type Offer struct {
	Kind                           connector.LoginKind
	APIKey, ClientID, ClientSecret string
}

// Format prints nothing of the secrets, whatever the verb.
func (Offer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "credential.Offer") }

// MarshalJSON writes nothing of the secrets.
func (Offer) MarshalJSON() ([]byte, error) { return []byte(`"credential.Offer"`), nil }

// Tried is a login that works, ready to be stored, and who it is.
type Tried struct {
	Login    Login
	Identity connector.Identity
}

// The codes of what is wrong with a login that somebody offers.
const (
	// CodeIncomplete: something is missing, or does not look as it should.
	CodeIncomplete = "incomplete_login"
	// CodeOtherAccount: it belongs to another account of the provider than the connection.
	CodeOtherAccount = "other_account"
	// CodeAuthorization: what leads back from the provider is not, or no longer, what was asked for.
	CodeAuthorization = "authorization_invalid"
)

// Try tries an API key, or a client's credentials, at the provider: the connection test. It stores nothing; the login that
// it gives takes the place of the stored one.
func (k *Keeper) Try(ctx context.Context, conn tenant.Connection, o Offer) (Tried, error) {
	d, err := k.definition(conn)
	if err != nil {
		return Tried{}, err
	}
	kind, err := loginOf(d, o.Kind)
	if err != nil {
		return Tried{}, err
	}
	now := k.options.Now().UTC()
	s, fingerprint := Secrets{APIKey: o.APIKey, ClientID: o.ClientID, ClientSecret: o.ClientSecret}, o.ClientSecret
	var g granted
	switch o.Kind {
	case connector.APIKey:
		if problem := checkKey(kind, o.APIKey); problem != "" {
			return Tried{}, fault.New(fault.Invalid, CodeIncomplete, "This cannot be an API key of %s: %s", d.Title, problem)
		}
		s, fingerprint = Secrets{APIKey: o.APIKey}, o.APIKey
	case connector.ClientCredentials:
		if o.ClientID == "" || o.ClientSecret == "" {
			return Tried{}, fault.New(fault.Invalid, CodeIncomplete, "The login needs a client_id and a client_secret.")
		}
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.ClientSecret}}
		if g, err = k.token(ctx, conn, d, o.Kind, form, s); err != nil {
			return Tried{}, err
		}
		s = g.into(s)
	default:
		return Tried{}, fault.New(fault.Invalid, CodeIncomplete, "A login of the kind %q needs a person who agrees at %s.", o.Kind, d.Title)
	}
	return k.tried(ctx, conn, d, o.Kind, s, g.expiry(now), fingerprint)
}

func checkKey(l connector.Login, key string) string {
	if key == "" {
		return "it is empty."
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return "it has spaces or characters that no key has."
		}
	}
	if l.Check == nil {
		return ""
	}
	return l.Check(key)
}

// tried probes secrets and makes the login that holds them.
func (k *Keeper) tried(ctx context.Context, conn tenant.Connection, d connector.Definition, kind connector.LoginKind, s Secrets, expires time.Time, fingerprint string) (Tried, error) {
	identity, err := k.probe(ctx, conn, d, rest.Fixed{Kind: kind, Text: s.present(kind)})
	if err != nil {
		return Tried{}, err
	}
	stored, err := k.stored(ctx, conn)
	if err != nil {
		return Tried{}, err
	}
	box, err := k.box(ctx, conn.Organization)
	if err != nil {
		return Tried{}, err
	}
	now := k.options.Now().UTC()
	l := stored.changed(now)
	l.Kind, l.Generation, l.Fingerprint, l.Lease, l.Asked = kind, stored.Generation+1, tenant.Fingerprint(fingerprint), Lease{}, nil
	l.IssuedAt, l.ExpiresAt = now, expires
	l = l.WithState(OK, "", now).WithIdentity(identity, now)
	if l.Sealed, err = seal(box, s); err != nil {
		return Tried{}, err
	}
	return Tried{l, identity}, nil
}

// stored reads the login of a connection, an empty one if there is none.
func (k *Keeper) stored(ctx context.Context, conn tenant.Connection) (Login, error) {
	l, err := k.Login(ctx, conn)
	if fault.Is(err, fault.NotFound) {
		return Login{Organization: conn.Organization, Connection: conn.ID}, nil
	}
	return l, err
}

// probe asks the provider who we are.
func (k *Keeper) probe(ctx context.Context, conn tenant.Connection, d connector.Definition, a rest.Authorizer) (connector.Identity, error) {
	c, err := k.client(conn, a)
	if err != nil || d.API.Probe == nil {
		return connector.Identity{}, err
	}
	return d.API.Probe(ctx, c)
}

// Probe asks the provider who we are, with the stored login, and notes nothing.
func (k *Keeper) Probe(ctx context.Context, conn tenant.Connection) (connector.Identity, error) {
	d, err := k.definition(conn)
	if err != nil {
		return connector.Identity{}, err
	}
	return k.probe(ctx, conn, d, k.Authorizer(conn))
}

// CheckAccount refuses a login at another account of the provider than the connection belongs to, for its records would be
// taken for those of the first.
func CheckAccount(conn tenant.Connection, i connector.Identity, acceptOther bool) error {
	if conn.AccountID == "" || conn.AccountID == i.AccountID || acceptOther {
		return nil
	}
	return fault.New(fault.Conflict, CodeOtherAccount,
		"The connection belongs to the account %q (%s); this login is one at %q (%s). Make another connection for that, or say accept_other_account if the records of both are to be one.",
		conn.AccountName, conn.AccountID, i.AccountName, i.AccountID)
}

// Test tries the stored login, also one that is not OK, and notes what came of it. A login that works again is OK again.
func (k *Keeper) Test(ctx context.Context, conn tenant.Connection) (Tried, error) {
	d, err := k.definition(conn)
	if err != nil {
		return Tried{}, err
	}
	identity, err := k.probe(ctx, conn, d, authorizer{k, conn, true})
	if err == nil {
		err = CheckAccount(conn, identity, false)
	}
	if err != nil {
		if fault.Is(err, fault.Revoked) {
			_, markErr := k.MarkRevoked(ctx, conn, err)
			return Tried{}, errors.Join(err, markErr)
		}
		return Tried{}, err
	}
	l, err := k.amend(ctx, conn, func(l *Login) bool {
		now := k.options.Now().UTC()
		*l = l.WithState(OK, "", now).WithIdentity(identity, now)
		return true
	})
	return Tried{l, identity}, err
}

// MarkRevoked notes that the provider refused the login, as cause says, and gives the login as it is then: since when
// (StateAt) and why. A refusal of secrets that have been replaced meanwhile is not held against those that stand now. It
// may be called any number of times.
func (k *Keeper) MarkRevoked(ctx context.Context, conn tenant.Connection, cause error) (Login, error) {
	k.Forget(conn.Organization, conn.ID)
	var refused *rest.SecretError
	var spent Secrets
	if !errors.As(cause, &refused) {
		// Then it was known before, but for one case: nobody asked the provider, for the token has run out.
		l, s, err := k.open(ctx, conn)
		if err != nil || l.State != OK || l.Kind != connector.OAuth2 || s.RefreshToken != "" || l.ExpiresAt.IsZero() || k.options.Now().Before(l.ExpiresAt) {
			return l, err
		}
		spent = s
	}
	return k.amend(ctx, conn, func(l *Login) bool {
		now := k.options.Now().UTC()
		switch {
		case l.State != OK:
			return false
		case spent.AccessToken != "":
			*l = l.WithState(Reconnect, ranOut, now)
		case refused.Generation != l.Generation:
			return false
		default:
			reason := refused.Error()
			if f := fault.Of(cause); f != nil {
				reason = f.Message
			}
			*l = l.WithState(Revoked, reason, now)
		}
		return true
	})
}

// amend changes the stored login; change tells whether there is something to change.
func (k *Keeper) amend(ctx context.Context, conn tenant.Connection, change func(*Login) bool) (Login, error) {
	for try := 0; ; try++ {
		l, err := k.Login(ctx, conn)
		if err != nil || !change(&l) {
			return l, err
		}
		l = l.changed(k.options.Now().UTC())
		err = k.options.Store.SaveLogin(ctx, l)
		if err == nil || !fault.Is(err, fault.Conflict) || try == storeTries {
			k.Forget(conn.Organization, conn.ID)
			return l, err
		}
	}
}

// FromProvider tells whether an error is the provider's, or of the way to it, and not ours.
func FromProvider(err error) bool {
	f := fault.Of(err)
	return connector.Refusal(err) != nil || f != nil &&
		slices.Contains([]string{rest.CodeUnreachable, rest.CodeNoAnswer, codeUnreadable, "unreadable_answer", "answer_too_large", "address_refused"}, f.Code)
}
