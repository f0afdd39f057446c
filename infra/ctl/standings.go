package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	programPeriod struct {
		Name  string `json:"name"`
		Kind  string `json:"kind"`
		From  string `json:"from"`
		Until string `json:"until"`
	}
	leaderboard struct {
		Program  string        `json:"program"`
		Name     string        `json:"name"`
		Kind     string        `json:"kind"`
		Period   programPeriod `json:"period"`
		Currency string        `json:"currency"`
		Forecast bool          `json:"forecast"`
		Items    []standing    `json:"items"`
		Next     string        `json:"next,omitempty"`
	}
	standing struct {
		Rank        int            `json:"rank,omitempty"`
		Participant string         `json:"participant"`
		Name        string         `json:"name,omitempty"`
		Score       string         `json:"score,omitempty"`
		Earned      *sum           `json:"earned,omitempty"`
		Payable     *sum           `json:"payable,omitempty"`
		Figures     []scoredFigure `json:"figures,omitempty"`
		Prizes      []wonPrize     `json:"prizes,omitempty"`
		UpdatedAt   time.Time      `json:"updated_at"`
	}
	scoredFigure struct {
		Component  string `json:"component"`
		Version    int    `json:"version"`
		Measure    string `json:"measure"`
		Quota      string `json:"quota,omitempty"`
		Attainment string `json:"attainment,omitempty"`
		Amount     sum    `json:"amount"`
		Why        string `json:"why,omitempty"`
	}
	wonPrize struct {
		Rank      int    `json:"rank,omitempty"`
		Milestone string `json:"milestone,omitempty"`
		Amount    *sum   `json:"amount,omitempty"`
		Points    string `json:"points,omitempty"`
		Thing     string `json:"thing,omitempty"`
		Note      string `json:"note,omitempty"`
	}
)

func (p programPeriod) String() string { return p.Name + " (" + span(p.From, p.Until) + ")" }

// String says what is won.
func (p wonPrize) String() string {
	var parts []string
	if p.Amount != nil {
		parts = append(parts, p.Amount.String())
	}
	if p.Points != "" {
		parts = append(parts, figure(p.Points)+" points")
	}
	if p.Thing != "" {
		parts = append(parts, p.Thing)
	}
	won := orElse(strings.Join(parts, ", "), "a prize")
	if p.Milestone != "" {
		won += " for " + figure(p.Milestone)
	}
	if p.Note != "" {
		won += " (" + p.Note + ")"
	}
	return won
}

// leaderboardEvery is how often a leaderboard that is watched is read.
const leaderboardEvery = time.Second

func (c *command) standingsCommand() *cobra.Command {
	var period string
	var watch bool
	var limit int
	cmd := &cobra.Command{
		Use: "standings [PROGRAM]", Short: "Show a leaderboard; with --watch as it changes", Args: cobra.MaximumNArgs(1),
		Long: "Show a leaderboard: who has reached what, component by component, and what that earns. Without PROGRAM it is the one that is live, if there is but one. " +
			"You see the figures of those whose figures your key may see; of a contest the ranks and scores of all.\n\n" +
			"With --watch it is drawn anew every second until Ctrl-C; where it goes to a file or a pipe, whenever it changed.",
		Example: "  leadline standings --watch\n  leadline standings prg_4f0c9a2b1x7z --period 2026-10",
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usagef("--limit cannot be negative")
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			id, err := c.liveProgram(cmd.Context(), api, args)
			if err != nil {
				return err
			}
			read := func(ctx context.Context) (kept[leaderboard], error) {
				return whole[leaderboard](ctx, api, limit, queryOf(map[string]string{"period": period}), []string{"items"}, "programs", id, "standings")
			}
			if watch {
				return c.watchStandings(cmd.Context(), read)
			}
			a, err := read(cmd.Context())
			return showKept(c, &a, func(b leaderboard) {
				c.printf("%s", strings.Join(leaderboardLines(c.paint, b, 0), "\n")+"\n")
				c.more(b.Next)
			}, err)
		},
	}
	cmd.Flags().StringVar(&period, "period", "", "by its `name`, as 2026-10 or 2026-Q4; the present one without it")
	cmd.Flags().BoolVar(&watch, "watch", false, "show it as it changes, until Ctrl-C")
	limitFlag(cmd, &limit)
	return cmd
}

// watchStandings shows a leaderboard until ctx ends: drawn over itself on a terminal, whenever it changed elsewhere.
func (c *command) watchStandings(ctx context.Context, read func(context.Context) (kept[leaderboard], error)) error {
	d := redrawn{c: c, to: c.stdout}
	last := ""
	for {
		a, err := read(ctx)
		switch {
		case ctx.Err() != nil:
			return nil // Ctrl-C is how it ends
		case err != nil:
			return err
		case c.terminal && !c.asJSON:
			lines := leaderboardLines(c.paint, a.is, c.room())
			d.draw(append(lines, c.paint.paint(dim, c.now().UTC().Format("15:04:05")+" UTC, Ctrl-C ends it")))
		case string(a.text) != last:
			if last != "" && !c.asJSON {
				c.printf("\n")
			}
			last = string(a.text)
			if err := showKept(c, &a, func(b leaderboard) { c.printf("%s\n", strings.Join(leaderboardLines(c.paint, b, 0), "\n")) }, nil); err != nil {
				return err
			}
		}
		if err := c.pause(ctx, leaderboardEvery); err != nil {
			return nil
		}
	}
}

// leaderboardLines draws a leaderboard; room is how many lines it may have, 0 for any number.
func leaderboardLines(paint painter, b leaderboard, room int) []string {
	head := paint.paint(bold, clean(b.Name)) + "  " + clean(b.Period.String())
	if b.Forecast {
		head += "  " + paint.paint(yellow, "not over yet")
	}
	if len(b.Items) == 0 {
		return []string{head, "", "Nobody has anything yet whose figures you see."}
	}
	t := leaderboardTable(b.Items)
	lines := append([]string{head, ""}, strings.Split(strings.TrimRight(t.format(paint, ""), "\n"), "\n")...)
	if room > 3 && len(lines) > room {
		hidden := len(lines) - (room - 1)
		lines = append(lines[:room-1], fmt.Sprintf("and %d more", hidden))
	}
	return lines
}

// leaderboardTable has a line for each standing, with the columns that any of them fills.
func leaderboardTable(items []standing) *table {
	var components []string
	attained := map[string]bool{}
	score, prizes := false, false
	for _, s := range items {
		// Where nothing else is ranked by, the score is what is earned, in cents: that stands there already.
		earned := s.Earned != nil && s.Score == strconv.FormatInt(s.Earned.Minor, 10)
		score, prizes = score || s.Score != "" && !earned, prizes || len(s.Prizes) > 0
		for _, f := range s.Figures {
			if !slices.Contains(components, f.Component) {
				components = append(components, f.Component)
			}
			attained[f.Component] = attained[f.Component] || f.Attainment != ""
		}
	}
	t := &table{head: []string{"RANK", "NAME"}}
	if score {
		t.head = append(t.head, "SCORE")
	}
	for _, name := range components {
		if t.head = append(t.head, strings.ToUpper(name)); attained[name] {
			t.head = append(t.head, "OF QUOTA")
		}
	}
	if t.head = append(t.head, "EARNED", "PAYABLE"); prizes {
		t.head = append(t.head, "PRIZES")
	}
	for _, s := range items {
		rank := styled(bold, "-")
		if s.Rank > 0 {
			rank.text = fmt.Sprint(s.Rank)
		}
		cells := []cell{rank, text(orElse(s.Name, s.Participant))}
		if score {
			cells = append(cells, text(figure(s.Score)))
		}
		for _, name := range components {
			var measures, shares []string
			for _, f := range s.Figures { // one of two versions in a period stands there twice
				if f.Component == name {
					measures = append(measures, figure(f.Measure))
					if f.Attainment != "" {
						shares = append(shares, percent(f.Attainment))
					}
				}
			}
			if cells = append(cells, text(strings.Join(measures, " + "))); attained[name] {
				cells = append(cells, text(strings.Join(shares, " + ")))
			}
		}
		cells = append(cells, amountCell(s.Earned, plain), amountCell(s.Payable, green))
		var won []string
		for _, p := range s.Prizes {
			won = append(won, p.String())
		}
		t.add(append(cells, styled(cyan, strings.Join(won, ", ")))...)
	}
	return t
}

// amountCell shows an amount that may be hidden.
func amountCell(s *sum, of style) cell {
	switch {
	case s == nil:
		return text("")
	case s.Minor < 0:
		return styled(red, s.String())
	case s.Minor == 0:
		return styled(dim, s.String())
	}
	return styled(of, s.String())
}

type (
	estimateAnswer struct {
		Participant string        `json:"participant"`
		Period      programPeriod `json:"period"`
		Before      estimateSide  `json:"before"`
		After       estimateSide  `json:"after"`
		Difference  sum           `json:"difference"`
	}
	estimateSide struct {
		Payable    sum                  `json:"payable"`
		Components []statementComponent `json:"components"`
	}
)

func (c *command) estimateCommand() *cobra.Command {
	var component, date string
	var cells map[string]string
	cmd := c.ofProgram("estimate PROGRAM PARTICIPANT VALUE", "Estimate what somebody earns with one deal more. Nothing is written", "  leadline estimate prg_4f0c9a2b1x7z ada@example.com 12000\n"+
		"  leadline estimate prg_4f0c9a2b1x7z me 12000 --component bookings --date 2026-11-30", cobra.ExactArgs(3),
		func(ctx context.Context, api *client, id string, rest []string) error {
			who, err := c.participant(ctx, api, rest[0])
			if err != nil {
				return err
			}
			deal := map[string]any{"component": component, "value": rest[1]}
			if component == "" {
				if deal["component"], err = c.onlyComponent(ctx, api, id, who); err != nil {
					return err
				}
			}
			if date != "" {
				deal["date"] = date
			}
			if len(cells) > 0 {
				deal["cell"] = cells
			}
			body := map[string]any{"deals": []any{deal}}
			earner := "you earn"
			if who != "me" {
				body["participant"], earner = who, rest[0]+" earns"
			}
			return submitInto(ctx, c, api, body, func(e estimateAnswer) { c.showEstimate(e, rest[1], earner) }, "programs", id, "estimates")
		})
	cmd.Flags().StringVar(&component, "component", "", "the component that the deal counts for; where it can be left out, it is the only one that pays")
	cmd.Flags().StringVar(&date, "date", "", "the `day` that the deal counts on; today without it")
	cmd.Flags().StringToStringVar(&cells, "in", nil, "where its rate depends on more: what the deal is, as product=A")
	return cmd
}

// onlyComponent gives the only component that pays somebody, as the newest statement says.
func (c *command) onlyComponent(ctx context.Context, api *client, id, who string) (string, error) {
	var newest page[struct {
		Figures []scoredFigure `json:"figures"`
	}]
	if err := api.get(ctx, &newest, url.Values{"limit": {"1"}}, "programs", id, "participants", who, "statements"); err != nil {
		return "", err
	}
	var names []string
	for _, s := range newest.Items {
		for _, f := range s.Figures {
			if f.Why != "only_measured" && !slices.Contains(names, f.Component) {
				names = append(names, f.Component)
			}
		}
	}
	switch len(names) {
	case 0:
		return "", usagef("say with --component what the deal counts for: `leadline programs text %s` tells what there is", id)
	case 1:
		return names[0], nil
	}
	return "", usagef("say with --component what the deal counts for: %s", strings.Join(names, ", "))
}

func (c *command) showEstimate(e estimateAnswer, value, earner string) {
	c.printf("With a deal of %s more %s %s: %s\n", clean(thousands(value)), clean(earner), c.paint.paint(bold, clean(e.After.Payable.String())), c.paint.paint(difference(e.Difference).style, clean(e.Difference.signed())))
	t := table{head: []string{clean(strings.ToUpper(e.Period.Name)), "REACHED", "", "THEN", "OF QUOTA", "EARNED", "", "THEN"}}
	for i, after := range e.After.Components {
		before := statementComponent{}
		if i < len(e.Before.Components) {
			before = e.Before.Components[i]
		}
		attained := ""
		if after.Attainment != "" {
			attained = percent(after.Attainment)
		}
		t.add(text(orElse(after.Title, after.Component)), text(figure(before.Measure)), text("→"), text(figure(after.Measure)), text(attained),
			text(before.Amount.String()), text("→"), text(after.Amount.String()))
	}
	c.printf("\n%s", t.format(c.paint, ""))
}
