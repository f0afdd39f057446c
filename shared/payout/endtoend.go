package payout

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// EndToEnd names a payment to banks: the same for the same batch and participant, another for any others, and at most 35 of [A-Z0-9].
// The batch's id without its prefix comes first, so that a bank's list of payments sorts by batch; a member's id follows as it is, so
// that ParticipantOf finds who is meant.
func EndToEnd(batch, participant string) string {
	if id, found := strings.CutPrefix(participant, memberPrefix); found && plain(id) {
		return part(batch) + "M" + strings.ToUpper(id)
	}
	return part(batch) + "X" + digest(participant)[:20]
}

// memberPrefix is the prefix of ids of members (roster.MemberID).
const memberPrefix = "mem_"

// ParticipantOf gives the member that an EndToEnd of a batch means; empty where it names none: an EndToEnd of another participant is
// found only among the payments.
func ParticipantOf(batch, endToEnd string) string {
	rest, found := strings.CutPrefix(endToEnd, part(batch)+"M")
	id := strings.ToLower(rest)
	if !found || !plain(id) || strings.ToUpper(id) != rest {
		return ""
	}
	return memberPrefix + id
}

// part gives 12 characters for a batch: those of its id, or of its digest where that is no usual one.
func part(batch string) string {
	if id, found := strings.CutPrefix(batch, BatchID+"_"); found && plain(id) {
		return strings.ToUpper(id)
	}
	return digest(batch)[:12]
}

// plain tells whether an id is 12 of [0-9a-z], as they are made.
func plain(id string) bool {
	return len(id) == 12 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
