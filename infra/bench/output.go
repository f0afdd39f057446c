package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// output prints tables that a person reads; progress goes elsewhere.
type output struct {
	to, progressTo io.Writer
	began          time.Time
}

func (o *output) progress(format string, args ...any) {
	fmt.Fprintf(o.progressTo, "%5.1f s  %s\n", time.Since(o.began).Seconds(), fmt.Sprintf(format, args...))
}

func (o *output) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(o.to, "\n%s\n%s\n\n", text, strings.Repeat("-", utf8.RuneCountInString(text)))
}

func (o *output) note(lines ...string) {
	fmt.Fprintln(o.to)
	for _, line := range lines {
		fmt.Fprintln(o.to, line)
	}
}

// table is rows of cells under a heading. The first column stands on the left, the others on the right, those of text too if
// they are among left.
type table struct {
	heading []string
	rows    [][]string
	left    []int
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (o *output) table(t table) {
	widths := make([]int, len(t.heading))
	for _, row := range append([][]string{t.heading}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	flush := map[int]bool{0: true}
	for _, i := range t.left {
		flush[i] = true
	}
	for at, row := range append([][]string{t.heading}, t.rows...) {
		var line strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				line.WriteString("  ")
			}
			if flush[i] {
				line.WriteString(cell + space)
			} else {
				line.WriteString(space + cell)
			}
		}
		fmt.Fprintln(o.to, strings.TrimRight(line.String(), " "))
		if at == 0 {
			fmt.Fprintln(o.to, strings.Repeat("-", utf8.RuneCountInString(line.String())))
		}
	}
}

// dollars writes an amount to the cent's tenth.
func dollars(amount float64) string {
	if amount < 0.0005 {
		return "0"
	}
	return fmt.Sprintf("%.3f", amount)
}

// quantity writes a number with three digits that matter.
func quantity(n float64) string {
	if n == 0 {
		return ""
	}
	for _, step := range []struct {
		size float64
		sign string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if n >= step.size*0.9995 {
			return digits(n/step.size) + step.sign
		}
	}
	return digits(n)
}

// digits writes a number with three digits that matter.
func digits(n float64) string {
	decimals := 0
	for limit := 99.95; n > 0 && n < limit; limit /= 10 {
		decimals++
	}
	return fmt.Sprintf("%.*f", decimals, n)
}

// target is something that was promised.
type target struct {
	what, want, got string
	met             bool
	// remark says what to know about it.
	remark string
}

// printTargets ends the run.
func (b *bench) printTargets() {
	if len(b.targets) == 0 {
		return
	}
	b.out.title("Targets")
	t := table{heading: []string{"target", "wanted", "measured", ""}, left: []int{3}}
	for _, one := range b.targets {
		verdict := "met"
		if !one.met {
			verdict = "MISSED"
		}
		if one.remark != "" {
			verdict += ": " + one.remark
		}
		t.add(one.what, one.want, one.got, verdict)
	}
	b.out.table(t)
}
