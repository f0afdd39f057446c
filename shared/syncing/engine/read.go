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
	if t.conn.Status == tenant.Paused { // when it goes on, all that changed meanwhile is read
		return nil
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
		return t.revoked(ctx, err)
	case kind == fault.Invalid || kind == fault.Forbidden || kind == fault.NotFound:
		t.Log.Warn("not read again", telemetry.KeyOrganization, t.conn.Organization, "connection", t.conn.ID, telemetry.KeyError, fault.Brief(err))
		return nil // the next reconciliation reads them
	case t.message.Try >= maxTries:
		return err
	}
	m := t.message
	m.Try++
	wait := min(maxBackoff, time.Second<<min(m.Try, 12))
	if f := fault.Of(err); f != nil && f.Kind == fault.RateLimited {
		wait = max(time.Second, f.RetryAfter)
	}
	return t.Control.Send(ctx, m, t.Now().Add(wait+jitter(wait/2)))
}

func (t task) readRefs(ctx context.Context, client Client) error {
	ids := map[string][]string{}
	var parents []connector.Ref
	for _, r := range t.message.Refs {
		switch {
		case r.Parent != "":
			parents = append(parents, r)
		case !slices.Contains(ids[r.Object], r.ID):
			ids[r.Object] = append(ids[r.Object], r.ID)
		}
	}
	for _, o := range t.definition.Pull.Objects {
		for chunk := range slices.Chunk(ids[o.Name], connector.MaxIDs) {
			if err := t.readByID(ctx, client, o.Name, chunk); err != nil {
				return err
			}
		}
		var of []string
		for _, p := range parents {
			if p.Object == "" || p.Object == o.Name {
				of = append(of, p.Parent)
			}
		}
		if len(of) == 0 || !o.Serves(connector.ChildrenOf) {
			continue
		}
		if err := t.readChildren(ctx, client, o.Name, of); err != nil {
			return err
		}
	}
	return nil
}

// readByID reads records, and deletes those that are not there any more.
func (t task) readByID(ctx context.Context, client Client, object string, ids []string) error {
	asked := t.Now().UTC()
	page, err := t.readIDs(ctx, client, object, ids)
	if err != nil {
		return err
	}
	var keys []record.Key
	for _, id := range page.Missing {
		keys = append(keys, record.Key{Organization: t.conn.Organization, Connection: t.conn.ID, Object: object, ID: id})
	}
	standing, err := t.Records.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("engine: what is stored: %w", err)
	}
	for _, r := range standing {
		if !r.Deleted {
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
		ReadAt: asked, Since: t.conn.CreatedAt, Raw: page.Raw, Changes: page.Changes, Refused: page.Refused, Missing: page.Missing, Entries: t.message.Entries,
	})
	if err != nil {
		return fmt.Errorf("engine: store %s: %w", object, err)
	}
	telemetry.Count(ctx, "Reread", len(page.Changes))
	return nil
}

// resume lets a connection that was paused go on: what was kept of webhooks meanwhile is applied, what changed is read,
// and its runs go on.
func (t task) resume(ctx context.Context) error {
	if t.conn.Status != tenant.Active {
		return nil
	}
	state, err := t.Syncs.State(ctx, t.conn.Organization, t.conn.ID)
	if err != nil {
		return fmt.Errorf("engine: state: %w", err)
	}
	if state.PausedAt.IsZero() { // it was disabled, or this was done
		return t.goOnWithRuns(ctx)
	}
	now := t.Now().UTC()
	// Receivers believe for a while what they knew of the connection before.
	n, err := t.Inbox.Replay(ctx, t.conn.Organization, t.conn.ID, t.conn.Connector, state.PausedAt.Add(-syncing.Overlap), now.Add(syncing.Overlap))
	if err != nil {
		return fmt.Errorf("engine: apply what was parked: %w", err)
	}
	telemetry.Count(ctx, "Unparked", n)
	if err := t.catchUp(ctx, state.PausedAt); err != nil {
		return err
	}
	if err := t.goOnWithRuns(ctx); err != nil {
		return err
	}
	_, err = t.change(ctx, func(s *syncing.State) { s.PausedAt, s.ResumedAt = time.Time{}, now })
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
