package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

// options are the flags.
type options struct {
	server.Options
	port     int
	play     time.Duration
	validate bool
	specs    string
}

// parseOptions reads the flags. The defaults are those of a development sandbox: limits as in Close's documents, changes
// gathered for a few seconds.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	o := options{}
	f := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.port, "port", 0, "the port on 127.0.0.1; 0 takes a free one")
	f.Uint64Var(&o.Seed, "seed", 1, "decides all the data")
	f.IntVar(&o.Records, "records", 12_000, "records at the start, of all kinds together")
	f.IntVar(&o.Ties, "ties", 450, "leads that share one date_updated")
	start := f.String("start", "", "the time at which the data ends, such as 2026-01-31T00:00:00Z; the begin of this day unless set")
	f.Float64Var(&o.RPS, "rps", 20, "requests a second for each key and group of endpoints; 0 has no limit")
	f.DurationVar(&o.Window, "window", 5*time.Second, "the window of the limit")
	f.BoolVar(&o.Semicolons, "semicolons", false, "write the RateLimit header with semicolons")
	f.DurationVar(&o.play, "play", 0, "let something happen so often; 0 does not")
	keys := f.String("api-keys", "", "API keys and whose they are, such as key=admin,other=rep (admin, manager, rep or an e-mail address)")
	f.StringVar(&o.ClientID, "client-id", server.DefaultClientID, "the OAuth application")
	f.StringVar(&o.ClientSecret, "client-secret", server.DefaultClientSecret, "its secret")
	f.DurationVar(&o.TokenLife, "token-life", time.Hour, "how long an access token lives")
	f.DurationVar(&o.Consolidation, "consolidation", 2*time.Second, "how long changes of one object are gathered in one event")
	f.DurationVar(&o.IndexDelay, "index-delay", 0, "how far the search lies behind")
	f.IntVar(&o.MaxSkip, "max-skip", 2000, "the largest _skip")
	f.IntVar(&o.Chain, "search-chain", 10_000, "objects that one search gives over all its pages")
	f.DurationVar(&o.CursorLife, "cursor-life", 30*time.Second, "how long a cursor of a search lives")
	merge := f.String("merge", "silent", "what a merge does to what it moves: silent, touch or events")
	f.BoolVar(&o.Cascade, "cascade-events", false, "make events for what a deleted lead takes along")
	f.DurationVar(&o.Webhooks.PauseAfter, "webhook-pause-after", 72*time.Hour, "pause a subscription that has failed for so long")
	f.IntVar(&o.Webhooks.PauseFailures, "webhook-pause-failures", 0, "pause a subscription after so many failures in a row; 0 does not")
	f.DurationVar(&o.Webhooks.Retry, "webhook-retry", time.Second, "the wait before a delivery is tried again, which doubles")
	f.BoolVar(&o.Webhooks.Ordered, "webhook-ordered", false, "deliver webhooks in their order")
	f.BoolVar(&o.validate, "validate", false, "hold requests and answers against the OpenAPI files of Close")
	f.StringVar(&o.specs, "specs", "", "the folder with a folder close of OpenAPI files; LEADLINE_SPECS or ../shared/specs unless set")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("there is no argument %q", f.Arg(0))
	}
	return o, o.complete(*start, *keys, *merge)
}

// complete reads the flags that are not numbers.
func (o *options) complete(start, keys, merge string) error {
	if start != "" {
		var err error
		if o.Start, err = time.Parse(time.RFC3339, start); err != nil {
			return fmt.Errorf("-start: %w", err)
		}
	}
	for pair := range strings.SplitSeq(keys, ",") {
		if pair == "" {
			continue
		}
		key, who, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return errors.New("-api-keys: each is key=user")
		}
		if o.Keys == nil {
			o.Keys = map[string]string{}
		}
		o.Keys[key] = who
	}
	switch merge {
	case "silent":
	case "touch", "events":
		o.Merge = crm.Moved(merge)
	default:
		return fmt.Errorf("-merge: there is no %q", merge)
	}
	return nil
}
