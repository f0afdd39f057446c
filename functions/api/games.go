package main

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/game"
	games "leadline/shared/game/keeper"
	"leadline/shared/problem"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// GameRules are an organization's, with their changes counted.
type GameRules struct {
	game.Rules
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
	Rev       int64      `json:"rev" doc:"Counts the changes; 0 for rules that nobody wrote. Its ETag."`
}

// GameProfile is where somebody stands in the game.
type GameProfile struct {
	Participant string       `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Name        string       `json:"name,omitempty"`
	Points      string       `json:"points" doc:"What there is to spend." example:"112.5"`
	Awarded     string       `json:"awarded" doc:"Ever awarded, less what was revoked." example:"500"`
	Level       *GameLevel   `json:"level,omitempty"`
	NextLevel   *GameLevel   `json:"next_level,omitempty"`
	Tier        *GameTier    `json:"tier,omitempty"`
	Badges      []GameBadge  `json:"badges" nullable:"false" doc:"Newest first."`
	Streaks     []GameStreak `json:"streaks" nullable:"false"`
}

// GameLevel is a level.
type GameLevel struct {
	Number int    `json:"number" example:"3"`
	Name   string `json:"name"`
	Points string `json:"points,omitempty" doc:"From how many points awarded on." example:"500"`
}

// GameTier is somebody's tier.
type GameTier struct {
	Name  string `json:"name" example:"gold"`
	Since string `json:"since" example:"2026-11-01"`
	Below string `json:"below,omitempty" doc:"Since when the figure is below it, so that it is lost when the time of grace is over."`
}

// GameBadge is a badge that somebody has.
type GameBadge struct {
	ID     string    `json:"id" example:"quota_club"`
	Name   string    `json:"name"`
	Text   string    `json:"text,omitempty"`
	Period string    `json:"period,omitempty" doc:"The period that it was given for." example:"2026-11"`
	At     time.Time `json:"at"`
}

// GameStreak is how long a streak is.
type GameStreak struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Current int    `json:"current" doc:"Periods in a row; 0 once it is broken."`
	Best    int    `json:"best"`
}

// GamePlace is somebody's place on the board of points.
type GamePlace struct {
	Rank        int    `json:"rank" doc:"The same for the same points." example:"1"`
	Participant string `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Name        string `json:"name,omitempty"`
	Awarded     string `json:"awarded" doc:"Points ever awarded, less what was revoked." example:"500"`
	Level       string `json:"level,omitempty"`
	Tier        string `json:"tier,omitempty"`
	Badges      int    `json:"badges"`
}

func (h *handler) registerGames(api huma.API) {
	register(api, h, route{
		id: "get-game-rules", method: http.MethodGet, path: "/v1/game/rules", tag: "points", needs: tenant.Reader,
		summary: "Get the rules of the game", text: "Which activities count, badges, levels, streaks, tiers, and what money is worth in points.",
	}, h.getGameRules)
	register(api, h, route{
		id: "set-game-rules", method: http.MethodPut, path: "/v1/game/rules", tag: "points", needs: tenant.Admin, body: 256 << 10,
		summary: "Write the rules of the game", text: "All of them at once. What was given by other rules stays given.", errors: []int{400, 409, 412, 413, 415},
	}, h.setGameRules)
	register(api, h, route{
		id: "add-activity", method: http.MethodPost, path: "/v1/activities", tag: "points", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Say that somebody did something", text: "A form submitted, a competition entered, any kind that the rules declare. It counts once, however often it is sent with the same id.", errors: []int{400, 404, 413, 415},
	}, h.addActivity)
	register(api, h, route{
		id: "get-game", method: http.MethodGet, path: "/v1/participants/{participant}/game", tag: "points", needs: tenant.Reader,
		summary: "Get where a participant stands in the game", text: "Points, level, tier, badges, streaks.", errors: []int{404},
	}, h.getGame)
	register(api, h, route{
		id: "list-game-board", method: http.MethodGet, path: "/v1/game/board", tag: "points", needs: tenant.Reader,
		summary: "List participants by points", text: "Those whose figures the caller sees, most points ever awarded first; ranks are those among all.", errors: []int{400},
	}, h.listGameBoard)
}

type gameRulesOutput struct {
	ETag string `header:"ETag"`
	Body GameRules
}

func showGameRules(r game.Rules) *gameRulesOutput {
	return &gameRulesOutput{ETag: etag(r.Rev), Body: GameRules{Rules: r, UpdatedAt: orNil(r.UpdatedAt), Rev: r.Rev}}
}

func (h *handler) getGameRules(ctx context.Context, c caller, _ *struct{}) (*gameRulesOutput, error) {
	r, err := h.Games.GameRules(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	return showGameRules(r), nil
}

type setGameRulesInput struct {
	MatchInput
	Body game.Rules
}

func (h *handler) setGameRules(ctx context.Context, c caller, in *setGameRulesInput) (*gameRulesOutput, error) {
	before, err := h.Games.GameRules(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, before.Rev); err != nil {
		return nil, err
	}
	r := in.Body
	r.Organization, r.UpdatedAt, r.Rev = c.organization, h.Now().UTC(), before.Rev+1
	found := r.Check()
	for _, named := range r.Programs() {
		if _, err := h.Programs.Program(ctx, c.organization, named.Message); fault.Is(err, fault.NotFound) {
			found = append(found, game.Mistake{Place: named.Place, Message: "There is no program " + named.Message + "."})
		} else if err != nil {
			return nil, err
		}
	}
	if len(found) > 0 {
		d := &problem.Detailed{Fault: fault.New(fault.Invalid, "invalid_rules", "The rules cannot be as they are.")}
		for _, m := range found {
			d.Parts = append(d.Parts, problem.Part{Location: "body." + m.Place, Message: m.Message})
		}
		return nil, d
	}
	if err := stale(h.Games.SaveGameRules(ctx, r), in.IfMatch); err != nil {
		return nil, err
	}
	return showGameRules(r), nil
}

const (
	// oldestActivity is how old one may be that is told of: caps count for that long.
	oldestActivity = 60 * 24 * time.Hour
	// newestActivity is how far ahead of our clock another's may be.
	newestActivity = time.Hour
)

type addActivityInput struct {
	Body struct {
		Participant string     `json:"participant" minLength:"1" maxLength:"128" example:"mem_4f0c9a2b1x7z"`
		Kind        string     `json:"kind" minLength:"1" maxLength:"40" example:"form_submitted"`
		ID          string     `json:"id" minLength:"1" maxLength:"200" doc:"The caller's own: the same id of the same participant is the same activity." example:"form-2026-11-22-17"`
		At          *time.Time `json:"at,omitempty" doc:"When it was done, at most 60 days ago; now if left out."`
	} `nameHint:"NewActivity"`
}

// AcceptedActivity is an activity that was taken note of.
type AcceptedActivity struct {
	Participant string    `json:"participant"`
	Kind        string    `json:"kind"`
	ID          string    `json:"id"`
	At          time.Time `json:"at"`
}

type activityOutput struct{ Body AcceptedActivity }

func (h *handler) addActivity(ctx context.Context, c caller, in *addActivityInput) (*activityOutput, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	rules, err := h.Games.GameRules(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	now := h.Now().UTC()
	a := game.Activity{Organization: c.organization, ID: in.Body.ID, Kind: in.Body.Kind, At: now}
	if a.Participant, err = sight.participant(in.Body.Participant); err != nil {
		return nil, err
	}
	if in.Body.At != nil {
		a.At = in.Body.At.UTC()
	}
	if _, declared := rules.Kind(a.Kind); !declared {
		return nil, fault.New(fault.Invalid, "unknown_activity", "The rules of the game have no activity %q. Declare it there first.", a.Kind)
	}
	if a.At.Before(now.Add(-oldestActivity)) || a.At.After(now.Add(newestActivity)) {
		return nil, fault.New(fault.Invalid, "out_of_range", "An activity is told of within 60 days, and not before it is done.")
	}
	if err := games.Send(ctx, h.Nudge, games.Message{Of: games.Activity, Organization: c.organization, Activity: &a}); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "unavailable", "api: hand on an activity")
	}
	return &activityOutput{AcceptedActivity{Participant: a.Participant, Kind: a.Kind, ID: a.ID, At: a.At}}, nil
}

type getGameInput struct{ ParticipantPath }

type gameOutput struct{ Body GameProfile }

func (h *handler) getGame(ctx context.Context, c caller, in *getGameInput) (*gameOutput, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	who, err := sight.participant(in.Participant)
	if err != nil {
		return nil, err
	}
	rules, err := h.Games.GameRules(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	s, err := h.Games.GameState(ctx, c.organization, who)
	if err != nil {
		return nil, err
	}
	book, err := h.finance.Ledger.Book(ctx, c.organization, who)
	if err != nil {
		return nil, err
	}
	left, _ := game.Balance(book)
	out := GameProfile{Participant: who, Name: nameIn(sight.members, who), Points: game.Text(left), Awarded: game.Text(s.Awarded), Badges: []GameBadge{}, Streaks: []GameStreak{}}
	if s.Level > 0 {
		out.Level = &GameLevel{Number: s.Level, Name: s.LevelName}
	}
	if s.Level < len(rules.Levels) {
		next := rules.Levels[s.Level]
		out.NextLevel = &GameLevel{Number: s.Level + 1, Name: next.Name, Points: next.Points}
	}
	if s.Tier.Name != "" {
		out.Tier = &GameTier{Name: s.Tier.Name, Since: string(s.Tier.Since), Below: string(s.Tier.Below)}
	}
	for _, held := range slices.Backward(s.Badges) {
		b := GameBadge{ID: held.Badge, Name: held.Name, Period: held.Period, At: held.At}
		if i := slices.IndexFunc(rules.Badges, func(b game.Badge) bool { return b.ID == held.Badge }); i >= 0 {
			b.Text = rules.Badges[i].Text
		}
		out.Badges = append(out.Badges, b)
	}
	today := games.DateOf(rules, h.Now())
	for _, one := range rules.Streaks {
		out.Streaks = append(out.Streaks, GameStreak{ID: one.ID, Name: one.Name, Current: s.Running(one, today), Best: s.Best[one.ID]})
	}
	return &gameOutput{out}, nil
}

type gameBoardOutput struct{ Body list[GamePlace] }

func (h *handler) listGameBoard(ctx context.Context, c caller, in *PageInput) (*gameBoardOutput, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	var all []game.Place
	for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]game.Place, string, error) {
		return h.Games.GamePlaces(ctx, c.organization, page)
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b game.Place) int {
		return cmp.Or(cmp.Compare(b.Awarded, a.Awarded), cmp.Compare(a.Participant, b.Participant))
	})
	var seen []GamePlace
	rank := 0
	for i, p := range all {
		if i == 0 || p.Awarded != all[i-1].Awarded {
			rank = i + 1
		}
		if sight.known(p.Participant) && sight.sees(p.Participant) {
			seen = append(seen, GamePlace{Rank: rank, Participant: p.Participant, Name: nameIn(sight.members, p.Participant), Awarded: game.Text(p.Awarded), Level: p.LevelName, Tier: p.Tier, Badges: p.Badges})
		}
	}
	body, err := page(ctx, h, c, *in, listing[GamePlace, GamePlace]{
		scope: []string{"game board"}, read: inMemory(seen),
		show: func(p GamePlace) (GamePlace, int, bool) { return p, 512, true },
	})
	return &gameBoardOutput{body}, err
}
