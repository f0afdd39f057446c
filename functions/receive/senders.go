package main

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"leadline/shared/cache"
	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// maxClientBytes is more than any clientid, or id of a connection, has that was given out.
const maxClientBytes = 64

// clientTable is where clients are found by their clientid, and the people whose API keys are, and used rows counted: a
// store.Members.
type clientTable interface {
	ClientHook(ctx context.Context, client string) (tenant.ClientHook, error)
	Person(ctx context.Context, organization, id string) (tenant.Person, error)
	Use(ctx context.Context, organization, window string, n int64, forget time.Time) (int64, error)
}

// origin is who posts rows, and where they go.
type origin struct {
	organization, connection string
	// client is the clientid, or the id of the API key.
	client string
	// scope is within what the sender's own batch keys name the same batch.
	scope string
	// rowsPerDay is the organization's quota; 0 for none.
	rowsPerDay int64
	// mac signs the names of batches.
	mac func([]byte) []byte
}

// credentials are what a request carries: a clientid with its secret, or an API key.
type credentials struct{ client, secret, key string }

// credentialsOf reads the credentials of a request, from its header and its body.
func credentialsOf(headers map[string]string, r push.Request) (credentials, error) {
	fromBody := credentials{client: r.ClientID, secret: r.ClientSecret}
	authorization, _ := header(headers, "authorization")
	scheme, text, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	text = strings.TrimSpace(text)
	switch {
	case authorization == "":
		if fromBody.client == "" || fromBody.secret == "" {
			return credentials{}, fault.New(fault.Unauthorized, codeNoCredentials,
				"Send clientid and clientSecret in the body or as HTTP Basic, or an API key as Authorization: Bearer llk_...")
		}
		return fromBody, nil
	case strings.EqualFold(scheme, "Basic"):
		decoded, err := base64.StdEncoding.DecodeString(text)
		client, secret, found := strings.Cut(string(decoded), ":")
		if err != nil || !found {
			return credentials{}, invalidCredentials()
		}
		if fromBody.client != "" && fromBody.client != client || fromBody.secret != "" && fromBody.secret != secret {
			return credentials{}, conflictingCredentials()
		}
		return credentials{client: client, secret: secret}, nil
	case strings.EqualFold(scheme, "Bearer"):
		if fromBody != (credentials{}) {
			return credentials{}, conflictingCredentials()
		}
		return credentials{key: text}, nil
	}
	return credentials{}, fault.New(fault.Unauthorized, codeNoCredentials, "The Authorization header must be Basic or Bearer.")
}

const codeNoCredentials = "missing_credentials"

func conflictingCredentials() error {
	return fault.New(fault.Invalid, "conflicting_credentials",
		"The Authorization header and the body name different credentials. Send them in one of the two places.")
}

// invalidCredentials says the same of an unknown client, of a disabled one and of a wrong secret.
func invalidCredentials() error {
	return fault.New(fault.Unauthorized, "invalid_credentials", "The clientid is unknown, or the clientSecret is not its own, or no longer.")
}

// senders finds who posts rows, from memory where it can. It is safe for concurrent use.
type senders struct {
	members clientTable
	keyring keyring
	keep    time.Duration
	clients *cache.Cache[string, tenant.ClientHook]
	// refused holds the clientids that were read a moment ago and did not fit. They are known ones and unknown ones: both
	// are looked up as often, so that the time of an answer does not tell them apart.
	refused       *cache.Cache[string, struct{}]
	misses        *allowance
	keys          *remembered[string, tenant.APIKey]
	organizations *remembered[string, tenant.Organization]
	connections   *remembered[[2]string, tenant.Connection]
}

func newSenders(s stores, k keyring, keep time.Duration) *senders {
	misses := newAllowance(missesPerSecond, missBurst)
	return &senders{
		members: s.members, keyring: k, keep: keep, misses: misses,
		clients: cache.New[string, tenant.ClientHook](maxHooks), refused: cache.New[string, struct{}](maxHooks),
		keys: remember("API key", keep, misses, func(ctx context.Context, hash string) (tenant.APIKey, error) {
			return store.ActingKey(ctx, s.tenancy, s.members, hash)
		}),
		organizations: remember("organization", keep, nil, s.tenancy.Organization),
		connections: remember("connection", keep, nil, func(ctx context.Context, key [2]string) (tenant.Connection, error) {
			return s.tenancy.Connection(ctx, key[0], key[1])
		}),
	}
}

// identify gives who a request is from. Only an API key needs to name the connection.
func (s *senders) identify(ctx context.Context, c credentials, connection string, now time.Time) (*origin, error) {
	if c.key != "" {
		return s.byKey(ctx, c.key, connection, now)
	}
	hook, err := s.client(ctx, c.client, c.secret, now)
	if err != nil {
		return nil, err
	}
	o := &origin{organization: hook.Organization, connection: hook.Connection, client: hook.Client, scope: hook.Client, rowsPerDay: hook.RowsPerDay}
	into, err := s.connections.find(ctx, [2]string{hook.Organization, hook.Connection}, now)
	if err != nil {
		return o, foundOrInternal(err)
	}
	if into.Status != tenant.Active {
		return o, fault.New(fault.Forbidden, "connection_disabled", "The connection that this client pushes into is disabled.")
	}
	return o, s.sign(ctx, o, hook.DataKey)
}

// client gives the client that a secret belongs to. A secret that does not fit what is remembered is held against what
// is stored now, at most once a second, so that a rotated secret works at once.
func (s *senders) client(ctx context.Context, id, text string, now time.Time) (tenant.ClientHook, error) {
	known, _ := s.clients.Get(id, now)
	if known.Accepts(text, now) {
		return known, nil
	}
	if _, again := s.refused.Get(id, now); again || len(id) > maxClientBytes || id == "" {
		return tenant.ClientHook{}, invalidCredentials()
	}
	flooded := !s.misses.left(now)
	if flooded && !s.clients.Holds(id) {
		return tenant.ClientHook{}, tooManyGuesses()
	}
	stored, err := s.members.ClientHook(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		s.clients.Drop(id)
	case err != nil:
		return tenant.ClientHook{}, behind(err, "read the client")
	default:
		s.clients.Put(id, stored, now, now.Add(s.keep))
	}
	if stored.Accepts(text, now) {
		return stored, nil
	}
	s.refused.Put(id, struct{}{}, now, now.Add(rereadAfter))
	s.misses.take(now)
	if flooded { // as for a client that is unknown
		return tenant.ClientHook{}, tooManyGuesses()
	}
	return tenant.ClientHook{}, invalidCredentials()
}

// byKey gives the organization of an API key and the connection that the request names.
func (s *senders) byKey(ctx context.Context, text, connection string, now time.Time) (*origin, error) {
	unknown := fault.New(fault.Unauthorized, "invalid_api_key", "There is no such API key, or it was revoked.")
	if !tenant.IsAPIKey(text) {
		return nil, unknown
	}
	key, err := s.keys.find(ctx, tenant.HashToken(text), now)
	if fault.Is(err, fault.NotFound) || err == nil && !key.Works(now) {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	name := key.ID
	if name == "" { // a key from before keys had ids
		name = tenant.APIKeyID + "_" + key.Hash[:12]
	}
	o := &origin{organization: key.Organization, client: name, scope: name + " " + connection}
	if !key.Role.Allows(tenant.Ingest) {
		return o, fault.New(fault.Forbidden, "role_not_sufficient", "This needs the role %s; the key has the role %s.", tenant.Ingest, key.Role)
	}
	if connection == "" {
		return o, fault.New(fault.Invalid, "missing_connection", "Name the connection that the rows go to: ?connection=conn_...")
	}
	var into tenant.Connection
	if len(connection) <= maxClientBytes { // a longer one fits no key of the table
		into, err = s.connections.find(ctx, [2]string{key.Organization, connection}, now)
	}
	if fault.Is(err, fault.NotFound) || err == nil && (into.Connector != tenant.ClientConnector || into.Status != tenant.Active) {
		return o, fault.New(fault.NotFound, "not_found", "There is no active connection of this id that takes rows.")
	}
	if err != nil {
		return o, err
	}
	o.connection = into.ID
	org, err := s.organizations.find(ctx, key.Organization, now)
	if err != nil {
		return o, foundOrInternal(err)
	}
	o.rowsPerDay = org.Quotas.RowsPerDay
	return o, s.sign(ctx, o, org.DataKey)
}

// sign gives an origin what the names of its batches are signed with.
func (s *senders) sign(ctx context.Context, o *origin, dataKey []byte) error {
	box, err := s.keyring.Open(ctx, o.organization, dataKey)
	if err != nil {
		return behind(err, "open the organization's data key")
	}
	o.mac = func(data []byte) []byte { return box.MAC(secret.PurposeBatch, data) }
	return nil
}

// foundOrInternal gives the failure to find what a client or a key says is there.
func foundOrInternal(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Internal, "dangling", "receive: what valid credentials lead to is gone")
	}
	return err
}
