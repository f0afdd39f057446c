package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadline/infra/sandbox/spec"
	closecrm "leadline/shared/connectors/close"
)

// patience is how long anything else than a run may take: far longer than it does, for the machine may be busy.
const patience = 4 * time.Minute

// sandbox is a CRM of a test's own that looks like Close, with what it tells of itself.
type sandbox struct {
	url   string
	Users []struct{ ID, Name, Email, Role, Group string }
	// Keys are API keys with the addresses of their users.
	Keys         map[string]string
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	OwnerField   string `json:"owner_field"`
}

// startSandbox starts a CRM that allows five requests a second and holds each against Close's OpenAPI files, where those are
// there. Flags that are given win.
func startSandbox(t *testing.T, flags ...string) *sandbox {
	t.Helper()
	args := []string{"-rps", "5"}
	if dir, err := spec.Find(""); err == nil {
		args = append(args, "-validate", "-specs", filepath.Dir(dir))
	}
	path, err := filepath.Abs(filepath.Join(root, ".local/bin/sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, append(args, flags...)...)
	var wrong bytes.Buffer
	command.Stderr = &wrong
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatalf("the sandbox: %v: run `make build` first", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) < 3 || words[1] != "ready" {
		t.Fatalf("the sandbox says %q, %v, %s", line, err, wrong.String())
	}
	c := &sandbox{url: words[2]}
	c.ask(t, http.MethodGet, "info", nil, c)
	t.Cleanup(func() {
		var against []string
		if c.ask(t, http.MethodGet, "violations", nil, &against); len(against) > 0 {
			t.Errorf("%d requests or answers do not fit Close's specification, the first: %s", len(against), against[0])
		}
	})
	return c
}

// logged has what the functions that read said of trouble printed, if the test fails.
func (s *system) logged(t *testing.T) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		text, err := os.ReadFile(filepath.Join(s.dir, "logs", "fetch.log"))
		if err != nil {
			t.Log(err)
		}
		const most = 60
		var lines []string
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, `"duration_ms"`) {
				lines = append(lines, line)
			}
		}
		t.Logf("the end of the log of fetch:\n%s", strings.Join(lines[max(0, len(lines)-most):], ""))
	})
}

// ask gives the sandbox an order, or asks it something.
func (c *sandbox) ask(t *testing.T, method, what string, body, target any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, c.url+"/_sandbox/"+what, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("sandbox: %s %s: %d %.300s %v", method, what, res.StatusCode, answer, err)
	}
	if target != nil {
		if err := json.Unmarshal(answer, target); err != nil {
			t.Fatalf("sandbox: %s %s: %v", method, what, err)
		}
	}
}

// order tells the sandbox to do something.
func (c *sandbox) order(t *testing.T, what string, body any) {
	t.Helper()
	c.ask(t, http.MethodPost, what, body, nil)
}

// crmChange is a change that people make in the CRM.
type crmChange struct {
	Action string         `json:"action"`
	Object string         `json:"object,omitempty"`
	ID     string         `json:"id,omitempty"`
	Into   string         `json:"into,omitempty"`
	Count  int            `json:"count,omitempty"`
	Fields map[string]any `json:"fields,omitempty"`
	Silent bool           `json:"silent,omitempty"`
}

// change makes a change and gives the ids of the records.
func (c *sandbox) change(t *testing.T, change crmChange) []string {
	t.Helper()
	var done struct{ IDs []string }
	c.ask(t, http.MethodPost, "change", change, &done)
	if len(done.IDs) == 0 {
		t.Fatalf("%+v: nothing was changed", change)
	}
	return done.IDs
}

// key gives the API key of whoever has a role: Admin, Sales Manager, Account Executive.
func (c *sandbox) key(t *testing.T, role string) string {
	t.Helper()
	for key, address := range c.Keys {
		for _, u := range c.Users {
			if u.Email == address && u.Role == role {
				return key
			}
		}
	}
	t.Fatalf("nobody with the role %s has a key", role)
	return ""
}

// crmRequest is a request that the sandbox was sent.
type crmRequest struct {
	Time                     time.Time
	Method, Path, Query, Key string
	Body                     string
	Status                   int
}

// requests gives what was sent to a path of the API and below.
func (c *sandbox) requests(t *testing.T, path string) []crmRequest {
	t.Helper()
	var all []crmRequest
	c.ask(t, http.MethodGet, "requests?path="+url.QueryEscape(path), nil, &all)
	return all
}

// crmStats are the sandbox's counts, as far as the tests look at them.
type crmStats struct {
	Groups []struct {
		Key, Group        string
		Requests, Refused int
	}
	Webhooks struct{ Sent, Dropped, Waiting int }
}

func (c *sandbox) stats(t *testing.T) crmStats {
	t.Helper()
	var s crmStats
	c.ask(t, http.MethodGet, "stats", nil, &s)
	return s
}

// posted waits until no webhook waits in the sandbox.
func (c *sandbox) posted(t *testing.T) {
	t.Helper()
	eventually(t, patience, "all webhooks are posted", func() bool { return c.stats(t).Webhooks.Waiting == 0 })
}

// state is a record on either side: its version, and a digest of its content.
type state struct {
	version time.Time
	hash    [sha256.Size]byte
	lead    string
}

func stateOf(t *testing.T, version time.Time, fields []byte) state {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(fields))
	d.UseNumber()
	var content map[string]any
	if err := d.Decode(&content); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	lead, _ := content["lead_id"].(string)
	return state{version.UTC(), sha256.Sum256(text), lead}
}

// contents gives what the sandbox has of an object, each record as the connector would read it off a webhook.
func (c *sandbox) contents(t *testing.T, object string) map[string]state {
	t.Helper()
	res, err := http.Get(c.url + "/_sandbox/contents?full=1&object=" + url.QueryEscape(object))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all := map[string]state{}
	for d := json.NewDecoder(res.Body); ; {
		var line struct {
			ID     string
			Record json.RawMessage
		}
		if err := d.Decode(&line); err == io.EOF {
			return all
		} else if err != nil || line.ID == "" {
			t.Fatalf("contents of %s: %v", object, err)
		}
		changes, err := closecrm.Definition().Webhook.Parse(fmt.Appendf(nil, `{"event":{"object_type":%q,"action":"updated","data":%s}}`, object, line.Record))
		if err != nil || len(changes) != 1 || changes[0].ID != line.ID {
			t.Fatalf("%s of %s: %+v, %v", line.ID, object, changes, err)
		}
		all[line.ID] = stateOf(t, changes[0].Version.Time(), []byte(changes[0].Fields.Canonical()))
	}
}

// objects are those whose contents the sandbox tells.
func (c *sandbox) objects(t *testing.T) []string {
	t.Helper()
	var counts map[string]int
	c.ask(t, http.MethodGet, "counts", nil, &counts)
	var all []string
	for name := range counts {
		if strings.HasPrefix(name, "task.") {
			name = "task"
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// provider is an organization's connection to a sandbox. Its system asks with the organization's key.
type provider struct {
	*system
	crm *sandbox
	id  string
	// path is that of the connection in the API, address that of the admin who gets mail.
	path, address string
}

// apiConnection is a connection, as far as the tests look at it.
type apiConnection struct {
	ID, Status   string
	AuthorizeURL string `json:"authorize_url"`
	Identity     *struct {
		Account, User struct{ ID, Name string }
	}
	Missing []struct{ Permission string } `json:"missing_permissions"`
	Login   struct{ Kind, State, Reason string }
	State   struct {
		Health       string
		Why          []string
		Subscription struct {
			ID        string
			Active    bool
			Problem   string
			CheckedAt time.Time `json:"checked_at"`
			HealedAt  time.Time `json:"healed_at"`
		}
		Objects []struct {
			Object         string
			Stored, Source int64
		}
		TendedAt *time.Time `json:"tended_at"`
	}
}

// organization makes an organization with an admin who gets mail.
func (s *system) organization(t *testing.T, name string) (*system, string) {
	t.Helper()
	own := *s
	_, own.AdminKey = s.bootstrap(t, name)
	address := name + "@example.com"
	own.post201(t, "/v1/people", map[string]string{"email": address, "name": name, "role": "admin"}, nil)
	return &own, address
}

// connect makes an organization and connects it to a CRM with an API key. It waits until the connection was looked after for
// the first time, and then takes the usual syncs off, which would come between.
func connect(t *testing.T, s *system, crm *sandbox, name, key string) *provider {
	t.Helper()
	own, address := s.organization(t, name)
	p := &provider{system: own, crm: crm, address: address}
	p.open(t, name, map[string]string{"kind": "api_key", "api_key": key})
	p.tended(t)
	return p
}

// open makes the connection.
func (p *provider) open(t *testing.T, name string, login map[string]string) apiConnection {
	t.Helper()
	var made apiConnection
	p.post201(t, "/v1/connections", map[string]any{"connector": "close", "name": name, "base_url": p.crm.url + "/api/v1", "login": login}, &made)
	p.id, p.path = made.ID, "/v1/connections/"+made.ID
	t.Cleanup(func() { // or it would look for its sandbox when that is gone
		if status, answer := p.call(t, p.AdminKey, http.MethodPost, p.path+"/disable", nil); status != http.StatusOK {
			t.Errorf("disable: %d %s", status, answer)
		}
	})
	return made
}

func (p *provider) connection(t *testing.T) apiConnection {
	t.Helper()
	var c apiConnection
	if !p.get(t, p.path, &c) {
		t.Fatal("the connection is gone")
	}
	return c
}

// tended waits until the connection was looked after for the first time, and takes the usual syncs off.
func (p *provider) tended(t *testing.T) {
	t.Helper()
	var syncs []struct{ ID string }
	eventually(t, patience, "the connection is looked after", func() bool {
		if c := p.connection(t); c.State.TendedAt == nil || !c.State.Subscription.Active {
			return false
		}
		syncs = list[struct{ ID string }](t, p.system, p.path+"/syncs")
		return len(syncs) == 2
	})
	for _, y := range syncs {
		if status, answer := p.call(t, p.AdminKey, http.MethodDelete, p.path+"/syncs/"+y.ID, nil); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, answer)
		}
	}
}

// apiCounts are those of a run.
type apiCounts struct {
	Found, Fetched, Missing, Stale, Differing, Unchanged, Newer, Refused, Absent, Deleted, Kept, Held int64
}

func (c apiCounts) stored() int64 { return c.Missing + c.Stale + c.Differing }

// apiRun is a run.
type apiRun struct {
	ID, Status, Problem string
	Plan                struct{ Kind, Mode string }
	Progress            struct {
		Counts       apiCounts
		Done         int        `json:"objects_done"`
		Total        int        `json:"objects_total"`
		Requests     int64      `json:"requests"`
		Retries      int64      `json:"retries"`
		Throttled    int64      `json:"throttled"`
		PerMinute    float64    `json:"records_per_minute"`
		EstimatedEnd *time.Time `json:"estimated_end"`
	}
	Objects []struct {
		Object, Phase, Problem, Waiting string
		Counts                          apiCounts
	}
	Report *struct {
		Agrees  bool
		Objects []struct {
			Object                     string
			Source, Stored, Difference int64
			How                        string `json:"source_how"`
			Explained                  string
			Counts                     apiCounts
		}
	}
	CreatedBy  string    `json:"created_by"`
	CreatedAt  time.Time `json:"created_at"`
	FinishedAt time.Time `json:"finished_at"`
}

func (r apiRun) final() bool { return !r.FinishedAt.IsZero() }

// begin starts an import or a reconciliation.
func (p *provider) begin(t *testing.T, what string, body any) string {
	t.Helper()
	var r apiRun
	p.post201(t, p.path+"/"+what, body, &r)
	return r.ID
}

func (p *provider) run(t *testing.T, id string) apiRun {
	t.Helper()
	var r apiRun
	if !p.get(t, p.path+"/runs/"+id, &r) {
		t.Fatalf("the run %s is gone", id)
	}
	return r
}

// runLimit is how long a run may take.
const runLimit = 2 * patience

// ended waits for the end of a run, which must be a good one.
func (p *provider) ended(t *testing.T, id string) apiRun {
	t.Helper()
	var r apiRun
	for deadline := time.Now().Add(runLimit); !r.final(); time.Sleep(200 * time.Millisecond) {
		if r = p.run(t, id); time.Now().After(deadline) {
			t.Fatalf("the run has not ended: %s", shown(r))
		}
	}
	if r.Status != "done" || r.Problem != "" {
		t.Errorf("the run: %s", shown(r))
	}
	return r
}

func shown(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// imports imports everything.
func (p *provider) imports(t *testing.T) apiRun {
	t.Helper()
	return p.ended(t, p.begin(t, "imports", struct{}{}))
}

// stored gives what is stored of an object, without what is deleted.
func (p *provider) stored(t *testing.T, object string) map[string]state {
	t.Helper()
	all := map[string]state{}
	path := p.path + "/objects/" + url.PathEscape(object) + "/records"
	type listed struct {
		apiRecord
		Large map[string]any
	}
	for _, r := range list[listed](t, p.system, path) {
		if len(r.Large) > 0 && !p.get(t, path+"/"+url.PathEscape(r.ID), &r.apiRecord) {
			continue // deleted since
		}
		all[r.ID] = stateOf(t, r.Version, r.Fields)
	}
	return all
}

// drift is by which records both sides differ, each written as object and id.
type drift struct {
	missing, stale, other, surplus []string
	total                          int
}

func (d drift) none() bool { return len(d.missing)+len(d.stale)+len(d.other)+len(d.surplus) == 0 }

func (d drift) String() string {
	some := func(all []string) string { return fmt.Sprintf("%d %v", len(all), all[:min(len(all), 8)]) }
	return fmt.Sprintf("of %d records %s are missing, %s older, %s other, %s too many", d.total, some(d.missing), some(d.stale), some(d.other), some(d.surplus))
}

// drift compares both sides. Of the records there, only those are looked at that shows tells of; nil for all.
func (p *provider) drift(t *testing.T, shows func(object, id string, s state) bool) drift {
	t.Helper()
	var d drift
	for _, object := range p.crm.objects(t) {
		there, here := p.crm.contents(t, object), p.stored(t, object)
		for id, want := range there {
			if shows != nil && !shows(object, id, want) {
				continue
			}
			d.total++
			got, found := here[id]
			name := object + " " + id
			switch {
			case !found:
				d.missing = append(d.missing, name)
			case got.version.Before(want.version):
				d.stale = append(d.stale, name)
			case got != want:
				d.other = append(d.other, name)
			}
		}
		for id := range here {
			if _, found := there[id]; !found {
				d.surplus = append(d.surplus, object+" "+id)
			}
		}
	}
	return d
}

// same waits until both sides hold the same, in ids, versions and contents.
func (p *provider) same(t *testing.T) drift {
	t.Helper()
	return p.sameOf(t, nil)
}

func (p *provider) sameOf(t *testing.T, shows func(object, id string, s state) bool) drift {
	t.Helper()
	var d drift
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		if d = p.drift(t, shows); d.none() && d.total > 0 {
			return d
		}
		if time.Now().After(deadline) {
			t.Fatalf("both sides differ: %s", d)
		}
	}
}

// sentMail is an e-mail.
type sentMail struct {
	ID, Subject, Text string
	Headers           map[string]string
}

// mails gives what the admin was sent.
func (p *provider) mails(t *testing.T) []sentMail {
	t.Helper()
	res, err := http.Get(p.Control + "/mail?to=" + url.QueryEscape(p.address))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var box struct{ Items []sentMail }
	if err := json.NewDecoder(res.Body).Decode(&box); err != nil {
		t.Fatal(err)
	}
	return box.Items
}

// apiNotice is something that the admins were told.
type apiNotice struct {
	ID, Kind, Subject, Text string
	Table                   *struct{ Rows [][]string }
}

// told waits until a notice of a kind is there and its mail was sent, and demands that each is there once.
func (p *provider) told(t *testing.T, kind, subject string) apiNotice {
	t.Helper()
	var notices []apiNotice
	var mails []sentMail
	eventually(t, patience, "the admin is told: "+kind, func() bool {
		notices = slices.DeleteFunc(list[apiNotice](t, p.system, "/v1/notices"), func(n apiNotice) bool { return n.Kind != kind || n.Subject != subject })
		mails = p.mails(t)
		return len(notices) > 0 && slices.ContainsFunc(mails, func(m sentMail) bool { return m.Headers["X-Leadline-Notice"] == notices[0].ID })
	})
	mails = slices.DeleteFunc(mails, func(m sentMail) bool { return m.Headers["X-Leadline-Notice"] != notices[0].ID })
	if len(notices) != 1 || len(mails) != 1 {
		t.Errorf("%s was told by %d notices and %d mails", kind, len(notices), len(mails))
	}
	return notices[0]
}
