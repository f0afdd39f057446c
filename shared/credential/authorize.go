package credential

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/tenant"
)

// askedTime is how long a person has to agree.
const askedTime = 15 * time.Minute

// Ask prepares an authorization (RFC 6749, section 4.1, with PKCE): the login that remembers it, to be stored, and the URL
// that the person is to open. What was asked for before is forgotten; a login that works goes on until the person has
// agreed. An offer without a client takes that of the login, or of what was asked for last.
func (k *Keeper) Ask(ctx context.Context, conn tenant.Connection, o Offer, acceptOther bool) (Login, string, error) {
	d, err := k.definition(conn)
	if err != nil {
		return Login{}, "", err
	}
	kind, err := loginOf(d, connector.OAuth2)
	if err != nil {
		return Login{}, "", err
	}
	box, err := k.box(ctx, conn.Organization)
	if err != nil {
		return Login{}, "", err
	}
	l, err := k.stored(ctx, conn)
	if err != nil {
		return Login{}, "", err
	}
	s, err := clientOf(box, l, o)
	if err != nil {
		return Login{}, "", err
	}
	if s.Verifier, err = tenant.NewToken(k.options.Random); err != nil {
		return Login{}, "", err
	}
	token, err := tenant.NewToken(k.options.Random)
	if err != nil {
		return Login{}, "", err
	}
	now := k.options.Now().UTC()
	if l.Rev == 0 {
		l.Kind = connector.OAuth2
		l = l.WithState(Pending, "Nobody has agreed at "+d.Title+" yet.", now)
	}
	l = l.changed(now)
	l.Asked = &Asked{Token: tenant.HashToken(token), Until: now.Add(askedTime), Fingerprint: tenant.Fingerprint(s.ClientSecret), AcceptOther: acceptOther}
	if l.Asked.Sealed, err = seal(box, s); err != nil {
		return Login{}, "", err
	}
	to, err := k.authorizeURL(conn, d, kind, s, state(box, conn, token))
	return l, to, err
}

// clientOf gives the client that asks.
func clientOf(box secret.Box, l Login, o Offer) (Secrets, error) {
	if o.ClientID != "" && o.ClientSecret != "" {
		return Secrets{ClientID: o.ClientID, ClientSecret: o.ClientSecret}, nil
	}
	if o.ClientID == "" && o.ClientSecret == "" {
		for _, sealed := range [][]byte{askedOf(l).Sealed, l.Sealed} {
			if len(sealed) == 0 {
				continue
			}
			s, err := unseal(box, sealed)
			if err != nil {
				return Secrets{}, err
			}
			if s.ClientID != "" {
				return Secrets{ClientID: s.ClientID, ClientSecret: s.ClientSecret}, nil
			}
		}
	}
	return Secrets{}, fault.New(fault.Invalid, CodeIncomplete, "The login needs a client_id and a client_secret.")
}

func askedOf(l Login) Asked {
	if l.Asked == nil {
		return Asked{}
	}
	return *l.Asked
}

func (k *Keeper) authorizeURL(conn tenant.Connection, d connector.Definition, l connector.Login, s Secrets, state string) (string, error) {
	base, err := k.options.Service.CheckBaseURL(*d.API, conn.BaseURL)
	if err != nil {
		return "", err
	}
	to, err := rest.Resolve(base, l.AuthorizeURL)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	challenge := sha256.Sum256([]byte(s.Verifier))
	q := u.Query()
	q.Set("response_type", "code")
	q.Set("client_id", s.ClientID)
	q.Set("redirect_uri", k.options.CallbackURL)
	q.Set("state", state)
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
	q.Set("code_challenge_method", "S256")
	if len(l.Scopes) > 0 {
		q.Set("scope", strings.Join(l.Scopes, " "))
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// state is what a provider leads back with: whose connection, the token of the attempt, and a signature of both.
func state(box secret.Box, conn tenant.Connection, token string) string {
	text := strings.Join([]string{conn.Organization, conn.ID, token}, ".")
	return text + "." + base64.RawURLEncoding.EncodeToString(box.MAC(secret.PurposeAuthorization, []byte(text)))
}

// maxState bounds what is looked at.
const maxState = 512

// Returned is whom a provider leads back.
type Returned struct {
	Organization, Connection string
	token                    string
}

// Return reads what a provider leads back with, and refuses what did not come from here.
func (k *Keeper) Return(ctx context.Context, text string) (Returned, error) {
	parts := strings.Split(text, ".")
	if len(text) > maxState || len(parts) != 4 || !strings.HasPrefix(parts[0], tenant.OrganizationID+"_") || !strings.HasPrefix(parts[1], tenant.ConnectionID+"_") {
		return Returned{}, unasked()
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[3])
	if err != nil {
		return Returned{}, unasked()
	}
	box, err := k.box(ctx, parts[0])
	if fault.Is(err, fault.NotFound) {
		return Returned{}, unasked()
	}
	if err != nil {
		return Returned{}, err
	}
	if !box.Verify(secret.PurposeAuthorization, []byte(strings.Join(parts[:3], ".")), mac) {
		return Returned{}, unasked()
	}
	return Returned{Organization: parts[0], Connection: parts[1], token: parts[2]}, nil
}

func unasked() error {
	return fault.New(fault.Invalid, CodeAuthorization, "This does not lead back to an authorization that was asked for here, or it was used, or took longer than %d minutes. Begin again.",
		int(askedTime.Minutes()))
}

// Finish exchanges the code that a provider led back with for tokens and tries them. The way back works once, whatever
// becomes of it. The login that it gives takes the place of the stored one.
func (k *Keeper) Finish(ctx context.Context, conn tenant.Connection, r Returned, code string) (Tried, error) {
	d, err := k.definition(conn)
	if err != nil {
		return Tried{}, err
	}
	l, err := k.stored(ctx, conn)
	if err != nil {
		return Tried{}, err
	}
	now, asked := k.options.Now().UTC(), askedOf(l)
	if asked.Token == "" || asked.Token != tenant.HashToken(r.token) || !now.Before(asked.Until) {
		return Tried{}, unasked()
	}
	l = l.changed(now)
	// Without its token it leads back no more; the client stays, so that the person can begin again.
	l.Asked = &Asked{Sealed: asked.Sealed, Fingerprint: asked.Fingerprint}
	if err := k.options.Store.SaveLogin(ctx, l); err != nil {
		if fault.Is(err, fault.Conflict) {
			return Tried{}, unasked()
		}
		return Tried{}, err
	}
	box, err := k.box(ctx, conn.Organization)
	if err != nil {
		return Tried{}, err
	}
	s, err := unseal(box, asked.Sealed)
	if err != nil {
		return Tried{}, err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {k.options.CallbackURL},
		"client_id": {s.ClientID}, "client_secret": {s.ClientSecret}, "code_verifier": {s.Verifier}}
	g, err := k.token(ctx, conn, d, connector.OAuth2, form, s)
	if err != nil {
		return Tried{}, err
	}
	tried, err := k.tried(ctx, conn, d, connector.OAuth2, g.into(s), g.expiry(now), s.ClientSecret)
	if err != nil {
		return Tried{}, err
	}
	return tried, CheckAccount(conn, tried.Identity, asked.AcceptOther)
}

// Denied says that a person did not agree: the provider's word for it, shortened to what such words are made of.
func Denied(word string) error {
	clean := strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, word)
	return fault.New(fault.Invalid, "authorization_denied", "The provider says that it was not agreed to (%s). Nothing was changed.", strconv.Quote(clean[:min(len(clean), 40)]))
}
