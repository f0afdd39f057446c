package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"leadline/shared/fault"
	"leadline/shared/ledger"
)

// maxFindings is how many findings are printed as a table: what is wrong with a whole ledger is seen in less.
const maxFindings = 200

// verifyLedger reads all of the ledger and verifies it here.
func (c *command) verifyLedger(ctx context.Context, noted string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var organization struct {
		ID string `json:"id"`
	}
	if err := api.get(ctx, &organization, nil, "organization"); err != nil {
		return err
	}
	line, findings := c.progress("Verifying", count), []ledger.Finding{}
	checked, err := ledger.Verify(organization.ID, remoteLedger{ctx, api, organization.ID}, noted, func(f ledger.Finding) {
		if len(findings) < maxFindings {
			findings = append(findings, f)
		}
	}, func(done ledger.Checked, of int) {
		line.show(done.Participants, int64(of), fmt.Sprintf("participants, %d rows", done.Rows))
	})
	line.end()
	if err != nil {
		return err
	}
	if c.asJSON {
		if err := c.printJSON(map[string]any{"participants": checked.Participants, "accounts": checked.Accounts, "rows": checked.Rows,
			"roots": checked.Roots, "heads": checked.Heads, "last_root": checked.Last, "count": checked.Findings, "findings": findings}); err != nil {
			return err
		}
	} else {
		c.printChecked(checked, findings)
	}
	if checked.Findings > 0 {
		return fmt.Errorf("the ledger is not as it was written: %d findings", checked.Findings)
	}
	return nil
}

// printChecked prints what was verified, and what was found.
func (c *command) printChecked(checked ledger.Checked, findings []ledger.Finding) {
	c.printf("Verified %d rows of %d participants in %d accounts, and %d roots that bind %d places in them.\n",
		checked.Rows, checked.Participants, checked.Accounts, checked.Roots, checked.Heads)
	if len(findings) > 0 {
		t := table{head: []string{"PARTICIPANT", "ACCOUNT", "ROW", "ROOT", "FOUND", "WHAT"}}
		for _, f := range findings {
			account := ""
			if f.Account != nil {
				account = string(f.Account.Kind) + " " + string(f.Account.Unit)
				if f.Account.Payer != "" {
					account += " of " + f.Account.Payer
				}
			}
			t.add(text(f.Participant), text(account), text(orNone(f.Row)), text(orNone(f.Root)), styled(red, f.Code), text(f.Detail))
		}
		c.printf("\n%s", t.format(c.paint, ""))
		if more := checked.Findings - int64(len(findings)); more > 0 {
			c.printf("And %d more.\n", more)
		}
		return
	}
	c.printf("All of it is as it was written.\n")
	if last := checked.Last; last.Number > 0 {
		c.printf("The last root is number %d, of %s in %s. Note its hash elsewhere, for --root:\n%s\n", last.Number, clean(last.Period), clean(last.Program), clean(last.Hash))
	}
}

// orNone writes a number that is none where it is 0.
func orNone(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// remoteLedger reads a ledger by the API.
type remoteLedger struct {
	ctx          context.Context
	api          *client
	organization string
}

var _ ledger.Source = remoteLedger{}

// following reads a list page by page, as it is wanted.
func following[T any](r remoteLedger, query url.Values, parts ...string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := url.Values{"limit": {"200"}}
		for name, values := range query {
			q[name] = values
		}
		for {
			var p page[T]
			if err := r.api.get(r.ctx, &p, q, parts...); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range p.Items {
				if !yield(item, nil) {
					return
				}
			}
			if p.Next == "" {
				return
			}
			q.Set("cursor", p.Next)
		}
	}
}

// Roots implements ledger.Source. The API gives the newest first.
func (r remoteLedger) Roots() iter.Seq2[ledger.Root, error] {
	return func(yield func(ledger.Root, error) bool) {
		var roots []ledger.Root
		for root, err := range following[ledger.Root](r, nil, "ledger", "roots") {
			if err != nil {
				yield(root, err)
				return
			}
			roots = append(roots, root)
		}
		for _, root := range slices.Backward(roots) {
			if !yield(root, nil) {
				return
			}
		}
	}
}

// Heads implements ledger.Source.
func (r remoteLedger) Heads(root ledger.Root) iter.Seq2[ledger.HeadAt, error] {
	return func(yield func(ledger.HeadAt, error) bool) {
		for head, err := range following[ledger.HeadAt](r, nil, "ledger", "roots", strconv.FormatInt(root.Number, 10), "heads") {
			if refused := (*refusal)(nil); errors.As(err, &refused) && refused.Status == http.StatusNotFound {
				err = fault.Wrap(err, fault.NotFound, "not_found", "the list is not there")
			}
			if !yield(head, err) {
				return
			}
		}
	}
}

// remoteBook is a book as the API gives it.
type remoteBook struct {
	ledger.Book
	Accounts []ledgerAccount `json:"accounts"`
	Of       string          `json:"participant"`
}

// whole gives the book.
func (r remoteLedger) whole(b remoteBook) ledger.Book {
	out := b.Book
	out.Organization, out.Participant, out.Heads = r.organization, b.Of, map[ledger.Account]ledger.Head{}
	for _, a := range b.Accounts {
		out.Heads[a.Account] = a.Head
	}
	return out
}

// Books implements ledger.Source.
func (r remoteLedger) Books() iter.Seq2[ledger.Book, error] {
	return func(yield func(ledger.Book, error) bool) {
		for b, err := range following[remoteBook](r, nil, "ledger", "books") {
			if !yield(r.whole(b), err) {
				return
			}
		}
	}
}

// Book implements ledger.Source.
func (r remoteLedger) Book(participant string) (ledger.Book, error) {
	var b remoteBook
	err := r.api.get(r.ctx, &b, nil, "ledger", "participants", participant, "accounts")
	return r.whole(b), err
}

// Rows implements ledger.Source. What lies behind after is wanted only where somebody posts meanwhile, so that the rows before it
// may be read once more.
func (r remoteLedger) Rows(participant string, after int64) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		for row, err := range following[ledger.Row](r, url.Values{"order": {"chain"}}, "ledger", "participants", participant, "rows") {
			if err == nil && row.Number <= after {
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
