package main

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// demoObject is what the rows of the demo are.
const demoObject = "demo_sales"

// The rows of the demo: some that make the schema, and one that breaks it. They never change, so that a second run finds
// all of it there.
const (
	demoRows = `{"id":"S-1001","sold_on":"2026-11-02","amount":1250.50,"units":3,"rep":"Ada Byrne"}
{"id":"S-1002","sold_on":"2026-11-03","amount":80,"units":1,"rep":"Tove Lind"}
{"id":"S-1003","sold_on":"2026-11-03","amount":20199.99,"units":12,"rep":"Ada Byrne"}`
	demoBreaking   = `{"id":"S-1004","sold_on":"2026-11-05","amount":310,"units":"2 boxes","rep":"Tove Lind","region":"North"}`
	demoBreakingID = "S-1004"
)

// clientPart shows what client software does: it pushes rows, breaks the schema, and the rows replay once the next
// version is accepted.
func (d *demo) clientPart(ctx context.Context) error {
	d.heading("Rows of client software: what a team without a CRM pushes")
	if d.client.ClientID == "" {
		d.printf("  The run file names no client: start `make run` anew.\n")
		return nil
	}
	api, err := d.clientSoftware("")
	if err != nil {
		return err
	}
	p := &pusher{c: d.command, api: api, object: demoObject, action: "create", size: 1000}
	sent, b, err := d.pushDemo(ctx, p, demoRows)
	if err != nil {
		return err
	}
	outcome := styled(green, soFar(b.Counts))
	if sent.before(b) {
		outcome = styled(dim, "already there: an earlier run pushed them")
	}
	t := &table{}
	t.add(text("Pushed "+plural(sent.Rows, "row")+" of "+demoObject), outcome)
	if _, b, err = d.pushDemo(ctx, p, demoBreaking); err != nil {
		return err
	}
	broken := "Pushed a row with units \"2 boxes\" and a field region"
	if len(b.Outcomes) == 0 || b.Outcomes[0].Entry == "" {
		t.add(text(broken), styled(dim, soFar(b.Counts)+": the schema takes it"))
		d.printf("%s", t.format(d.paint, "  "))
		return d.showDemoRecord(ctx)
	}
	t.add(text(broken), styled(yellow, "set aside: "+b.Outcomes[0].Code))
	d.printf("%s", t.format(d.paint, "  "))
	return d.acceptDemo(ctx, b.Outcomes[0].Entry)
}

// pushDemo pushes rows and waits for what becomes of them.
func (d *demo) pushDemo(ctx context.Context, p *pusher, rows string) (pushed, batch, error) {
	next, err := readRows(bytes.NewReader([]byte(rows)))
	if err != nil {
		return pushed{}, batch{}, err
	}
	sent, err := p.sendAll(ctx, &rowFile{next: next, read: &counter{}})
	if err != nil || len(sent) != 1 {
		return pushed{}, batch{}, fmt.Errorf("push the rows of the demo: %w", err)
	}
	b, err := d.awaitBatch(ctx, p.api, sent[0].Batch, func(batch) {})
	return sent[0], b, err
}

func (d *demo) demoPath(more ...string) []string {
	return append([]string{"connections", d.client.Connection, "objects", demoObject}, more...)
}

// acceptDemo shows what was set aside and what it asks for, accepts that, and waits until it is replayed.
func (d *demo) acceptDemo(ctx context.Context, id string) error {
	var e entry
	if err := d.api.get(ctx, &e, nil, "quarantine", id); err != nil {
		return err
	}
	var o objectSchema
	if err := d.api.get(ctx, &o, nil, d.demoPath()...); err != nil {
		return err
	}
	if e.Status != "open" {
		d.printf("  It is %s: an earlier run accepted the schema that it asks for, version %d now.\n", clean(e.Status), o.Schema.Version)
		return d.showDemoRecord(ctx)
	}
	d.printf("\n%s\n", entryTable([]entry{e}).format(d.paint, "  "))
	d.showObject(o)
	if o.Proposal == nil { // a run that was interrupted accepted it
		if err := d.api.post(ctx, nil, nil, "quarantine", id, "replay"); err != nil {
			return err
		}
	} else {
		if err := d.api.post(ctx, nil, &o, d.demoPath("proposal", "accept")...); err != nil {
			return err
		}
		d.printf("\n  Accepted: version %d. The row is replayed.\n", o.Schema.Version)
	}
	replayed := false
	err := d.tryFor(ctx, 30*time.Second, func() (bool, error) {
		err := d.api.get(ctx, &e, nil, "quarantine", id)
		replayed = e.Status == "resolved"
		return replayed, err
	})
	if err != nil {
		return err
	}
	if !replayed {
		d.printf("  It is not replayed yet: `leadline jobs` shows how far that is.\n")
		return nil
	}
	return d.showDemoRecord(ctx)
}

func (d *demo) showDemoRecord(ctx context.Context) error {
	var r recordState
	if err := d.api.get(ctx, &r, nil, d.demoPath("records", demoBreakingID)...); err != nil {
		return err
	}
	d.printf("\n%s\n%s", recordTable([]recordState{r}).format(d.paint, "  "), fieldTable(r).format(d.paint, "  "))
	return nil
}

// tryFor tries something again and again until it is done, or for a while.
func (d *demo) tryFor(ctx context.Context, longest time.Duration, try func() (bool, error)) error {
	for end := d.now().Add(longest); ; {
		if done, err := try(); done || err != nil || d.now().After(end) {
			return err
		}
		if err := d.pause(ctx, demoPoll); err != nil {
			return err
		}
	}
}
