package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Revision is what one write to a record changed.
type Revision struct {
	Rev        int64      `json:"rev" doc:"The record's rev after the write."`
	FromRev    int64      `json:"from_rev" doc:"The record's rev before it: one less, or still less where steps are missing."`
	Version    *time.Time `json:"version,omitempty" doc:"When the source changed the record, as it says itself; absent if unknown (see repaired)."`
	Deleted    bool       `json:"deleted" doc:"The record was gone at the source after this."`
	MergedInto string     `json:"merged_into,omitempty" doc:"The record that this one was merged into."`
	Contested  bool       `json:"contested" doc:"The source had sent two contents with one version."`
	Source     *Source    `json:"source,omitempty" doc:"What caused it; absent if unknown (see repaired)."`
	StoredAt   *time.Time `json:"stored_at,omitempty" doc:"Absent if unknown (see repaired)."`
	Repaired   bool       `json:"repaired" doc:"The row was made later, for the one of its time was missed. Steps in between are in it as one. If newer rows were there already, version, source and stored_at are not known, and deleted, merged_into and contested say nothing."`
	Changes    []Change   `json:"changes" nullable:"false" doc:"By field."`
}

// Change is the old and the new value of one field.
type Change struct {
	Field    string          `json:"field"`
	Old      json.RawMessage `json:"old,omitempty" doc:"The value before, exactly as the source wrote it; absent if the field was."`
	New      json.RawMessage `json:"new,omitempty" doc:"The value after; absent if the field is gone."`
	OldLarge *LargeSketch    `json:"old_large,omitempty" doc:"Stands for a value before that is too large to be shown here."`
	NewLarge *LargeSketch    `json:"new_large,omitempty" doc:"Stands for a value after that is too large to be shown here."`
}

func (h *handler) registerHistory(api huma.API) {
	register(api, h, route{
		id: "list-history", method: http.MethodGet, path: "/v1/connections/{connection}/objects/{object}/records/{record}/history", tag: "records", needs: tenant.Reader,
		summary: "List what changed in a record", text: "Newest first. It lags a second or so behind the record.", errors: []int{400, 404},
	}, h.listHistory)
}

type listHistoryInput struct {
	RecordInput
	PageInput
}

type historyOutput struct{ Body list[Revision] }

func (h *handler) listHistory(ctx context.Context, c caller, in *listHistoryInput) (*historyOutput, error) {
	if _, err := h.record(ctx, c, &in.RecordInput); err != nil {
		return nil, err
	}
	key := in.key(c.organization)
	body, err := page(ctx, h, c, in.PageInput, listing[record.Revision, Revision]{
		scope: []string{"history", key.Connection, key.Object, key.ID},
		read: func(ctx context.Context, p store.Page) ([]record.Revision, string, error) {
			return h.History.List(ctx, key, p)
		},
		show: showRevision,
	})
	return &historyOutput{body}, err
}

func showRevision(r record.Revision) (Revision, int, bool) {
	changes, size := showChanges(r.Changes)
	out := Revision{Rev: r.Rev, FromRev: r.FromRev, Deleted: r.Deleted, MergedInto: r.MergedInto, Contested: r.Contested,
		Repaired: r.Repaired, Changes: changes}
	// Of a state between two rows the sweeper knows the content alone.
	if r.Version != (record.Version{}) {
		version := r.Version.Time()
		out.Version = &version
	}
	if r.Source != (record.Source{}) {
		source := showSource(r.Source)
		out.Source = &source
	}
	if !r.StoredAt.IsZero() {
		out.StoredAt = &r.StoredAt
	}
	return out, 512 + size, true
}
