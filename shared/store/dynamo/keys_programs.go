package dynamo

import (
	"fmt"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/record"
)

// Shards over which what there is of an edition is spread: a full run writes all of it within minutes, and a partition takes
// a thousand writes a second. All are part of what is stored.
const (
	footprintShards = 8
	joinedShards    = 8
	unitShards      = 8
	problemShards   = 4
	standingShards  = 4
)

// Intake: programs
// ----------------

// programsPartition holds the programs of an organization. Query: the programs of an organization by id.
func programsPartition(organization string) string {
	return join(organization, "programs")
}

// programKey is the place of a program. CreateProgram, UpdateProgram, Program.
func programKey(organization, id string) primary {
	return primary{programsPartition(organization), sortable(id)}
}

// programVersionsPartition holds the versions of a program. Query: the versions, newest first.
func programVersionsPartition(organization, program string) string {
	return join(organization, "program", program)
}

// programVersionKey is the place of one version. UpdateProgram, Version.
func programVersionKey(organization, program string, number int) primary {
	return primary{programVersionsPartition(organization, program), revSort(int64(number))}
}

// ratesPartition holds the exchange rates of an organization. Query: all of them, by currencies and day.
func ratesPartition(organization string) string {
	return join(organization, "rates")
}

// rateKey is the place of one rate. SaveRate, DeleteRate.
func rateKey(organization, from, to string, since calendar.Date) primary {
	return primary{ratesPartition(organization), join(from, to, string(since))}
}

// goalsPartition holds the goals of a program. Query: the goals of a program by participant.
func goalsPartition(organization, program string) string {
	return join(organization, "goals", program)
}

// goalsKey is the place of a participant's goals. SaveGoals, Goals.
func goalsKey(organization, program, participant string) primary {
	return primary{goalsPartition(organization, program), sortable(participant)}
}

// Work: credits
// -------------

// footprintsPartition holds one shard of the footprints of an edition. Query: DropEdition.
func footprintsPartition(organization, edition string, shard int) string {
	return join(organization, "footprints", edition, fmt.Sprint(shard))
}

// footprintKey is the place of one footprint. Footprint, SaveFootprint, Ordered.
func footprintKey(organization, edition string, k record.Key) primary {
	return primary{footprintsPartition(organization, edition, shardOf(k.ID, footprintShards)), recordSort(k)}
}

// recordSort gives a sort key for a record of an organization. The id comes last and as it is, so that the longest fits.
func recordSort(k record.Key) string {
	return join(k.Connection, k.Object) + separator + k.ID
}

// parseRecordSort reads what recordSort wrote.
func parseRecordSort(organization, sk string) (record.Key, error) {
	parts := strings.SplitN(sk, separator, 3)
	if len(parts) != 3 {
		return record.Key{}, fmt.Errorf("a sort key of %d components, want 3", len(parts))
	}
	named, err := split(parts[0]+separator+parts[1], 2)
	if err != nil {
		return record.Key{}, err
	}
	return record.Key{Organization: organization, Connection: named[0], Object: named[1], ID: parts[2]}, nil
}

// creditsPartition holds the credits of a participant. Query: those of a span, by date and id.
func creditsPartition(organization, edition, participant string) string {
	return join(organization, "credits", edition, participant)
}

// creditKey is the place of one credit. SaveFootprint: one credit.
func creditKey(organization, edition string, ref incentive.CreditRef) primary {
	return primary{creditsPartition(organization, edition, ref.Participant), string(ref.Date) + separator + ref.ID}
}

// creditRange gives the lowest and the highest sort key that the credits of a span have, empty for no bound. A date without
// an id sorts before all credits of the day.
func creditRange(within calendar.Span) (low, high string) {
	return string(within.From), string(within.Until)
}

// parseCreditSort reads the date and the id of what creditKey wrote.
func parseCreditSort(sk string) (calendar.Date, string) {
	date, id, _ := strings.Cut(sk, separator)
	return calendar.Date(date), id
}

// joinedPartition holds one shard of the notes who joined a record. All notes of one record lie in one shard, so that they
// are one Query, which each change of a record that programs join costs. A record that very many join (a product) gets their
// notes at a thousand a second, once, in a full run. Query: the notes of a record; DropEdition.
func joinedPartition(organization, edition string, shard int) string {
	return join(organization, "joined", edition, fmt.Sprint(shard))
}

// joinedKey is the place of the note that one record joined another. The other is hashed, for two long ids do not fit one sort
// key. SaveFootprint: one note.
func joinedKey(organization, edition string, joined, by record.Key) primary {
	at, prefix := joinedTo(organization, edition, joined)
	return primary{at, prefix + recordSort(by)}
}

// joinedTo gives the partition of the notes of a record, and how their sort keys begin.
func joinedTo(organization, edition string, joined record.Key) (partition, prefix string) {
	hash := hashed(recordSort(joined))[:32]
	return joinedPartition(organization, edition, shardOf(hash, joinedShards)), hash + separator
}

// parseJoinedSort reads the record that joined another of what joinedKey wrote.
func parseJoinedSort(organization, sk string) (record.Key, error) {
	_, by, _ := strings.Cut(sk, separator)
	return parseRecordSort(organization, by)
}

// prefixRange gives the lowest and the highest sort key that begin with a prefix, which ends with the separator.
func prefixRange(prefix string) (low, high string) {
	return prefix, prefix[:len(prefix)-1] + string(separator[0]+1)
}

// problemsPartition holds one shard of the notes of problems. Query: the notes of an edition, shard after shard; DropEdition.
func problemsPartition(organization, edition string, shard int) string {
	return join(organization, "problems", edition, fmt.Sprint(shard))
}

// problemKey is the place of the note that somebody must look at a record. SaveFootprint.
func problemKey(organization, edition string, k record.Key) primary {
	return primary{problemsPartition(organization, edition, shardOf(k.ID, problemShards)), recordSort(k)}
}

// Work: standings
// ---------------

// unitsPartition holds one shard of the units of an edition: all periods of a participant are neighbours in one of them.
// Query: the units of a participant, newest first; DropEdition.
func unitsPartition(organization, edition string, shard int) string {
	return join(organization, "units", edition, fmt.Sprint(shard))
}

// unitKey is the place of the generation of a unit. Touch, Touched, SaveStanding of a generation of 0.
func unitKey(u incentive.Unit) primary {
	at, prefix := unitsOf(u.Organization, u.Edition, u.Participant)
	return primary{at, prefix + u.Period}
}

// unitsOf gives the partition of the units of a participant, and how their sort keys begin.
func unitsOf(organization, edition, participant string) (partition, prefix string) {
	return unitsPartition(organization, edition, shardOf(participant, unitShards)), join(participant) + separator
}

// parseUnitSort reads the participant and the period of what unitKey wrote.
func parseUnitSort(sk string) (participant, period string, err error) {
	first, period, _ := strings.Cut(sk, separator)
	parts, err := split(first, 1)
	if err != nil {
		return "", "", err
	}
	return parts[0], period, nil
}

// standingsPartition holds one shard of the standings of a period. Query: the standings of a period by participant, merged
// from all shards.
func standingsPartition(organization, edition, period string, shard int) string {
	return join(organization, "standings", edition, period, fmt.Sprint(shard))
}

// standingKey is the place of one standing. SaveStanding, SaveRanks, Standing.
func standingKey(u incentive.Unit) primary {
	return primary{standingsPartition(u.Organization, u.Edition, u.Period, shardOf(u.Participant, standingShards)), sortable(u.Participant)}
}

// Work: runs of editions
// ----------------------

// editionRunKey is the place of the run of an edition. SaveRun, EditionRun, DropRun.
func editionRunKey(organization, edition string) primary {
	return primary{join(organization, "editions"), sortable(edition)}
}

// partsPartition holds the parts of a run. Query: all of them.
func partsPartition(organization, edition, run string) string {
	return join(organization, "parts", edition, run)
}

// partKey is the place of one part. FinishPart.
func partKey(organization, edition, run string, number int) primary {
	return primary{partsPartition(organization, edition, run), revSort(int64(number))}
}
