package dynamo

import (
	"context"

	"leadline/shared/audit"
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
