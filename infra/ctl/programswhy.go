package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (c *command) programProblemsCommand() *cobra.Command {
	var limit int
	list := shown[recordRefusals]{[]string{"RECORD", "CONNECTION", "LOOKED AT (UTC)", "COMPONENT", "STEP", "WHY IT CANNOT COUNT"}, func(r recordRefusals) []cell {
		var components, steps, details []string
		for _, one := range r.Refusals {
			components, steps, details = append(components, one.Component), append(steps, one.Step), append(details, one.Detail)
		}
		return []cell{text(r.Record.String()), text(r.Record.Connection), text(instant(r.At)), text(strings.Join(components, ", ")), text(strings.Join(steps, ", ")), text(strings.Join(details, "; "))}
	}}
	cmd := c.ofProgram("problems PROGRAM", "List the records that would count and cannot: a rate is missing, shares come to too much, a formula has no value", "  leadline programs problems prg_4f0c9a2b1x7z",
		cobra.ExactArgs(1), func(ctx context.Context, api *client, id string, _ []string) error {
			return showList(ctx, c, api, limit, list, "programs", id, "problems")
		})
	limitFlag(cmd, &limit)
	return cmd
}

// showList lists what is at a path as a table, as show does.
func showList[T any](ctx context.Context, c *command, api *client, limit int, s shown[T], parts ...string) error {
	if limit < 0 {
		return usagef("--limit cannot be negative")
	}
	all, err := list[kept[T]](ctx, api, limit, nil, parts...)
	if err != nil || c.asJSON {
		return c.orJSON(all, err)
	}
	items := make([]T, len(all.Items))
	for i, item := range all.Items {
		items[i] = item.is
	}
	s.print(c, items...)
	c.more(all.Next)
	return nil
}

func (c *command) programWhyCommand() *cobra.Command {
	return c.ofProgram("why PROGRAM CONNECTION OBJECT RECORD", "Explain step by step whom a record counts for, or why it does not",
		"  leadline programs why prg_4f0c9a2b1x7z conn_4f0c9a2b1x7z opportunity oppo_8H1s", cobra.ExactArgs(4),
		func(ctx context.Context, api *client, id string, rest []string) error {
			return fetchInto(ctx, c, api, nil, func(w recordWhy) { c.showWhy(w, memberNames(ctx, api, w)) }, "programs", id, "records", rest[0], rest[1], rest[2], "why")
		})
}

// memberNames gives the names of those who have credit, as far as the key may read them: without, ids do.
func memberNames(ctx context.Context, api *client, w recordWhy) map[string]string {
	names := map[string]string{}
	for _, one := range w.Components {
		for _, credit := range one.Credits {
			names[credit.Participant] = credit.Participant
		}
	}
	if len(names) == 0 {
		return names
	}
	all, err := list[member](ctx, api, 0, nil, "members")
	if err != nil {
		return names
	}
	for _, m := range all.Items {
		if _, has := names[m.ID]; has && m.Name != "" {
			names[m.ID] = m.Name
		}
	}
	return names
}

func (c *command) showWhy(w recordWhy, names map[string]string) {
	if len(w.Components) == 0 {
		c.printf("The program does not look at records of %s.\n", clean(w.Record.Object))
		return
	}
	for i, one := range w.Components {
		if i > 0 {
			c.printf("\n")
		}
		verdict := c.paint.paint(green, "counts")
		if !one.Counts {
			verdict = c.paint.paint(red, "does not count")
		}
		c.printf("%s, version %d: %s %s\n", c.paint.paint(bold, clean(one.Component)), one.Version, clean(w.Record.String()), verdict)
		t := table{}
		for _, s := range one.Steps {
			if slices.ContainsFunc(one.Refusals, func(r programRefusal) bool { return r.Step == s.Step && r.Detail == s.Detail }) {
				continue // it is said below
			}
			t.add(styled(green, "✓"), text(s.Step), text(s.Detail))
		}
		for _, r := range one.Refusals {
			detail := r.Detail
			if r.Problem {
				detail += " (somebody must mend it)"
			}
			t.add(styled(red, "✗"), styled(red, r.Step), text(detail))
		}
		c.printf("%s", t.format(c.paint, "  "))
		if len(one.Credits) == 0 {
			continue
		}
		credits := table{head: []string{"FOR", "AS", "DAY", "SHARE", "COUNTS", ""}}
		for _, credit := range one.Credits {
			credits.add(text(names[credit.Participant]), text(credit.Kind), text(credit.Date), text(percent(credit.Share)), text(figure(credit.Value)), text(credit.origin()))
		}
		c.printf("\n%s", credits.format(c.paint, "  "))
	}
}

// origin says what a credit was before it was converted, and what is special about it.
func (credit programCredit) origin() string {
	var notes []string
	if credit.Currency != "" && credit.Worth != "" && credit.Rate != nil {
		notes = append(notes, fmt.Sprintf("%s %s at %s (%s)", figure(credit.Worth), credit.Currency, credit.Rate.Value, span(credit.Rate.Since, "")))
	}
	switch {
	case credit.TakeBack:
		notes = append(notes, "takes back what was earned")
	case credit.Reversal:
		notes = append(notes, "takes another back")
	}
	return strings.Join(notes, ", ")
}
