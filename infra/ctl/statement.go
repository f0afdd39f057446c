package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	statement struct {
		Program     string        `json:"program"`
		Participant string        `json:"participant"`
		Name        string        `json:"name,omitempty"`
		Period      programPeriod `json:"period"`
		Forecast    bool          `json:"forecast"`
		Earned      sum           `json:"earned"`
		Payable     sum           `json:"payable"`
		Rank        int           `json:"rank,omitempty"`
		Prizes      []wonPrize    `json:"prizes"`
		Versions    []struct {
			inForce
			Title string `json:"title"`
		} `json:"versions"`
		Components []statementComponent `json:"components"`
		Limits     []statementLimit     `json:"limits"`
		Carried    statementCarried     `json:"carried"`
		Lines      []statementLine      `json:"lines"`
		Credits    []programCredit      `json:"credits"`
		Reproduced bool                 `json:"reproduced"`
		InputHash  string               `json:"input_hash"`
		ResultHash string               `json:"result_hash"`
		UpdatedAt  time.Time            `json:"updated_at"`
	}
	statementComponent struct {
		Component  string          `json:"component"`
		Title      string          `json:"title,omitempty"`
		Version    int             `json:"version"`
		Credits    int             `json:"credits"`
		Measure    string          `json:"measure"`
		Quota      string          `json:"quota,omitempty"`
		Attainment string          `json:"attainment,omitempty"`
		Target     string          `json:"target,omitempty"`
		Goals      []statementGoal `json:"goals,omitempty"`
		Exact      string          `json:"exact"`
		Amount     sum             `json:"amount"`
		Why        *struct {
			Code   string `json:"code"`
			Detail string `json:"detail"`
		} `json:"why,omitempty"`
	}
	statementGoal struct {
		Target bool   `json:"target,omitempty"`
		From   string `json:"from,omitempty"`
		Until  string `json:"until,omitempty"`
		Full   string `json:"full"`
		Days   int    `json:"days"`
		Of     int    `json:"of"`
		Ramp   string `json:"ramp"`
		Amount string `json:"amount"`
	}
	statementLimit struct {
		Limit    int  `json:"limit"`
		Before   sum  `json:"before"`
		After    sum  `json:"after"`
		Forgiven *sum `json:"forgiven,omitempty"`
	}
	statementCarried struct {
		Owed []struct {
			Period string `json:"period"`
			Amount sum    `json:"amount"`
		} `json:"owed"`
		Excess []struct {
			Component string `json:"component,omitempty"`
			Amount    sum    `json:"amount"`
		} `json:"excess"`
		Holds []struct {
			Component string    `json:"component"`
			Record    recordRef `json:"record"`
			Period    string    `json:"period"`
			Amount    sum       `json:"amount"`
			Release   string    `json:"release,omitempty"`
		} `json:"holds"`
	}
	statementLine struct {
		Of        string `json:"of"`
		Component string `json:"component,omitempty"`
		Version   int    `json:"version,omitempty"`
		Limit     *int   `json:"limit,omitempty"`
		Kind      string `json:"kind"`
		Credit    string `json:"credit,omitempty"`
		Step      int    `json:"step"`
		Tier      int    `json:"tier"`
		From      string `json:"from,omitempty"`
		To        string `json:"to,omitempty"`
		Base      string `json:"base,omitempty"`
		Rate      string `json:"rate,omitempty"`
		Exact     string `json:"exact"`
		Amount    sum    `json:"amount"`
		Note      string `json:"note,omitempty"`
	}
)

func (c *command) statementCommand() *cobra.Command {
	return c.ofProgram("statement PROGRAM PARTICIPANT [PERIOD]", "Show what somebody earned in a period and why, down to each part of each deal",
		"  leadline statement prg_4f0c9a2b1x7z ada@example.com\n  leadline statement \"Commission 2026\" me 2026-10", cobra.RangeArgs(2, 3),
		func(ctx context.Context, api *client, id string, rest []string) error {
			who, err := c.participant(ctx, api, rest[0])
			if err != nil {
				return err
			}
			path := []string{"programs", id, "participants", who, "statements"}
			if rest = rest[1:]; len(rest) == 0 {
				newest, err := list[struct {
					Period programPeriod `json:"period"`
				}](ctx, api, 1, nil, path...)
				if err != nil {
					return err
				}
				if len(newest.Items) == 0 {
					return fmt.Errorf("nothing was reckoned for %s yet", who)
				}
				rest = []string{newest.Items[0].Period.Name}
			}
			a, err := whole[statement](ctx, api, 0, url.Values{"limit": {"1000"}}, []string{"lines", "credits"}, append(path, rest[0])...)
			return showKept(c, &a, c.showStatement, err)
		})
}

func (c *command) showStatement(s statement) {
	c.printf("%s\n%s\n", c.paint.paint(bold, clean(orElse(s.Name, s.Participant))), clean(s.Period.String()))
	c.showVersions(s)
	sums := table{}
	sums.add(text("Payable"), styled(bold, s.Payable.String()))
	sums.add(text("Earned"), text(s.Earned.String()))
	if s.Rank > 0 {
		sums.add(text("Rank"), text(fmt.Sprint(s.Rank)))
	}
	for _, p := range s.Prizes {
		sums.add(text("Prize"), styled(cyan, p.String()))
	}
	c.printf("\n%s", sums.format(c.paint, "  "))
	if s.Forecast {
		c.printf("\n%s\n", c.paint.paint(yellow, "The period is not over: what depends on all of its deals may change."))
	}
	c.showReckoned(s)
	how := c.paint.paint(green, "Reckoned again from its stored input, it is the same to the byte.")
	if !s.Reproduced {
		how = c.paint.paint(yellow, "Reckoned again from its stored input, it differs: another revision of the engine made it.")
	}
	c.printf("\nReckoned at %s UTC. %s\n%s\n", clean(instant(s.UpdatedAt)), how, c.paint.paint(dim, clean("input "+short(s.InputHash, 16)+", result "+short(s.ResultHash, 16))))
}

func (c *command) showVersions(s statement) {
	for _, v := range s.Versions {
		c.printf("%s, version %d (%s)\n", clean(orElse(v.Title, s.Program)), v.Number, clean(span(v.From, v.Until)))
	}
}

// showReckoned shows what the sums of a statement come from: component by component, with the lines and the credits behind them.
func (c *command) showReckoned(s statement) {
	credits := make(map[string]programCredit, len(s.Credits))
	for _, credit := range s.Credits {
		credits[credit.ID] = credit
	}
	for _, one := range s.Components {
		c.showComponent(one, s.linesOf(func(l statementLine) bool {
			return l.Of == "component" && l.Component == one.Component && l.Version == one.Version
		}), credits)
	}
	c.showLimits(s, credits)
	c.showCarried(s)
	c.showUncounted(s)
}

func (s statement) linesOf(wanted func(statementLine) bool) []statementLine {
	var all []statementLine
	for _, l := range s.Lines {
		if wanted(l) {
			all = append(all, l)
		}
	}
	return all
}

// showComponent shows what a component comes to: what was reached, of what, and the lines that pay for it.
func (c *command) showComponent(o statementComponent, lines []statementLine, credits map[string]programCredit) {
	c.printf("\n%s  %s\n", c.paint.paint(bold, clean(orElse(o.Title, o.Component))), c.paint.paint(bold, clean(o.Amount.String())))
	reached := "Reached " + figure(o.Measure)
	if o.Quota != "" {
		reached += " of a quota of " + figure(o.Quota)
	}
	if o.Attainment != "" {
		reached += ": " + percent(o.Attainment)
	}
	if o.Target != "" {
		reached += ", with a pay at target of " + figure(o.Target)
	}
	c.printf("  %s\n", clean(reached+" ("+are(o.Credits, "credit", "credits")+")"))
	for _, g := range o.Goals {
		if g.Days != g.Of || g.Ramp != "1" || len(o.Goals) > 1 {
			c.printf("  %s\n", clean(g.String()))
		}
	}
	if o.Why != nil {
		c.printf("  %s\n", c.paint.paint(yellow, clean("Nothing is paid: "+o.Why.Detail)))
	}
	c.showLines(lines, credits)
	if len(lines) > 0 && strings.Contains(o.Exact, "/") {
		c.printf("  %s\n", c.paint.paint(dim, clean(fmt.Sprintf("Exactly %s, rounded once and shared among the lines.", o.Exact))))
	}
}

// String says how a piece of a goal came about: 90 of 91 days of 100,000, at 50 %.
func (g statementGoal) String() string {
	what := "Quota"
	if g.Target {
		what = "Pay at target"
	}
	text := fmt.Sprintf("%s: %s of %s days of %s", what, grouped(int64(g.Days)), grouped(int64(g.Of)), figure(g.Full))
	if g.Ramp != "1" {
		text += ", at " + percent(g.Ramp)
	}
	text += " is " + figure(g.Amount)
	if g.From != "" || g.Until != "" {
		text += " (" + span(g.From, g.Until) + ")"
	}
	return text
}

// inLineWords says what a line of a kind is.
func inLineWords(kind string) string {
	switch kind {
	case "rate":
		return "at its rate"
	case "tier":
		return "fixed amount of a tier"
	case "cap":
		return "cut off by a cap"
	case "floor":
		return "added up to a floor"
	case "carried":
		return "cut off earlier, paid now"
	case "to_date":
		return "earned in earlier periods"
	case "take_back":
		return "taken back"
	case "draw":
		return "advance"
	case "recovery":
		return "kept for an advance"
	case "held":
		return "held back"
	case "released":
		return "held back earlier, paid now"
	}
	return kind
}

func (c *command) showLines(lines []statementLine, credits map[string]programCredit) {
	if len(lines) == 0 {
		return
	}
	t := table{head: []string{"DAY", "RECORD", "WHAT", "PART", "OF", "RATE", "EXACT", "PAID", ""}}
	for _, l := range lines {
		credit, known := credits[l.Credit]
		notes := []string{l.Note}
		record := "all together"
		if l.Credit != "" {
			record = l.Credit
		}
		if known {
			record = credit.Record.String()
			notes = append(notes, credit.origin())
			if credit.Share != "1" {
				notes = append(notes, percent(credit.Share)+" of it ("+credit.Kind+")")
			}
		}
		what := inLineWords(l.Kind)
		if l.Kind == "rate" || l.Kind == "tier" {
			what = fmt.Sprintf("tier %d, %s", l.Tier+1, what)
		}
		t.add(text(credit.Date), text(record), text(what), text(l.part()), text(zeroless(l.Base)), text(rateOf(l.Rate)), text(figure(l.Exact)), amountCell(&l.Amount, plain), text(strings.Join(filled(notes), "; ")))
	}
	t = withoutEmpty(t)
	c.printf("%s", t.format(c.paint, "  "))
}

// withoutEmpty leaves out the columns that no row fills.
func withoutEmpty(t table) table {
	out := table{rows: make([][]cell, len(t.rows))}
	for column, head := range t.head {
		if !slices.ContainsFunc(t.rows, func(r []cell) bool { return r[column].text != "" }) {
			continue
		}
		out.head = append(out.head, head)
		for i, r := range t.rows {
			out.rows[i] = append(out.rows[i], r[column])
		}
	}
	return out
}

// part is the part of a tier's axis that a line took up.
func (l statementLine) part() string {
	if zeroless(l.From) == "" && zeroless(l.To) == "" {
		return ""
	}
	return figure(orElse(l.From, "0")) + " – " + figure(orElse(l.To, "0"))
}

// zeroless shows a figure that means nothing where it is zero.
func zeroless(exact string) string {
	if exact == "0" {
		return ""
	}
	return figure(exact)
}

// rateOf shows a rate: what is below one as a percentage, as people say it.
func rateOf(exact string) string {
	if strings.HasPrefix(strings.TrimPrefix(exact, "-"), "0.") {
		return percent(exact)
	}
	return zeroless(exact)
}

// filled gives the texts that say something.
func filled(texts []string) []string {
	var all []string
	for _, s := range texts {
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}

// showLimits shows what the limits of the plan, and what is held back or released, do to the sum.
func (c *command) showLimits(s statement, credits map[string]programCredit) {
	for _, limit := range s.Limits {
		c.printf("\n%s  %s → %s\n", c.paint.paint(bold, fmt.Sprintf("Limit %d of the plan", limit.Limit+1)), clean(limit.Before.String()), clean(limit.After.String()))
		if limit.Forgiven != nil {
			c.printf("  %s\n", clean(limit.Forgiven.String()+" of an advance is forgiven."))
		}
		c.showLines(s.linesOf(func(l statementLine) bool { return l.Of == "limit" && l.Limit != nil && *l.Limit == limit.Limit }), credits)
	}
	if holds := s.linesOf(func(l statementLine) bool { return l.Of == "hold" }); len(holds) > 0 {
		c.printf("\n%s\n", c.paint.paint(bold, "Held back and released"))
		c.showLines(holds, credits)
	}
}

// showCarried shows what the next period begins with.
func (c *command) showCarried(s statement) {
	t := table{}
	for _, o := range s.Carried.Owed {
		t.add(text("Advance of "+o.Period+" that is owed"), text(o.Amount.String()))
	}
	for _, e := range s.Carried.Excess {
		t.add(text(strings.TrimSpace("Cut off by a cap and not lost "+e.Component)), text(e.Amount.String()))
	}
	for _, h := range s.Carried.Holds {
		release := "until it is known when"
		if h.Release != "" {
			release = "until " + h.Release
		}
		t.add(text("Held back of "+h.Record.String()+" ("+h.Component+", "+h.Period+")"), text(h.Amount.String()), text(release))
	}
	if len(t.rows) > 0 {
		c.printf("\n%s\n%s", c.paint.paint(bold, "Carried to the next period"), t.format(c.paint, "  "))
	}
}

// showUncounted shows the credits that no line pays for: they count in what was reached, or for nothing.
func (c *command) showUncounted(s statement) {
	named := map[string]bool{}
	for _, l := range s.Lines {
		named[l.Credit] = true
	}
	t := table{head: []string{"DAY", "RECORD", "COMPONENT", "COUNTS", ""}}
	for _, credit := range s.Credits {
		if !named[credit.ID] {
			t.add(text(credit.Date), text(credit.Record.String()), text(credit.Component), text(figure(credit.Value)), text(credit.origin()))
		}
	}
	if len(t.rows) > 0 {
		c.printf("\n%s\n%s", c.paint.paint(bold, "Without a line of their own"), t.format(c.paint, "  "))
	}
}
