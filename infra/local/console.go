package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// console prints what a person at a terminal wants to see. It is safe for concurrent use.
type console struct {
	quiet, verbose bool
	start          time.Time

	mu    sync.Mutex
	out   io.Writer
	color bool
	log   io.Writer // gets warnings, too; may be nil
}

func newConsole(out io.Writer, o options) *console {
	file, ok := out.(*os.File)
	color := ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == ""
	return &console{quiet: o.quiet, verbose: o.verbose, start: time.Now(), out: out, color: color}
}

func (c *console) paint(code, text string) string {
	if !c.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c *console) bold(text string) string { return c.paint("1", text) }
func (c *console) dim(text string) string  { return c.paint("2", text) }

// print writes lines, unless quiet.
func (c *console) print(format string, args ...any) {
	if !c.quiet {
		c.always(format, args...)
	}
}

// always writes lines.
func (c *console) always(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, format+"\n", args...)
}

// detail writes a line if verbose.
func (c *console) detail(format string, args ...any) {
	if c.verbose {
		c.always("  %s", c.dim(fmt.Sprintf(format, args...)))
	}
}

// warn writes a line that must not be missed.
func (c *console) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, "  %s %s\n", c.paint("33", "!"), text)
	if c.log != nil {
		fmt.Fprintf(c.log, "%s %s\n", time.Now().UTC().Format(time.RFC3339), text)
	}
}

// step begins a step of the start; the function that it gives ends it with a remark. slow is said if it takes long; it may
// be empty.
func (c *console) step(name, slow string) (done func(format string, args ...any)) {
	start := time.Now()
	patience := time.AfterFunc(3*time.Second, func() {
		if slow != "" {
			c.print("  … %s", c.dim(slow))
		}
	})
	return func(format string, args ...any) {
		patience.Stop()
		const nameWidth, remarkWidth = 22, 40
		remark := fmt.Sprintf(format, args...)
		c.print("  %s %s%s%s %s", c.paint("32", "✓"), name, pad(name, nameWidth), remark+pad(remark, remarkWidth),
			c.dim(fmt.Sprintf("%5.1f s", time.Since(start).Seconds())))
	}
}

func pad(text string, width int) string { return strings.Repeat(" ", max(width-len([]rune(text)), 1)) }
