package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	paint := painter{on: c.watched && c.getenv("NO_COLOR") == ""} // stdout may be another thing than stderr
	for {
		var r kept[runState]
		if err := api.get(ctx, &r, nil, "connections", conn, "runs", id); err != nil {
			return r, err
		}
		switch {
		case c.asJSON && !c.watched:
		case c.watched:
			lines := board(paint, r.is, c.now(), beat, c.room())
			var out strings.Builder
			out.WriteString("\x1b[?7l") // a line that is too long is cut off: what is drawn over must have as many
			if drawn > 0 {
				fmt.Fprintf(&out, "\x1b[%dA", drawn)
			}
			for _, line := range lines {
				out.WriteString("\r\x1b[2K" + line + "\n")
			}
			out.WriteString("\x1b[J\x1b[?7h")
			_, _ = fmt.Fprint(c.stderr, out.String())
			drawn, beat = len(lines), beat+1
		case c.now().Sub(last) >= otherwise || r.is.final():
			last = c.now()
			_, _ = fmt.Fprintln(c.stderr, board(paint, r.is, last, 0, 0)[0])
		}
		if r.is.final() {
			return r, nil
		}
		if err := c.pause(ctx, 500*time.Millisecond); err != nil {
			return r, err
		}
	}
}

// usualRoom is how many objects are drawn on a terminal that does not say how high it is.
const usualRoom = 20

// room gives how many objects there is room for on the terminal, besides the lines of the run and of what is left out, and
// the one that the cursor is on.
func (c *command) room() int {
	if c.height == nil || c.height() <= 0 {
		return usualRoom
	}
	return max(1, c.height()-3)
}

const objectBar = 20

// board draws a run: what it does as a whole, then a line for each object, or for so many of them if room is not 0.
func board(paint painter, r runState, now time.Time, beat, room int) []string {
	p := r.Progress
	head := fmt.Sprintf("%s  %s  %d of %d objects  %s read, %s stored", clean(sentence(strings.TrimSpace(r.Plan.Kind+" "+r.Plan.Mode))), paintStatus(paint, r.Status),
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
		head += "  about " + max(0, p.EstimatedEnd.Sub(now)).Round(time.Second).String() + " left"
	}
	lines := []string{head}
	wide := 0
	for _, o := range r.Objects {
		wide = max(wide, utf8.RuneCountInString(o.Object))
	}
	objects := fit(r.Objects, room)
	for _, o := range objects {
		lines = append(lines, objectLine(paint, o, wide, beat))
	}
	if hidden := len(r.Objects) - len(objects); hidden > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", hidden))
	}
	return lines
}

// sentence gives a text with a capital letter.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return strings.ToUpper(string(first)) + s[size:]
}

// fit gives as many objects as there is room for, 0 for any number: those that have ended well are left out first, then
// those that nothing was read of, then the last.
func fit(objects []runObject, room int) []runObject {
	if room <= 0 || len(objects) <= room {
		return objects
	}
	rank := func(o runObject) int {
		switch {
		case o.Phase == "finished":
			return 2
		case o.Phase == "reading" && o.Counts.Fetched == 0 && o.Problem == "":
			return 1
		}
		return 0
	}
	drawn := slices.Clone(objects)
	slices.SortStableFunc(drawn, func(a, b runObject) int { return rank(a) - rank(b) })
	drawn = drawn[:room]
	order := map[string]int{}
	for i, o := range objects {
		order[o.Object] = i
	}
	slices.SortStableFunc(drawn, func(a, b runObject) int { return order[a.Object] - order[b.Object] })
	return drawn
}

func paintStatus(paint painter, s string) string {
	switch s {
	case "done":
		return paint.paint(green, s)
	case "failed", "cancelled":
		return paint.paint(red, s)
	}
	return paint.paint(yellow, clean(s))
}

func objectLine(paint painter, o runObject, wide, beat int) string {
	n := o.Counts
	var bar, count string
	switch {
	case o.Phase == "stopped":
		bar, count = paint.paint(red, strings.Repeat("╌", objectBar)), grouped(n.Fetched)
	case o.Phase == "finished":
		bar, count = paint.paint(green, strings.Repeat("█", objectBar)), grouped(n.Fetched)
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
