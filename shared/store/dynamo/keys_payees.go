package dynamo

import (
	"strings"
	"time"
)

// Tenancy: payees
// ---------------

// payersPartition holds the payers of an organization. Query: the payers by id.
func payersPartition(organization string) string {
	return join(organization, "payers")
}

// payerKey is the place of a payer. SavePayer, Payer, SaveChange.
func payerKey(organization, id string) primary {
	return primary{payersPartition(organization), sortable(id)}
}

// profilesPartition holds the profiles of who is paid. Query: the profiles of an organization by participant.
func profilesPartition(organization string) string {
	return join(organization, "payees")
}

// profileKey is the place of a profile. SaveProfile, Profile, DeleteProfile, SaveChange.
func profileKey(organization, participant string) primary {
	return primary{profilesPartition(organization), sortable(participant)}
}

// changesPartition holds the changes of an organization. Query: the changes, newest first.
func changesPartition(organization string) string {
	return join(organization, "bank changes")
}

// changeKey is the place of one change, among the others by the time when it was asked for. SaveChange, Change, ChangesOf,
// DeleteProfile.
func changeKey(organization string, requested time.Time, id string) primary {
	return primary{changesPartition(organization), changeSort(requested, id)}
}

// changeSort orders changes by time, then by id.
func changeSort(requested time.Time, id string) string {
	return requested.UTC().Format("2006-01-02T15:04:05.000000000Z") + separator + id
}

// parseChangeSort reads the id of what changeSort wrote.
func parseChangeSort(sk string) string {
	_, id, _ := strings.Cut(sk, separator)
	return id
}

// changeTimeKey is the place of the note when a change was asked for, found by its id. SaveChange, Change, DeleteProfile.
func changeTimeKey(organization, id string) primary {
	return primary{join(organization, "bank change", id), single}
}

// changesOfPartition holds notes which changes there are of one payer or participant. Query: those of one, newest first.
func changesOfPartition(organization, of string) string {
	return join(organization, "bank changes of", of)
}

// changeOfKey is the place of one such note: its sort key is that of the change. SaveChange, DeleteProfile.
func changeOfKey(organization, of string, requested time.Time, id string) primary {
	return primary{changesOfPartition(organization, of), changeSort(requested, id)}
}
