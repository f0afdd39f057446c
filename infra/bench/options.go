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
	sandbox   string
	events    int
	rows      int
	flood     int
	// imported is how many records an import brings whose price is asked for, many how many one whose memory is.
	imported, many int
	// rates are the limits that imports are measured at, in requests a second; importFor is how long each.
	rates     string
	importFor time.Duration
	detail    bool
}

// sections lists what can be asked for alone. "import" and "incentive" stand for their parts.
func sections() []string {
	return slices.Concat([]string{"cost", "speed", "zip", "system", importSection}, imports(), []string{incentiveSection}, incentives(), []string{ledgerSection, payoutSection})
}

const importSection = "import"

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.only, "only", "", "`parts`, by commas: "+strings.Join(sections(), ", ")+"; all unless set")
	flags.StringVar(&o.functions, "functions", ".build/local", "`folder` of the functions built for this machine")
	flags.StringVar(&o.arm64, "arm64", ".build/arm64", "`folder` of the functions built for AWS")
	flags.StringVar(&o.ctl, "ctl", ".local/bin/leadline", "the leadline `command`")
	flags.StringVar(&o.runner, "runner", ".local/bin/runner", "the local `runner`")
	flags.StringVar(&o.sandbox, "sandbox", ".local/bin/sandbox", "the sandbox `command`")
	flags.IntVar(&o.events, "events", 3000, "how many events the local stack gets")
	flags.IntVar(&o.rows, "rows", 10000, "how many rows the local stack gets, in pushes of 1,000")
	flags.IntVar(&o.flood, "flood", 5000, "how many messages the noisy neighbour floods the local stack with")
	flags.IntVar(&o.imported, "imported", 3000, "of how many records an import is priced")
	flags.IntVar(&o.many, "many", 1_000_000, "at how many records the memory of fetch is compared with that at 10,000")
	flags.StringVar(&o.rates, "rates", "5,20,60", "at which `limits` the speed of an import is measured, in requests a second, by commas")
	flags.DurationVar(&o.importFor, "import-for", 15*time.Second, "how long each of these measurements takes")
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
	asked := strings.Split(o.only, ",")
	if o.only == "" {
		asked = sections()
	}
	if slices.Contains(asked, importSection) {
		asked = append(asked, imports()...)
	}
	if slices.Contains(asked, incentiveSection) {
		asked = append(asked, incentives()...)
	}
	return asked
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
	if slices.ContainsFunc([]string{"cost", "zip", "import-cost", "import-memory", "incentive-cost"}, wants) {
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
		// inLab says that it works in the lab, which else would take its time from it.
		inLab bool
		do    func(context.Context) error
	}{
		{"cost", true, b.cost}, {"import-cost", true, b.importCost}, {"incentive-cost", true, b.incentiveCost}, {"import-memory", true, b.importMemory},
		{"zip", true, b.sizes},
		{"import-rate", false, b.importRates}, {"import-delay", false, b.importDelay}, {"incentive-delay", false, b.incentiveDelay}, {"system", false, b.local},
		{"speed", false, b.speed}, {"incentive-speed", false, b.incentiveSpeed}, {ledgerSection, false, b.ledgerRows}, {payoutSection, false, b.payout},
	} {
		if !wants(section.name) {
			continue
		}
		if !section.inLab && b.lab != nil {
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
