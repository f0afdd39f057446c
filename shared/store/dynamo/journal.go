package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leadline/shared/audit"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/store"
)

// Journal implements store.Journal.
type Journal struct{ table }

// NewJournal uses the table of the name.
func NewJournal(client Client, table string) *Journal {
	return &Journal{newTable(client, table)}
}

// Record implements store.Journal in one PutItem. Entries are never forgotten.
func (s *Journal) Record(ctx context.Context, e audit.Entry) error {
	const what = "record"
	if err := store.CheckAuditID(e.ID); err != nil {
		return failed(err, what)
	}
	_, err := s.put(ctx, what, encodeAudit(e), unlessThere)
	return err
}

// Entries implements store.Journal: eventually consistent, one Query per shard for the first entries and, as the filter
// needs them, one for each further 250.
func (s *Journal) Entries(ctx context.Context, organization string, f store.AuditFilter, p store.Page) ([]audit.Entry, string, error) {
	all := sharded{what: "list audit entries", picky: f.Actor != "" || f.Operation != ""}
	all.from, all.until = f.IDs()
	for n := range auditShards {
		all.partitions = append(all.partitions, auditPartition(organization, n))
	}
	list := append([]string{"audit", organization}, f.Name()...)
	return newestFirst(ctx, s.table, all, list, p, func(i item) (audit.Entry, error) { return decodeAudit(organization, i) }, f.Matches)
}

func encodeAudit(e audit.Entry) item {
	i := newItem(auditKey(e.Organization, e.ID))
	i.setTime("at", e.At)
	i.setText("actor", e.Actor)
	i.setText("actor_name", e.ActorName)
	i.setText("person", e.Person)
	i.setText("operation", e.Operation)
	i.setText("target", e.Target)
	i.setText("outcome", e.Outcome)
	i.setText("address", e.Address)
	i.setText("agent", e.Agent)
	i.setText("request", e.Request)
	i.setText("detail", e.Detail)
	return i
}

func decodeAudit(organization string, i item) (audit.Entry, error) {
	in := read(i)
	e := audit.Entry{ID: unsortable(i.primary().sk), Organization: organization, At: in.time("at"), Actor: in.text("actor"),
		ActorName: in.text("actor_name"), Person: in.text("person"), Operation: in.text("operation"), Target: in.text("target"),
		Outcome: in.text("outcome"), Address: in.text("address"), Agent: in.text("agent"), Request: in.text("request"),
		Detail: in.text("detail")}
	return e, in.err
}

// Tell implements store.Journal in one transaction, whose token keeps a lost answer from making a new notice an old one.
func (s *Journal) Tell(ctx context.Context, n notice.Notice) (bool, error) {
	i := newItem(noticeKey(n.Organization, n.ID))
	i.setTime("at", n.At)
	i.setText("kind", string(n.Kind))
	i.setText("subject", n.Subject)
	i.setText("text", n.Text)
	i.setTime("read_at", n.ReadAt)
	told := taken("notice")
	err := s.transact(ctx, "tell", s.create(i, unlessThere, nil, told))
	if errors.Is(err, told) {
		return false, nil
	}
	return err == nil, err
}

// Notices implements store.Journal in one Query.
func (s *Journal) Notices(ctx context.Context, organization string, p store.Page) ([]notice.Notice, string, error) {
	q := query{what: "list notices", partition: noticesPartition(organization), descending: true}
	return page(ctx, s.table, q, []string{"notices", organization}, p, func(i item) (notice.Notice, error) {
		in := read(i)
		return notice.Notice{ID: unsortable(i.primary().sk), Organization: organization, At: in.time("at"),
			Kind: notice.Kind(in.text("kind")), Subject: in.text("subject"), Text: in.text("text"),
			ReadAt: in.time("read_at")}, in.err
	})
}

// MarkRead implements store.Journal in one UpdateItem.
func (s *Journal) MarkRead(ctx context.Context, organization, id string, at time.Time) error {
	const what = "mark notice read"
	_, refused, err := s.update(ctx, what, noticeKey(organization, id), change{
		set: []string{"#at = if_not_exists(#at, :at)"}, condition: "attribute_exists(pk)",
		names: map[string]string{"#at": "read_at"}, values: item{":at": text(timeText(at))},
	})
	if refused {
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "notice not found"))
	}
	return err
}
