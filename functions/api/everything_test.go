package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/job"
	"leadline/shared/notice"
	"leadline/shared/openapitest"
	"leadline/shared/outbound"
	"leadline/shared/payout"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

// needs is the role table: what each operation of the description wants, by its id. An operation that is missing here
// fails every test that goes through the description.
func needs() map[string]tenant.Role {
	table := map[string]tenant.Role{}
	for role, operations := range map[tenant.Role]string{
		"":            "get-health get-openapi finish-authorization",
		tenant.Owner:  "rename-organization export-person erase-person",
		tenant.Admin:  adminOperations + " " + settlementOperations + " " + payoutOperations + " " + disputeAdmins,
		tenant.Reader: readerOperations,
		tenant.Manager: "confirm-object accept-proposal refuse-proposal replay-quarantine-entry replay-quarantine discard-quarantine-entry " +
			"replay-delivery replay-deliveries cancel-job create-upload complete-upload " +
			"check-program list-program-versions get-program-version list-program-problems " +
			"list-settlements get-settlement approve-settlement reject-settlement " + payoutManagers,
	} {
		for _, operation := range strings.Fields(operations) {
			table[operation] = role
		}
	}
	return table
}

const (
	adminOperations = "create-person update-person offboard-person create-api-key list-api-keys get-api-key revoke-api-key list-audit " +
		"create-connection disable-connection enable-connection pause-connection resume-connection start-import start-reconciliation pause-run resume-run cancel-run create-sync update-sync delete-sync run-sync rotate-key replace-login test-connection authorize-connection update-connection create-client rotate-client-secret disable-client enable-client " +
		"declare-object change-draft create-destination update-destination delete-destination rotate-destination-secret disable-destination enable-destination " +
		"define-link update-link delete-link restore-link define-view update-view delete-view restore-view " +
		"define-variable update-variable delete-variable restore-variable generate-views " +
		"link-member set-member-active set-member-role set-member-teams set-member-manager set-member-access clear-member-active clear-member-role clear-member-teams " +
		"clear-member-manager clear-member-access accept-member-proposal refuse-member-proposal import-members " +
		"create-program update-program publish-program refresh-program archive-program start-preview get-preview use-program-template " +
		"add-exchange-rate update-exchange-rate delete-exchange-rate import-exchange-rates set-goals create-payer list-payers get-payer update-payer archive-payer confirm-tax-rules set-payer-bank-details list-payment-profiles set-payment-profile accept-bank-change refuse-bank-change " +
		"set-nudge-settings set-slack-webhook delete-slack-webhook test-slack-webhook add-nudge-rule set-nudge-rule delete-nudge-rule set-nudge-wording delete-nudge-wording list-nudges " +
		"award-points revoke-points set-game-rules add-activity " +
		"get-capitalized-commissions list-ledger-books list-ledger-roots list-ledger-heads"
	readerOperations = "get-organization list-notices get-notice read-notice list-people get-person list-members get-member get-member-tree get-member-proposals export-members list-connections get-connection list-runs get-run list-syncs get-sync list-clients get-client " +
		"get-onboarding list-batches get-batch list-objects get-object list-schema-versions get-json-schema get-sample-request list-templates infer-schema " +
		"list-records get-record list-history list-quarantine get-quarantine-entry list-destinations get-destination list-deliveries get-delivery list-jobs get-job " +
		"list-links get-link list-views get-view list-view-rows list-variables get-variable get-variable-values get-user-master " +
		"get-game-rules get-program-schema get-program-templates list-programs get-program list-exchange-rates get-exchange-rate get-dispute-settings get-nudge-settings get-nudge-rules get-nudge-rule list-nudge-wordings preview-nudge get-tax-rule-sets get-tax-rules assess-tax " + personalOperations
	// personalOperations show what people earn: to whoever may see it.
	personalOperations = "get-payment-profile set-bank-details set-tax-id list-bank-changes get-bank-change withdraw-bank-change list-goals get-goals get-standings list-statements get-statement list-credits estimate get-record-why list-inbox read-nudge get-nudge-preferences set-nudge-preferences get-ledger-accounts list-ledger-rows redeem-points get-points list-points get-game list-game-board " +
		"list-participant-payments list-settled-statements get-settled-statement list-upcoming-adjustments " + disputePersonal
)

// ingestOperations are those that let in who may only ingest.
func ingestOperations() []string { return []string{"get-batch", "create-upload", "complete-upload"} }

// reading are operations that are no GET and change nothing.
func reading(op openapitest.Operation) bool {
	return op.Method == http.MethodGet && op.ID != "finish-authorization" || slices.Contains([]string{"infer-schema", "check-program", "estimate", "assess-tax", "preview-nudge"}, op.ID)
}

// operations lists the operations of the description that this function serves.
func (s *system) operations() []openapitest.Operation {
	return slices.DeleteFunc(s.doc.Operations(), func(op openapitest.Operation) bool { return op.Extension(servedBy) != "" })
}

// world is one of everything of ours.
type world struct {
	*system
	// params are what the parameters of paths stand for.
	params map[string]string
	// clients is the connection that the client pushes into, objects of it are sales, with a proposal, and draft.
	clients      string
	clientSecret string
	// loggedIn is a connection that logs in; back is where a provider sends somebody who agrees to one more login of it.
	loggedIn, back string
	// upload is the batch of an upload whose file is there.
	upload string
	// definitions are the names of a link, a view and a variable that were generated, and of those that nothing uses.
	definitions struct{ link, view, variable, unusedLink, unusedView string }
	// draft is a program that was not published, own the key of a person who is a member of ours.
	draft, own string
}

// newWorldFor is a world with whatever an operation is about: programs are made for those alone that are about one.
func newWorldFor(t testing.TB, op openapitest.Operation) *world {
	w := newWorld(t)
	if strings.Contains(op.Path, "{program}") || strings.Contains(op.Path, "{participant}") {
		w.programmed()
	}
	if strings.Contains(op.Path, "payer") || strings.Contains(op.Path, "bank-") || strings.Contains(op.Path, "tax-id") || strings.Contains(op.Path, "payment-profile") {
		w.payable()
	}
	if strings.Contains(op.Path, "/points") || strings.Contains(op.Path, "/game") || strings.Contains(op.Path, "/activities") {
		if w.own == "" {
			w.programmed()
		}
		w.playing()
	}
	if strings.Contains(op.Path, "/tax-rules/") {
		w.params["rules"] = "in-2026"
	}
	if strings.Contains(op.Path, "nudge") {
		w.nudging()
	}
	if strings.Contains(op.Path, "/payouts") || strings.Contains(op.Path, "/approval-policies") {
		w.paying(op.ID)
	}
	if strings.Contains(op.Path, "/ledger/") {
		w.booked()
	}
	if strings.Contains(op.Path, "/disputes") {
		w.programmed()
		w.disputing(op)
	}
	if strings.Contains(op.Path, "/settlements") || strings.Contains(op.Path, "/adjustments") || op.ID == "list-upcoming-adjustments" {
		w.settling(op.ID)
	}
	return w
}

func newWorld(t testing.TB) *world {
	s := newSystem(t)
	conn := s.connect(s.owner).ID
	s.keep(s.opportunity(conn, "oppo_1", 1, `{"value":1}`))
	s.setAside(conn, "01ENTRY", quarantine.MissingEvent, []byte(`{}`))
	client := read[ClientWithSecret](t, s.post(s.owner, "/v1/clients", map[string]any{"name": "Till"}).want(t, 201))
	w := &world{system: s, clients: client.Connection, clientSecret: client.ClientSecret, params: map[string]string{
		"connection": conn, "object": "opportunity", "record": "oppo_1", "entry": "01ENTRY", "client": client.ClientID, "payer": "pyr_000000000000"}}
	s.declared(client.Connection, "sales", true)
	s.declared(client.Connection, "draft", false)
	w.loggedIn = s.agreed().ID
	w.back = s.wayBack(read[TestedConnection](t, s.post(s.owner, "/v1/connections/"+w.loggedIn+"/authorize", nil).want(t, 200)).AuthorizeURL, "code", "code-5ecret")
	w.params["person"] = read[Person](t, s.post(s.owner, "/v1/people", map[string]any{"email": "joe@example.com", "name": "Joe", "role": "admin"}).want(t, 201)).ID
	w.params["member"], w.params["proposal"] = w.employ()
	w.params["key"] = read[APIKey](t, s.post(s.owner, "/v1/keys", map[string]any{"name": "Joe's", "role": "reader", "person": w.params["person"]}).want(t, 201)).ID
	w.params["destination"] = read[Destination](t, s.post(s.owner, "/v1/destinations", map[string]any{"name": "Rudder", "url": "https://example.com/hook"}).want(t, 201)).ID
	w.params["delivery"] = s.delivered(w.params["destination"], outbound.GivenUp).ID
	w.params["job"] = read[Job](t, s.post(s.owner, "/v1/quarantine/replay", map[string]any{}).want(t, 202)).ID
	w.params["batch"] = s.batch(client.Connection, client.ClientID, 3).Public
	w.upload = read[Upload](t, w.basic(http.MethodPost, "/v1/uploads", map[string]any{"objectname": "sales"}).want(t, 201)).Batch
	s.must(s.payloads.Put(t.Context(), uploadKey(s.stored(w.upload)), []byte(`{"id":1,"action":"create"}`)))
	w.params["run"] = read[Run](t, s.post(s.owner, "/v1/connections/"+w.loggedIn+"/imports", map[string]any{}).want(t, 202)).ID
	w.params["sync"] = read[Sync](t, s.post(s.owner, "/v1/connections/"+w.loggedIn+"/syncs", nightly()).want(t, 201)).ID
	s.fetch.sent = nil
	w.defined()
	w.params["template"] = "percent_of_won_deals"
	w.params["rate"] = read[ExchangeRate](t, s.post(s.owner, "/v1/exchange-rates", dollars("2026-11-01")).want(t, 201)).ID
	w.forgetNotes()
	w.params["notice"] = "01NOTICE"
	_, err := s.journal.Tell(t.Context(), notice.Notice{ID: "01NOTICE", Organization: ours, At: s.clock.now(), Kind: notice.JobDone, Subject: "jobs/job_1", Text: "Done."})
	s.must(err)
	return w
}

// forgetNotes begins the journal anew: what made the world is not what a test is about.
func (w *world) forgetNotes() {
	w.journal = memory.NewJournal()
	w.handler.Journal = w.journal
}

// basic sends a request with the client's credentials.
func (w *world) basic(method, path string, body any) answer {
	w.t.Helper()
	return w.do(w.asClient(request{method: method, path: path, body: body}))
}

func (w *world) asClient(r request) request {
	r.key = ""
	r.header = map[string]string{"authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(w.params["client"]+":"+w.clientSecret))}
	return r
}

// request gives a request of an operation that succeeds for whoever may make it.
func (w *world) request(op openapitest.Operation) request {
	params := maps.Clone(w.params)
	switch op.ID {
	case "declare-object", "get-onboarding":
		params["connection"] = w.clients
	case "change-draft", "confirm-object":
		params["connection"], params["object"] = w.clients, "draft"
	case "accept-proposal", "refuse-proposal", "get-sample-request":
		params["connection"], params["object"] = w.clients, "sales"
	case "complete-upload":
		params["batch"] = w.upload
	case "replace-login", "test-connection", "authorize-connection", "update-connection", "start-import", "start-reconciliation", "list-runs", "get-run", "pause-run", "resume-run",
		"cancel-run", "create-sync", "list-syncs", "get-sync", "update-sync", "delete-sync", "run-sync":
		params["connection"] = w.loggedIn
	case "finish-authorization":
		return request{method: op.Method, path: w.back}
	case "get-link", "update-link", "delete-link", "restore-link":
		params["name"] = w.definitions.link
	case "get-view", "update-view", "delete-view", "restore-view", "list-view-rows":
		params["name"] = w.definitions.view
	case "get-variable", "update-variable", "delete-variable", "restore-variable", "get-variable-values":
		params["name"] = w.definitions.variable
	}
	switch op.ID {
	case "delete-link":
		params["name"] = w.definitions.unusedLink
	case "delete-view":
		params["name"] = w.definitions.unusedView
	case "publish-program":
		params["program"] = w.draft
	}
	path := fill(op.Path, params)
	if op.ID == "get-capitalized-commissions" {
		path += "?from=2026-01&until=2027-01&currency=USD"
	}
	return request{method: op.Method, path: path, body: w.body(op.ID)}
}

func fill(path string, params map[string]string) string {
	for name, value := range params {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

func (w *world) body(operation string) any {
	if body := w.disputeBody(operation); body != nil {
		return body
	}
	person := map[string]any{"email": "ann@example.com", "name": "Ann", "role": "reader"}
	destination := map[string]any{"name": "Other", "url": "https://example.com/other", "connections": []string{w.params["connection"]}}
	fields := map[string]any{"fields": []any{map[string]any{"name": "amount", "type": "number"}}}
	named := map[string]any{"emails": []string{"joe@example.com"}, "records": []any{map[string]any{"connection": w.params["connection"], "object": "opportunity", "id": "oppo_1"}}}
	link := map[string]any{"from": map[string]any{"connection": w.params["connection"], "object": "opportunity", "field": "rep"}, "to": map[string]any{"object": "user", "field": "email"}}
	view := map[string]any{"base": map[string]any{"connection": w.params["connection"], "object": "opportunity"}, "columns": []any{map[string]any{"name": "value", "field": "value"}, map[string]any{"name": "status_type", "field": "status_type"}}}
	variable := map[string]any{"view": w.definitions.view, "measure": "count"}
	return map[string]any{
		"start-import": map[string]any{}, "start-reconciliation": map[string]any{}, "create-sync": nightly(), "update-sync": nightly(),
		"define-link": called(link), "update-link": link,
		"define-view": called(view), "update-view": w.standardView(),
		"define-variable": called(variable), "update-variable": variable,
		"link-member": map[string]any{"person": w.params["person"]}, "set-member-active": map[string]any{"value": false},
		"set-member-role": map[string]any{"value": "manager"}, "set-member-teams": map[string]any{"value": []string{"East", "Own"}},
		"set-member-manager": map[string]any{"value": ""}, "set-member-access": map[string]any{"value": "team"}, "accept-member-proposal": map[string]any{},
		"refuse-member-proposal": map[string]any{}, "import-members": "member,role\n" + w.params["member"] + ",admin\n",
		"rename-organization": map[string]any{"name": "Acme"},
		"create-person":       person, "update-person": person,
		"create-api-key":     map[string]any{"name": "x", "role": "reader", "person": w.params["person"]},
		"create-connection":  map[string]any{"connector": "close", "name": "another"},
		"rotate-key":         map[string]any{"signature_key": otherKey},
		"replace-login":      byKey(goodKey),
		"update-connection":  map[string]any{"name": "CRM of ours"},
		"create-client":      map[string]any{"name": "Shop", "connection": w.clients},
		"declare-object":     map[string]any{"name": "Orders", "template": "sales_transactions"},
		"change-draft":       fields,
		"infer-schema":       map[string]any{"rows": []any{map[string]any{"id": 1}}},
		"create-upload":      map[string]any{"objectname": "sales", "connection": w.clients},
		"replay-quarantine":  map[string]any{"connection": w.params["connection"]},
		"create-destination": destination, "update-destination": destination,
		"replay-deliveries": map[string]any{"since": "2026-11-21T00:00:00Z"},
		"create-program":    map[string]any{"name": "Plan", "definition": w.plan()}, "update-program": map[string]any{"name": "Plan", "definition": w.plan()},
		"use-program-template": map[string]any{"connection": w.params["connection"], "answers": map[string]string{"value": "annual"}, "publish": true},
		"estimate":             map[string]any{"participant": w.params["participant"], "deals": []any{map[string]any{"component": "commission", "value": "100"}}},
		"add-exchange-rate":    dollars("2026-10-01"), "update-exchange-rate": map[string]any{"value": "0.95"}, "import-exchange-rates": "from,to,value,since\nGBP,EUR,1.15,2026-01-01\n",
		"reject-settlement": map[string]any{"reason": "The deal of Acme is missing."}, "create-adjustment": map[string]any{"participant": w.params["participant"], "amount": "12.50", "reason": "Agreed in May"},
		"create-payout": map[string]any{"payer": w.params["payer"], "currency": "EUR", "pay_on": "2026-12-01", "format": "pain.001"}, "reject-payout": map[string]any{"reason": "Too early."},
		"cancel-payout": map[string]any{"reason": "A mistake."}, "return-payment": map[string]any{"end_to_end": payout.EndToEnd("pay_000000000001", "mem_000000000001"), "reason": "AC04"},
		"set-approval-policy": map[string]any{"levels": []any{map[string]any{"name": "Finance"}}},
		"create-payer":        aPayer(), "update-payer": aPayer(), "confirm-tax-rules": map[string]any{"tax_rules": "in-2026"}, "set-payer-bank-details": anAccount(),
		"set-bank-details": anAccount(), "set-tax-id": map[string]any{"tax_id": aTaxID}, "refuse-bank-change": map[string]any{"reason": "no"},
		"set-payment-profile": map[string]any{"payer": w.params["payer"], "legal_name": "Jo Doe", "country": "IN", "class": "agent"},
		"assess-tax":          map[string]any{"rules": "in-2026", "class": "agent", "payments": []any{map[string]any{"on": "2026-07-01", "cash": "25000"}}},
		"set-nudge-settings":  map[string]any{"channels": []string{"inbox", "email"}, "quiet_hours": map[string]any{"from": "21:00", "until": "07:00"}, "per_day": 2},
		"set-slack-webhook":   map[string]any{"webhook": slackWebhook}, "set-nudge-preferences": map[string]any{"language": "de", "mutes": []any{map[string]any{"channel": "slack"}}},
		"add-nudge-rule":    map[string]any{"id": "near_tier_too", "kind": "near_tier", "deals": 3, "channels": []string{"inbox"}, "cap": map[string]any{"times": 1, "hours": 24}},
		"set-nudge-rule":    map[string]any{"kind": "near_tier", "deals": 3, "channels": []string{"inbox"}, "cap": map[string]any{"times": 1, "hours": 24}},
		"set-nudge-wording": map[string]any{"subject": "{left}", "text": "Noch {left}, {name}."}, "preview-nudge": map[string]any{"channel": "slack", "language": "de"},
		"award-points": award(w.params["participant"], "2.5"), "redeem-points": spend(w.params["participant"], "1"), "set-game-rules": someRules(),
		"revoke-points": map[string]any{"participant": w.params["participant"], "award": "pts_000000000001", "reason": "mistake"},
		"add-activity":  map[string]any{"participant": w.params["participant"], "kind": "form_submitted", "id": "1"},
		"set-goals":     map[string]any{"goals": []any{map[string]any{"component": "commission", "amount": "1000"}}},
		"export-person": named, "erase-person": named,
	}[operation]
}

// nightly is a sync.
func nightly() map[string]any {
	return map[string]any{"name": "Nightly", "plan": map[string]any{"kind": "reconcile"}, "schedule": map[string]any{"kind": "daily", "at": []string{"02:30"}, "zone": "Europe/Berlin"}}
}

// state is everything that is stored but the journal, to tell whether anything changed.
func (s *system) state() string {
	tenancy := regexp.MustCompile(`used:map\[[^\]]*\]`).ReplaceAllString(fmt.Sprintf("%+v", s.tenancy), "") // what is counted changes nothing
	f := s.finance
	kept := fmt.Sprintf("%+v %+v %+v %+v %+v %+v %+v %d %d", f.Ledger, f.Settlements, f.Payees, f.Payouts, f.Nudges, f.Games, f.Disputes, s.settle.waiting(), s.nudge.waiting())
	return kept + fmt.Sprintf("%+v %+v %+v %d %+v %+v %+v %+v %+v %+v %s %+v %d %d %d", s.programs, s.credits, s.runs, len(s.calculate.queue), s.views, s.logins, s.records, s.intake, s.schemas, s.batches, tenancy, s.sent, len(s.inbox.sent), len(s.deliver.sent), len(s.work.sent)+len(s.fetch.sent))
}

// declared stores an object of client software: one that is confirmed, with a proposal, or a draft.
func (s *system) declared(connection, name string, confirmed bool) schema.Object {
	s.t.Helper()
	o := schema.Object{Organization: ours, Connection: connection, Name: name, Title: name, IDField: "id", State: schema.Draft,
		Present:   schema.Version{Number: 1, Origin: schema.Template, At: s.clock.now(), Fields: []schema.Field{{Name: "amount", Type: schema.Number}, {Name: "id", Type: schema.Text}}},
		FirstSeen: s.clock.now(), UpdatedAt: s.clock.now(), Rev: 1}
	if confirmed {
		o.State = schema.Confirmed
		o.Proposal = schema.Propose(o, []schema.Row{{Entry: "01ROW-00000001", Create: true, Fields: map[string]json.RawMessage{"id": json.RawMessage(`"1"`), "amount": json.RawMessage(`"many"`), "note": json.RawMessage(`"x"`)}}},
			"01ROW", s.clock.now())
	}
	s.must(s.schemas.SaveObject(s.t.Context(), o, true))
	return o
}

// mac signs the names of batches of ours.
func (s *system) mac(text []byte) []byte {
	s.t.Helper()
	box, err := s.handler.box(s.t.Context(), ours)
	s.must(err)
	return box.MAC("batch", text)
}

// batch stores a finished batch of ours, of so many rows, all applied.
func (s *system) batch(connection, client string, rows int) push.Batch {
	s.t.Helper()
	id, err := delivery.NewID(s.clock.now(), s.handler.Random)
	s.must(err)
	counts := map[push.Outcome]int64{push.Applied: int64(rows)}
	b := push.Batch{ID: id, Public: push.PublicID(s.mac, id), Organization: ours, Connection: connection, Client: client, Object: "sales",
		Kind: delivery.Push, ReceivedAt: s.clock.now(), FinishedAt: s.clock.now(), Status: push.Finished, Rows: int64(rows), Chunks: 1, Done: 1,
		Counts: counts, Only: &push.Chunk{First: 1, Rows: rows, Counts: counts}}
	s.must(s.batches.SaveBatch(s.t.Context(), b))
	return b
}

// stored reads a batch by its name.
func (s *system) stored(name string) push.Batch {
	s.t.Helper()
	id, _, ok := push.ReadID(s.mac, name)
	if !ok {
		s.t.Fatalf("%q names no batch", name)
	}
	b, err := s.batches.Batch(s.t.Context(), ours, id)
	s.must(err)
	return b
}

// delivered logs a delivery to a destination of ours.
func (s *system) delivered(destination string, outcome outbound.Outcome) outbound.LogEntry {
	s.t.Helper()
	id, err := delivery.NewID(s.clock.now(), s.handler.Random)
	s.must(err)
	e := outbound.LogEntry{Delivery: outbound.Delivery{V: outbound.Format, Organization: ours, Destination: destination, ID: id + "-" + destination,
		Event: "ev_1", Type: "opportunity updated", Body: []byte(`{"type":"track"}`), CreatedAt: s.clock.now(), Attempt: 1},
		Outcome: outcome, UpdatedAt: s.clock.now(), Rev: 1, Attempts: []outbound.Attempt{{Number: 1, At: s.clock.now(), Status: 500, Took: 12, Problem: "500", Answer: "no \u0001"}}}
	s.must(s.sent.LogDelivery(s.t.Context(), e, s.clock.now().Add(time.Hour)))
	return e
}

// jobsSent gives the jobs that were sent on their way, and forgets them.
func (s *system) jobsSent() []job.Job {
	s.t.Helper()
	var all []job.Job
	for _, text := range s.work.sent {
		m, err := job.Decode(text)
		s.must(err)
		j, err := s.jobs.Job(s.t.Context(), m.Organization, m.Job)
		s.must(err)
		all = append(all, j)
	}
	s.work.sent = nil
	return all
}

// payload stores a body as intake does and gives where it lies.
func (s *system) payload(name string, body []byte) record.PayloadRef {
	s.t.Helper()
	e := s.setAside("conn_none", name, quarantine.MissingEvent, body)
	s.must(s.intake.DeleteEntry(s.t.Context(), ours, name))
	return e.Payload
}
