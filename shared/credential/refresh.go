package credential

import (
	"context"
	"net/url"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/tenant"
)

const (
	// leaseTime is how long a worker has to renew a login, tokenTime how long the provider has to answer; the rest is for
	// storing.
	leaseTime = 30 * time.Second
	tokenTime = 15 * time.Second
	// poll is how often somebody who waits for another worker's renewal looks, maxPolls how many times.
	poll     = 250 * time.Millisecond
	maxPolls = 8
	// storeTries is how often it is tried to store what a provider gave, for it is given once.
	storeTries = 5
)

// CodeRenewing is the code of the fault, RateLimited, of a request that comes while another worker renews the login.
const CodeRenewing = "login_renewing"

// renew gives the secret that follows the one that was used: what is stored by now, or a fresh one. It is not ok where
// there can be none. Of all workers that come at once, one asks the provider, under a lease; the others wait for what it
// stores, unless impatient.
func (k *Keeper) renew(ctx context.Context, conn tenant.Connection, used string, trying, impatient bool) (rest.Secret, bool, error) {
	for range maxPolls {
		l, s, err := k.open(ctx, conn)
		if err != nil {
			return rest.Secret{}, false, err
		}
		now := k.options.Now()
		switch {
		case s.present(l.Kind) != used && (l.State == OK || trying):
			return k.remember(l, s), true, nil
		case l.State != OK && !trying:
			return rest.Secret{}, false, notOK(l)
		case !renewable(l.Kind, s):
			return rest.Secret{}, false, nil
		case l.Lease.Held(now) && impatient:
			return rest.Secret{}, false, renewing()
		case l.Lease.Held(now):
			if err := k.options.Sleep(ctx, poll); err != nil {
				return rest.Secret{}, false, err
			}
			continue
		}
		leased, err := k.lease(ctx, l)
		if fault.Is(err, fault.Conflict) {
			continue // somebody else was faster
		}
		if err != nil {
			return rest.Secret{}, false, err
		}
		if k.options.Now().Add(tokenTime).After(leased.Lease.Until) {
			continue // it took so long that another may have the lease before we are done
		}
		return k.refresh(ctx, conn, leased, s, l.Lease.Owner != "")
	}
	return rest.Secret{}, false, renewing()
}

func renewing() error {
	f := fault.New(fault.RateLimited, CodeRenewing, "The login of the connection is being renewed by another worker.")
	f.RetryAfter = time.Second
	return f
}

func renewable(kind connector.LoginKind, s Secrets) bool {
	return kind == connector.ClientCredentials || kind == connector.OAuth2 && s.RefreshToken != ""
}

func rotates(d connector.Definition, kind connector.LoginKind) bool {
	login, err := loginOf(d, kind)
	return err == nil && login.Rotates
}

// lease takes the right to renew a login.
func (k *Keeper) lease(ctx context.Context, l Login) (Login, error) {
	owner, err := tenant.NewID("lease", k.options.Random)
	if err != nil {
		return Login{}, err
	}
	now := k.options.Now()
	l = l.changed(now)
	l.Lease = Lease{Owner: owner, Until: now.Add(leaseTime)}
	return l, k.options.Store.SaveLogin(ctx, l)
}

// refresh asks the provider for the secrets that follow and stores them before anybody uses them. interrupted says that
// somebody did so before and it is not known what became of it.
func (k *Keeper) refresh(ctx context.Context, conn tenant.Connection, l Login, s Secrets, interrupted bool) (rest.Secret, bool, error) {
	d, err := k.definition(conn)
	if err != nil {
		return rest.Secret{}, false, err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.RefreshToken}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret}}
	if l.Kind == connector.ClientCredentials {
		form = url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret}}
	}
	limited, cancel := context.WithTimeout(ctx, tokenTime)
	defer cancel()
	granted, err := k.token(limited, conn, d, l.Kind, form, s)
	// What the provider answered must be kept even if nobody waits for it any more.
	ctx = context.WithoutCancel(ctx)
	now := k.options.Now()
	switch {
	case err == nil:
		return k.keepGranted(ctx, conn, l, granted.into(s), granted, now)
	case fault.Is(err, fault.Revoked):
		if l.State == OK && interrupted && rotates(d, l.Kind) {
			l = l.WithState(Reconnect, "A renewal of the login was interrupted before its answer could be stored, and the provider takes the old token no more.", now)
		} else if l.State == OK {
			l = l.WithState(Revoked, fault.Of(err).Message, now)
		}
		l = l.changed(now)
		l.Lease = Lease{}
		if err := k.options.Store.SaveLogin(ctx, l); err != nil {
			return rest.Secret{}, false, raced(err)
		}
		return rest.Secret{}, false, notOK(l)
	case interrupted, fault.Of(err) != nil && (fault.Of(err).Code == rest.CodeNoAnswer || fault.Of(err).Code == codeUnreadable):
		l = l.changed(now)
		l.Lease.Until = now // left behind on purpose: the next one must know that this one may have arrived
	default:
		l = l.changed(now)
		l.Lease = Lease{}
	}
	if saveErr := k.options.Store.SaveLogin(ctx, l); saveErr != nil {
		return rest.Secret{}, false, raced(saveErr)
	}
	return rest.Secret{}, false, err
}

// raced is the fault of a worker that another one was faster than, while it held the lease too long.
func raced(err error) error {
	if fault.Is(err, fault.Conflict) {
		return renewing()
	}
	return err
}

// keepGranted stores what a provider granted. Where somebody else has changed the login meanwhile, ours are still the
// newest tokens, unless the secrets themselves were replaced.
func (k *Keeper) keepGranted(ctx context.Context, conn tenant.Connection, l Login, s Secrets, g granted, now time.Time) (rest.Secret, bool, error) {
	box, err := k.box(ctx, conn.Organization)
	if err != nil {
		return rest.Secret{}, false, err
	}
	generation := l.Generation
	for try := 0; ; try++ {
		next := l.WithState(OK, "", now).changed(now)
		next.Generation, next.Lease = generation+1, Lease{}
		next.IssuedAt, next.ExpiresAt = now, g.expiry(now)
		if next.Sealed, err = seal(box, s); err != nil {
			return rest.Secret{}, false, err
		}
		if err = k.options.Store.SaveLogin(ctx, next); err == nil {
			return k.remember(next, s), true, nil
		}
		if try == storeTries {
			return rest.Secret{}, false, err
		}
		if !fault.Is(err, fault.Conflict) {
			if err := k.options.Sleep(ctx, poll); err != nil {
				return rest.Secret{}, false, err
			}
		}
		stored, present, err := k.open(ctx, conn)
		switch {
		case err == nil && stored.Generation != generation:
			return k.remember(stored, present), stored.State == OK, nil // also where our own write arrived and its answer did not
		case err == nil:
			l = stored
		}
	}
}
