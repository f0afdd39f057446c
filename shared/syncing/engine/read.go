package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/record"
	"leadline/shared/syncing"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// maxTries is how often records are asked for before the message is left to the dead-letter queue: about a day.
const maxTries = 60

// read reads the records again that the message names, and the children of those that it names as parents.
func (t task) read(ctx context.Context) error {
	if t.definition.Pull == nil || t.conn.Status == tenant.Disabled {
		return nil
	}
	if t.conn.Status == tenant.Paused {
		return t.readLater(ctx, standsStill)
	}
	client, err := t.Logins.Client(ctx, t.conn)
	if fault.Is(err, fault.NotFound) {
		return nil // it only listens: there is no login to read with
	}
	if err == nil {
		err = t.readRefs(ctx, client)
	}
	switch kind := fault.KindOf(err); {
	case err == nil || ctx.Err() != nil:
		return err
	case kind == fault.Revoked:
		if err := t.readLater(ctx, standsStill); err != nil {
			return err
		}
		return t.revoked(ctx, err)
	case kind == fault.RateLimited: // no failure, however often
		wait := max(time.Second, fault.Of(err).RetryAfter)
		return t.readLater(ctx, wait+jitter(wait/2))
	case t.message.Try >= maxTries:
		return err
	}
	t.message.Try++
	wait := min(maxBackoff, time.Second<<min(t.message.Try, 12))
	return t.readLater(ctx, wait+jitter(wait/2))
}

// standsStill is when records are asked for again of a connection that is paused or whose login is refused.
const standsStill = time.Hour

func (t task) readLater(ctx context.Context, wait time.Duration) error {
	return t.Control.Send(ctx, t.message, t.Now().Add(wait))
}

// part is what of a message is read at once: records of an object by their ids, or the children of others.
type part struct {
	object   string
	ids      []string
	children bool
}

// refs gives what a part reads as a message says it.
func (p part) refs() (refs []connector.Ref) {
	for _, id := range p.ids {
		if p.children {
			refs = append(refs, connector.Ref{Object: p.object, Parent: id})
		} else {
			refs = append(refs, connector.Ref{Object: p.object, ID: id})
		}
	}
	return refs
}

// parts gives what the message asks for, in the order of the connector's objects.
func (t task) parts() (parts []part) {
	for _, o := range t.definition.Pull.Objects {
		var ids, of []string
		for _, r := range t.message.Refs {
			switch {
			case r.Parent != "":
				if (r.Object == "" || r.Object == o.Name) && o.Serves(connector.ChildrenOf) && !slices.Contains(of, r.Parent) {
					of = append(of, r.Parent)
				}
			case r.Object == o.Name && !slices.Contains(ids, r.ID):
				ids = append(ids, r.ID)
			}
		}
		for chunk := range slices.Chunk(ids, connector.MaxIDs) {
			parts = append(parts, part{o.Name, chunk, false})
		}
		for chunk := range slices.Chunk(of, connector.MaxIDs) {
			parts = append(parts, part{o.Name, chunk, true})
		}
	}
	return parts
}

// readRefs reads what the message names, part by part. Where one fails, or there is no more time, the message names what is left.
// What the provider refuses is left out: the next reconciliation reads it.
func (t *task) readRefs(ctx context.Context, client Client) error {
	parts := t.parts()
	for i, p := range parts {
		left := func() {
			t.message.Refs = nil
			for _, p := range parts[i:] {
				t.message.Refs = append(t.message.Refs, p.refs()...)
			}
		}
		if i > 0 && late(ctx) {
			left()
			return t.readLater(ctx, 0)
		}
		read := t.readByID
		if p.children {
			read = t.readChildren
		}
		err := read(ctx, client, p.object, p.ids)
		switch kind := fault.KindOf(err); {
		case kind == fault.Invalid || kind == fault.Forbidden || kind == fault.NotFound:
			t.Log.Warn("not read again", telemetry.KeyOrganization, t.conn.Organization, "connection", t.conn.ID, "object", p.object, telemetry.KeyError, fault.Brief(err))
		case err != nil:
			left()
			return err
		}
	}
	return nil
}

// readByID reads records, and deletes those that are not there any more.
func (t task) readByID(ctx context.Context, client Client, object string, ids []string) error {
	var keys []record.Key
	for _, id := range ids {
		keys = append(keys, record.Key{Organization: t.conn.Organization, Connection: t.conn.ID, Object: object, ID: id})
	}
	// Before they are asked for: what comes in meanwhile is newer than the answer.
	standing, err := t.Records.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("engine: what is stored: %w", err)
	}
	asked := t.Now().UTC()
	page, err := t.readIDs(ctx, client, object, ids)
	if err != nil {
		return err
	}
	for _, r := range standing {
		if !r.Deleted && slices.Contains(page.Missing, r.ID) {
			page.Changes = append(page.Changes, t.gone(object, r.ID, r.Version, page))
		}
	}
	return t.store(ctx, object, "ids "+strings.Join(ids, " "), asked, page)
}

func (t task) readChildren(ctx context.Context, client Client, object string, parents []string) error {
	scope := connector.Scope{Kind: connector.ChildrenOf, IDs: parents}
	r := connector.PageRequest{Object: object, Scope: scope, Now: t.Now().UTC()}
	for {
		asked := t.Now().UTC()
		page, err := t.definition.Pull.Page(ctx, client, r)
		if err != nil {
			return err
		}
		if err := t.store(ctx, object, "children "+strings.Join(parents, " ")+" "+r.Cursor, asked, page); err != nil {
			return err
		}
		if r.Cursor = page.Next; page.Next == "" {
			return nil
		}
	}
}

func (t task) store(ctx context.Context, object, name string, asked time.Time, page connector.Page) error {
	_, err := t.Pages.ProcessPage(ctx, intake.Page{
		Organization: t.conn.Organization, Connection: t.conn.ID, Connector: t.conn.Connector, Object: object,
		Name:   "read\n" + asked.Format(time.RFC3339Nano) + "\n" + object + "\n" + name,
		ReadAt: asked, Began: asked, Since: t.conn.CreatedAt, Raw: page.Raw, Changes: page.Changes, Refused: page.Refused, Missing: page.Missing, Entries: t.message.Entries,
	})
	if err != nil {
		return fmt.Errorf("engine: store %s: %w", object, err)
	}
	telemetry.Count(ctx, "Reread", len(page.Changes))
	return nil
}

// resume lets a connection that was paused go on: what was kept of webhooks meanwhile is applied, what changed is read,
// and its runs go on. Receivers believe for a while what they knew of the connection before, so that what came in since is looked
// at a second time later.
func (t task) resume(ctx context.Context) error {
	if t.conn.Status != tenant.Active {
		return nil
	}
	now := t.Now().UTC()
	if second := t.message.At; !second.IsZero() {
		_, err := t.unpark(ctx, second.Add(-syncing.Overlap), now)
		return err
	}
	state, err := t.Syncs.State(ctx, t.conn.Organization, t.conn.ID)
	if err != nil {
		return fmt.Errorf("engine: state: %w", err)
	}
	if state.PausedAt.IsZero() { // it was disabled, or this was done
		return t.goOnWithRuns(ctx)
	}
	if all, err := t.unpark(ctx, state.PausedAt.Add(-syncing.Overlap), now); err != nil || !all {
		return err
	}
	second := syncing.Message{Kind: syncing.Resume, Organization: t.conn.Organization, Connection: t.conn.ID, At: now}
	if err := t.Control.Send(ctx, second, now.Add(syncing.Overlap)); err != nil {
		return err
	}
	if err := t.catchUp(ctx, state.PausedAt); err != nil {
		return err
	}
	if err := t.goOnWithRuns(ctx); err != nil {
		return err
	}
	conn, err := t.Tenancy.Connection(ctx, t.conn.Organization, t.conn.ID)
	if err != nil {
		return fmt.Errorf("engine: connection: %w", err)
	}
	_, err = t.change(ctx, func(s *syncing.State) {
		s.PausedAt, s.ResumedAt = time.Time{}, now
		if conn.Status == tenant.Paused { // again, while this was done
			s.PausedAt = now
		}
	})
	return err
}

// unpark applies what was kept of webhooks that came in between two times, a day at a time, and tells whether that is all: what
// there is no time for sends itself on.
func (t task) unpark(ctx context.Context, from, until time.Time) (all bool, err error) {
	if at, err := time.Parse(time.RFC3339Nano, t.message.Cursor); err == nil && at.After(from) {
		from = at
	}
	for from.Before(until) {
		day := from.Truncate(24 * time.Hour).Add(24 * time.Hour)
		if day.After(until) {
			day = until
		}
		n, err := t.Inbox.Replay(ctx, t.conn.Organization, t.conn.ID, t.conn.Connector, from, day)
		if err != nil {
			return false, fmt.Errorf("engine: apply what was parked: %w", err)
		}
		telemetry.Count(ctx, "Unparked", n)
		if from = day; from.Before(until) && late(ctx) {
			m := t.message
			m.Cursor = from.UTC().Format(time.RFC3339Nano)
			return false, t.Control.Send(ctx, m, time.Time{})
		}
	}
	return true, nil
}

// paused notes since when a connection is paused that is, where its resuming before was still being done and took the note for
// its own.
func (t task) paused(ctx context.Context, state syncing.State) error {
	if t.conn.Status != tenant.Paused || !state.PausedAt.IsZero() {
		return nil
	}
	_, err := t.change(ctx, func(s *syncing.State) {
		if s.PausedAt.IsZero() {
			s.PausedAt = t.conn.UpdatedAt
		}
	})
	return err
}

// catchUp begins a run that reads what changed since a time.
func (t task) catchUp(ctx context.Context, since time.Time) error {
	r, streams, err := t.Control.Prepare(ctx, t.conn, syncing.Plan{Kind: syncing.Changes, From: since.UTC()}, "leadline")
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) { // nothing was imported yet, or nothing can be read
		return nil
	}
	if err != nil {
		return err
	}
	return t.Control.Store(ctx, r, streams, nil)
}
