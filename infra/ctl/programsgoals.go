package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (c *command) programGoalsCommand() *cobra.Command {
	var limit int
	cmd := c.ofProgram("goals PROGRAM [PARTICIPANT]", "List the quotas and targets that participants have of their own; set or clear them", "  leadline programs goals prg_4f0c9a2b1x7z ada@example.com",
		cobra.RangeArgs(1, 2), func(ctx context.Context, api *client, id string, rest []string) error {
			if len(rest) == 0 {
				return c.listGoals(ctx, api, limit, id)
			}
			who, err := c.participant(ctx, api, rest[0])
			if err != nil {
				return err
			}
			return fetchInto(ctx, c, api, nil, c.showGoals, "programs", id, "goals", who)
		})
	limitFlag(cmd, &limit)
	var g goal
	set := c.ofProgram("set PROGRAM PARTICIPANT", "Say what the quota of a participant is, or with --target the variable pay at target",
		"  leadline programs goals set prg_4f0c9a2b1x7z ada@example.com --component bookings --amount 120000 --from 2026-10-01", cobra.ExactArgs(2),
		func(ctx context.Context, api *client, id string, rest []string) error {
			return c.changeGoals(ctx, api, id, rest[0], func(goals []goal) ([]goal, error) {
				goals = slices.DeleteFunc(goals, func(old goal) bool {
					return old.Component == g.Component && old.Target == g.Target && old.From == g.From
				})
				goals = append(goals, g)
				slices.SortStableFunc(goals, func(a, b goal) int { return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.From, b.From)) })
				return goals, nil
			})
		})
	set.Flags().StringVar(&g.Component, "component", "", "the component that it is a goal of")
	set.Flags().StringVar(&g.Amount, "amount", "", "exact, for what the component's own is for: 120000 for a quarter, if that is the quota of a quarter")
	set.Flags().BoolVar(&g.Target, "target", false, "it is the variable pay at target, not the quota")
	set.Flags().StringVar(&g.From, "from", "", "the first `day` on which it counts; ever since without it")
	set.Flags().StringVar(&g.Until, "until", "", "the `day` when it ends; for good without it")
	for _, name := range []string{"component", "amount"} {
		_ = set.MarkFlagRequired(name)
	}
	var component string
	clear := c.ofProgram("clear PROGRAM PARTICIPANT", "Take the goals of a participant away: those of the components count again", "  leadline programs goals clear prg_4f0c9a2b1x7z ada@example.com --component bookings",
		cobra.ExactArgs(2), func(ctx context.Context, api *client, id string, rest []string) error {
			return c.changeGoals(ctx, api, id, rest[0], func(goals []goal) ([]goal, error) {
				left := slices.DeleteFunc(slices.Clone(goals), func(g goal) bool { return component == "" || g.Component == component })
				if len(left) == len(goals) {
					return nil, usagef("there is no such goal")
				}
				return left, nil
			})
		})
	clear.Flags().StringVar(&component, "component", "", "only those of this component; all without it")
	cmd.AddCommand(set, clear)
	return cmd
}

// changeGoals changes the goals of a participant, unless somebody else does so meanwhile.
func (c *command) changeGoals(ctx context.Context, api *client, id, typed string, change func([]goal) ([]goal, error)) error {
	who, err := c.participant(ctx, api, typed)
	if err != nil {
		return err
	}
	path := []string{"programs", id, "goals", who}
	var before participantGoals
	header, err := api.call(ctx, request{method: http.MethodGet, path: path}, &before)
	if err != nil {
		return err
	}
	goals, err := change(before.Goals)
	if err != nil {
		return err
	}
	return putInto(ctx, c, api, header.Get("ETag"), map[string]any{"goals": append([]goal{}, goals...)}, c.showGoals, path...)
}

func (c *command) listGoals(ctx context.Context, api *client, limit int, id string) error {
	if limit < 0 {
		return usagef("--limit cannot be negative")
	}
	all, err := list[kept[participantGoals]](ctx, api, limit, nil, "programs", id, "goals")
	if err != nil || c.asJSON {
		return c.orJSON(all, err)
	}
	t := goalTable()
	for _, one := range all.Items {
		t.goals(one.is)
	}
	c.printf("%s", t.format(c.paint, ""))
	c.more(all.Next)
	return nil
}

// goalsTable lists goals.
type goalsTable struct{ table }

func goalTable() *goalsTable {
	return &goalsTable{table{head: []string{"WHO", "COMPONENT", "IS THE", "AMOUNT", "DAYS"}}}
}

func (t *goalsTable) goals(p participantGoals) {
	for _, g := range p.Goals {
		is := "quota"
		if g.Target {
			is = "pay at target"
		}
		t.add(text(orElse(p.Name, p.Participant)), text(g.Component), text(is), text(figure(g.Amount)), text(span(g.From, g.Until)))
	}
}

func (c *command) showGoals(p participantGoals) {
	if len(p.Goals) == 0 {
		c.printf("%s has no goals but those of the components.\n", clean(orElse(p.Name, p.Participant)))
		return
	}
	t := goalTable()
	t.goals(p)
	c.printf("%s", t.format(c.paint, ""))
}

// participant gives the id of who is meant: an id, me, a team as team: and its name, or the name or the e-mail of a member.
func (c *command) participant(ctx context.Context, api *client, typed string) (string, error) {
	if typed == "me" || strings.HasPrefix(typed, "mem_") || strings.HasPrefix(typed, "team:") {
		return typed, nil
	}
	all, err := list[member](ctx, api, 0, nil, "members")
	if err != nil {
		return "", err
	}
	found := slices.DeleteFunc(all.Items, func(m member) bool { return !strings.EqualFold(m.Name, typed) && !strings.EqualFold(m.Email, typed) })
	switch len(found) {
	case 0:
		return "", usagef("there is no member %q: `leadline members` lists them", typed)
	case 1:
		return found[0].ID, nil
	}
	var named []string
	for _, m := range found {
		named = append(named, fmt.Sprintf("%s (%s)", m.ID, orElse(m.Email, m.Name)))
	}
	return "", usagef("say which member: %s", strings.Join(named, ", "))
}
