package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// ProgramPeriod is a period of a program.
type ProgramPeriod struct {
	Name  string `json:"name" example:"2026-11"`
	Kind  string `json:"kind" enum:"day,week,month,quarter,half,year"`
	From  string `json:"from" doc:"The first day."`
	Until string `json:"until" doc:"The day when it ends, which is not in it."`
}

func showPeriod(p calendar.Period) ProgramPeriod {
	return ProgramPeriod{Name: p.Name, Kind: string(p.Kind), From: string(p.From), Until: string(p.Until)}
}

// Standings are a page of a leaderboard.
type Standings struct {
	Program  string        `json:"program"`
	Name     string        `json:"name"`
	Kind     string        `json:"kind" enum:"commission,contest"`
	Period   ProgramPeriod `json:"period"`
	Currency string        `json:"currency" example:"EUR"`
	Forecast bool          `json:"forecast" doc:"The period is not over: ranks and what depends on all of its deals may change."`
	Items    []Standing    `json:"items" nullable:"false" doc:"By rank; who has none comes last."`
	Next     string        `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
}

// Standing is what somebody has come to in a period.
type Standing struct {
	Rank        int            `json:"rank,omitempty" doc:"Absent for who is not ranked."`
	Participant string         `json:"participant" doc:"A member, or a team as team: and its name." example:"mem_4f0c9a2b1x7z"`
	Name        string         `json:"name,omitempty"`
	Score       string         `json:"score,omitempty" doc:"What is ranked by, exact: a number, or a fraction of two. Of what was earned it counts minor units." example:"1234.5"`
	ReachedAt   *time.Time     `json:"reached_at,omitempty" doc:"When the score was reached."`
	Earned      *Money         `json:"earned,omitempty" doc:"Absent for those whose figures are not seen, and so are the following."`
	Payable     *Money         `json:"payable,omitempty" doc:"Earned, with draws, holds and prizes."`
	Figures     []ScoredFigure `json:"figures,omitempty" nullable:"false" doc:"Component by component."`
	Prizes      []WonPrize     `json:"prizes,omitempty" nullable:"false"`
	UpdatedAt   time.Time      `json:"updated_at" doc:"When it was reckoned last."`
}

// ScoredFigure is a component's part of a standing.
type ScoredFigure struct {
	Component  string `json:"component"`
	Version    int    `json:"version"`
	Credits    int    `json:"credits" doc:"How many the measure looked at."`
	Measure    string `json:"measure" doc:"What they add up to, exact."`
	Quota      string `json:"quota,omitempty"`
	Attainment string `json:"attainment,omitempty" doc:"The measure by the quota: 1 is 100 %."`
	Amount     Money  `json:"amount"`
	Why        string `json:"why,omitempty" doc:"Where nothing is paid: the code of the reason." example:"no_credit"`
}

// WonPrize is what a rank or a milestone wins.
type WonPrize struct {
	Rank      int    `json:"rank,omitempty"`
	Milestone string `json:"milestone,omitempty" doc:"The value that was reached."`
	Amount    *Money `json:"amount,omitempty"`
	Points    string `json:"points,omitempty"`
	Thing     string `json:"thing,omitempty"`
	Note      string `json:"note,omitempty"`
}

func (h *handler) registerStandings(api huma.API) {
	register(api, h, route{
		id: "get-standings", method: http.MethodGet, path: "/v1/programs/{program}/standings", tag: "standings", needs: tenant.Reader,
		summary: "Get a leaderboard",
		text:    "Of the present period, or another. In a contest everybody sees all ranks and scores, and the amounts of those whose figures they see; of a commission plan only those are listed.",
		errors:  []int{400, 404, 409},
	}, h.getStandings)
	register(api, h, route{
		id: "list-statements", method: http.MethodGet, path: "/v1/programs/{program}/participants/{participant}/statements", tag: "standings", needs: tenant.Reader,
		summary: "List the statements of a participant", text: "Newest period first. `me` stands for the caller's own member.", errors: []int{400, 404, 409},
	}, h.listStatements)
	register(api, h, route{
		id: "get-statement", method: http.MethodGet, path: "/v1/programs/{program}/participants/{participant}/statements/{period}", tag: "standings", needs: tenant.Reader,
		summary: "Get a statement",
		text:    "What somebody earned in a period, down to each part of each deal: reckoned again from its stored input, and held against what was stored. Lines come in pages, with the credits that they name; credits that no line names follow them.",
		errors:  []int{400, 404, 409},
	}, h.getStatement)
	register(api, h, route{
		id: "list-credits", method: http.MethodGet, path: "/v1/programs/{program}/participants/{participant}/credits", tag: "standings", needs: tenant.Reader,
		summary: "List the credits of a participant", text: "By day: those of the present period, or of the days that are asked for.", errors: []int{400, 404, 409},
	}, h.listCredits)
	register(api, h, route{
		id: "estimate", method: http.MethodPost, path: "/v1/programs/{program}/estimates", tag: "standings", needs: tenant.Reader, reads: true,
		summary: "Estimate what deals would bring", text: "If I close this: what the participant's period would come to, before and after. Nothing is written.", errors: []int{400, 404, 409, 413, 415},
	}, h.estimate)
}

type getStandingsInput struct {
	ProgramInput
	PageInput
	Period string `query:"period" maxLength:"20" doc:"By its name; the present one if left out." example:"2026-11"`
}

type standingsOutput struct{ Body Standings }

func (h *handler) getStandings(ctx context.Context, c caller, in *getStandingsInput) (*standingsOutput, error) {
	p, versions, err := h.showing(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	board, err := h.incentives.Board(ctx, p, in.Period)
	if err != nil {
		return nil, noPeriod(err, in.Period)
	}
	d := definitionOn(versions, board.Period.Until.AddDays(-1))
	shown, err := page(ctx, h, c, in.PageInput, listing[incentive.Standing, Standing]{
		scope: []string{"standings", p.ID, p.Live.ID, board.Period.Name},
		read:  inMemory(board.Standings),
		show: func(s incentive.Standing) (Standing, int, bool) {
			out, sees := showStanding(s), sight.sees(s.Participant)
			out.Name = nameIn(sight.members, s.Participant)
			if !sees {
				out.Earned, out.Payable, out.Figures = nil, nil, nil
				for i := range out.Prizes {
					out.Prizes[i].Amount = nil
				}
			}
			return out, 1024 + 512*len(out.Figures) + 512*len(out.Prizes), sees || d.Kind == program.Contest
		},
	})
	return &standingsOutput{Standings{Program: p.ID, Name: p.Name, Kind: string(d.Kind), Period: showPeriod(board.Period), Currency: d.Currency, Forecast: board.Open,
		Items: shown.Items, Next: shown.Next}}, err
}

// showing reads a program and the versions of what it shows.
func (h *handler) showing(ctx context.Context, c caller, id string) (program.Program, []program.Version, error) {
	p, err := h.program(ctx, c, id)
	if err != nil {
		return p, nil, err
	}
	versions, err := h.incentives.Shown(ctx, p)
	return p, versions, err
}

// noPeriod says that there is no period of a name, where that is wrong.
func noPeriod(err error, name string) error {
	if f := fault.Of(err); f != nil && f.Code == calendar.CodePeriod {
		return fault.New(fault.NotFound, "not_found", "There is no period %q: %s", name, f.Message)
	}
	return err
}

// definitionOn gives what is in force on a day: the first version before all, the last one after.
func definitionOn(versions []program.Version, on calendar.Date) program.Definition {
	for _, v := range versions {
		if v.Until == "" || on < v.Until {
			return v.Definition
		}
	}
	return versions[len(versions)-1].Definition
}

// ParticipantInput names a participant of a program.
type ParticipantInput struct {
	ProgramInput
	Participant string `path:"participant" maxLength:"250" doc:"A member, a team as team: and its name, or me." example:"me"`
}

// seen gives the program and the participant that a path names, if the caller sees the figures.
func (h *handler) seen(ctx context.Context, c caller, in ParticipantInput) (program.Program, []program.Version, string, sight, error) {
	p, versions, err := h.showing(ctx, c, in.Program)
	if err != nil {
		return p, nil, "", sight{}, err
	}
	s, err := h.sight(ctx, c)
	if err != nil {
		return p, nil, "", s, err
	}
	who, err := s.participant(in.Participant)
	return p, versions, who, s, err
}

type listStatementsInput struct {
	ParticipantInput
	PageInput
}

// StatementSummary is what somebody's period came to.
type StatementSummary struct {
	Period    ProgramPeriod  `json:"period"`
	Forecast  bool           `json:"forecast" doc:"The period is not over."`
	Earned    Money          `json:"earned"`
	Payable   Money          `json:"payable"`
	Rank      int            `json:"rank,omitempty" doc:"Where ranks win prizes."`
	Figures   []ScoredFigure `json:"figures" nullable:"false"`
	Prizes    []WonPrize     `json:"prizes" nullable:"false"`
	UpdatedAt time.Time      `json:"updated_at"`
}

type statementsOutput struct{ Body list[StatementSummary] }

func (h *handler) listStatements(ctx context.Context, c caller, in *listStatementsInput) (*statementsOutput, error) {
	p, versions, who, _, err := h.seen(ctx, c, in.ParticipantInput)
	if err != nil {
		return nil, err
	}
	d := versions[len(versions)-1].Definition
	today := h.todayOf(d)
	body, err := page(ctx, h, c, in.PageInput, listing[incentive.Standing, StatementSummary]{
		scope: []string{"statements", p.ID, p.Live.ID, who},
		read: func(ctx context.Context, page store.Page) ([]incentive.Standing, string, error) {
			return h.Credits.StandingsOf(ctx, c.organization, p.Live.ID, who, page)
		},
		show: func(s incentive.Standing) (StatementSummary, int, bool) {
			of, err := d.Calendar.Named(d.Period, s.Period)
			one := showStanding(s)
			out := StatementSummary{Period: showPeriod(of), Forecast: today < of.Until, Earned: *one.Earned, Payable: *one.Payable, Rank: one.Rank, Figures: one.Figures,
				Prizes: one.Prizes, UpdatedAt: s.At}
			return out, 1024 + 512*len(out.Figures) + 512*len(out.Prizes), err == nil
		},
	})
	return &statementsOutput{body}, err
}

func showStanding(s incentive.Standing) Standing {
	earned, payable := showMoney(s.Earned, s.Currency), showMoney(s.Payable, s.Currency)
	out := Standing{Rank: s.Rank, Participant: s.Participant, Score: s.Score, ReachedAt: someTime(s.Reached), Earned: &earned, Payable: &payable,
		Figures: []ScoredFigure{}, Prizes: []WonPrize{}, UpdatedAt: s.At}
	for _, f := range s.Figures {
		out.Figures = append(out.Figures, ScoredFigure{Component: f.Component, Version: f.Version, Credits: f.Credits, Measure: f.Measure, Quota: f.Quota,
			Attainment: f.Attainment, Amount: showMoney(f.Amount, s.Currency), Why: f.Why})
	}
	for _, w := range s.Prizes {
		prize := WonPrize{Rank: w.Rank, Milestone: w.Milestone, Points: w.Points, Thing: w.Thing, Note: w.Note}
		if w.Amount != 0 {
			amount := showMoney(w.Amount, s.Currency)
			prize.Amount = &amount
		}
		out.Prizes = append(out.Prizes, prize)
	}
	return out
}
