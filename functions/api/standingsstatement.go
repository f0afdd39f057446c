package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/program"
	"leadline/shared/store"
)

// Statement is what somebody earned in a period, and why. Numbers in texts are exact: decimals, or fractions of two. All lines
// of all pages sum to payable without prizes; those of components and limits, but for draws and their recovery, to earned.
type Statement struct {
	Program     string               `json:"program"`
	Participant string               `json:"participant"`
	Name        string               `json:"name,omitempty"`
	Period      ProgramPeriod        `json:"period"`
	Currency    string               `json:"currency" example:"EUR"`
	Forecast    bool                 `json:"forecast" doc:"The period is not over: what depends on all of its deals may change."`
	Earned      Money                `json:"earned" doc:"What components and limits come to."`
	Payable     Money                `json:"payable" doc:"Earned, with draws, what is held back and released, and prizes."`
	Rank        int                  `json:"rank,omitempty" doc:"Where ranks win prizes."`
	Prizes      []WonPrize           `json:"prizes" nullable:"false"`
	Versions    []StatementVersion   `json:"versions" nullable:"false" doc:"The versions in force in the period."`
	Components  []StatementComponent `json:"components" nullable:"false" doc:"In the order of the plan; a component of two versions in one period stands here twice."`
	Limits      []StatementLimit     `json:"limits" nullable:"false" doc:"What limits did to the sum, in their order; those that changed nothing are left out."`
	Carried     StatementCarried     `json:"carried" doc:"What the next period begins with."`
	Lines       []StatementLine      `json:"lines" nullable:"false" doc:"The parts that the amounts are made of, a page of them: of components, then limits, then what is held back or released."`
	Credits     []Credit             `json:"credits" nullable:"false" doc:"The credits that the lines of this page name; behind the last line, those that no line names."`
	Next        string               `json:"next,omitempty" doc:"The cursor of the next page of lines and credits; absent on the last."`
	Reproduced  bool                 `json:"reproduced" doc:"Reckoned again from the stored input, it is what was stored, to the byte. False only where another revision of the engine made it."`
	InputHash   string               `json:"input_hash" doc:"Names the stored input."`
	ResultHash  string               `json:"result_hash" doc:"That of the stored result."`
	UpdatedAt   time.Time            `json:"updated_at" doc:"When it was reckoned last."`
}

// StatementVersion is a version in force in the period.
type StatementVersion struct {
	ProgramInForce
	Title string `json:"title"`
}

// StatementComponent is what a component comes to.
type StatementComponent struct {
	Component  string          `json:"component"`
	Title      string          `json:"title,omitempty"`
	Version    int             `json:"version"`
	Credits    int             `json:"credits" doc:"How many the measure looked at."`
	Measure    string          `json:"measure" doc:"What they add up to."`
	Count      int             `json:"count"`
	Quota      string          `json:"quota,omitempty"`
	Attainment string          `json:"attainment,omitempty" doc:"The measure by the quota: 1 is 100 %."`
	Target     string          `json:"target,omitempty" doc:"The variable pay at target."`
	Goals      []StatementGoal `json:"goals,omitempty" nullable:"false" doc:"How quota and target came about."`
	Exact      string          `json:"exact" doc:"What the lines come to before the rounding, in major units."`
	Amount     Money           `json:"amount"`
	Why        *StatementWhy   `json:"why,omitempty" doc:"Where nothing is paid: the reason."`
}

// StatementGoal is one piece of a quota or target.
type StatementGoal struct {
	Target bool   `json:"target,omitempty" doc:"Of the target; else of the quota."`
	From   string `json:"from,omitempty"`
	Until  string `json:"until,omitempty"`
	Full   string `json:"full" doc:"What it is for the whole period."`
	Days   int    `json:"days" doc:"On which it counts."`
	Of     int    `json:"of" doc:"Days there are."`
	Ramp   string `json:"ramp" doc:"1 without one."`
	Amount string `json:"amount" doc:"Full, times days by of, times ramp."`
}

// StatementWhy is why nothing is paid.
type StatementWhy struct {
	Code   string `json:"code" example:"tier_pays_zero"`
	Detail string `json:"detail"`
}

// StatementLimit is what a limit of the program did.
type StatementLimit struct {
	Limit    int    `json:"limit" doc:"Its place in the definition, from 0."`
	Before   Money  `json:"before"`
	After    Money  `json:"after"`
	Forgiven *Money `json:"forgiven,omitempty" doc:"What a draw wrote off."`
}

// StatementCarried is what one period leaves to the next.
type StatementCarried struct {
	Owed   []StatementAdvance `json:"owed" nullable:"false" doc:"Draws that are to be recovered, oldest first."`
	Excess []StatementExcess  `json:"excess" nullable:"false" doc:"What caps cut off and did not lose."`
	Holds  []StatementHold    `json:"holds" nullable:"false" doc:"What is held back."`
}

// StatementAdvance is a draw that is owed.
type StatementAdvance struct {
	Period string `json:"period" doc:"That of the draw."`
	Amount Money  `json:"amount"`
}

// StatementExcess is what a cap cut off and did not lose.
type StatementExcess struct {
	Component string `json:"component,omitempty" doc:"Absent for the caps of the program."`
	Amount    Money  `json:"amount"`
}

// StatementHold is a part that is held back.
type StatementHold struct {
	Component string     `json:"component"`
	Credit    string     `json:"credit"`
	Record    RecordName `json:"record"`
	Period    string     `json:"period" doc:"In which it was earned."`
	Amount    Money      `json:"amount"`
	Release   string     `json:"release,omitempty" doc:"The day on which it is paid; absent where that is not known yet."`
}

// StatementLine is a part of an amount.
type StatementLine struct {
	Of        string      `json:"of" enum:"component,limit,hold" doc:"What it is part of."`
	Component string      `json:"component,omitempty"`
	Version   int         `json:"version,omitempty" doc:"That of the component."`
	Limit     *int        `json:"limit,omitempty" doc:"The place of the limit in the definition, from 0."`
	Kind      string      `json:"kind" enum:"rate,tier,factor,kicker,cap,floor,carried,to_date,take_back,draw,recovery,held,released,prize,adjustment"`
	Credit    string      `json:"credit,omitempty" doc:"The credit that it comes from; absent for what comes from all of them."`
	Record    *RecordName `json:"record,omitempty" doc:"Of what was held back in an earlier period: the record that it comes from."`
	Earned    string      `json:"earned,omitempty" doc:"The period in which that was earned."`
	Step      int         `json:"step" doc:"The place of the adjustment in the component; -1 for its rate table."`
	Cell      int         `json:"cell" doc:"The place of the cell in the rate table."`
	Tier      int         `json:"tier" doc:"The place of the tier in the cell."`
	From      string      `json:"from,omitempty" doc:"The part of the tier's axis that the credit took up."`
	To        string      `json:"to,omitempty"`
	Base      string      `json:"base,omitempty" doc:"What the rate was applied to."`
	Rate      string      `json:"rate,omitempty"`
	Exact     string      `json:"exact" doc:"In major units, before the rounding."`
	Amount    Money       `json:"amount" doc:"Its share of the rounded whole."`
	Note      string      `json:"note,omitempty"`
}

type getStatementInput struct {
	ParticipantInput
	Period string `path:"period" maxLength:"20" example:"2026-11"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"500" doc:"The most lines wanted, with the credits that no line names counted as lines."`
	Cursor string `query:"cursor" maxLength:"4096" doc:"The next of the page before."`
}

type statementOutput struct{ Body Statement }

func (h *handler) getStatement(ctx context.Context, c caller, in *getStatementInput) (*statementOutput, error) {
	p, _, who, sight, err := h.seen(ctx, c, in.ParticipantInput)
	if err != nil {
		return nil, err
	}
	s, err := h.statement(ctx, p, who, in.Period)
	if err != nil {
		return nil, err
	}
	out := showStatement(s)
	out.Program, out.Name = p.ID, nameIn(sight.members, who)
	// A statement that was reckoned anew has other lines: a cursor is one of this result.
	err = h.pageLines(ctx, c, &out, s, PageInput{Limit: in.Limit, Cursor: in.Cursor}, []string{"statement", p.ID, p.Live.ID, who, in.Period, s.Standing.ResultHash})
	return &statementOutput{out}, err
}

// pageLines puts a page of a statement's lines into its answer, with the credits that they name. scope says what a cursor is good for.
func (h *handler) pageLines(ctx context.Context, c caller, out *Statement, s keeper.Statement, in PageInput, scope []string) error {
	read := inMemory(entriesOf(s))
	shown, err := page(ctx, h, c, in, listing[entry, entry]{
		scope: scope,
		read:  func(ctx context.Context, page store.Page) ([]entry, string, error) { return read(ctx, page) },
		show:  func(e entry) (entry, int, bool) { return e, e.length(), true },
	})
	if err != nil {
		return err
	}
	out.Next = shown.Next
	named := map[string]bool{}
	for _, e := range shown.Items {
		if e.line != nil {
			out.Lines = append(out.Lines, *e.line)
		}
		if e.credit != nil && !named[e.credit.ID] {
			named[e.credit.ID] = true
			out.Credits = append(out.Credits, showCredit(*e.credit))
		}
	}
	return nil
}

// statement makes a statement again.
func (h *handler) statement(ctx context.Context, p program.Program, who, period string) (keeper.Statement, error) {
	s, err := h.incentives.Statement(ctx, p, who, period)
	f := fault.Of(err)
	switch {
	case f != nil && f.Code == keeper.CodeNotReckoned:
		return s, notFound(err, "Nothing was reckoned for %s in %s.", who, period)
	case fault.Is(err, fault.NotFound): // the standing names its input, so that should be there
		return s, fault.Wrap(err, fault.Internal, "missing_input", "api: the input of a statement is gone")
	}
	return s, noPeriod(err, period)
}

// entry is a line of a statement with the credit that it names, or a credit that no line names.
type entry struct {
	line   *StatementLine
	credit *incentive.Credit
}

// length is how long an entry is in an answer.
func (e entry) length() int {
	n := 0
	if e.line != nil {
		text, _ := json.Marshal(e.line) // texts and numbers always encode
		n += escapedLength(text)
	}
	if e.credit != nil {
		text, _ := json.Marshal(showCredit(*e.credit))
		n += escapedLength(text)
	}
	return n
}

// entriesOf lists the lines of a statement: of components, then limits, then holds; then the credits that none of them names.
func entriesOf(s keeper.Statement) []entry {
	credits := make(map[string]*incentive.Credit, len(s.Input.Credits))
	for i := range s.Input.Credits {
		credits[s.Input.Credits[i].ID] = &s.Input.Credits[i]
	}
	var entries []entry
	named := map[string]bool{}
	add := func(lines []incentive.Line, to func(*StatementLine)) {
		for _, l := range lines {
			shown := showLine(l, s.Result.Currency)
			to(&shown)
			named[l.Credit] = true
			entries = append(entries, entry{&shown, credits[l.Credit]})
		}
	}
	for _, o := range s.Result.Components {
		add(o.Lines, func(l *StatementLine) { l.Of, l.Component, l.Version = "component", o.Component, o.Version })
	}
	for _, limit := range s.Result.Limits {
		add(limit.Lines, func(l *StatementLine) { l.Of, l.Limit = "limit", &limit.Step })
	}
	held := map[string]incentive.Held{}
	for _, one := range slices.Concat(s.Input.Before.Holds, s.Result.After.Holds) {
		held[one.Credit] = one
	}
	for _, hold := range s.Result.Holds {
		add([]incentive.Line{hold}, func(l *StatementLine) {
			l.Of, l.Step = "hold", -1
			switch c, h := credits[hold.Credit], held[hold.Credit]; {
			case c != nil:
				l.Component, l.Version = c.Component, c.Version
			case h.Credit != "": // it was earned in an earlier period
				name := showRecordName(h.Record)
				l.Component, l.Record, l.Earned = h.Component, &name, h.Period
			}
		})
	}
	for i := range s.Input.Credits {
		if c := &s.Input.Credits[i]; !named[c.ID] {
			entries = append(entries, entry{credit: c})
		}
	}
	return entries
}

func showStatement(s keeper.Statement) Statement {
	one := showStanding(s.Standing)
	out := Statement{Participant: s.Standing.Participant, Period: showPeriod(s.Result.Period), Currency: s.Result.Currency, Forecast: s.Open, Earned: *one.Earned,
		Payable: *one.Payable, Rank: one.Rank, Prizes: one.Prizes, Versions: []StatementVersion{}, Components: []StatementComponent{}, Limits: []StatementLimit{},
		Carried: showCarried(s.Result.After, s.Result.Currency), Lines: []StatementLine{}, Credits: []Credit{}, Reproduced: s.Reproduced,
		InputHash: s.Standing.InputHash, ResultHash: s.Standing.ResultHash, UpdatedAt: s.Standing.At}
	for _, v := range s.Versions {
		out.Versions = append(out.Versions, StatementVersion{ProgramInForce{Number: v.Number, From: string(v.From), Until: string(v.Until)}, v.Definition.Title})
	}
	for _, o := range s.Result.Components {
		out.Components = append(out.Components, showOutcome(o, s.Result.Currency, titleOf(s.Versions, o)))
	}
	for _, l := range s.Result.Limits {
		limit := StatementLimit{Limit: l.Step, Before: showMoney(l.Before, out.Currency), After: showMoney(l.After, out.Currency)}
		if l.Forgiven != 0 {
			forgiven := showMoney(l.Forgiven, out.Currency)
			limit.Forgiven = &forgiven
		}
		out.Limits = append(out.Limits, limit)
	}
	return out
}

// titleOf gives the title of a component in the version that reckoned it.
func titleOf(versions []program.Version, o incentive.Outcome) string {
	for _, v := range versions {
		for _, c := range v.Definition.Components {
			if v.Number == o.Version && c.Name == o.Component {
				return c.Title
			}
		}
	}
	return ""
}
