package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// Sync says what is read of a connection, and when.
type Sync struct {
	ID       string            `json:"id" example:"sync_4f0c9a2b1x7z"`
	Name     string            `json:"name"`
	Plan     syncing.Plan      `json:"plan" doc:"What each of its runs does."`
	Schedule schedule.Schedule `json:"schedule"`
	// InWords describes the schedule.
	InWords   string     `json:"in_words" doc:"The schedule, for people." example:"every day at 02:30 (Europe/Berlin)"`
	Off       bool       `json:"off" doc:"It does not run by itself."`
	NextAt    *time.Time `json:"next_at,omitempty" doc:"When it runs next; absent where it does not run by itself."`
	LastRun   string     `json:"last_run,omitempty"`
	LastAt    *time.Time `json:"last_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Rev       int64      `json:"rev" doc:"Counts the changes, its runs among them. Its ETag."`
}

// SyncFields are what can be said of a sync.
type SyncFields struct {
	Name     string            `json:"name" minLength:"1" maxLength:"200"`
	Plan     syncing.Plan      `json:"plan"`
	Schedule schedule.Schedule `json:"schedule"`
	Off      bool              `json:"off,omitempty"`
}

// maxSyncs is how many syncs a connection has at most.
const maxSyncs = 100

func (h *handler) registerSyncs(api huma.API) {
	register(api, h, route{
		id: "create-sync", method: http.MethodPost, path: "/v1/connections/{connection}/syncs", tag: "syncs", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Plan what is read, and when", text: "A new connection that logs in has two by itself: what changed, every 15 minutes, and everything, nightly.", errors: []int{400, 404, 409},
	}, h.createSync)
	register(api, h, route{
		id: "list-syncs", method: http.MethodGet, path: "/v1/connections/{connection}/syncs", tag: "syncs", needs: tenant.Reader,
		summary: "List the syncs of a connection", text: "By id.", errors: []int{400, 404},
	}, h.listSyncs)
	register(api, h, route{
		id: "get-sync", method: http.MethodGet, path: "/v1/connections/{connection}/syncs/{sync}", tag: "syncs", needs: tenant.Reader,
		summary: "Get a sync", errors: []int{404},
	}, h.getSync)
	register(api, h, route{
		id: "update-sync", method: http.MethodPut, path: "/v1/connections/{connection}/syncs/{sync}", tag: "syncs", needs: tenant.Admin,
		summary: "Change a sync", text: "A run that is under way goes on as it began.", errors: []int{400, 404, 409, 412},
	}, h.updateSync)
	register(api, h, route{
		id: "delete-sync", method: http.MethodDelete, path: "/v1/connections/{connection}/syncs/{sync}", tag: "syncs", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Delete a sync", text: "A run that is under way goes on. What it stored stays.", errors: []int{404},
	}, h.deleteSync)
	register(api, h, route{
		id: "run-sync", method: http.MethodPost, path: "/v1/connections/{connection}/syncs/{sync}/run", tag: "syncs", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Run a sync now", text: "Besides its schedule. The answer is a run: watch it at its `Location`.", errors: []int{404, 409},
	}, h.runSync)
}

type createSyncInput struct {
	ConnectionInput
	ResendInput
	Body SyncFields
}

type syncOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Sync
}

func (h *handler) createSync(ctx context.Context, c caller, in *createSyncInput) (*syncOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-sync", in.Connection, in.Body)
	if err != nil {
		return nil, err
	}
	created, err := once(ctx, h, c, a, http.StatusCreated, func() (Sync, func(*store.Receipt) error, error) {
		conn, err := h.connection(ctx, c, in.Connection)
		if err != nil {
			return Sync{}, nil, err
		}
		if err := room(ctx, "syncs of a connection", maxSyncs, func(ctx context.Context, p store.Page) ([]syncing.Sync, string, error) {
			return h.Syncs.Syncs(ctx, c.organization, conn.ID, p)
		}, func(syncing.Sync) bool { return true }); err != nil {
			return Sync{}, nil, err
		}
		id, err := tenant.NewID("sync", h.Random)
		if err != nil {
			return Sync{}, nil, err
		}
		now := h.Now().UTC()
		y, err := h.planSync(conn, syncing.Sync{ID: id, Organization: c.organization, Connection: conn.ID, CreatedAt: now, UpdatedAt: now, Rev: 1}, in.Body)
		if err != nil {
			return Sync{}, nil, err
		}
		return showSync(y), func(receipt *store.Receipt) error {
			if err := h.control.Schedule(ctx, y); err != nil { // before it is stored: an item too many does nothing
				return err
			}
			return h.Syncs.CreateSync(ctx, y, receipt)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &syncOutput{Location: "/v1/connections/" + in.Connection + "/syncs/" + created.ID, ETag: etag(created.Rev), Body: created}, nil
}

// planSync puts what is said of a sync into it, and plans its next run.
func (h *handler) planSync(conn tenant.Connection, y syncing.Sync, f SyncFields) (syncing.Sync, error) {
	y.Name, y.Plan, y.Schedule, y.Off = f.Name, f.Plan, f.Schedule, f.Off
	definition, known := h.Connectors[conn.Connector]
	if !known {
		return y, fault.New(fault.Invalid, "unknown_connector", "There is no connector %q that can be read from.", conn.Connector)
	}
	if err := h.control.CheckSync(y, definition); err != nil {
		return y, err
	}
	return h.control.Planned(y), nil
}

type listSyncsInput struct {
	ConnectionInput
	PageInput
}

type syncsOutput struct{ Body list[Sync] }

func (h *handler) listSyncs(ctx context.Context, c caller, in *listSyncsInput) (*syncsOutput, error) {
	if _, err := h.connection(ctx, c, in.Connection); err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[syncing.Sync, Sync]{
		scope: []string{"syncs", in.Connection},
		read: func(ctx context.Context, p store.Page) ([]syncing.Sync, string, error) {
			return h.Syncs.Syncs(ctx, c.organization, in.Connection, p)
		},
		show: func(y syncing.Sync) (Sync, int, bool) {
			return showSync(y), 2048 + escapedLength([]byte(y.Plan.Query)), true
		},
	})
	return &syncsOutput{body}, err
}

// SyncInput names a sync.
type SyncInput struct {
	ConnectionInput
	Sync string `path:"sync" maxLength:"64" example:"sync_4f0c9a2b1x7z"`
}

func (h *handler) getSync(ctx context.Context, c caller, in *SyncInput) (*syncOutput, error) {
	y, err := h.sync(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &syncOutput{ETag: etag(y.Rev), Body: showSync(y)}, nil
}

func (h *handler) sync(ctx context.Context, c caller, in *SyncInput) (syncing.Sync, error) {
	y, err := h.Syncs.Sync(ctx, c.organization, in.Connection, in.Sync)
	return y, notFound(err, "There is no sync %q.", in.Sync)
}

type updateSyncInput struct {
	SyncInput
	MatchInput
	Body SyncFields
}

func (h *handler) updateSync(ctx context.Context, c caller, in *updateSyncInput) (*syncOutput, error) {
	y, err := h.sync(ctx, c, &in.SyncInput)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, y.Rev); err != nil {
		return nil, err
	}
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	if y, err = h.planSync(conn, y, in.Body); err != nil {
		return nil, err
	}
	y.Rev++
	y.UpdatedAt = h.Now().UTC()
	if err := h.control.Schedule(ctx, y); err != nil {
		return nil, err
	}
	if err := h.Syncs.UpdateSync(ctx, y, nil); err != nil {
		return nil, stale(err, in.IfMatch)
	}
	return &syncOutput{ETag: etag(y.Rev), Body: showSync(y)}, nil
}

func (h *handler) deleteSync(ctx context.Context, c caller, in *SyncInput) (*struct{}, error) {
	if _, err := h.sync(ctx, c, in); err != nil {
		return nil, err
	}
	return nil, h.Syncs.DeleteSync(ctx, c.organization, in.Connection, in.Sync)
}

type runSyncInput struct {
	SyncInput
	ResendInput
}

func (h *handler) runSync(ctx context.Context, c caller, in *runSyncInput) (*runOutput, error) {
	y, err := h.sync(ctx, c, &in.SyncInput)
	if err != nil {
		return nil, err
	}
	return h.startRun(ctx, c, in.IdempotencyKey, "run-sync "+y.ID, in.Connection, y.Plan)
}

func showSync(y syncing.Sync) Sync {
	return Sync{ID: y.ID, Name: y.Name, Plan: y.Plan, Schedule: y.Schedule, InWords: y.Schedule.String(), Off: y.Off, NextAt: someTime(y.NextAt),
		LastRun: y.LastRun, LastAt: someTime(y.LastAt), CreatedAt: y.CreatedAt, UpdatedAt: y.UpdatedAt, Rev: y.Rev}
}
