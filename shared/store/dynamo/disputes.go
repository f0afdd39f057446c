package dynamo

import (
	"context"

	"leadline/shared/dispute"
	"leadline/shared/store"
)

// Disputes implements store.Disputes in the table Work. Disputes are packed JSON beside their rev; the names of their fields are
// part of what is stored.
type Disputes struct {
	table
	// receipts is the table of Tenancy.
	receipts table
}

var _ store.Disputes = (*Disputes)(nil)

// NewDisputes uses the table Work of the name, and that of Tenancy for receipts.
func NewDisputes(client Client, work, tenancy string) *Disputes {
	return &Disputes{table: newTable(client, work), receipts: newTable(client, tenancy)}
}

// SaveDispute implements store.Disputes in one transaction of one to four items: the dispute among the others by time, two notes by
// which it is found when it is new, and the receipt.
func (s *Disputes) SaveDispute(ctx context.Context, d dispute.Dispute, receipt *store.Receipt) error {
	const what = "save dispute"
	i, err := s.packNoun(disputeKey(d.Organization, d.OpenedAt, d.ID), d.Rev, d)
	if err == nil {
		err = fits(i, maxItemBytes)
	}
	if err != nil {
		return failed(err, what)
	}
	of := disputeOfKey(d.Organization, d.Participant, d.OpenedAt, d.ID)
	steps := []step{s.successor(i, d.Rev, "dispute")}
	if d.Rev == 1 {
		note := newItem(disputeTimeKey(d.Organization, d.ID))
		note.setNanos("opened_at", d.OpenedAt)
		steps = append(steps, s.create(note, unlessThere, nil, stale("dispute")), s.create(newItem(of), unlessThere, nil, stale("dispute")))
	} else {
		// Of another participant, there is no such note.
		steps = append(steps, s.create(newItem(of), "attribute_exists(pk)", nil, stale("dispute")))
	}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, d.UpdatedAt)...)
}

// Dispute implements store.Disputes in two GetItems.
func (s *Disputes) Dispute(ctx context.Context, organization, id string) (dispute.Dispute, error) {
	const what, missing = "get dispute", "dispute"
	note, err := s.get(ctx, what, disputeTimeKey(organization, id), missing)
	if err != nil {
		return dispute.Dispute{}, err
	}
	in := read(note)
	opened := in.nanos("opened_at")
	if in.err != nil {
		return dispute.Dispute{}, failed(in.err, what)
	}
	i, err := s.get(ctx, what, disputeKey(organization, opened, id), missing)
	if err != nil {
		return dispute.Dispute{}, err
	}
	d, err := s.decode(organization, i)
	return d, failed(err, what)
}

func (s *Disputes) decode(organization string, i item) (dispute.Dispute, error) {
	d, err := decodePacked[dispute.Dispute](s.table, i)
	if err != nil {
		return d, err
	}
	in := read(i)
	d.Organization, d.Rev = organization, in.number("rev")
	return d, in.err
}

// Disputes implements store.Disputes in one Query, for each MB.
func (s *Disputes) Disputes(ctx context.Context, organization string, p store.Page) ([]dispute.Dispute, string, error) {
	q := query{what: "list disputes", partition: disputesPartition(organization), descending: true, consistent: true}
	return page(ctx, s.table, q, []string{"disputes", organization}, p, func(i item) (dispute.Dispute, error) { return s.decode(organization, i) })
}

// DisputesOf implements store.Disputes in one Query of the notes and one BatchGetItem per hundred of them.
func (s *Disputes) DisputesOf(ctx context.Context, organization, participant string, p store.Page) ([]dispute.Dispute, string, error) {
	const what = "list disputes of one"
	q := query{what: what, partition: disputesOfPartition(organization, participant), descending: true, consistent: true}
	places, next, err := page(ctx, s.table, q, []string{"disputes of", organization, participant}, p, func(i item) (primary, error) {
		return primary{disputesPartition(organization), i.primary().sk}, nil
	})
	if err != nil {
		return nil, "", err
	}
	items, err := s.getAll(ctx, what, places)
	if err != nil {
		return nil, "", err
	}
	all, err := decodeAll(what, items, func(i item) (dispute.Dispute, error) { return s.decode(organization, i) })
	return all, next, err
}

// SaveDisputeSetting implements store.Disputes in one conditional PutItem.
func (s *Disputes) SaveDisputeSetting(ctx context.Context, setting dispute.Setting) error {
	return s.saveNoun(ctx, "save setting of disputes", disputeSettingKey(setting.Organization), setting.Rev, setting, "setting")
}

// DisputeSetting implements store.Disputes in one GetItem.
func (s *Disputes) DisputeSetting(ctx context.Context, organization string) (dispute.Setting, error) {
	setting, rev, err := readNoun[dispute.Setting](ctx, s.table, "get setting of disputes", disputeSettingKey(organization))
	if rev == 0 {
		return dispute.Setting{Organization: organization, Days: dispute.DefaultDays}, err
	}
	setting.Organization, setting.Rev = organization, rev
	return setting, err
}
