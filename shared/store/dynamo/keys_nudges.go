package dynamo

import "strconv"

// nudgeShards is over how many partitions the log of nudges is spread: when a period is locked, all who took part are told at once.
const nudgeShards = 4

// Tenancy: nudges
// ---------------

// nudgeSetupKey is the place of what an organization says about nudges. SaveNudgeSetup, NudgeSetup.
func nudgeSetupKey(organization string) primary {
	return primary{join(organization, "nudgesetup"), single}
}

// nudgePreferenceKey is the place of what a person says. SaveNudgePreference, NudgePreference.
func nudgePreferenceKey(organization, member string) primary {
	return primary{join(organization, "nudgepreferences"), sortable(member)}
}

// Work: nudges
// ------------

// nudgeStateKey is the place of what a person was told. SaveNudgeState, NudgeState.
func nudgeStateKey(organization, member string) primary {
	return primary{join(organization, "nudgestate", member), single}
}

// nudgeBoardKey is the place of the ranks that were seen last. SaveNudgeBoard, NudgeBoard.
func nudgeBoardKey(organization, program, period string) primary {
	return primary{join(organization, "nudgeboard", program, period), single}
}

// nudgesPartition holds the nudges of a person. Query: those of the inbox, newest first.
func nudgesPartition(organization, member string) string {
	return join(organization, "nudges", member)
}

// nudgeKey is the place of one nudge. TellNudge, Nudge, SaveNudge, MarkNudgeRead.
func nudgeKey(organization, member, id string) primary {
	return primary{nudgesPartition(organization, member), sortable(id)}
}

// nudgeLogPartition holds one shard of the notes of an organization's nudges. Query: newest first, shards merged.
func nudgeLogPartition(organization string, shard int) string {
	return join(organization, "nudgelog", strconv.Itoa(shard))
}

// nudgeLogKey is the place of the note of one nudge. TellNudge.
func nudgeLogKey(organization, id string) primary {
	return primary{nudgeLogPartition(organization, shardOf(id, nudgeShards)), sortable(id)}
}
