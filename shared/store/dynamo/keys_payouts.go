package dynamo

import (
	"strconv"
	"strings"
	"time"
)

// paymentShards spreads the payments of a batch, which are all written within minutes. It is part of what is stored.
const paymentShards = 8

// Ledger: batches of payments
// ---------------------------

// payoutBatchKey is the place of one batch. SavePayoutBatch, PayoutBatch, PayoutBatches.
func payoutBatchKey(organization, id string) primary {
	return primary{join(organization, "payout", id), single}
}

// payoutsPartition holds notes which batches there are. Query: the batches, newest first.
func payoutsPartition(organization string) string {
	return join(organization, "payouts")
}

// payoutNoteKey is the place of one such note. SavePayoutBatch of a new batch.
func payoutNoteKey(organization string, created time.Time, id string) primary {
	return primary{payoutsPartition(organization), payoutSort(created, id)}
}

// payoutSort orders batches by time, then by id.
func payoutSort(created time.Time, id string) string {
	return created.UTC().Format("2006-01-02T15:04:05.000000000Z") + separator + id
}

// parsePayoutSort reads the id of what payoutSort wrote.
func parsePayoutSort(sk string) string {
	_, id, _ := strings.Cut(sk, separator)
	return id
}

// paymentsPartition holds one shard of the payments of a batch. Query: the payments, shard after shard.
func paymentsPartition(organization, batch string, shard int) string {
	return join(organization, "payments", batch, strconv.Itoa(shard))
}

// paymentKey is the place of one payment. SavePayment, Payment, PaymentsOf.
func paymentKey(organization, batch, participant string) primary {
	return primary{paymentsPartition(organization, batch, shardOf(participant, paymentShards)), sortable(participant)}
}

// paymentsOfPartition holds notes in which batches a participant is. Query: those of one, newest first.
func paymentsOfPartition(organization, participant string) string {
	return join(organization, "payments of", participant)
}

// paymentNoteKey is the place of one such note. SavePayment of a new payment.
func paymentNoteKey(organization, participant string, created time.Time, batch string) primary {
	return primary{paymentsOfPartition(organization, participant), payoutSort(created, batch)}
}

// payoutPartsPartition holds what is stored of the parts of long work on a batch, apart by what it says: "plan", "outcome" or "done".
// Query: all of them by number.
func payoutPartsPartition(organization, batch, run, what string) string {
	return join(organization, "payout parts", batch, run, what)
}

// payoutPartKey is the place of one. PlanPayoutPart, PayoutPlan, DecidePayoutPart, PayoutOutcome, FinishPayoutPart.
func payoutPartKey(organization, batch, run, what string, part int) primary {
	return primary{payoutPartsPartition(organization, batch, run, what), revSort(int64(part))}
}
