package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"leadline/shared/fault"
	"leadline/shared/record"
)

const (
	// demoPatience is how long the demo waits for its events to be applied.
	demoPatience = 2 * time.Minute
	demoPoll     = 300 * time.Millisecond
	// clockGuard is how far ahead of the clock a version is set aside; the stack says so to ingest.
	clockGuard = 5 * time.Minute
)

// posted is a sample event on its way through the demo.
type posted struct {
	sample
	// changes are what the connector reads out of it; why says why it cannot, or why they will be set aside.
	changes []record.Change
	why     *fault.Error
	refused *refusal
}

// recordName names a record of the demo's connection.
type recordName struct{ object, id string }

// demo is one run of the sample events.
type demo struct {
	*command
	api        *client
	client     runClient
	hook       hook
	connection string
	posted     []*posted
	deadline   time.Time
	// before holds the revisions that were there, and known the quarantine entries.
	before map[recordName][]revision
	known  map[string]bool
	// after holds the records and their revisions once all is applied, aside the new entries.
	records map[recordName]recordState
	after   map[recordName][]revision
	aside   []entry
}

func (c *command) demoCommand() *cobra.Command {
	var folder, connection string
	cmd := &cobra.Command{
		Use: "demo", Short: "Post sample events, push rows, receive a track event, and show what becomes of them", Args: cobra.NoArgs,
		Long: "Post the sample events of events/receive in the order of their names, signed as Close signs, wait until they are applied, and show the records and the history of the deal.\n\n" +
			"Then push rows as client software does, break their schema, accept what the rows ask for and see them replay; and receive the track event that an event of Close became. " +
			"Running it again does no harm: it shows what is there already.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := c.newDemo(cmd.Context(), folder, connection)
			if err != nil {
				return err
			}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&folder, "events", filepath.Join("events", "receive"), "the `folder` of the events")
	cmd.Flags().StringVar(&connection, "connection", "", "the connection, if not that of the run file")
	cmd.AddCommand(c.paydayCommand())
	return cmd
}

func (c *command) newDemo(ctx context.Context, folder, connection string) (*demo, error) {
	run, err := c.readRunFile()
	if err != nil {
		return nil, err
	}
	api, err := c.client()
	if err != nil {
		return nil, err
	}
	h, err := c.hook("close", "", "")
	if err != nil {
		return nil, err
	}
	d := &demo{command: c, api: api, client: run.Client, hook: h, connection: orElse(connection, run.Close.Connection)}
	if d.connection == "" {
		if d.connection, err = onlyConnection(ctx, api, h.connector.Name); err != nil {
			return nil, err
		}
	}
	return d, d.load(folder)
}

// onlyConnection finds the connection of a connector if there is just one.
func onlyConnection(ctx context.Context, api *client, name string) (string, error) {
	all, err := list[connection](ctx, api, 0, nil, "connections")
	if err != nil {
		return "", err
	}
	matching := slices.DeleteFunc(all.Items, func(c connection) bool { return c.Connector != name || c.Status != "active" })
	if len(matching) != 1 {
		return "", usagef("there are %d active %s connections: say which with --connection", len(matching), name)
	}
	return matching[0].ID, nil
}

// load reads the events and what the connector makes of each.
func (d *demo) load(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		if _, err := os.Stat(folder); err != nil {
			return err
		}
		return fmt.Errorf("%s holds no events", folder)
	}
	slices.Sort(files)
	for _, file := range files {
		s, err := readSample(file, d.hook.connector)
		if err != nil {
			return err
		}
		if s.route == pushRoute {
			continue // rows of a client, which are no events of a CRM
		}
		s.name = filepath.Base(file)
		p := &posted{sample: s}
		if p.changes, err = d.hook.connector.Webhook.Parse(s.body); err != nil {
			p.why = fault.Of(err)
		}
		for _, ch := range p.changes {
			if ch.Version.Time().Sub(d.now()) > clockGuard {
				p.why = fault.New(fault.Invalid, "future_version", "It is dated in the future.")
			}
		}
		d.posted = append(d.posted, p)
	}
	return nil
}

func (d *demo) run(ctx context.Context) error {
	receiving := d.openTrack(ctx)
	defer receiving.close(ctx)
	if err := d.crmPart(ctx); err != nil {
		return err
	}
	if err := d.clientPart(ctx); err != nil {
		return err
	}
	if err := receiving.run(ctx); err != nil {
		return err
	}
	d.printf("\n%s\n", d.paint.paint(dim, "See more: leadline records "+d.connection+" lead, leadline quarantine, leadline tail, leadline --help"))
	return nil
}

// crmPart posts the events and shows what becomes of them.
func (d *demo) crmPart(ctx context.Context) error {
	if err := d.remember(ctx); err != nil {
		return err
	}
	d.deadline = d.now().Add(demoPatience)
	d.printf("%s\n", d.paint.paint(bold, fmt.Sprintf("Posting %d events, signed as %s signs them", len(d.posted), d.hook.connector.Title)))
	for i, p := range d.posted {
		d.progress("  %d of %d: %s", i+1, len(d.posted), p.name)
		if err := d.inOrder(ctx, i); err != nil {
			return err
		}
		err := d.deliver(ctx, d.hook, p.sample)
		if err != nil && !errors.As(err, &p.refused) {
			return err
		}
	}
	if err := d.wait(ctx); err != nil {
		return err
	}
	d.show()
	return nil
}

// progress shows a line that the next one replaces. It is for people who watch.
func (d *demo) progress(format string, args ...any) {
	if d.terminal {
		d.printf("\r\x1b[K"+format, args...)
	}
}

// names lists the records that the events are about, in the order of their first event.
func (d *demo) names() []recordName {
	var names []recordName
	for _, p := range d.posted {
		if p.why != nil || p.refused != nil {
			continue
		}
		for _, ch := range p.changes {
			if name := (recordName{ch.Object, ch.ID}); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// remember notes what is there before the first event is posted.
func (d *demo) remember(ctx context.Context) error {
	d.before, d.known = map[recordName][]revision{}, map[string]bool{}
	for _, name := range d.names() {
		revisions, err := d.history(ctx, name)
		if err != nil {
			return err
		}
		d.before[name] = revisions
	}
	entries, err := d.entries(ctx)
	for _, e := range entries {
		d.known[e.ID] = true
	}
	return err
}

func (d *demo) path(name recordName, more ...string) []string {
	return append([]string{"connections", d.connection, "objects", name.object, "records", name.id}, more...)
}

// history reads the revisions of a record, newest first; none if there is no such record.
func (d *demo) history(ctx context.Context, name recordName) ([]revision, error) {
	all, err := list[revision](ctx, d.api, 0, nil, d.path(name, "history")...)
	return all.Items, unlessNotFound(err)
}

func (d *demo) entries(ctx context.Context) ([]entry, error) {
	all, err := list[entry](ctx, d.api, 0, map[string][]string{"connection": {d.connection}}, "quarantine")
	return all.Items, err
}

func unlessNotFound(err error) error {
	var r *refusal
	if errors.As(err, &r) && r.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// wait reads the records until each is as new as every event about it and its history is complete, and until what can
// never be applied has been set aside.
func (d *demo) wait(ctx context.Context) error {
	for {
		waiting, err := d.look(ctx)
		if err != nil {
			return err
		}
		if waiting == 0 {
			d.progress("")
			return nil
		}
		d.progress("  waiting until the events are applied: %d to go", waiting)
		if err := d.again(ctx, waiting); err != nil {
			return err
		}
	}
}

// again waits a moment, unless that took too long already.
func (d *demo) again(ctx context.Context, waiting int) error {
	if d.now().After(d.deadline) {
		d.progress("")
		return fmt.Errorf("after %s there are events still on their way (%d): is ingest running?", demoPatience, waiting)
	}
	return d.pause(ctx, demoPoll)
}

// inOrder waits, before the i-th event, until those before it about the same records are applied. A CRM would not wait,
// and the records would be the same; but the newest of what arrives at once is all that history would tell of.
func (d *demo) inOrder(ctx context.Context, i int) error {
	newest := map[recordName]time.Time{}
	for _, p := range d.posted[:i] {
		for _, ch := range p.changes {
			name, at := recordName{ch.Object, ch.ID}, ch.Version.Time()
			if p.why == nil && p.refused == nil && at.After(newest[name]) {
				newest[name] = at
			}
		}
	}
	for _, ch := range d.posted[i].changes {
		name := recordName{ch.Object, ch.ID}
		for at, known := newest[name]; known; {
			var r recordState
			if err := d.api.get(ctx, &r, nil, d.path(name)...); unlessNotFound(err) != nil {
				return err
			}
			if r.Rev > 0 && !r.Version.Before(at) {
				break
			}
			if err := d.again(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// look reads the present state and gives how many events are still on their way.
func (d *demo) look(ctx context.Context) (waiting int, err error) {
	d.records, d.after, d.aside = map[recordName]recordState{}, map[recordName][]revision{}, nil
	for _, name := range d.names() {
		var r recordState
		if err := d.api.get(ctx, &r, nil, d.path(name)...); unlessNotFound(err) != nil {
			return 0, err
		}
		d.records[name] = r
		if d.after[name], err = d.history(ctx, name); err != nil {
			return 0, err
		}
	}
	entries, err := d.entries(ctx)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if !d.known[e.ID] {
			d.aside = append(d.aside, e)
		}
	}
	expected := 0
	for _, p := range d.posted {
		switch {
		case p.refused != nil:
		case p.why != nil:
			expected++
		case !d.applied(p):
			waiting++
		}
	}
	return waiting + max(0, expected-len(d.aside)), nil
}

// applied tells whether every record that an event is about is at least as new as the event says, history included.
func (d *demo) applied(p *posted) bool {
	for _, ch := range p.changes {
		name := recordName{ch.Object, ch.ID}
		r, rows := d.records[name], d.after[name]
		if r.Rev == 0 || r.Version.Before(ch.Version.Time()) || len(rows) == 0 || rows[0].Rev < r.Rev {
			return false
		}
	}
	return true
}
