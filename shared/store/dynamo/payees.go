package dynamo

import (
	"context"

	"leadline/shared/payee"
	"leadline/shared/store"
)

// Payees implements store.Payees in the table of Tenancy. Payers, profiles and changes are packed JSON; the names of their fields
// are part of what is stored. What is secret in them is sealed before it comes here.
type Payees struct{ table }

var _ store.Payees = (*Payees)(nil)

// NewPayees uses the table of Tenancy of the name.
func NewPayees(client Client, tenancy string) *Payees { return &Payees{newTable(client, tenancy)} }

// SavePayer implements store.Payees in one transaction of one or two items.
func (s *Payees) SavePayer(ctx context.Context, p payee.Payer, receipt *store.Receipt) error {
	const what = "save payer"
	write, err := s.payerStep(p)
	if err != nil {
		return failed(err, what)
	}
	return s.transact(ctx, what, s.withReceipt([]step{write}, receipt, p.UpdatedAt)...)
}

// Payer implements store.Payees in one GetItem.
func (s *Payees) Payer(ctx context.Context, organization, id string) (payee.Payer, error) {
	const what = "get payer"
	i, err := s.get(ctx, what, payerKey(organization, id), "payer")
	if err != nil {
		return payee.Payer{}, err
	}
	p, err := decodePacked[payee.Payer](s.table, i)
	return p, failed(err, what)
}

// Payers implements store.Payees in one Query, for each MB.
func (s *Payees) Payers(ctx context.Context, organization string, p store.Page) ([]payee.Payer, string, error) {
	q := query{what: "list payers", partition: payersPartition(organization)}
	return page(ctx, s.table, q, []string{"payers", organization}, p, func(i item) (payee.Payer, error) {
		return decodePacked[payee.Payer](s.table, i)
	})
}

// SaveProfile implements store.Payees in one transaction of one or two items.
func (s *Payees) SaveProfile(ctx context.Context, p payee.Profile, receipt *store.Receipt) error {
	const what = "save profile"
	write, err := s.profileStep(p)
	if err != nil {
		return failed(err, what)
	}
	return s.transact(ctx, what, s.withReceipt([]step{write}, receipt, p.UpdatedAt)...)
}

// Profile implements store.Payees in one GetItem.
func (s *Payees) Profile(ctx context.Context, organization, participant string) (payee.Profile, error) {
	const what = "get profile"
	i, err := s.get(ctx, what, profileKey(organization, participant), "profile")
	if err != nil {
		return payee.Profile{}, err
	}
	p, err := decodePacked[payee.Profile](s.table, i)
	return p, failed(err, what)
}

// Profiles implements store.Payees in one Query, for each MB.
func (s *Payees) Profiles(ctx context.Context, organization string, p store.Page) ([]payee.Profile, string, error) {
	q := query{what: "list profiles", partition: profilesPartition(organization)}
	return page(ctx, s.table, q, []string{"payees", organization}, p, func(i item) (payee.Profile, error) {
		return decodePacked[payee.Profile](s.table, i)
	})
}

// DeleteProfile implements store.Payees in one Query, one DeleteItem for the profile and three for each change of it. The note by
// which a change is found goes last, so that what was cut short can be done again.
func (s *Payees) DeleteProfile(ctx context.Context, organization, participant string) error {
	const what = "delete profile"
	if err := s.delete(ctx, what, profileKey(organization, participant)); err != nil {
		return err
	}
	q := query{what: what, partition: changesOfPartition(organization, participant), consistent: true}
	for {
		notes, end, err := s.items(ctx, q, store.MaxLimit)
		if err != nil {
			return err
		}
		for _, note := range notes {
			q.after = note.primary().sk
			for _, at := range []primary{{changesPartition(organization), q.after}, changeTimeKey(organization, parseChangeSort(q.after)), note.primary()} {
				if err := s.delete(ctx, what, at); err != nil {
					return err
				}
			}
		}
		if end {
			return nil
		}
	}
}

// SaveChange implements store.Payees in one transaction of one to five items: the change among the others by time, two notes by
// which it is found when it is new, who takes it over, and the receipt.
func (s *Payees) SaveChange(ctx context.Context, c payee.Change, payer *payee.Payer, profile *payee.Profile, receipt *store.Receipt) error {
	const what = "save change"
	i, err := s.packNoun(changeKey(c.Organization, c.RequestedAt, c.ID), c.Rev, c)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.successor(i, c.Rev, "change")}
	at := c.DecidedAt
	if c.Rev == 1 {
		at = c.RequestedAt
		note := newItem(changeTimeKey(c.Organization, c.ID))
		note.setTime("requested_at", c.RequestedAt)
		steps = append(steps, s.create(note, unlessThere, nil, stale("change")), s.write(newItem(changeOfKey(c.Organization, c.Of, c.RequestedAt, c.ID))))
	}
	if payer != nil {
		write, err := s.payerStep(*payer)
		if err != nil {
			return failed(err, what)
		}
		steps = append(steps, write)
	}
	if profile != nil {
		write, err := s.profileStep(*profile)
		if err != nil {
			return failed(err, what)
		}
		steps = append(steps, write)
	}
	return s.transact(ctx, what, s.withReceipt(steps, receipt, at)...)
}

// Change implements store.Payees in two GetItems.
func (s *Payees) Change(ctx context.Context, organization, id string) (payee.Change, error) {
	const what, missing = "get change", "change"
	note, err := s.get(ctx, what, changeTimeKey(organization, id), missing)
	if err != nil {
		return payee.Change{}, err
	}
	in := read(note)
	requested := in.time("requested_at")
	if in.err != nil {
		return payee.Change{}, failed(in.err, what)
	}
	i, err := s.get(ctx, what, changeKey(organization, requested, id), missing)
	if err != nil {
		return payee.Change{}, err
	}
	c, err := decodePacked[payee.Change](s.table, i)
	return c, failed(err, what)
}

// Changes implements store.Payees in one Query, for each MB.
func (s *Payees) Changes(ctx context.Context, organization string, p store.Page) ([]payee.Change, string, error) {
	q := query{what: "list changes", partition: changesPartition(organization), descending: true}
	return page(ctx, s.table, q, []string{"bank changes", organization}, p, func(i item) (payee.Change, error) {
		return decodePacked[payee.Change](s.table, i)
	})
}

// ChangesOf implements store.Payees in one Query of the notes and one BatchGetItem per hundred of them.
func (s *Payees) ChangesOf(ctx context.Context, organization, of string, p store.Page) ([]payee.Change, string, error) {
	const what = "list changes of one"
	q := query{what: what, partition: changesOfPartition(organization, of), descending: true, consistent: true}
	places, next, err := page(ctx, s.table, q, []string{"bank changes of", organization, of}, p, func(i item) (primary, error) {
		return primary{changesPartition(organization), i.primary().sk}, nil
	})
	if err != nil {
		return nil, "", err
	}
	items, err := s.getAll(ctx, what, places)
	if err != nil {
		return nil, "", err
	}
	changes, err := decodeAll(what, items, func(i item) (payee.Change, error) { return decodePacked[payee.Change](s.table, i) })
	return changes, next, err
}

func (s *Payees) payerStep(p payee.Payer) (step, error) {
	i, err := s.packNoun(payerKey(p.Organization, p.ID), p.Rev, p)
	return s.successor(i, p.Rev, "payer"), err
}

func (s *Payees) profileStep(p payee.Profile) (step, error) {
	i, err := s.packNoun(profileKey(p.Organization, p.Participant), p.Rev, p)
	return s.successor(i, p.Rev, "profile"), err
}

// successor is the step that puts an item of a rev where the one before it stands, or none for the first.
func (t table) successor(i item, rev int64, what string) step {
	if rev == 1 {
		return t.create(i, unlessThere, nil, stale(what))
	}
	return t.replace(i, rev-1, stale(what))
}

func (t table) packNoun(at primary, rev int64, noun any) (item, error) {
	packed, err := t.packJSON(noun)
	if err != nil {
		return nil, err
	}
	i := newItem(at)
	i.setNumber("rev", rev)
	i.setBytes("b", packed)
	return i, nil
}
