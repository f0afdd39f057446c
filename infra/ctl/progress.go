package main

import (
	"fmt"
	"strings"
	"time"
)

// progress draws one line that shows how far something has come: over itself on a terminal, every few seconds on a line of
// its own elsewhere. It writes to stderr, so that answers can be piped.
type progress struct {
	c     *command
	what  string
	began time.Time
	drawn time.Time
	wide  int
}

func (c *command) progress(what string) *progress {
	return &progress{c: c, what: what, began: c.now()}
}

const (
	barWidth  = 28
	redraw    = 100 * time.Millisecond
	otherwise = 5 * time.Second
)

// show draws done of total, 0 while that is unknown, with what else is to be said.
func (p *progress) show(done, total int64, note string) {
	now, every := p.c.now(), otherwise
	if p.c.terminal {
		every = redraw
	}
	if !p.drawn.IsZero() && now.Sub(p.drawn) < every && (total == 0 || done < total) {
		return
	}
	p.drawn = now
	line := fmt.Sprintf("%s  %s", p.what, bar(done, total))
	if elapsed := now.Sub(p.began); elapsed > time.Second && done > 0 {
		perSecond := done * int64(time.Second) / int64(elapsed)
		line += fmt.Sprintf("  %d/s", perSecond)
		if total > done && perSecond > 0 {
			line += fmt.Sprintf("  %s left", (time.Duration((total-done)/perSecond) * time.Second).Round(time.Second))
		}
	}
	if note != "" {
		line += "  " + note
	}
	p.draw(line)
}

func (p *progress) draw(line string) {
	if !p.c.terminal {
		_, _ = fmt.Fprintln(p.c.stderr, line)
		return
	}
	pad := strings.Repeat(" ", max(0, p.wide-len([]rune(line))))
	p.wide = len([]rune(line))
	_, _ = fmt.Fprintf(p.c.stderr, "\r%s%s", line, pad)
}

// end leaves the line as it is.
func (p *progress) end() {
	if p.c.terminal && p.wide > 0 {
		_, _ = fmt.Fprintln(p.c.stderr)
	}
}

// bar draws a share.
func bar(done, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("%d", done)
	}
	full := int(min(done, total) * barWidth / total)
	return fmt.Sprintf("%s%s %3d %%  %d of %d", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), min(done, total)*100/total, done, total)
}
