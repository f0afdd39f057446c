package dynamo

import (
	"strconv"
	"time"

	"leadline/shared/settlement"
)

// Shards over which the statements of a period, and what it is settled as, are spread: both are written for everybody within minutes,
// and a partition takes a thousand writes a second. They are part of what is stored.
const (
	statementShards = 8
	settledShards   = 8
)

// Ledger: settlements
// -------------------

// settlementsPartition holds the settlements of a program. Query: the settlements of a program by period, newest first.
func settlementsPartition(organization, program string) string {
	return join(organization, "settlements", program)
}

// settlementKey is the place of one settlement. SaveSettlement, Settlement.
func settlementKey(organization, program, period string) primary {
	return primary{settlementsPartition(organization, program), sortable(period)}
}

// statementsPartition holds one shard of the statements of a period. Query: the statements, shard after shard.
func statementsPartition(organization, program, period string, shard int) string {
	return join(organization, "statements", program, period, strconv.Itoa(shard))
}

// statementKey is the place of one statement. SaveStatement, Statement.
func statementKey(organization, program, period, participant string) primary {
	return primary{statementsPartition(organization, program, period, shardOf(participant, statementShards)), sortable(participant)}
}

// statementsOfPartition holds a note for each period in which a participant has a statement. Query: the periods, newest first.
func statementsOfPartition(organization, program, participant string) string {
	return join(organization, "statements of", program, participant)
}

// statementNoteKey is the place of one note. SaveStatement.
func statementNoteKey(organization, program, participant, period string) primary {
	return primary{statementsOfPartition(organization, program, participant), sortable(period)}
}

// settledPartition holds what the periods of a participant are settled as. Query: all of them by period.
func settledPartition(organization, program, participant string) string {
	return join(organization, "settled", program, participant)
}

// settledKey is the place of what one period of a participant is settled as. SaveSettled.
func settledKey(s settlement.Settled) primary {
	return primary{settledPartition(s.Organization, s.Program, s.Participant), sortable(s.Period)}
}

// settledInPartition holds one shard of the same once more, for everybody of a period. Query: all of them, shard after shard.
func settledInPartition(organization, program, period string, shard int) string {
	return join(organization, "settled in", program, period, strconv.Itoa(shard))
}

// settledInKey is the place of one of these. SaveSettled.
func settledInKey(s settlement.Settled) primary {
	return primary{settledInPartition(s.Organization, s.Program, s.Period, shardOf(s.Participant, settledShards)), sortable(s.Participant)}
}

// manualsPartition holds the manual adjustments of a program. Query: the adjustments, newest first.
func manualsPartition(organization, program string) string {
	return join(organization, "manuals", program)
}

// manualKey is the place of one adjustment, among the others by the time when it was made. SaveManual, Manual.
func manualKey(organization, program string, created time.Time, id string) primary {
	return primary{manualsPartition(organization, program), created.UTC().Format("2006-01-02T15:04:05.000000000Z") + separator + id}
}

// manualTimeKey is the place of the note when an adjustment was made, found by its id. SaveManual, Manual.
func manualTimeKey(organization, program, id string) primary {
	return primary{join(organization, "manual", program, id), single}
}

// settlementPartsPartition holds the parts of a run that are done. Query: all of them.
func settlementPartsPartition(organization, program, period, run string) string {
	return join(organization, "settlement parts", program, period, run)
}

// settlementPartKey is the place of one part. FinishSettlementPart.
func settlementPartKey(organization, program, period, run string, part int) primary {
	return primary{settlementPartsPartition(organization, program, period, run), revSort(int64(part))}
}

// policyKey is the place of an approval policy. SavePolicy, Policy.
func policyKey(organization, kind string) primary {
	return primary{join(organization, "approvals"), sortable(kind)}
}
