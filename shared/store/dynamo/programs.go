package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/money"
	exact "leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/store"
)

// Programs implements store.Programs in the table of Intake, where the views are that programs read: it is configuration,
// seldom written. Programs and versions are packed JSON; the names of their fields are part of what is stored.
type Programs struct {
	table
	// receipts is the table of Tenancy.
	receipts table
}

var _ store.Programs = (*Programs)(nil)

// NewPrograms uses the table of Intake of the name, and that of Tenancy for receipts.
func NewPrograms(client Client, intake, tenancy string) *Programs {
	return &Programs{table: newTable(client, intake), receipts: newTable(client, tenancy)}
}

// maxProgramBytes is the most that a program or version takes, compressed. It leaves room for what an edition adds to it.
const maxProgramBytes = 300_000

// CreateProgram implements store.Programs in one transaction of one or two items.
func (s *Programs) CreateProgram(ctx context.Context, p program.Program, receipt *store.Receipt) error {
	const what = "create program"
	i, err := s.encodeProgram(p)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.create(i, unlessThere, nil, taken("program"))}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, p.CreatedAt)...)
}

// UpdateProgram implements store.Programs in one transaction of one to three items.
func (s *Programs) UpdateProgram(ctx context.Context, p program.Program, publish *program.Version, receipt *store.Receipt) error {
	const what = "update program"
	i, err := s.encodeProgram(p)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.replace(i, p.Rev-1, stale("program"))}
	if publish != nil {
		version, err := s.encodeVersion(p.Organization, p.ID, *publish)
		if err != nil {
			return failed(err, what)
		}
		steps = append(steps, s.create(version, unlessThere, nil, stale("program")))
	}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, p.UpdatedAt)...)
}

// Program implements store.Programs in one GetItem.
func (s *Programs) Program(ctx context.Context, organization, id string) (program.Program, error) {
	const what = "get program"
	i, err := s.get(ctx, what, programKey(organization, id), "program")
	if err != nil {
		return program.Program{}, err
	}
	p, err := decodePacked[program.Program](s.table, i)
	return p, failed(err, what)
}

// Programs implements store.Programs in one Query, for each MB.
func (s *Programs) Programs(ctx context.Context, organization string, p store.Page) ([]program.Program, string, error) {
	q := query{what: "list programs", partition: programsPartition(organization)}
	return page(ctx, s.table, q, []string{"programs", organization}, p, func(i item) (program.Program, error) {
		return decodePacked[program.Program](s.table, i)
	})
}

// Version implements store.Programs in one GetItem.
func (s *Programs) Version(ctx context.Context, organization, id string, number int) (program.Version, error) {
	const what = "get version of program"
	i, err := s.get(ctx, what, programVersionKey(organization, id, number), "version")
	if err != nil {
		return program.Version{}, err
	}
	v, err := s.decodeVersion(i)
	return v, failed(err, what)
}

// Versions implements store.Programs in one Query, for each MB.
func (s *Programs) Versions(ctx context.Context, organization, id string, p store.Page) ([]program.Version, string, error) {
	q := query{what: "list versions of program", partition: programVersionsPartition(organization, id), descending: true, consistent: true}
	return page(ctx, s.table, q, []string{"program versions", organization, id}, p, s.decodeVersion)
}

// SaveRate implements store.Programs in one transaction of one or two items.
func (s *Programs) SaveRate(ctx context.Context, organization string, r money.Rate, receipt *store.Receipt) error {
	const what = "save rate"
	i := newItem(rateKey(organization, r.From, r.To, r.Span.From))
	i.setText("value", r.Value.String())
	i.setText("until", string(r.Span.Until))
	i.setNumber("rev", r.Rev)
	write := s.create(i, unlessThere, nil, stale("rate"))
	if r.Rev != 1 {
		write = s.replace(i, r.Rev-1, stale("rate"))
	}
	var at time.Time
	if receipt != nil { // a rate does not say when it was saved
		at = receipt.ExpiresAt.Add(-store.ReceiptLife)
	}
	return s.transact(ctx, what, s.receipts.withReceipt([]step{write}, receipt, at)...)
}

// DeleteRate implements store.Programs in one DeleteItem.
func (s *Programs) DeleteRate(ctx context.Context, organization, from, to string, since calendar.Date) error {
	return s.delete(ctx, "delete rate", rateKey(organization, from, to, since))
}

// Rates implements store.Programs in one Query, for each MB.
func (s *Programs) Rates(ctx context.Context, organization string, p store.Page) ([]money.Rate, string, error) {
	q := query{what: "list rates", partition: ratesPartition(organization), consistent: true}
	return page(ctx, s.table, q, []string{"rates", organization}, p, decodeRate)
}

// SaveGoals implements store.Programs in one PutItem, or one DeleteItem for none.
func (s *Programs) SaveGoals(ctx context.Context, organization, program, participant string, goals []incentive.Goal) error {
	const what = "save goals"
	at := goalsKey(organization, program, participant)
	if len(goals) == 0 {
		return s.delete(ctx, what, at)
	}
	packed, err := s.packJSON(goals)
	if err != nil {
		return failed(err, what)
	}
	i := newItem(at)
	i.setBytes("b", packed)
	_, err = s.put(ctx, what, i, "")
	return err
}

// Goals implements store.Programs in one GetItem.
func (s *Programs) Goals(ctx context.Context, organization, program, participant string) ([]incentive.Goal, error) {
	const what = "get goals"
	i, err := s.get(ctx, what, goalsKey(organization, program, participant), "goals")
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	goals, err := decodePacked[[]incentive.Goal](s.table, i)
	return goals, failed(err, what)
}

// AllGoals implements store.Programs in one Query, for each MB.
func (s *Programs) AllGoals(ctx context.Context, organization, program string, p store.Page) (map[string][]incentive.Goal, string, error) {
	type ofOne struct {
		participant string
		goals       []incentive.Goal
	}
	q := query{what: "list goals", partition: goalsPartition(organization, program), consistent: true}
	found, next, err := page(ctx, s.table, q, []string{"goals", organization, program}, p, func(i item) (ofOne, error) {
		goals, err := decodePacked[[]incentive.Goal](s.table, i)
		return ofOne{unsortable(i.primary().sk), goals}, err
	})
	if err != nil {
		return nil, "", err
	}
	all := make(map[string][]incentive.Goal, len(found))
	for _, one := range found {
		all[one.participant] = one.goals
	}
	return all, next, nil
}

func (s *Programs) encodeProgram(p program.Program) (item, error) {
	return s.packProgram(programKey(p.Organization, p.ID), p.Rev, p, "The program")
}

// versionBody is what is packed into one attribute: the version, and each of its sources once. Components often read the same
// view, and a view with all columns of a CRM is larger than what compression sees at once.
type versionBody struct {
	Version program.Version    `json:"version"`
	Views   []program.Resolved `json:"views"`
	// Of says which of Views a component reads.
	Of map[string]int `json:"of"`
}

func (s *Programs) encodeVersion(organization, id string, v program.Version) (item, error) {
	body := versionBody{Of: map[string]int{}}
	seen := map[string]int{}
	for _, component := range slices.Sorted(maps.Keys(v.Sources)) {
		source := v.Sources[component]
		text, err := json.Marshal(source)
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		n, again := seen[string(text)]
		if !again {
			n = len(body.Views)
			seen[string(text)], body.Views = n, append(body.Views, source)
		}
		body.Of[component] = n
	}
	v.Sources = nil
	body.Version = v
	return s.packProgram(programVersionKey(organization, id, v.Number), 0, body, "The version of the program")
}

func (s *Programs) decodeVersion(i item) (program.Version, error) {
	body, err := decodePacked[versionBody](s.table, i)
	if err != nil {
		return program.Version{}, err
	}
	v := body.Version
	if len(body.Of) > 0 {
		v.Sources = make(map[string]program.Resolved, len(body.Of))
	}
	for component, n := range body.Of {
		if n < 0 || n >= len(body.Views) {
			return program.Version{}, fmt.Errorf("the view of %q is not there", component)
		}
		v.Sources[component] = body.Views[n]
	}
	return v, nil
}

func (s *Programs) packProgram(at primary, rev int64, noun any, name string) (item, error) {
	packed, err := s.packJSON(noun)
	if err != nil {
		return nil, err
	}
	if len(packed) > maxProgramBytes {
		return nil, fault.New(fault.Invalid, store.CodeTooLarge,
			"%s takes %d kB compressed, and at most %d kB are stored. Shorten its rate tables, or the views that it reads.", name, len(packed)/1000, maxProgramBytes/1000)
	}
	i := newItem(at)
	i.setNumber("rev", rev)
	i.setBytes("b", packed)
	return i, nil
}

func decodeRate(i item) (money.Rate, error) {
	in := read(i)
	r := money.Rate{Span: calendar.Span{Until: calendar.Date(in.text("until"))}, Rev: in.number("rev")}
	value := in.text("value")
	if in.err != nil {
		return money.Rate{}, in.err
	}
	var err error
	if r.Value, err = exact.Parse(value); err != nil {
		return money.Rate{}, fmt.Errorf("attribute value: %w", err)
	}
	parts, err := split(i.primary().sk, 3)
	if err != nil {
		return money.Rate{}, err
	}
	r.From, r.To, r.Span.From = parts[0], parts[1], calendar.Date(parts[2])
	return r, nil
}
