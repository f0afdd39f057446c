package dynamo

import "strconv"

// gameShards is over how many partitions the places of participants are spread.
const gameShards = 4

// Tenancy: games
// --------------

// gameRulesKey is the place of an organization's rules. SaveGameRules, GameRules.
func gameRulesKey(organization string) primary {
	return primary{join(organization, "gamerules"), single}
}

// pointsKey is the place of what was asked for to be done with points. SavePoints, PointsOf.
func pointsKey(organization, id string) primary {
	return primary{join(organization, "points", id), single}
}

// Work: games
// -----------

// gameStateKey is the place of where a participant stands. SaveGameState, GameState.
func gameStateKey(organization, participant string) primary {
	return primary{join(organization, "gamestate", participant), single}
}

// activityKey is the place of the note that an activity was taken in. SaveGameState, ActivityTaken.
func activityKey(organization, participant, id string) primary {
	return primary{join(organization, "activities", participant), sortable(id)}
}

// gamePlacesPartition holds one shard of the places of participants. Query: all of them, shard after shard.
func gamePlacesPartition(organization string, shard int) string {
	return join(organization, "gameplaces", strconv.Itoa(shard))
}

// gamePlaceKey is the place of a participant's place. SaveGameState.
func gamePlaceKey(organization, participant string) primary {
	return primary{gamePlacesPartition(organization, shardOf(participant, gameShards)), sortable(participant)}
}
