package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// redrawn is some lines of a terminal that are drawn over themselves.
type redrawn struct {
	c     *command
	to    io.Writer
	drawn int
}

// draw replaces what was drawn before; without lines, nothing is left of it.
func (d *redrawn) draw(lines []string) {
	var out strings.Builder
	out.WriteString("\x1b[?7l") // a line that is too long is cut off: what is drawn over must have as many
	if d.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", d.drawn)
	}
	for _, line := range lines {
		out.WriteString("\r\x1b[2K" + line + "\n")
	}
	out.WriteString("\x1b[J\x1b[?7h")
	_, _ = fmt.Fprint(d.to, out.String())
	d.drawn = len(lines)
}

func (c *command) watchProgramCommand() *cobra.Command {
	return c.ofProgram("watch PROGRAM", "Show how far the building of an edition, or the refreshing of what is shown, is until it ends", "  leadline programs watch prg_4f0c9a2b1x7z", cobra.ExactArgs(1),
		func(ctx context.Context, api *client, id string, _ []string) error {
			var p programState
			if err := api.get(ctx, &p, nil, "programs", id); err != nil {
				return err
			}
			switch {
			case p.Building != nil:
				return c.watchEdition(ctx, api, id, p.Building.ID)
			case p.Live != nil:
				return c.watchEdition(ctx, api, id, p.Live.ID)
			}
			return errors.New("nothing is built of the program: `leadline programs publish` begins it")
		})
}

// watchEdition draws how far an edition is until it is shown: over itself on a terminal, a line every few seconds elsewhere.
func (c *command) watchEdition(ctx context.Context, api *client, id, edition string) error {
	a, err := c.awaitEdition(ctx, api, id, edition)
	if ctx.Err() != nil {
		return &halfway{errors.Join(err, ctx.Err()), fmt.Sprintf("It goes on: `leadline programs watch %s` shows how far.", id)}
	}
	if err != nil || c.asJSON {
		return c.orJSON(a, err)
	}
	c.printf("%s is shown: %s.\n", clean(a.is.Name), clean(inWords(a.is.Live.Versions)))
	return nil
}

func (c *command) awaitEdition(ctx context.Context, api *client, id, edition string) (kept[programState], error) {
	last, beat, stall := time.Time{}, 0, c.stall()
	d := redrawn{c: c, to: c.stderr}
	paint := painter{on: c.watched && c.getenv("NO_COLOR") == ""} // stdout may be another thing than stderr
	for {
		var a kept[programState]
		if err := api.get(ctx, &a, nil, "programs", id); err != nil {
			return a, err
		}
		e, shown, err := editionOf(a.is, edition)
		if e == nil {
			return a, err
		}
		ends := shown || err != nil
		switch now := c.now(); {
		case c.asJSON && !c.watched:
		case c.watched:
			d.draw(editionBoard(paint, a.is.Name, *e, shown, now, beat))
			beat++
		case now.Sub(last) >= otherwise || ends:
			last = now
			_, _ = fmt.Fprintln(c.stderr, editionHead(paint, a.is.Name, *e, shown)+"  "+runLine(paint, e.run(), now))
		}
		if ends {
			return a, err
		}
		r := e.run()
		if !stall.moved(r.Phase, r.PartsDone, r.Records, r.Participants) {
			return a, fmt.Errorf("nothing has happened for %s: is calculate running? What was done is kept", longest)
		}
		if err := c.pause(ctx, 500*time.Millisecond); err != nil {
			return a, err
		}
	}
}

// editionOf finds an edition of a program and tells whether it is shown as it is to be. It is an error that it failed, or is not
// there any more.
func editionOf(p programState, edition string) (e *programEdition, shown bool, err error) {
	switch {
	case p.Live != nil && p.Live.ID == edition:
		e = p.Live
		r := e.run()
		shown = r.Kind != "refresh" || r.Phase == "done"
	case p.Building != nil && p.Building.ID == edition:
		e = p.Building
	default:
		return nil, false, errors.New("the edition is not built any more: another was published, or the program was archived")
	}
	if r := e.run(); r.Phase == "failed" && !(shown && r.Kind != "refresh") {
		return e, false, fmt.Errorf("it failed: %s", orElse(r.Error, "nobody said why"))
	}
	return e, shown, nil
}

func (e programEdition) run() programRun {
	if e.Run == nil {
		return programRun{Kind: "build", Phase: "waiting"}
	}
	return *e.Run
}

// editionHead says what is being built.
func editionHead(paint painter, name string, e programEdition, shown bool) string {
	head := clean(name)
	if n := len(e.Versions); n > 0 {
		head += ", version " + strconv.Itoa(e.Versions[n-1].Number)
	}
	if shown {
		head += "  " + paint.paint(green, "shown")
	}
	return head
}

// runLine says in one line how far a run is.
func runLine(paint painter, r programRun, now time.Time) string {
	phase := r.Phase
	if r.Kind == "refresh" {
		phase = "refresh: " + phase
	}
	style := yellow
	switch r.Phase {
	case "done":
		style = green
	case "failed":
		style = red
	}
	line := paint.paint(style, clean(phase))
	if r.Parts > 0 {
		line += fmt.Sprintf("  %s of %s parts", grouped(int64(r.PartsDone)), grouped(int64(r.Parts)))
	}
	line += "  " + creditedOf(r)
	if r.Units > 0 || r.Participants > 0 {
		line += "  " + reckonedOf(r)
	}
	if took := tookOf(r, now); took != "" {
		line += "  in " + took
	}
	if r.Error != "" {
		line += "  " + clean(r.Error)
	}
	return line
}

func creditedOf(r programRun) string {
	text := fmt.Sprintf("%s records, %s credits", grouped(r.Records), grouped(r.Credits))
	if r.Refused > 0 {
		text += fmt.Sprintf(", %s refused", grouped(r.Refused))
	}
	return text
}

func reckonedOf(r programRun) string {
	if r.Units == 0 {
		return grouped(r.Participants) + " participants"
	}
	return fmt.Sprintf("%s of %s participants", grouped(r.Participants), grouped(int64(r.Units)))
}

// tookOf says how long a run took so far.
func tookOf(r programRun, now time.Time) string {
	if r.StartedAt == nil {
		return ""
	}
	if r.FinishedAt != nil {
		now = *r.FinishedAt
	}
	return max(0, now.Sub(*r.StartedAt)).Round(time.Second).String()
}

// editionBoard draws an edition: what it is, then a line for each phase.
func editionBoard(paint painter, name string, e programEdition, shown bool, now time.Time, beat int) []string {
	r := e.run()
	head := editionHead(paint, name, e, shown)
	if !shown {
		style := yellow
		if r.Phase == "failed" {
			style = red
		}
		head += "  " + paint.paint(style, clean(r.Phase))
	}
	if took := tookOf(r, now); took != "" {
		head += "  " + took
	}
	out := []string{head}
	phases := []string{"crediting", "calculating", "ranking"}
	at := len(phases)
	if r.Phase != "done" && !shown {
		at = -1 // it waits, or nobody knows how far it was when it failed
		for i, phase := range phases {
			if phase == r.Phase {
				at = i
			}
		}
	}
	notes := []string{creditedOf(r), reckonedOf(r), ""}
	for i, phase := range phases {
		bar := strings.Repeat("░", objectBar)
		switch {
		case i < at:
			bar = paint.paint(green, strings.Repeat("█", objectBar))
		case i == at && i == 1 && r.Units > 0:
			full := int(min(r.Participants, int64(r.Units)) * objectBar / int64(r.Units))
			bar = strings.Repeat("█", full) + strings.Repeat("░", objectBar-full)
		case i == at:
			// How many records there are is not known before the last: something that moves says that something happens.
			step := beat % objectBar
			bar = strings.Repeat("░", step) + "█" + strings.Repeat("░", objectBar-step-1)
		}
		out = append(out, strings.TrimRight(fmt.Sprintf("  %-11s  %s  %s", phase, bar, notes[i]), " "))
	}
	if r.Error != "" {
		out = append(out, "  "+paint.paint(red, clean(r.Error)))
	}
	return out
}

// whole reads an answer that comes in pages: all of the first page, with what the named lists have on the others, until the first
// list has limit items; 0 reads all pages.
func whole[T any](ctx context.Context, api *client, limit int, query url.Values, lists []string, path ...string) (kept[T], error) {
	const most = 200 // of one page
	var a kept[T]
	var all map[string]json.RawMessage
	items := map[string][]json.RawMessage{}
	for pages := 1; ; pages++ {
		q := url.Values{"limit": {strconv.Itoa(most)}}
		if limit > 0 {
			q.Set("limit", strconv.Itoa(min(most, limit-len(items[lists[0]]))))
		}
		for name, values := range query {
			q[name] = values
		}
		if all != nil {
			q.Set("cursor", textOf(all["next"]))
		}
		var text json.RawMessage
		if err := api.get(ctx, &text, q, path...); err != nil {
			return a, err
		}
		var page map[string]json.RawMessage
		if err := json.Unmarshal(text, &page); err != nil {
			return a, fmt.Errorf("the answer is not understood: %w", err)
		}
		for _, name := range lists {
			var more []json.RawMessage
			if err := json.Unmarshal(page[name], &more); page[name] != nil && err != nil {
				return a, fmt.Errorf("the answer is not understood: %w", err)
			}
			items[name] = append(items[name], more...)
		}
		if all == nil {
			all = page
		}
		if all["next"] = page["next"]; all["next"] == nil {
			delete(all, "next")
		}
		if ends := all["next"] == nil || limit > 0 && len(items[lists[0]]) >= limit; !ends {
			continue
		}
		if pages > 1 {
			for name, list := range items {
				if list != nil {
					all[name], _ = json.Marshal(list) // each item was read as JSON
				}
			}
			text, _ = json.Marshal(all)
		}
		return a, json.Unmarshal(text, &a)
	}
}

// textOf reads a JSON text; what is none is the empty text.
func textOf(value json.RawMessage) (s string) {
	_ = json.Unmarshal(value, &s)
	return s
}
