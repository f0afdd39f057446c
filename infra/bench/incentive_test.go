package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/infra/local/lambda"
)

func TestSectionsOfIncentives(t *testing.T) {
	if got := (options{only: "zip,incentive"}).chosen(); !slices.Equal(got, append([]string{"zip", "incentive"}, incentives()...)) {
		t.Errorf("got %v", got)
	}
	all := (options{}).chosen()
	for _, name := range append(imports(), incentives()...) {
		if !slices.Contains(all, name) {
			t.Errorf("%s is left out where nothing is asked for alone", name)
		}
	}
}

// TestATransactionIsChargedByItem: whatever DynamoDB Local says of it.
func TestATransactionIsChargedByItem(t *testing.T) {
	local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"ConsumedCapacity":[{"TableName":"x","CapacityUnits":4}]}`))
	}))
	defer local.Close()
	l := &ledger{}
	door := httptest.NewServer(dynamoDoor(l, local.URL))
	defer door.Close()
	db := sdk.New(sdk.Options{Region: region, BaseEndpoint: &door.URL, Credentials: credentials.NewStaticCredentialsProvider(secret, secret, ""), DisableValidateResponseChecksum: true})
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	put := func(bytes int) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: aws.String("Work12345678"), Item: map[string]types.AttributeValue{
			"pk": text("org_1#footprints"), "b": text(strings.Repeat("x", bytes-len("pkorg_1#footprintsb")))}}}
	}
	erase := types.TransactWriteItem{Delete: &types.Delete{TableName: aws.String("Work12345678"), Key: map[string]types.AttributeValue{"pk": text("k")}}}
	for _, c := range []struct {
		items []types.TransactWriteItem
		want  float64
	}{
		{[]types.TransactWriteItem{put(100)}, 2}, {[]types.TransactWriteItem{put(1024), put(1024), put(1024)}, 6},
		{[]types.TransactWriteItem{put(1025), put(100)}, 6}, {[]types.TransactWriteItem{put(100), erase}, 4},
	} {
		b := newBill()
		l.count(b)
		l.begin("calculate")
		if _, err := db.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: c.items}); err != nil {
			t.Fatal(err)
		}
		l.end()
		l.count(nil)
		if got := b.usage(forIncentive)[dynamoWrites]; got != c.want {
			t.Errorf("%d items: %g units, want %g", len(c.items), got, c.want)
		}
	}
}

// TestWhatIsReckonedIsToldApart: of what calculate does, crediting is one thing, and reckoning another.
func TestWhatIsReckonedIsToldApart(t *testing.T) {
	b := newBill()
	b.units = 10
	add := func(n int, p part, service, operation string, u usage) {
		for range n {
			b.add(call{part: p, service: service, operation: operation, sent: 100, received: 10, usage: u})
		}
	}
	add(10, forIncentive, "SQS", "SendMessage CalculateQueue", usage{sqsRequests: 1})
	add(10, forIncentive, "DynamoDB", "TransactWriteItems Work credits", usage{dynamoWrites: 6})
	add(20, forIncentive, "DynamoDB", "Query Work credits", usage{dynamoReads: 1})
	add(20, forIncentive, "DynamoDB", "UpdateItem Work standings", usage{dynamoWrites: 1})
	add(20, forIncentive, "DynamoDB", "UpdateItem Work units", usage{dynamoWrites: 1})
	add(20, forIncentive, "S3", "PUT inputs/", usage{s3Writes: 1})
	add(10, forHistory, "DynamoDB", "BatchWriteItem History", usage{dynamoWrites: 1})
	w := b.function("calculate")
	w.invocations, w.waiting[viewAll], w.logged = 10, 100*time.Millisecond, 1000
	b.settle(map[string]int{"calculate": 1769})
	line := priced{workload{name: lineWon}, b}
	x := &bench{prices: listPrices(t), lab: &lab{functions: map[string]lambda.Function{"calculate": {MemoryMB: 1769}}}}
	if got := months(line); got != 20 {
		t.Errorf("%g months", got)
	}
	per := x.needsOf(line, "calculate", months(line), reckoned)
	if per.calls != 3 || per.writes != 2 || per.reads != 1 || per.puts != 1 || per.queue != 0 || per.runs != 0 || per.sent != 300 || per.received != 30 {
		t.Errorf("a month: %+v", per)
	}
	if want := 2*0.625 + 0.125 + 5; !near(1e6*per.dollars, want) {
		t.Errorf("a month: $%f, want $%f", 1e6*per.dollars, want)
	}
	all := x.needsOf(line, "calculate", 10, func(t *tally) bool { return t.part == forIncentive })
	if all.calls != 7 || all.queue != 1 || all.writes != 10 || all.puts != 2 || all.runs != 1 || !near(all.milliseconds, 10.5) {
		t.Errorf("a deal: %+v", all)
	}
	if b.usage(forLogs)[logsIngested] != 0 || b.usage(forIncentive)[logsIngested] != 1000 {
		t.Errorf("the log of calculate is not the incentives': %v", b.usage(forLogs))
	}
	if cells := all.cells("x"); len(cells) != 12 || cells[6] != "10.0" || cells[9] != "" {
		t.Errorf("written as %q", cells)
	}
}

// TestWhatIsUnchangedMustWriteNothing: one write is a target that is missed.
func TestWhatIsUnchangedMustWriteNothing(t *testing.T) {
	for _, writes := range []float64{0, 1} {
		var out strings.Builder
		b := newBill()
		b.units = 10
		b.add(call{part: forIncentive, service: "DynamoDB", operation: "GetItem Work footprints", usage: usage{dynamoReads: 10, dynamoWrites: writes}})
		x := &bench{prices: listPrices(t), lab: &lab{}, out: &output{to: &out}}
		x.printIncentiveCost([]priced{{workload{name: lineAgain}, b}})
		if len(x.targets) != 1 || x.targets[0].met != (writes == 0) {
			t.Errorf("%g writes: %+v", writes, x.targets)
		}
		if !strings.Contains(out.String(), lineAgain) {
			t.Errorf("got\n%s", out.String())
		}
	}
}

func TestReckoningsAreHeldAgainstTheirTargets(t *testing.T) {
	text := "pkg: leadline/shared/incentive\n" +
		"BenchmarkMillion \t 1 \t 800000000 ns/op\t 800 ns/credit\n" +
		"BenchmarkMillionRolledUp/calculate \t 1 \t 2000000000 ns/op\t 900000000 cpu-ns/op\t 2000 ns/credit\n" +
		"BenchmarkMillionRolledUp/credit_and_calculate \t 1 \t 7000000000 ns/op\t 6000000000 cpu-ns/op\n" +
		"BenchmarkOne \t 100 \t 2000000 ns/op\n"
	var out strings.Builder
	b := &bench{out: &output{to: &out}}
	b.printReckonings(parseBenchmarks([]byte(text)))
	got := map[string]target{}
	for _, one := range b.targets {
		got[one.what] = one
	}
	for i, want := range []string{"900 ms true", "800 ms true", "did not run false", "6.00 s false", "2.00 ms true"} {
		one := got[reckonings()[i].what]
		if text := fmt.Sprint(one.got, " ", one.met); text != want {
			t.Errorf("%s: %s, want %s", one.what, text, want)
		}
	}
	if !strings.Contains(out.String(), "900 a credit") { // of the processor time, as the rest
		t.Errorf("got\n%s", out.String())
	}
}

func TestLanes(t *testing.T) {
	var deals []openDeal
	for i, owner := range strings.Split("aaaaabbbccd", "") {
		deals = append(deals, openDeal{fmt.Sprint(i), owner})
	}
	all := lanes(deals, 3)
	in, n := map[string]int{}, 0
	for i, lane := range all {
		if len(lane) < 3 || len(lane) > 5 {
			t.Errorf("lane %d has %d deals", i, len(lane))
		}
		for _, d := range lane {
			if at, known := in[d.owner]; known && at != i {
				t.Errorf("the deals of %s are in two lanes", d.owner)
			}
			in[d.owner] = i
			n++
		}
	}
	if n != len(deals) || len(all) != 3 {
		t.Errorf("%d deals in %d lanes", n, len(all))
	}
}

func TestLanesAreFollowedToTheEnd(t *testing.T) {
	deals := lanes([]openDeal{{"1", "a"}, {"2", "a"}, {"3", "b"}}, 2)
	all, err := followed(t.Context(), deals, func(context.Context, openDeal) (seen, error) { return seen{stored: time.Second}, nil })
	if err != nil || len(all) != 3 {
		t.Errorf("%d were followed, %v", len(all), err)
	}
	broken := errors.New("broken")
	if _, err := followed(t.Context(), deals, func(context.Context, openDeal) (seen, error) { return seen{}, broken }); !errors.Is(err, broken) {
		t.Errorf("a deal that fails: %v", err)
	}
	answers := []error{errors.New("/x: 503 busy"), nil}
	took, err := waitFor(t.Context(), time.Now(), func() (bool, error) { e := answers[0]; answers = answers[1:]; return e == nil, e })
	if err != nil || took <= 0 || len(answers) != 0 {
		t.Errorf("waiting: %v, %v", took, err)
	}
	if _, err := waitFor(t.Context(), time.Now(), func() (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("what fails: %v", err)
	}
}

func TestShownIsPrinted(t *testing.T) {
	var all []seen
	for i := range 200 {
		d := time.Duration(i+1) * 10 * time.Millisecond
		all = append(all, seen{stored: 2*time.Second + d, board: 3*time.Second + d, statement: 3*time.Second + 2*d})
	}
	var out strings.Builder
	b := &bench{out: &output{to: &out}}
	b.printShown(all)
	if len(b.targets) != 1 || b.targets[0].got != "6.96 s" || b.targets[0].met {
		t.Errorf("got %+v", b.targets)
	}
	for name, want := range map[string]string{"the stored record": "200 3.00 s 3.98 s 4.00 s 0 ms 0 ms", "the leaderboard": "200 4.00 s 4.98 s 5.00 s 1.00 s 1.00 s",
		"the statement": "200 5.00 s 6.96 s 7.00 s 2.00 s 2.98 s"} {
		if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(line string) bool {
			return strings.Join(strings.Fields(line), " ") == name+" "+want
		}) {
			t.Errorf("%s: %q is not in\n%s", name, want, out.String())
		}
	}
}

// answers plays the API: a page for each path, the second behind the cursor 2.
func answers(t *testing.T, changed func(path string, body []byte) string) *plan {
	pages := map[string]string{
		"/v1/views/close-user_close_opportunity_view/rows": `{"items":[{"id":"o1","values":{"status_type":"active","owner.id":"mem_1","value_currency":"USD","annualized_value":100}},
			{"id":"o2","values":{"status_type":"won","owner.id":"mem_1","value_currency":"USD","annualized_value":100}},
			{"id":"o3","values":{"status_type":"active","owner.id":"mem_1","value_currency":"EUR","annualized_value":100}}],"next":"2"}`,
		"/v1/views/close-user_close_opportunity_view/rows 2": `{"items":[{"id":"o4","values":{"status_type":"active","owner.id":"mem_2","value_currency":"USD","annualized_value":1}},
			{"id":"o5","values":{"status_type":"active","value_currency":"USD","annualized_value":100}},
			{"id":"o6","values":{"status_type":"active","owner.id":"mem_2","value_currency":"USD","annualized_value":null}}]}`,
		"/v1/programs/prg_1/standings":                               `{"items":[{"participant":"mem_1","figures":[{"credits":2},{"credits":3}]},{"participant":"mem_2"}]}`,
		"/v1/programs/prg_1/participants/mem_1/statements/2026-11":   `{"credits":[{"record":{"id":"o1"}}],"next":"2"}`,
		"/v1/programs/prg_1/participants/mem_1/statements/2026-11 2": `{"credits":[{"record":{"id":"o2"}}]}`,
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, found := pages[strings.TrimSpace(r.URL.Path+" "+r.URL.Query().Get("cursor"))]
		if !found {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			answer = changed(r.Method+" "+r.URL.Path, body)
		}
		if answer == "" || r.Header.Get("Authorization") != "Bearer key" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(api.Close)
	return &plan{baseURL: api.URL, key: "key", program: "prg_1", period: "2026-11"}
}

func TestAPlanIsReadPageByPage(t *testing.T) {
	p := answers(t, func(string, []byte) string { return "" })
	if open, err := p.openDeals(t.Context()); err != nil || !slices.Equal(open, []openDeal{{"o1", "mem_1"}, {"o4", "mem_2"}}) {
		t.Errorf("open are %v, %v", open, err)
	}
	if counted, err := p.counted(t.Context()); err != nil || counted["mem_1"] != 5 || counted["mem_2"] != 0 {
		t.Errorf("counted are %v, %v", counted, err)
	}
	for id, want := range map[string]bool{"o1": true, "o2": true, "o9": false} {
		if got, err := p.stated(t.Context(), openDeal{id, "mem_1"}); err != nil || got != want {
			t.Errorf("%s is in the statement: %v, %v", id, got, err)
		}
	}
	if _, err := p.stated(t.Context(), openDeal{"o1", "mem_9"}); err == nil {
		t.Error("a statement that there is not is read")
	}
}

func TestAPlanIsPublished(t *testing.T) {
	rounds := 0
	var states []string
	p := answers(t, func(what string, body []byte) string {
		switch what {
		case "POST /v1/program-templates/percent_of_won_deals":
			return `{"id":"prg_2","draft":{"components":[{"name":"commission"}]}}`
		case "PUT /v1/programs/prg_2":
			var in struct {
				Definition struct {
					Components []struct {
						Credit struct{ Rules []struct{ Kind string } }
					}
				}
			}
			if err := json.Unmarshal(body, &in); err != nil || len(in.Definition.Components) != 1 || len(in.Definition.Components[0].Credit.Rules) != 2 {
				t.Errorf("the definition is %s, %v", body, err)
			}
			return "{}"
		case "POST /v1/programs/prg_2/publish":
			return "{}"
		case "GET /v1/programs/prg_2":
			state := states[0]
			states = states[1:]
			return state
		}
		return ""
	})
	settle := func(context.Context) error { rounds++; return nil }
	states = []string{`{"status":"building","building":{"run":{"phase":"crediting"}}}`, `{"status":"live"}`}
	if err := p.publish(t.Context(), true, settle); err != nil || p.program != "prg_2" || rounds != 2 {
		t.Errorf("published is %+v after %d rounds, %v", p, rounds, err)
	}
	states = []string{`{"status":"building","building":{"run":{"phase":"failed","error":"spoiled"}}}`}
	if err := p.publish(t.Context(), false, settle); err == nil || !strings.Contains(err.Error(), "spoiled") {
		t.Errorf("a build that fails: %v", err)
	}
	if _, err := withManagers(json.RawMessage(`{}`)); err == nil {
		t.Error("a definition without components has managers")
	}
}
