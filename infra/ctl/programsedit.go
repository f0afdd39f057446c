package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// fromFlag is the day from which something is to be in force.
func fromFlag(cmd *cobra.Command, from *string, without string) {
	cmd.Flags().StringVar(from, "from", "", "the first `day` on which it is in force, in the past too; "+without+" without it")
}

// readDefinition reads a definition from a file; - is stdin.
func (c *command) readDefinition(name string) (json.RawMessage, error) {
	body, err := c.readAll(name)
	if err != nil {
		return nil, err
	}
	if !json.Valid(body) {
		return nil, usagef("%s is no JSON: `leadline programs schema` says what it may hold", describeFile(name))
	}
	return body, nil
}

func (c *command) createProgramCommand() *cobra.Command {
	var name, from string
	cmd := &cobra.Command{
		Use: "create FILE", Short: "Make a program of a definition in a file; - is stdin", Args: cobra.ExactArgs(1),
		Long: "Make a program of a definition in a file (- is stdin), as `leadline programs schema` describes it. It is a draft: what is wrong with it is told, " +
			"and keeps it from being published.",
		Example: "  leadline programs create plan.json --name \"Commission 2026\" --from 2026-01-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			definition, err := c.readDefinition(args[0])
			if err != nil {
				return err
			}
			body := map[string]any{"name": name, "definition": definition}
			if from != "" {
				body["from"] = from
			}
			return submit(cmd, c, body, c.showProgram, "programs")
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what people call it")
	_ = cmd.MarkFlagRequired("name")
	fromFlag(cmd, &from, "the first of the present period")
	return cmd
}

func (c *command) editProgramCommand() *cobra.Command {
	var name, from string
	cmd := c.ofProgram("edit PROGRAM FILE", "Change the draft of a program to the definition in a file; - is stdin. What is shown stays",
		"  leadline programs definition prg_4f0c9a2b1x7z > plan.json\n  leadline programs edit prg_4f0c9a2b1x7z plan.json", cobra.ExactArgs(2),
		func(ctx context.Context, api *client, id string, rest []string) error {
			definition, err := c.readDefinition(rest[0])
			if err != nil {
				return err
			}
			var p programState
			if err := api.get(ctx, &p, nil, "programs", id); err != nil {
				return err
			}
			body := map[string]any{"name": orElse(name, p.Name), "definition": definition}
			if day := orElse(from, p.DraftFrom); day != "" {
				body["from"] = day
			}
			// What somebody else changed since it was read is not to be lost.
			return putInto(ctx, c, api, fmt.Sprintf("%q", fmt.Sprint(p.Rev)), body, c.showProgram, "programs", id)
		})
	cmd.Flags().StringVar(&name, "name", "", "what people call it; as before without it")
	fromFlag(cmd, &from, "as before, or the first of the present period,")
	return cmd
}

func (c *command) checkProgramCommand() *cobra.Command {
	var from string
	cmd := c.ofProgram("check PROGRAM [FILE]", "Check the draft of a program, or a definition in a file: what is wrong, what it says in words, what it changes. Nothing is written",
		"  leadline programs check prg_4f0c9a2b1x7z\n  leadline programs check prg_4f0c9a2b1x7z plan.json", cobra.RangeArgs(1, 2),
		func(ctx context.Context, api *client, id string, rest []string) error {
			body := map[string]any{}
			if len(rest) > 0 {
				definition, err := c.readDefinition(rest[0])
				if err != nil {
					return err
				}
				body["definition"] = definition
			}
			if from != "" {
				body["from"] = from
			}
			var a kept[programCheck]
			if err := showKept(c, &a, c.showCheck, api.post(ctx, orNil(body), &a, "programs", id, "check")); err != nil || a.is.OK {
				return err
			}
			return fmt.Errorf("it cannot be published: %s wrong", are(errorsAmong(a.is.Problems), "thing is", "things are"))
		})
	fromFlag(cmd, &from, "its own day")
	return cmd
}

// orNil gives a body that says something, or none at all.
func orNil(body map[string]any) any {
	if len(body) == 0 {
		return nil
	}
	return body
}

// are counts things: 1 thing is, 2 things are.
func are(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + more
}

func errorsAmong(problems []programProblem) int {
	n := 0
	for _, p := range problems {
		if p.Severity == "error" {
			n++
		}
	}
	return n
}

func (c *command) showCheck(k programCheck) {
	c.printf("%s", cleanLines(k.Text))
	if len(k.Changes) > 0 {
		t := table{head: []string{"CHANGED SINCE VERSION " + fmt.Sprint(k.Against), "BEFORE", "", "AFTER"}}
		for _, change := range k.Changes {
			t.add(text(change.Path), styled(dim, orElse(string(change.Old), "-")), text("→"), styled(green, orElse(string(change.New), "-")))
		}
		c.printf("\n%s", t.format(c.paint, ""))
	}
	c.showProblems(k.Problems)
	if k.OK {
		c.printf("\n%s From %s on: %s.\n", c.paint.paint(green, "It can be published."), clean(k.From), clean(inWords(k.InForce)))
	}
}

func (c *command) publishProgramCommand() *cobra.Command {
	var from string
	var watch bool
	cmd := c.ofProgram("publish PROGRAM", "Publish the draft of a program: an edition is built beside what is shown, and takes its place",
		"  leadline programs publish prg_4f0c9a2b1x7z --from 2026-11-01 --watch", cobra.ExactArgs(1),
		func(ctx context.Context, api *client, id string, _ []string) error {
			body := map[string]any{}
			if from != "" {
				body["from"] = from
			}
			var a kept[programState]
			if err := api.post(ctx, orNil(body), &a, "programs", id, "publish"); err != nil {
				return err
			}
			return c.published(ctx, api, a, watch)
		})
	fromFlag(cmd, &from, "the day of the draft")
	watchFlag(cmd, &watch)
	return cmd
}

func watchFlag(cmd *cobra.Command, watch *bool) {
	cmd.Flags().BoolVar(watch, "watch", false, "show how far it is until it is shown")
}

// published shows a program whose draft was published, or watches until that is shown.
func (c *command) published(ctx context.Context, api *client, a kept[programState], watch bool) error {
	switch {
	case watch && a.is.Building != nil:
		return c.watchEdition(ctx, api, a.is.ID, a.is.Building.ID)
	case c.asJSON:
		return c.printJSON(a)
	}
	c.showProgram(a.is)
	if a.is.Building != nil {
		c.printf("\n`leadline programs watch %s` shows how far it is.\n", clean(a.is.ID))
	}
	return nil
}

func (c *command) previewProgramCommand() *cobra.Command {
	var from string
	var limit int
	cmd := c.ofProgram("preview PROGRAM", "See whom the draft of a program would affect, and by how much. Nothing that is shown changes",
		"  leadline programs preview prg_4f0c9a2b1x7z --from 2026-11-01", cobra.ExactArgs(1),
		func(ctx context.Context, api *client, id string, _ []string) error {
			if limit < 0 {
				return usagef("--limit cannot be negative")
			}
			body := map[string]any{}
			if from != "" {
				body["from"] = from
			}
			var asked programPreview
			if err := api.post(ctx, orNil(body), &asked, "programs", id, "previews"); err != nil {
				return err
			}
			a, err := c.awaitPreview(ctx, api, limit, id, asked.ID)
			if err == nil && a.is.Status == "failed" {
				err = fmt.Errorf("the preview failed: %s", a.is.Error)
			}
			return showKept(c, &a, c.showPreview, err)
		})
	fromFlag(cmd, &from, "the day of the draft")
	limitFlag(cmd, &limit)
	return cmd
}

// awaitPreview waits until a preview is there, and reads as many of its effects as are wanted.
func (c *command) awaitPreview(ctx context.Context, api *client, limit int, id, preview string) (kept[programPreview], error) {
	began, last := c.now(), c.now()
	stall := c.stall()
	d := redrawn{c: c, to: c.stderr}
	for {
		a, err := whole[programPreview](ctx, api, limit, nil, []string{"effects"}, "programs", id, "previews", preview)
		switch {
		case ctx.Err() != nil:
			return a, &halfway{err: errors.Join(err, ctx.Err()), done: "The preview changes nothing; ask for another with `leadline programs preview " + id + "`."}
		case err != nil || a.is.Status != "running":
			if c.watched {
				d.draw(nil)
			}
			return a, err
		}
		now := c.now()
		line := fmt.Sprintf("Reckons who would be paid what  %s", now.Sub(began).Round(time.Second))
		switch {
		case c.watched:
			d.draw([]string{line})
		case !c.asJSON && now.Sub(last) >= otherwise:
			last = now
			_, _ = fmt.Fprintln(c.stderr, line)
		}
		if !stall.moved(a.is.Status) {
			return a, fmt.Errorf("the preview has not come for %s: is calculate running?", longest)
		}
		if err := stall.pause(ctx); err != nil && ctx.Err() == nil {
			return a, err
		}
	}
}

func (c *command) showPreview(p programPreview) {
	c.printf("%s\n", c.paint.paint(bold, clean(p.Summary)))
	if len(p.Effects) > 0 {
		t := table{head: []string{"WHO", "PERIOD", "BEFORE", "AFTER", "DIFFERENCE"}}
		for _, e := range p.Effects {
			t.add(text(orElse(e.Name, e.Participant)), text(e.Period), text(e.Before.String()), text(e.After.String()), difference(e.Difference))
		}
		if p.Before != nil && p.After != nil && p.Difference != nil {
			t.add(styled(bold, "All"), text(""), text(p.Before.String()), text(p.After.String()), difference(*p.Difference))
		}
		c.printf("\n%s", t.format(c.paint, ""))
		c.more(p.Next)
	}
	notes := []string{are(p.Participants, "participant", "participants") + " in " + are(p.Periods, "period", "periods")}
	if p.From != "" {
		notes[0] += " from " + p.From + " on"
	}
	notes = append(notes, are(p.Records, "record", "records")+" read")
	if p.Refused > 0 {
		notes = append(notes, are(p.Refused, "record", "records")+" that somebody would have to look at")
	}
	c.printf("\n%s\n", c.paint.paint(dim, clean(strings.Join(notes, ", ")+".")))
}

// difference writes what changes, in the colour of more or less.
func difference(s sum) cell {
	switch {
	case s.Minor > 0:
		return styled(green, s.signed())
	case s.Minor < 0:
		return styled(red, s.signed())
	}
	return text(s.signed())
}
