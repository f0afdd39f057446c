package close

import (
	"context"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// Permissions that the code speaks of: https://developer.close.com/api/resources/roles.
const (
	permissionViewAll = "view_all_leads"
	permissionManage  = "manage_organization"
)

// role is a row of /role/.
type role struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
	// VisibleBy are lead fields of the type user that name who sees a lead; Behavior says what of leads without a name.
	VisibleBy []string `json:"visibility_user_lcf_ids"`
	Behavior  string   `json:"visibility_user_lcf_behavior"`
}

func readRoles(ctx context.Context, c connector.Client) (map[string]role, error) {
	var answer struct {
		Data []role `json:"data"`
	}
	if _, err := get(ctx, c, pathRoles, nil, &answer); err != nil {
		return nil, err
	}
	roles := make(map[string]role, len(answer.Data))
	for _, r := range answer.Data {
		roles[r.ID] = r
	}
	return roles, nil
}

// probe tells who we are at Close and what we may do there.
func probe(ctx context.Context, c connector.Client) (connector.Identity, error) {
	me, o, _, err := readOrganization(ctx, c)
	closed := fault.Is(err, fault.Forbidden) || fault.Is(err, fault.NotFound)
	if err != nil && (!closed || me.ID == "") {
		return connector.Identity{}, err
	}
	if closed { // what we do know of it
		o = organization{ID: me.organization()}
		if len(me.Organizations) > 0 {
			o = me.Organizations[0]
		}
	}
	roles, err := readRoles(ctx, c)
	if err != nil && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
		return connector.Identity{}, err
	}
	id := connector.Identity{AccountID: o.ID, AccountName: o.Name, UserID: me.ID, UserEmail: me.Email,
		UserName: strings.TrimSpace(me.First + " " + me.Last)}
	admin := false
	for _, m := range me.Memberships {
		if m.Organization != o.ID {
			continue
		}
		id.Permissions = append(id.Permissions, m.Permissions...)
		id.Permissions = append(id.Permissions, roles[m.Role].Permissions...)
		admin = admin || m.Role == "admin"
	}
	slices.Sort(id.Permissions)
	id.Permissions = slices.Compact(id.Permissions)
	if closed {
		id.Missing = append(id.Missing, connector.MissingPermission{Permission: "organization",
			Needed: "Without access to the organization, users, their roles and their teams do not become members."})
	}
	if admin {
		return id, nil
	}
	for _, need := range needed() {
		if !slices.Contains(id.Permissions, need.Permission) {
			id.Missing = append(id.Missing, need)
		}
	}
	return id, nil
}

// needed are the permissions without which something does not work, and what.
func needed() []connector.MissingPermission {
	return []connector.MissingPermission{
		{Permission: permissionViewAll, Needed: "Without it, leads that are not assigned to this user, and everything that belongs to them, " +
			"are neither imported nor compared: programs would pay too little."},
		{Permission: permissionManage, Needed: "Without it, the event log shows the contents of events for one hour only, so that after a longer outage each " +
			"record that changed must be read by itself; and webhook subscriptions that others made cannot be mended or deleted."},
	}
}
