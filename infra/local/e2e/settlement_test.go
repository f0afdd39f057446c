package e2e_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/big"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// money is an amount in minor units.
type money struct{ Minor int64 }

// settled is a period of a program on its way from calculated to paid.
type settled struct {
	State  string
	Work   *struct{ Error string }
	Totals struct {
		Statements                  int
		Payable, Adjusted, Credited money
		Points                      string
	}
	Root int64
}

// frozenStatement is what somebody gets with a settlement.
type frozenStatement struct {
	Participant                 string
	Final                       bool
	Payable, Adjusted, Credited money
	Points                      string
	Adjustments                 []struct {
		Period, Amount, Unit string
		Record               struct{ ID string }
		Cause                struct {
			Code    string
			Records []struct{ Record struct{ ID string } }
		}
	}
	Statement struct {
		Credits []struct{ Record struct{ ID string } }
		Next    string
	}
}

// paidBatch is a batch of payments.
type paidBatch struct {
	ID, State string
	Work      *struct{ Error string }
	Payments  int
	Net, Tax  money
	LeftOut   int `json:"left_out"`
}

// TestFromCalculatedToPaid: a month is calculated, approved by two people, locked, and paid by a bank file and points; then a deal of it
// is lost in the CRM. The next month takes back what the deal had brought, and says so; the locked month is the same to the byte.
func TestFromCalculatedToPaid(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	crm := startSandbox(t, "-records", "6500", "-seed", "61")
	p := connect(t, s, crm, "payer", crm.key(t, "Admin"))
	p.imports(t)
	for currency, value := range map[string]string{"EUR": "1.08", "GBP": "1.27", "JPY": "0.0067"} {
		if status, answer := p.call(t, p.AdminKey, http.MethodPost, "/v1/exchange-rates", map[string]string{
			"from": currency, "to": "USD", "since": "2020-01-01", "value": value}); status != http.StatusCreated {
			t.Fatalf("rate of %s: %d %s", currency, status, answer)
		}
	}
	first := time.Now().UTC().AddDate(0, 0, 1-time.Now().UTC().Day())
	before, last := first.AddDate(0, -2, 0).Format("2006-01"), first.AddDate(0, -1, 0).Format("2006-01")
	c := &closing{provider: p, program: p.dollars(t, before+"-01"), ann: p.person(t, "ann"), bob: p.person(t, "bob"), cat: p.person(t, "cat")}
	c.policies(t)
	c.payees(t)

	month := c.close(t, before)
	statements := list[frozenStatement](t, c.system, c.path(before)+"/statements")
	var sum int64
	for _, one := range statements {
		if sum += one.Credited.Minor; !one.Final || (one.Payable.Minor > 0) != (one.Points == "12.5") {
			t.Errorf("a statement that is not final, or has no points: %+v", one)
		}
	}
	if len(statements) == 0 || sum == 0 || sum != month.Totals.Credited.Minor || month.Root == 0 {
		t.Fatalf("%d statements of %d, the settlement: %+v", len(statements), sum, month)
	}
	batch := c.pays(t, sum)
	eventually(t, patience, "the month is paid", func() bool { return c.get(t, before).State == "paid" })

	// One deal of the month is lost.
	who, deal := c.loses(t, crm, before, statements)
	locked := c.text(t, c.path(before)+"/statements/"+who)
	c.document(t, before, who)
	eventually(t, patience, "the engine reckons the month anew", func() bool {
		return len(list[json.RawMessage](t, c.system, "/v1/programs/"+c.program+"/participants/"+who+"/upcoming-adjustments")) > 0
	})
	c.close(t, last)
	var next frozenStatement
	c.provider.get(t, c.path(last)+"/statements/"+who, &next)
	if next.Adjusted.Minor >= 0 || len(next.Adjustments) == 0 || next.Credited.Minor != next.Payable.Minor+next.Adjusted.Minor {
		t.Fatalf("nothing is taken back: %+v", next)
	}
	for _, a := range next.Adjustments {
		named := len(a.Cause.Records) == 1 && a.Cause.Records[0].Record.ID == deal
		if a.Period != before || a.Unit == "USD" && !named || a.Unit == "points" && a.Cause.Code != "ranks_changed" {
			t.Errorf("an adjustment does not name its cause, %s: %+v", deal, a)
		}
	}
	if now := c.text(t, c.path(before)+"/statements/"+who); !bytes.Equal(now, locked) {
		t.Errorf("the locked statement has changed:\n%s\n%s", locked, now)
	}
	c.released(t, batch)
	c.verifies(t)
}

// closing is a program whose periods are settled by three people.
type closing struct {
	*provider
	program       string
	ann, bob, cat string // their keys
	payerID       string
}

func (c *closing) path(period string) string {
	return "/v1/programs/" + c.program + "/settlements/" + period
}

// person makes an admin with a key.
func (p *provider) person(t *testing.T, name string) string {
	t.Helper()
	var made struct{ ID, Key string }
	status, answer := p.call(t, p.AdminKey, http.MethodPost, "/v1/people", map[string]string{"email": name + "@example.com", "name": name, "role": "admin"})
	if status != http.StatusCreated || json.Unmarshal(answer, &made) != nil {
		t.Fatalf("%s: %d %s", name, status, answer)
	}
	status, answer = p.call(t, p.AdminKey, http.MethodPost, "/v1/keys", map[string]string{"name": name, "role": "admin", "person": made.ID})
	if status != http.StatusCreated || json.Unmarshal(answer, &made) != nil {
		t.Fatalf("a key of %s: %d %s", name, status, answer)
	}
	return made.Key
}

// dollars makes a program that pays 10 % of won deals each month since a day, with points for a milestone, and waits until it is shown.
func (p *provider) dollars(t *testing.T, since string) string {
	t.Helper()
	var made struct {
		ID    string
		Draft map[string]any
	}
	status, answer := p.call(t, p.AdminKey, http.MethodPost, "/v1/program-templates/percent_of_won_deals", map[string]any{
		"connection": p.id, "name": "Commission", "answers": map[string]string{"rate": "10%", "period": "month"}})
	if status != http.StatusCreated || json.Unmarshal(answer, &made) != nil {
		t.Fatalf("template: %d %s", status, answer)
	}
	p.get(t, "/v1/programs/"+made.ID, &made)
	made.Draft["standing"] = map[string]any{"by": map[string]any{"of": "earned"}, "milestones": []any{map[string]any{"at": "0.01", "points": "12.5"}}}
	if status, answer = p.call(t, p.AdminKey, http.MethodPut, "/v1/programs/"+made.ID, map[string]any{"name": "Commission", "definition": made.Draft, "from": since}); status != http.StatusOK {
		t.Fatalf("draft: %d %s", status, answer)
	}
	if status, answer = p.call(t, p.AdminKey, http.MethodPost, "/v1/programs/"+made.ID+"/publish", nil); status != http.StatusAccepted {
		t.Fatalf("publish: %d %s", status, answer)
	}
	eventually(t, patience, "the program is live", func() bool {
		var now struct{ Status string }
		return p.get(t, "/v1/programs/"+made.ID, &now) && now.Status == "live"
	})
	return made.ID
}

// policies has two people approve: periods and payments.
func (c *closing) policies(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"settlement", "payout"} {
		if status, answer := c.call(t, c.AdminKey, http.MethodPut, "/v1/approval-policies/"+kind, map[string]any{"levels": []any{map[string]any{"name": "Sales"}, map[string]any{"name": "Finance"}}}); status != http.StatusOK {
			t.Fatalf("policy: %d %s", status, answer)
		}
	}
}

// does makes a POST that must succeed.
func (c *closing) does(t *testing.T, key, path string, body, target any) {
	t.Helper()
	status, answer := c.call(t, key, http.MethodPost, path, body)
	if status >= 300 {
		t.Fatalf("POST %s: %d %s", path, status, answer)
	}
	if target != nil {
		if err := json.Unmarshal(answer, target); err != nil {
			t.Fatal(err)
		}
	}
}

// refused makes a POST that must be refused.
func (c *closing) refused(t *testing.T, key, path, code string) {
	t.Helper()
	if status, answer := c.call(t, key, http.MethodPost, path, nil); status < 400 || !strings.Contains(string(answer), code) {
		t.Errorf("POST %s: %d %s, want %s", path, status, answer, code)
	}
}

func (c *closing) get(t *testing.T, period string) settled {
	t.Helper()
	var s settled
	c.provider.get(t, c.path(period), &s)
	if s.Work != nil && s.Work.Error != "" {
		t.Fatal(s.Work.Error)
	}
	return s
}

// close takes a month from open to locked, approved by two.
func (c *closing) close(t *testing.T, period string) settled {
	t.Helper()
	path := c.path(period)
	c.does(t, c.ann, path+"/calculate", nil, nil)
	eventually(t, patience, period+" is calculated", func() bool { return c.get(t, period).State == "calculated" })
	c.does(t, c.ann, path+"/submit", nil, nil)
	c.refused(t, c.ann, path+"/approve", "four_eyes")
	c.does(t, c.bob, path+"/approve", nil, nil)
	c.refused(t, c.bob, path+"/approve", "four_eyes")
	c.refused(t, c.ann, path+"/lock", "settlement_state")
	c.does(t, c.cat, path+"/approve", nil, nil)
	c.does(t, c.ann, path+"/lock", nil, nil)
	eventually(t, patience, period+" is locked", func() bool { return c.get(t, period).State == "locked" })
	c.refused(t, c.ann, path+"/calculate", "settlement_state")
	return c.get(t, period)
}

// payees says who pays everybody, and where to: what one asks for, another accepts.
func (c *closing) payees(t *testing.T) {
	t.Helper()
	var payer struct{ ID string }
	c.does(t, c.ann, "/v1/payers", map[string]any{"name": "Acme Sales GmbH", "country": "DE", "address": []string{"Hauptstraße 1", "10115 Berlin"}}, &payer)
	c.bank(t, "/v1/payers/"+payer.ID, 0, "Acme Sales GmbH")
	for n, m := range list[struct{ ID, Name string }](t, c.system, "/v1/members") {
		if status, answer := c.call(t, c.ann, http.MethodPut, "/v1/participants/"+m.ID+"/payment-profile", map[string]any{
			"payer": payer.ID, "legal_name": m.Name, "country": "DE", "class": "employee"}); status >= 300 {
			t.Fatalf("profile: %d %s", status, answer)
		}
		c.bank(t, "/v1/participants/"+m.ID, n+1, m.Name)
	}
	c.payerID = payer.ID
}

// bank gives an account, which another accepts.
func (c *closing) bank(t *testing.T, path string, n int, holder string) {
	t.Helper()
	status, answer := c.call(t, c.ann, http.MethodPut, path+"/bank-details", map[string]any{"holder": holder, "country": "DE", "iban": iban(n)})
	var change struct{ ID string }
	if status != http.StatusAccepted || json.Unmarshal(answer, &change) != nil {
		t.Fatalf("bank details: %d %s", status, answer)
	}
	c.refused(t, c.ann, "/v1/bank-changes/"+change.ID+"/accept", "four_eyes")
	c.does(t, c.bob, "/v1/bank-changes/"+change.ID+"/accept", nil, nil)
}

// iban makes a German one up: its check digits are those of ISO 7064, mod 97-10.
func iban(n int) string {
	account := fmt.Sprintf("37040044%010d", 532013000+n)
	rest := new(big.Int)
	rest.SetString(account+"131400", 10) // D and E are 13 and 14
	rest.Mod(rest, big.NewInt(97))
	return fmt.Sprintf("DE%02d%s", 98-rest.Int64(), account)
}

// pays pays everything that is owed, which is a sum, by one file.
func (c *closing) pays(t *testing.T, sum int64) string {
	t.Helper()
	var b paidBatch
	c.does(t, c.ann, "/v1/payouts", map[string]any{"payer": c.payerID, "currency": "USD", "pay_on": time.Now().UTC().Format(time.DateOnly), "format": "pain.001"}, &b)
	path := "/v1/payouts/" + b.ID
	state := func(want string) {
		t.Helper()
		eventually(t, patience, "the batch is "+want, func() bool {
			b.Work = nil
			c.provider.get(t, path, &b)
			if b.Work != nil && b.Work.Error != "" {
				t.Fatal(b.Work.Error)
			}
			return b.State == want
		})
	}
	state("submitted")
	c.refused(t, c.ann, path+"/approve", "four_eyes")
	c.refused(t, c.ann, path+"/release", "wrong_state")
	c.does(t, c.bob, path+"/approve", nil, nil)
	c.does(t, c.cat, path+"/approve", nil, nil)
	c.does(t, c.ann, path+"/release", nil, nil)
	state("released")
	c.refused(t, c.ann, path+"/release", "already_released")
	if b.Net.Minor != sum {
		t.Errorf("the batch pays %d, and %d was owed", b.Net.Minor, sum)
	}
	return b.ID
}

// released demands that the file of a batch is the same each time, and pays what the batch says.
func (c *closing) released(t *testing.T, id string) {
	t.Helper()
	file := c.text(t, "/v1/payouts/"+id+"/file")
	if again := c.text(t, "/v1/payouts/"+id+"/file"); !bytes.Equal(file, again) {
		t.Error("the file is another each time")
	}
	var b paidBatch
	c.provider.get(t, "/v1/payouts/"+id, &b)
	var doc struct {
		Header struct {
			Number int    `xml:"NbOfTxs"`
			Sum    string `xml:"CtrlSum"`
		} `xml:"CstmrCdtTrfInitn>GrpHdr"`
		Payments []struct {
			Amount string `xml:"Amt>InstdAmt"`
		} `xml:"CstmrCdtTrfInitn>PmtInf>CdtTrfTxInf"`
	}
	if err := xml.Unmarshal(file, &doc); err != nil {
		t.Fatalf("the file: %v\n%.400s", err, file)
	}
	var sum int64
	for _, p := range doc.Payments {
		sum += cents(t, p.Amount)
	}
	if doc.Header.Number != b.Payments || len(doc.Payments) != b.Payments || sum != b.Net.Minor || cents(t, doc.Header.Sum) != sum {
		t.Errorf("the file pays %d in %d payments, says %s in %d; the batch %d in %d", sum, len(doc.Payments), doc.Header.Sum, doc.Header.Number, b.Net.Minor, b.Payments)
	}
	t.Logf("%d payments, %s USD in the bank file", doc.Header.Number, doc.Header.Sum)
}

func cents(t *testing.T, text string) int64 {
	t.Helper()
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// loses has a deal of a month lost, and says whose it was.
func (c *closing) loses(t *testing.T, crm *sandbox, month string, statements []frozenStatement) (who, deal string) {
	t.Helper()
	for _, one := range statements {
		var whole frozenStatement
		c.provider.get(t, c.path(month)+"/statements/"+one.Participant, &whole)
		if len(whole.Statement.Credits) > 0 {
			who, deal = one.Participant, whole.Statement.Credits[0].Record.ID
			crm.change(t, crmChange{Action: "lose", Object: "opportunity", ID: deal})
			return who, deal
		}
	}
	t.Fatal("no statement has a deal")
	return "", ""
}

// text reads what lies at a path, as it is.
func (c *closing) text(t *testing.T, path string) []byte {
	t.Helper()
	status, answer := c.call(t, c.AdminKey, http.MethodGet, path, nil)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, status, answer)
	}
	return answer
}

// document demands that a frozen statement can be had as a page and as a PDF, the same each time.
func (c *closing) document(t *testing.T, month, who string) {
	t.Helper()
	for format, begins := range map[string]string{"html": "<!doctype html>", "pdf": "%PDF-"} {
		path := c.path(month) + "/statements/" + who + "/document?format=" + format
		text := c.text(t, path)
		if !strings.HasPrefix(string(text), begins) || !bytes.Equal(text, c.text(t, path)) {
			t.Errorf("the statement as %s: %.80q", format, text)
		}
	}
}

// verifies has the command download the ledger and reckon its chains anew.
func (c *closing) verifies(t *testing.T) {
	t.Helper()
	leadline, err := filepath.Abs(filepath.Join(root, ".local/bin/leadline"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(leadline, "--run-file", filepath.Join(c.dir, "run.json"), "ledger", "verify")
	command.Env = append(command.Environ(), "LEADLINE_URL="+c.BaseURL, "LEADLINE_KEY="+c.AdminKey)
	out, err := command.CombinedOutput()
	if err != nil || !slices.ContainsFunc([]string{"no finding", "verified", "nothing was changed"}, func(word string) bool { return strings.Contains(strings.ToLower(string(out)), word) }) {
		t.Errorf("leadline ledger verify: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}
