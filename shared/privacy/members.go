package privacy

import (
	"context"
	"fmt"

	"leadline/shared/roster"
	"leadline/shared/roster/keeper"
	"leadline/shared/store"
)

// userObject is the object of a CRM's users.
const userObject = "user"

// walkMembers looks at who sells: a member is the person's if name, e-mail or phone hold one of the addresses or numbers, or
// if it is a user of a CRM whose record is the person's.
func (r *run) walkMembers(ctx context.Context) (bool, error) {
	return r.pages(func(cursor string) (string, error) {
		members, next, err := r.Roster.Members(ctx, r.job.Organization, store.Page{Cursor: cursor, Limit: listPage})
		if err != nil {
			return "", fmt.Errorf("members: %w", err)
		}
		for _, m := range members {
			r.count(CountDone, 1)
			if !r.isMember(m) {
				continue
			}
			if err := r.act.member(ctx, m); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

func (r *run) isMember(m roster.Member) bool {
	for _, text := range []string{m.Name, m.Email, m.Phone} {
		if r.who.Text([]byte(text)) {
			return true
		}
	}
	for _, e := range m.External {
		if r.found.hasRecord(e.Connection, userObject, e.ID) {
			return true
		}
	}
	return false
}

// factData is something that is said of a member, in an export.
type factData struct {
	Kind    roster.Kind `json:"kind"`
	From    roster.Date `json:"from,omitempty"`
	Until   roster.Date `json:"until,omitempty"`
	Value   any         `json:"value"`
	Source  string      `json:"source"`
	At      string      `json:"at"`
	GoneAt  string      `json:"gone_at,omitempty"`
	SaidOf  string      `json:"said_of,omitempty"`
	Claimed string      `json:"by"`
}

func (e exporter) member(ctx context.Context, m roster.Member) error {
	facts := make([]factData, 0, len(m.Facts))
	for _, f := range m.Facts {
		value := map[roster.Kind]any{roster.Active: f.Active, roster.RoleKind: f.Role, roster.Teams: f.Teams, roster.Manager: f.Manager, roster.AccessKind: f.Access}
		facts = append(facts, factData{Kind: f.Kind, From: f.From, Until: f.Until, Value: value[f.Kind], Source: string(f.Source), At: timeText(f.At),
			GoneAt: timeText(f.Gone), SaidOf: f.External.ID, Claimed: f.By})
	}
	payment, err := e.payment(ctx, m)
	if err != nil {
		return err
	}
	disputes, err := e.disputes(ctx, m)
	if err != nil {
		return err
	}
	e.count(CountMembers, 1)
	return e.write(ctx, line{Kind: kindMember, ID: m.ID, Data: struct {
		Name      string            `json:"name,omitempty"`
		Email     string            `json:"email,omitempty"`
		Phone     string            `json:"phone,omitempty"`
		Users     []roster.External `json:"users"`
		Facts     []factData        `json:"facts"`
		Payment   *paymentData      `json:"payment,omitempty"`
		Disputes  []disputeData     `json:"disputes,omitempty"`
		CreatedAt string            `json:"created_at"`
	}{m.Name, m.Email, m.Phone, m.External, facts, payment, disputes, timeText(m.CreatedAt)}})
}

// member takes name, e-mail and phone of a member away, and how it is paid. Id and facts stay, for what was earned is told apart by
// them.
func (e eraser) member(ctx context.Context, m roster.Member) error {
	if m.Erased {
		return nil
	}
	e.budget -= 5
	// First, for an erased member is not looked at again.
	if err := e.Payees.DeleteProfile(ctx, m.Organization, m.ID); err != nil {
		return fmt.Errorf("erase how a member is paid: %w", err)
	}
	if err := e.disputes(ctx, m); err != nil {
		return err
	}
	err := keeper.New(keeper.Options{Roster: e.Roster, People: e.Members, Journal: e.Journal, Now: e.Now}).Erase(ctx, m.Organization, m.ID)
	if err != nil {
		return fmt.Errorf("erase a member: %w", err)
	}
	e.changed(CountMembers, 1)
	return nil
}
