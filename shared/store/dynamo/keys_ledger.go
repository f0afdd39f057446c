package dynamo

import "strconv"

// bookShards spreads the books of an organization: a period that is locked writes to each of them within minutes, and a partition
// takes a thousand writes a second. It is part of what is stored.
const bookShards = 8

// Ledger: books, rows, causes, roots
// ----------------------------------

// booksPartition holds one shard of the books of an organization. Query: the books, shard after shard.
func booksPartition(organization string, shard int) string {
	return join(organization, "books", strconv.Itoa(shard))
}

// bookKey is the place of a participant's book. Append, Book.
func bookKey(organization, participant string) primary {
	return primary{booksPartition(organization, shardOf(participant, bookShards)), sortable(participant)}
}

// rowsPartition holds the rows of a participant. Query: the rows by number, from either end.
func rowsPartition(organization, participant string) string {
	return join(organization, "rows", participant)
}

// rowKey is the place of one row. Append, Row.
func rowKey(organization, participant string, number int64) primary {
	return primary{rowsPartition(organization, participant), revSort(number)}
}

// causeKey is the place of the note which row of a participant has a cause. The cause's id is hashed, for it may be long.
// Append, Posted.
func causeKey(organization, participant, cause string) primary {
	return primary{join(organization, "causes", participant), hashed(cause)}
}

// rootsPartition holds the roots of an organization: one for each period that is locked. Query: the roots, newest first.
func rootsPartition(organization string) string {
	return join(organization, "roots")
}

// rootKey is the place of one root. SaveRoot.
func rootKey(organization string, number int64) primary {
	return primary{rootsPartition(organization), revSort(number)}
}
