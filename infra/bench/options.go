package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// options is what the command line asks for.
type options struct {
	only      string
	functions string
	arm64     string
	ctl       string
	runner    string
	events    int
	rows      int
	flood     int
	detail    bool
}

// parts lists what can be asked for alone.
func sections() []string { return []string{"cost", "speed", "zip", "system"} }

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.only, "only", "", "`parts`, by commas: "+strings.Join(sections(), ", ")+"; all unless set")
	flags.StringVar(&o.functions, "functions", ".build/local", "`folder` of the functions built for this machine")
	flags.StringVar(&o.arm64, "arm64", ".build/arm64", "`folder` of the functions built for AWS")
	flags.StringVar(&o.ctl, "ctl", ".local/bin/leadline", "the leadline `command`")
	flags.StringVar(&o.runner, "runner", ".local/bin/runner", "the local `runner`")
	flags.IntVar(&o.events, "events", 3000, "how many events the local stack gets")
	flags.IntVar(&o.rows, "rows", 10000, "how many rows the local stack gets, in pushes of 1,000")
	flags.IntVar(&o.flood, "flood", 5000, "how many messages the noisy neighbour floods the local stack with")
	flags.BoolVar(&o.detail, "detail", false, "print the bill of every line of the price table, item by item")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for _, name := range o.chosen() {
		if !slices.Contains(sections(), name) {
			return options{}, fmt.Errorf("-only %s: there is no such part; there are %s", name, strings.Join(sections(), ", "))
		}
	}
	return o, nil
}

func (o options) chosen() []string {
	if o.only == "" {
		return sections()
	}
	return strings.Split(o.only, ",")
}

// run does what was asked for and prints it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	b := &bench{options: o, out: &output{to: stdout, progressTo: stderr, began: time.Now()}}
	if b.prices, err = readPrices(priceFile); err != nil {
		return err
	}
	wants := func(section string) bool { return slices.Contains(o.chosen(), section) }
	if wants("cost") || wants("zip") {
		b.out.progress("starting the emulators")
		if b.lab, err = openLab(ctx, o); err != nil {
			return err
		}
		defer func() {
			if b.lab != nil {
				err = errors.Join(err, b.lab.close())
			}
		}()
	}
	for _, section := range []struct {
		name string
		do   func(context.Context) error
	}{{"cost", b.cost}, {"zip", b.sizes}, {"system", b.local}, {"speed", b.speed}} {
		if !wants(section.name) {
			continue
		}
		if (section.name == "system" || section.name == "speed") && b.lab != nil { // which would take their time from them
			if err := b.lab.close(); err != nil {
				return err
			}
			b.lab = nil
		}
		if err := section.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", section.name, err)
		}
	}
	b.printTargets()
	return nil
}
