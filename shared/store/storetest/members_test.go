package storetest

import (
	"context"
	"slices"
	"time"

	"leadline/shared/audit"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func brokenMemberStores() map[string]defect {
	return map[string]defect{
		"an organization's rev is ignored":    {"Organizations/a refused update", func(s *Stores) { s.Members = anyRev{s.Members, s.Tenancy} }},
		"a revoked key works by id":           {"APIKeys/a key revoked in one way", func(s *Stores) { s.Members = unrevoked{s.Members} }},
		"use tells what was used before":      {"Use/what is used adds up", func(s *Stores) { s.Members = usedBefore{s.Members} }},
		"all windows are one":                 {"Use/windows and organizations", func(s *Stores) { s.Members = oneWindow{s.Members} }},
		"the door keeps old secrets":          {"Clients/the door finds a client", func(s *Stores) { s.Members = oldDoor{s.Members} }},
		"half a client is created":            {"Clients/a refused creation leaves neither", func(s *Stores) { s.Members = halfClients{s.Members} }},
		"an e-mail address may be two's":      {"People/an e-mail address is one", func(s *Stores) { s.Members = looseEmails{s.Members} }},
		"deleted people stay":                 {"People/a deleted person is gone", func(s *Stores) { s.Members = kept{s.Members} }},
		"a destination's receipt is lost":     {"Destinations/it is kept whole, with its", func(s *Stores) { s.Destinations = noReceipts{s.Destinations} }},
		"a destination's rev is ignored":      {"Destinations/a refused update", func(s *Stores) { s.Destinations = anyDestination{s.Destinations} }},
		"acts are bounded by nothing":         {"Audit/times bound acts", func(s *Stores) { s.Journal = timeless{s.Journal} }},
		"acts are recorded under any id":      {"Audit/an id that does not sort", func(s *Stores) { s.Journal = anyID{s.Journal} }},
		"every notice is new":                 {"Notices/a notice is kept whole, and told", func(s *Stores) { s.Journal = alwaysNew{s.Journal} }},
		"notices lose their table":            {"Notices/a notice is kept whole, and told", func(s *Stores) { s.Journal = tableless{s.Journal} }},
		"a mail's rev is ignored":             {"Notices/what became of its mail", func(s *Stores) { s.Journal = anyMail{s.Journal} }},
		"everybody may save a mail":           {"Notices/one of those who save", func(s *Stores) { s.Journal = anyMail{s.Journal} }},
		"tellers speak of mail":               {"Notices/whoever tells a notice says nothing", func(s *Stores) { s.Journal = talkative{s.Journal} }},
		"jobs come oldest first":              {"Jobs/they are listed in their order", func(s *Stores) { s.Jobs = oldestJobs{s.Jobs} }},
		"jobs of an organization are another": {"Jobs/those of others are neither", func(s *Stores) { s.Jobs = othersJobs{s.Jobs} }},
	}
}

type anyRev struct {
	store.Members
	tenancy store.Tenancy
}

func (a anyRev) UpdateOrganization(ctx context.Context, org tenant.Organization) error {
	if present, err := a.tenancy.Organization(ctx, org.ID); err == nil {
		org.Rev = present.Rev + 1
	}
	return a.Members.UpdateOrganization(ctx, org)
}

type unrevoked struct{ store.Members }

func (u unrevoked) APIKeyByID(ctx context.Context, organization, id string) (tenant.APIKey, error) {
	key, err := u.Members.APIKeyByID(ctx, organization, id)
	key.RevokedAt = time.Time{}
	return key, err
}

type usedBefore struct{ store.Members }

func (u usedBefore) Use(ctx context.Context, organization, window string, n int64, forget time.Time) (int64, error) {
	used, err := u.Members.Use(ctx, organization, window, n, forget)
	return used - n, err
}

type oneWindow struct{ store.Members }

func (o oneWindow) Use(ctx context.Context, organization, _ string, n int64, forget time.Time) (int64, error) {
	return o.Members.Use(ctx, organization, "", n, forget)
}

type oldDoor struct{ store.Members }

func (o oldDoor) UpdateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, r *store.Receipt) error {
	if present, err := o.ClientHook(ctx, hook.Client); err == nil {
		hook = present
	}
	return o.Members.UpdateClient(ctx, c, hook, r)
}

type halfClients struct{ store.Members }

func (h halfClients) CreateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, connection *tenant.Connection, r *store.Receipt) error {
	err := h.Members.CreateClient(ctx, c, hook, connection, r)
	if err != nil {
		_ = h.Members.CreateClient(ctx, c, hook, nil, nil)
	}
	return err
}

type looseEmails struct{ store.Members }

func (l looseEmails) CreatePerson(ctx context.Context, p tenant.Person, r *store.Receipt) error {
	err := l.Members.CreatePerson(ctx, p, r)
	if fault.Is(err, fault.Conflict) {
		p.Email = "." + p.Email
		return l.Members.CreatePerson(ctx, p, r)
	}
	return err
}

type kept struct{ store.Members }

func (k kept) DeletePerson(context.Context, string, string) error { return nil }

// destinationStore and jobStore let stores be embedded whose lists have their names.
type (
	destinationStore = store.Destinations
	jobStore         = store.Jobs
)

type noReceipts struct{ destinationStore }

func (n noReceipts) CreateDestination(ctx context.Context, d outbound.Destination, _ *store.Receipt) error {
	return n.destinationStore.CreateDestination(ctx, d, nil)
}

type anyDestination struct{ destinationStore }

func (a anyDestination) UpdateDestination(ctx context.Context, d outbound.Destination, r *store.Receipt) error {
	if present, err := a.Destination(ctx, d.Organization, d.ID); err == nil {
		d.Rev = present.Rev + 1
	}
	return a.destinationStore.UpdateDestination(ctx, d, r)
}

type timeless struct{ store.Journal }

func (j timeless) Entries(ctx context.Context, organization string, f store.AuditFilter, p store.Page) ([]audit.Entry, string, error) {
	f.From, f.Until = time.Time{}, time.Time{}
	return j.Journal.Entries(ctx, organization, f, p)
}

type anyID struct{ store.Journal }

func (a anyID) Record(ctx context.Context, e audit.Entry) error {
	if err := a.Journal.Record(ctx, e); !fault.Is(err, fault.Invalid) {
		return err
	}
	return nil
}

type alwaysNew struct{ store.Journal }

func (a alwaysNew) Tell(ctx context.Context, n notice.Notice) (bool, error) {
	_, err := a.Journal.Tell(ctx, n)
	return true, err
}

type tableless struct{ store.Journal }

func (j tableless) Tell(ctx context.Context, n notice.Notice) (bool, error) {
	n.Table = notice.Table{}
	return j.Journal.Tell(ctx, n)
}

type anyMail struct{ store.Journal }

func (j anyMail) SaveMail(ctx context.Context, organization, id string, m notice.Mail) error {
	stored, err := j.Notice(ctx, organization, id)
	if err != nil {
		return err
	}
	m.Rev = stored.Mail.Rev + 1
	if err := j.Journal.SaveMail(ctx, organization, id, m); !fault.Is(err, fault.Conflict) {
		return err
	}
	return nil
}

type talkative struct{ store.Journal }

func (j talkative) Tell(ctx context.Context, n notice.Notice) (bool, error) {
	fresh, err := j.Journal.Tell(ctx, n)
	if err == nil && n.Mail.Rev > 0 {
		n.Mail.Rev = 1
		err = j.SaveMail(ctx, n.Organization, n.ID, n.Mail)
	}
	return fresh, err
}

type oldestJobs struct{ jobStore }

func (o oldestJobs) Jobs(ctx context.Context, organization string, p store.Page) ([]job.Job, string, error) {
	jobs, next, err := o.jobStore.Jobs(ctx, organization, p)
	slices.Reverse(jobs)
	return jobs, next, err
}

type othersJobs struct{ jobStore }

func (o othersJobs) Job(ctx context.Context, _, id string) (job.Job, error) {
	return o.jobStore.Job(ctx, "org_a", id)
}
