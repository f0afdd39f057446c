package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// watchRun draws a run object by object until it ends: over itself on a terminal, a line every few seconds elsewhere.
func (c *command) watchRun(ctx context.Context, api *client, conn, id string) error {
	r, err := c.awaitRun(ctx, api, conn, id)
	if ctx.Err() != nil {
		return &halfway{err, fmt.Sprintf("The run goes on: `leadline runs watch %s` shows how far, `leadline runs cancel %s` ends it.", id, id)}
	}
	if err != nil || c.asJSON {
		return c.orJSON(r, err)
	}
	c.showReport(r.is)
	switch r.is.Status {
	case "failed":
		return fmt.Errorf("the run failed: %s", r.is.Problem)
	case "cancelled":
		return errors.New("the run was cancelled: what it stored stays")
	}
	return nil
}

func (c *command) awaitRun(ctx context.Context, api *client, conn, id string) (kept[runState], error) {
	drawn, last, beat := 0, time.Time{}, 0
	for {
		var r kept[runState]
		if err := api.get(ctx, &r, nil, "connections", conn, "runs", id); err != nil {
			return r, err
		}
		switch {
		case c.asJSON && !c.watched:
		case c.watched:
			lines := c.board(r.is, beat)
			var out strings.Builder
			if drawn > 0 {
				fmt.Fprintf(&out, "\x1b[%dA", drawn)
			}
			for _, line := range lines {
				out.WriteString("\r\x1b[2K" + line + "\n")
			}
			_, _ = fmt.Fprint(c.stderr, out.String())
			drawn, beat = len(lines), beat+1
		case c.now().Sub(last) >= otherwise || r.is.final():
			last = c.now()
			_, _ = fmt.Fprintln(c.stderr, c.board(r.is, 0)[0])
		}
		if r.is.final() {
			return r, nil
		}
		if err := c.pause(ctx, 500*time.Millisecond); err != nil {
			return r, err
		}
	}
}

const objectBar = 20

// board draws a run: what it does as a whole, then a line for each object.
func (c *command) board(r runState, beat int) []string {
	p := r.Progress
	head := fmt.Sprintf("%s %s  %s  %d of %d objects  %s read, %s stored", strings.ToUpper(r.Plan.Kind[:1])+r.Plan.Kind[1:], r.Plan.Mode, c.status(r.Status),
		p.Done, p.Total, grouped(p.Counts.Fetched), grouped(p.Counts.stored()))
	if p.Counts.Refused > 0 {
		head += fmt.Sprintf(", %s refused", grouped(p.Counts.Refused))
	}
	head += fmt.Sprintf("  %s requests", grouped(p.Requests))
	if p.Retries > 0 {
		head += fmt.Sprintf(" (%s again)", grouped(p.Retries))
	}
	if p.PerMinute > 0 {
		head += fmt.Sprintf("  %s records/s", strconv.FormatFloat(p.PerMinute/60, 'f', 1, 64))
	}
	switch {
	case r.FinishedAt != nil:
		head += "  in " + r.FinishedAt.Sub(r.CreatedAt).Round(time.Second).String()
	case p.EstimatedEnd != nil:
		head += "  about " + max(0, p.EstimatedEnd.Sub(c.now())).Round(time.Second).String() + " left"
	}
	lines := []string{head}
	wide := 0
	for _, o := range r.Objects {
		wide = max(wide, utf8.RuneCountInString(o.Object))
	}
	for _, o := range r.Objects {
		lines = append(lines, c.objectLine(o, wide, beat))
	}
	return lines
}

func (c *command) status(s string) string {
	switch s {
	case "done":
		return c.paint.paint(green, s)
	case "failed", "cancelled":
		return c.paint.paint(red, s)
	}
	return c.paint.paint(yellow, s)
}

func (c *command) objectLine(o runObject, wide, beat int) string {
	n := o.Counts
	var bar, count string
	switch {
	case o.Phase == "stopped":
		bar, count = c.paint.paint(red, strings.Repeat("╌", objectBar)), grouped(n.Fetched)
	case o.Phase == "finished":
		bar, count = c.paint.paint(green, strings.Repeat("█", objectBar)), grouped(n.Fetched)
	case n.Found > 0:
		full := int(min(n.Fetched, n.Found) * objectBar / n.Found)
		bar, count = strings.Repeat("█", full)+strings.Repeat("░", objectBar-full), grouped(n.Fetched)+" of "+grouped(n.Found)
	default:
		// It is not known how much there is: something that moves says that something happens.
		at := beat % objectBar
		bar, count = strings.Repeat("░", at)+"█"+strings.Repeat("░", objectBar-at-1), grouped(n.Fetched)
		if n.Fetched == 0 {
			bar = strings.Repeat("░", objectBar)
		}
	}
	note := o.Phase
	switch {
	case o.Problem != "":
		note = o.Problem
	case o.Waiting != "":
		note += ", waits for " + o.Waiting
	case o.Phase == "finished":
		note = ""
		for _, part := range []struct {
			n    int64
			what string
		}{{n.stored(), "stored"}, {n.Unchanged + n.Newer, "as before"}, {n.Refused, "refused"}, {n.Deleted, "deleted"}, {n.Held, "held"}} {
			if part.n > 0 {
				note += fmt.Sprintf("%s %s  ", grouped(part.n), part.what)
			}
		}
	}
	return strings.TrimRight(fmt.Sprintf("  %-*s  %s  %18s  %s", wide, clean(o.Object), bar, count, short(clean(note), 100)), " ")
}

// showReport shows how both sides compare.
func (c *command) showReport(r runState) {
	if r.Report == nil || len(r.Report.Objects) == 0 {
		return
	}
	t := &table{head: []string{"OBJECT", "THERE", "HERE", "DIFFERS", "WHERE THE COUNT COMES FROM"}}
	for _, o := range r.Report.Objects {
		if o.Stored < 0 && o.Problem == "" {
			continue
		}
		differs := styled(green, "-")
		switch {
		case o.Source < 0 || o.Stored < 0:
			differs = styled(yellow, "unknown")
		case o.Difference != 0:
			differs = styled(red, fmt.Sprintf("%+d", o.Difference))
		}
		how := o.SourceHow
		if o.Explained != "" {
			how += "; " + o.Explained
		}
		if o.Problem != "" {
			how = o.Problem
		}
		t.add(text(o.Object), text(known(o.Source)), text(known(o.Stored)), differs, text(how))
	}
	if len(t.rows) == 0 {
		return
	}
	c.printf("\n%s", t.format(c.paint, ""))
}

func known(n int64) string {
	if n < 0 {
		return "?"
	}
	return grouped(n)
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
