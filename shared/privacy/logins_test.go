package privacy_test

import (
	"context"
	"strings"
	"testing"

	"leadline/shared/connector"
	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/privacy"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// login stores that a connection logs in as a user of the CRM.
func (w *world) login(connection, user, name string) {
	w.t.Helper()
	w.must(w.logins.SaveLogin(w.t.Context(), credential.Login{Organization: ours, Connection: connection, Kind: connector.APIKey, Sealed: []byte("sealed"),
		State: credential.OK, Generation: 3, UserID: user, UserName: name, TestedAt: noon, Rev: 1}))
}

// TestLogins: a connection that logs in as the person says so in an export, and after an erasure works on without the name.
func TestLogins(t *testing.T) {
	for name, c := range map[string]struct {
		params job.PersonParams
		user   string
		plant  func(w *world)
	}{
		"a user whose record is the person's": {him(), "Zebulon Quark", func(w *world) {
			w.comes(w.event(ours, "user", "user_joe", "created", 1, `,"email":"joe.doe@example.com"`))
		}},
		"a user who is a member": {him(), "Zebulon Quark", func(w *world) {
			w.must(w.roster.SaveMembers(w.t.Context(), ours, []roster.Member{{ID: "mem_joe", Organization: ours, Email: "joe.doe@example.com", CreatedAt: noon, Rev: 1,
				External: []roster.External{{Connection: crm, ID: "user_joe"}}}}, 0, nil))
		}},
		"a name that is an address": {him(), "joe.doe@example.com", func(*world) {}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, budget := range []int{400, 1} {
				w := newWorld(t)
				w.organization(ours)
				w.SetBudget(budget)
				c.plant(w)
				w.login(crm, "user_joe", c.user)
				w.login("conn_other", "user_ann", "Ann")
				j, _ := w.runs(w.job(ours, "job_export", job.Export, job.Running, c.params), w.Export)
				_, text := w.exported("exports/" + ours + "/job_export.ndjson.gz")
				if j.Counts["logins"] != 1 || !strings.Contains(text, `"kind":"login"`) || !strings.Contains(text, c.user) || strings.Contains(text, "user_ann") || strings.Contains(text, "c2VhbGVk") {
					t.Errorf("exported %v %s", j.Counts, text)
				}
				if j := w.erase(c.params); j.Status != job.Done || j.Counts["logins"] != 1 {
					t.Errorf("erased %s %v", j.Status, j.Counts)
				}
				l, err := w.logins.Login(t.Context(), ours, crm)
				if w.must(err); l.UserName != "" || l.UserID != "user_joe" || string(l.Sealed) != "sealed" || l.State != credential.OK || l.Generation != 3 || l.Rev != 2 {
					t.Errorf("left %+v", l)
				}
				if l, err := w.logins.Login(t.Context(), ours, "conn_other"); err != nil || l.UserName != "Ann" || l.Rev != 1 {
					t.Errorf("another is %+v, %v", l, err)
				}
			}
		})
	}
}

// storeLogins has a name of its own, for one of its methods is called Logins.
type storeLogins = store.Logins

// renewing is a store of logins that are renewed whenever somebody wants to write one.
type renewing struct {
	storeLogins
	races int
}

func (r *renewing) SaveLogin(ctx context.Context, l credential.Login) error {
	if r.races > 0 {
		r.races--
		other, err := r.Login(ctx, l.Organization, l.Connection)
		if err != nil {
			return err
		}
		other.Generation++
		other.Rev++
		if err := r.storeLogins.SaveLogin(ctx, other); err != nil {
			return err
		}
	}
	return r.storeLogins.SaveLogin(ctx, l)
}

// TestLoginsThatAreRenewedMeanwhile lose nothing but the name.
func TestLoginsThatAreRenewedMeanwhile(t *testing.T) {
	for _, races := range []int{1, 100} {
		w := newWorld(t)
		w.organization(ours)
		w.login(crm, "user_joe", "joe.doe@example.com")
		o := w.options()
		o.Logins = &renewing{w.logins, races}
		worker := privacy.New(o)
		j := w.job(ours, jobID, job.Erase, job.Running, him())
		var err error
		for range 50 {
			if j, err = worker.Erase(t.Context(), j); err != nil || j.Status.Final() {
				break
			}
		}
		l, readErr := w.logins.Login(t.Context(), ours, crm)
		w.must(readErr)
		if races == 1 && (err != nil || j.Status != job.Done || l.UserName != "" || l.Generation != 4) || races > 1 && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%d races: %s, %v, left %+v", races, j.Status, err, l)
		}
	}
}

// TestExportSaysWhatMailOneGets: what somebody chose belongs to them.
func TestExportSaysWhatMailOneGets(t *testing.T) {
	for preference, want := range map[tenant.MailPreference]string{tenant.MailAll: `"mail":"all"`, tenant.MailNone: `"mail":"none"`} {
		w := newWorld(t)
		w.organization(ours)
		p, err := w.members.Person(t.Context(), ours, "per_joe")
		w.must(err)
		p.Mail = preference
		p.Rev++
		w.must(w.members.UpdatePerson(t.Context(), p, nil))
		w.runs(w.job(ours, "job_export", job.Export, job.Running, him()), w.Export)
		if _, text := w.exported("exports/" + ours + "/job_export.ndjson.gz"); !strings.Contains(text, want) {
			t.Errorf("it does not say %s: %s", want, text)
		}
	}
}
