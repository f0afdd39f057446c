package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// payday is one run of the demo that takes two months of a program from calculated to paid.
type payday struct {
	*command
	api *client
	// ann, bob and cat are three admins: nobody approves what they had a hand in.
	ann, bob, cat *client
	program       programState
	months        [2]string
	crm           string // the sandbox CRM's address; empty where there is none
	payer         string
	currency      string
	file          string
}

type (
	paydaySettlement struct {
		State string `json:"state"`
		Work  *struct {
			Error string `json:"error"`
		} `json:"work"`
		Totals struct {
			Statements int    `json:"statements"`
			Payable    sum    `json:"payable"`
			Adjusted   sum    `json:"adjusted"`
			Credited   sum    `json:"credited"`
			Points     string `json:"points"`
		} `json:"totals"`
	}
	paydayStatement struct {
		Participant string `json:"participant"`
		Name        string `json:"name"`
		Payable     sum    `json:"payable"`
		Credited    sum    `json:"credited"`
		Document    string `json:"document"`
		Adjustments []struct {
			Period string    `json:"period"`
			Amount string    `json:"amount"`
			Unit   string    `json:"unit"`
			Record recordRef `json:"record"`
			Cause  struct {
				Code   string `json:"code"`
				Detail string `json:"detail"`
			} `json:"cause"`
		} `json:"adjustments"`
		Statement struct {
			Credits []struct {
				Record recordRef `json:"record"`
			} `json:"credits"`
		} `json:"statement"`
	}
	paydayBatch struct {
		ID    string `json:"id"`
		State string `json:"state"`
		Work  *struct {
			Error string `json:"error"`
		} `json:"work"`
		Payments int    `json:"payments"`
		LeftOut  int    `json:"left_out"`
		Gross    sum    `json:"gross"`
		Tax      sum    `json:"tax"`
		Net      sum    `json:"net"`
		Hash     string `json:"file_sha256"`
	}
)

func (c *command) paydayCommand() *cobra.Command {
	var program, file string
	cmd := &cobra.Command{
		Use: "payday", Short: "Take a month of the demo program from calculated to paid, then lose a deal of it", Args: cobra.NoArgs,
		Long: "Take a month from calculated to paid as three admins do: one calculates and submits, two approve; the ledger is posted, a batch of payments is collected, approved, released, and its bank file written.\n\n" +
			"Then a deal of that month is lost in the sandbox CRM. The next month is settled, and takes back what the deal had brought; the locked month stays as it was. Accounts and people are made up. It does this once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return (&payday{command: c, file: file}).run(cmd.Context(), program)
		},
	}
	cmd.Flags().StringVar(&program, "program", "", "the program, if not that of the run file")
	cmd.Flags().StringVar(&file, "output", filepath.Join(".local", "payday.xml"), "the `file` to write the bank file to")
	return cmd
}

func (d *payday) run(ctx context.Context, program string) error {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return d.find(ctx, program) }, d.people, d.payees,
		func(ctx context.Context) error { return d.close(ctx, d.months[0]) }, d.pay, d.lose,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.printf("\n%s\n", d.paint.paint(dim, "See more: leadline settlements, leadline payouts, leadline ledger verify, leadline --help"))
	return nil
}

// find finds the program and the two months before the present one.
func (d *payday) find(ctx context.Context, program string) error {
	var err error
	if d.api, err = d.client(); err != nil {
		return err
	}
	all, err := list[programState](ctx, d.api, 0, nil, "programs")
	if err != nil {
		return err
	}
	run, noRunFile := d.readRunFile()
	if program == "" && noRunFile == nil {
		program = run.CRM.Program
	}
	found := 0
	for _, p := range all.Items {
		if p.Status == "live" && (program == "" || p.ID == program || p.Name == program) {
			d.program, found = p, found+1
		}
	}
	if found != 1 {
		return usagef("there are %d live programs: say which with --program, or wait until `make run` says that its program is live", found)
	}
	now := d.now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	d.months = [2]string{first.AddDate(0, -2, 0).Format("2006-01"), first.AddDate(0, -1, 0).Format("2006-01")}
	if noRunFile == nil && run.CRM.Connection != "" {
		var conn struct {
			BaseURL string `json:"base_url"`
		}
		if err := d.api.get(ctx, &conn, nil, "connections", run.CRM.Connection); err != nil {
			return err
		}
		if at, err := url.Parse(conn.BaseURL); err == nil && at.Host != "" {
			d.crm = at.Scheme + "://" + at.Host
		}
	}
	var s paydaySettlement
	if err := d.api.get(ctx, &s, nil, "programs", d.program.ID, "settlements", d.months[0]); err != nil {
		return err
	}
	if s.State == "locked" || s.State == "paid" {
		return fmt.Errorf("%s is %s already: `leadline settlements %q` shows it", d.months[0], s.State, d.program.Name)
	}
	return nil
}

// people makes three admins, each with a key, and has two of them approve periods and payments.
func (d *payday) people(ctx context.Context) error {
	d.printf("%s\n", d.paint.paint(bold, "Three admins: Ann does the work, Bob and Cat approve it"))
	for name, to := range map[string]**client{"Ann": &d.ann, "Bob": &d.bob, "Cat": &d.cat} {
		var person, key struct{ ID, Key string }
		email := fmt.Sprintf("%s.%d@example.com", name, d.now().UnixNano())
		if err := d.api.post(ctx, map[string]string{"email": email, "name": name, "role": "admin"}, &person, "people"); err != nil {
			return err
		}
		if err := d.api.post(ctx, map[string]string{"name": name + " at payday", "role": "admin", "person": person.ID}, &key, "keys"); err != nil {
			return err
		}
		*to = &client{sender: d.api.sender, base: d.api.base, authorization: "Bearer " + key.Key}
	}
	levels, err := json.Marshal(map[string]any{"levels": []any{map[string]any{"name": "Sales"}, map[string]any{"name": "Finance"}}})
	if err != nil {
		return err
	}
	for _, kind := range []string{"settlement", "payout"} {
		if _, err := d.api.call(ctx, request{method: http.MethodPut, path: []string{"approval-policies", kind}, body: levels}, nil); err != nil {
			return err
		}
	}
	return nil
}

// payees says who pays, and gives everybody an account that does not exist.
func (d *payday) payees(ctx context.Context) error {
	members, err := list[struct{ ID, Name string }](ctx, d.api, 0, nil, "members")
	if err != nil {
		return err
	}
	var payer struct{ ID string }
	if err := d.ann.post(ctx, map[string]any{"name": "Demo Sales GmbH", "country": "DE", "address": []string{"Hauptstrasse 1", "10115 Berlin"}}, &payer, "payers"); err != nil {
		return err
	}
	if err := d.bank(ctx, "Demo Sales GmbH", 0, "payers", payer.ID); err != nil {
		return err
	}
	line := d.progress("accounts", count)
	for n, m := range members.Items {
		body, err := json.Marshal(map[string]any{"payer": payer.ID, "legal_name": orElse(m.Name, m.ID), "country": "DE", "class": "employee"})
		if err != nil {
			return err
		}
		if _, err := d.ann.call(ctx, request{method: http.MethodPut, path: []string{"participants", m.ID, "payment-profile"}, body: body}, nil); err != nil {
			return err
		}
		if err := d.bank(ctx, orElse(m.Name, m.ID), n+1, "participants", m.ID); err != nil {
			return err
		}
		line.show(int64(n+1), int64(len(members.Items)), "")
	}
	line.end()
	d.printf("  %d people have an account: Ann entered it, Bob accepted it\n", len(members.Items))
	d.payer = payer.ID
	return nil
}

// bank enters bank details, which somebody else accepts.
func (d *payday) bank(ctx context.Context, holder string, n int, path ...string) error {
	body, err := json.Marshal(map[string]string{"holder": holder, "country": "DE", "iban": madeUpIBAN(n)})
	if err != nil {
		return err
	}
	var change struct{ ID string }
	if _, err := d.ann.call(ctx, request{method: http.MethodPut, path: append(path, "bank-details"), body: body}, &change); err != nil {
		return err
	}
	return d.bob.post(ctx, nil, nil, "bank-changes", change.ID, "accept")
}

// madeUpIBAN gives a German account number that is well formed: its check digits are those of ISO 7064, mod 97-10.
func madeUpIBAN(n int) string {
	account := fmt.Sprintf("37040044%010d", 532_013_000+n)
	rest, _ := new(big.Int).SetString(account+"131400", 10) // D and E stand for 13 and 14
	return fmt.Sprintf("DE%02d%s", 98-new(big.Int).Mod(rest, big.NewInt(97)).Int64(), account)
}

// close takes a month from open to locked.
func (d *payday) close(ctx context.Context, month string) error {
	d.printf("\n%s\n", d.paint.paint(bold, "Closing "+month))
	path := []string{"programs", d.program.ID, "settlements", month}
	act := func(who *client, name string) error { return who.post(ctx, nil, nil, append(path[:4:4], name)...) }
	if err := act(d.ann, "calculate"); err != nil {
		return err
	}
	s, err := d.settled(ctx, "calculated", path)
	if err != nil {
		return err
	}
	d.printf("  calculated: %d statements, %s, and %s points", s.Totals.Statements, s.Totals.Payable, s.Totals.Points)
	if s.Totals.Adjusted.Minor != 0 {
		d.printf("; changes of earlier months %s", s.Totals.Adjusted)
	}
	d.printf("\n")
	if err := act(d.ann, "submit"); err != nil {
		return err
	}
	var r *refusal
	if err := act(d.ann, "approve"); !errors.As(err, &r) {
		return fmt.Errorf("who submitted it could approve it: %w", err)
	}
	d.printf("  submitted by Ann; to her own approval the API says: %s\n", clean(r.Error()))
	for name, who := range map[string]*client{"Bob": d.bob, "Cat": d.cat} {
		if err := act(who, "approve"); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := act(d.ann, "lock"); err != nil {
		return err
	}
	if s, err = d.settled(ctx, "locked", path); err == nil {
		d.currency = s.Totals.Credited.Currency
		d.printf("  approved by Bob and Cat, locked: %s posted to the ledger\n", s.Totals.Credited)
	}
	return err
}

// settled waits until a month stands somewhere.
func (d *payday) settled(ctx context.Context, state string, path []string) (s paydaySettlement, err error) {
	stall := d.stall()
	for {
		s = paydaySettlement{}
		if err = d.api.get(ctx, &s, nil, path...); err != nil || s.State == state {
			return s, err
		}
		if s.Work != nil && s.Work.Error != "" {
			return s, errors.New(s.Work.Error)
		}
		if !stall.moved(s.State) {
			return s, fmt.Errorf("it is still %s: is settle running?", s.State)
		}
		if err = stall.pause(ctx); err != nil {
			return s, err
		}
	}
}

// pay pays what is owed by a bank file.
func (d *payday) pay(ctx context.Context) error {
	d.printf("\n%s\n", d.paint.paint(bold, "Paying"))
	var b paydayBatch
	if err := d.ann.post(ctx, map[string]any{"payer": d.payer, "currency": d.currency, "pay_on": d.now().UTC().Format(time.DateOnly), "format": "pain.001"}, &b, "payouts"); err != nil {
		return err
	}
	for _, step := range []struct {
		state string
		acts  map[string]*client
	}{{"submitted", map[string]*client{"approve": d.bob}}, {"submitted", map[string]*client{"approve": d.cat}}, {"approved", map[string]*client{"release": d.ann}}, {"released", nil}} {
		if err := d.batch(ctx, &b, step.state); err != nil {
			return err
		}
		for act, who := range step.acts {
			if err := who.post(ctx, nil, nil, "payouts", b.ID, act); err != nil {
				return err
			}
		}
	}
	d.printf("  batch %s: %d payments, %s; %d are owed and left out\n", b.ID, b.Payments, b.Net, b.LeftOut)
	answer, _, err := d.api.send(ctx, http.MethodGet, d.api.base+"/v1/payouts/"+b.ID+"/file", http.Header{"Authorization": {d.api.authorization}}, nil)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.file, answer, 0o600); err != nil {
		return err
	}
	var r *refusal
	if err := d.ann.post(ctx, nil, nil, "payouts", b.ID, "release"); errors.As(err, &r) {
		d.printf("  to a second release the API says: %s\n", clean(r.Error()))
	}
	d.printf("  the bank file (pain.001, SHA-256 %s) is %s\n", short(b.Hash, 12), d.file)
	return nil
}

func (d *payday) batch(ctx context.Context, b *paydayBatch, state string) error {
	stall := d.stall()
	for {
		b.Work = nil
		if err := d.api.get(ctx, b, nil, "payouts", b.ID); err != nil || b.State == state {
			return err
		}
		if b.Work != nil && b.Work.Error != "" {
			return errors.New(b.Work.Error)
		}
		if !stall.moved(b.State) {
			return fmt.Errorf("the batch is still %s: is settle running?", b.State)
		}
		if err := stall.pause(ctx); err != nil {
			return err
		}
	}
}
