package dynamo

import "leadline/shared/roster"

// Tenancy: roster
// ---------------

// rosterKey is the place of the edition of an organization's roster. SaveMembers, Edition.
func rosterKey(organization string) primary {
	return primary{join(organization, "roster"), single}
}

// membersPartition holds the members of an organization. Query: the members of an organization by id.
func membersPartition(organization string) string {
	return join(organization, "members")
}

// memberKey is the place of a member. SaveMembers, Member.
func memberKey(organization, id string) primary {
	return primary{membersPartition(organization), sortable(id)}
}

// memberUserKey is the place of the note which member a user of a CRM is. SaveMembers, MemberOf.
func memberUserKey(organization string, e roster.External) primary {
	return primary{join(organization, "user", e.Connection, e.ID), single}
}
