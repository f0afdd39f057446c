package dynamo

import "time"

// Work: disputes
// --------------

// disputesPartition holds the disputes of an organization. Query: the disputes, newest first.
func disputesPartition(organization string) string {
	return join(organization, "disputes")
}

// disputeKey is the place of one dispute, among the others by the time when it was opened. SaveDispute, Dispute, DisputesOf.
func disputeKey(organization string, opened time.Time, id string) primary {
	return primary{disputesPartition(organization), changeSort(opened, id)}
}

// disputeTimeKey is the place of the note when a dispute was opened, found by its id. SaveDispute, Dispute.
func disputeTimeKey(organization, id string) primary {
	return primary{join(organization, "dispute", id), single}
}

// disputesOfPartition holds notes which disputes there are of one participant. Query: those of one, newest first.
func disputesOfPartition(organization, participant string) string {
	return join(organization, "disputes of", participant)
}

// disputeOfKey is the place of one such note: its sort key is that of the dispute. SaveDispute.
func disputeOfKey(organization, participant string, opened time.Time, id string) primary {
	return primary{disputesOfPartition(organization, participant), changeSort(opened, id)}
}

// disputeSettingKey is the place of what an organization says about disputes. SaveDisputeSetting, DisputeSetting.
func disputeSettingKey(organization string) primary {
	return primary{join(organization, "dispute setting"), single}
}
