package store

import (
	"context"
	"time"

	"leadline/shared/game"
)

// ActivityLife is for how long it is known which activities were taken in. None may be older than a part of it when it comes.
const ActivityLife = 400 * 24 * time.Hour

// Games keeps the rules of games, where participants stand in them, and why points were given and taken. The points themselves are
// in the Ledger.
type Games interface {
	// SaveGameRules replaces the rules of an organization if the stored Rev is still r.Rev-1 (0: none are stored); Conflict (CodeStale).
	SaveGameRules(ctx context.Context, r game.Rules) error
	// GameRules reads them, consistently: those of Rev 0 if none are stored.
	GameRules(ctx context.Context, organization string) (game.Rules, error)

	// SaveGameState replaces where a participant stands if the stored Rev is still s.Rev-1, and with it notes the activity that was
	// taken in (nil for none), all or nothing; Conflict (CodeStale), Conflict (CodeTaken) if the activity was taken in before.
	SaveGameState(ctx context.Context, s game.State, taken *game.Activity) error
	// GameState reads it, consistently: one of Rev 0 if none is stored.
	GameState(ctx context.Context, organization, participant string) (game.State, error)
	// GamePlaces pages through where the participants of an organization stand, without the details, in an order that means nothing,
	// eventually consistent: about 150 bytes each.
	GamePlaces(ctx context.Context, organization string, page Page) (places []game.Place, next string, err error)
	// ActivityTaken tells, consistently, whether an activity was taken in.
	ActivityTaken(ctx context.Context, organization, participant, id string) (bool, error)

	// SavePoints stores what was asked for, unless something is stored under its ID, and gives what stands: one conditional write.
	SavePoints(ctx context.Context, p game.Points) (stands game.Points, err error)
	// PointsOf reads what was asked for by ids, consistently: those that there are, at most MaxLimit at once.
	PointsOf(ctx context.Context, organization string, ids []string) (map[string]game.Points, error)
}
