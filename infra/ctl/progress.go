package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// progress draws one line that shows how far something has come: over itself on a terminal, every few seconds on a line of
// its own elsewhere, for logs. It writes to stderr, so that answers can be piped, and nothing at all where only a program
// reads what is answered.
type progress struct {
	c    *command
	what string
	// unit writes an amount.
	unit func(int64) string
	// mu guards the rest: uploads draw from where the body is read.
	mu           sync.Mutex
	began, drawn time.Time
	wide         int
}

// progress begins a line about an amount that unit writes.
func (c *command) progress(what string, unit func(int64) string) *progress {
	now := c.now()
	return &progress{c: c, what: what, unit: unit, began: now, drawn: now.Add(-redraw)}
}

// count writes an amount of things.
func count(n int64) string { return fmt.Sprint(n) }

const (
	barWidth  = 28
	redraw    = 100 * time.Millisecond
	otherwise = 5 * time.Second
)

// show draws done of total, 0 while that is unknown, with what else is to be said.
func (p *progress) show(done, total int64, note string) {
	if !p.c.watched && p.c.asJSON {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now, every := p.c.now(), otherwise
	if p.c.watched {
		every = redraw
	}
	if finished := p.c.watched && total > 0 && done >= total; now.Sub(p.drawn) < every && !finished {
		return
	}
	p.drawn = now
	line := p.what + "  " + p.bar(done, total)
	if elapsed := now.Sub(p.began); elapsed > time.Second && done > 0 {
		perSecond := int64(float64(done) / elapsed.Seconds())
		line += "  " + p.unit(perSecond) + "/s"
		if total > done && perSecond > 0 {
			line += fmt.Sprintf("  %s left", time.Duration((total-done)/perSecond)*time.Second)
		}
	}
	if note != "" {
		line += "  " + clean(note)
	}
	p.draw(line)
}

func (p *progress) draw(line string) {
	if !p.c.watched {
		_, _ = fmt.Fprintln(p.c.stderr, line)
		return
	}
	wide := utf8.RuneCountInString(line)
	_, _ = fmt.Fprintf(p.c.stderr, "\r%s%s", line, strings.Repeat(" ", max(0, p.wide-wide)))
	p.wide = wide
}

// end leaves the line as it is.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wide > 0 {
		_, _ = fmt.Fprintln(p.c.stderr)
		p.wide = 0
	}
}

// bar draws a share.
func (p *progress) bar(done, total int64) string {
	if total <= 0 {
		return p.unit(done)
	}
	done = min(done, total)
	full := int(float64(done) / float64(total) * barWidth)
	return fmt.Sprintf("%s%s %3d %%  %s of %s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full),
		int(float64(done)/float64(total)*100), p.unit(done), p.unit(total))
}
