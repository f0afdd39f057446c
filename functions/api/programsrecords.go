package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// ProgramRefusals are a record that somebody must look at, and why.
type ProgramRefusals struct {
	Record    RecordName       `json:"record"`
	RecordRev int64            `json:"record_rev" doc:"How the record was."`
	Refusals  []ProgramRefusal `json:"refusals" nullable:"false"`
	At        time.Time        `json:"at" doc:"When it was looked at."`
}

// RecordName names a record.
type RecordName struct {
	Connection string `json:"connection"`
	Object     string `json:"object" example:"opportunity"`
	ID         string `json:"id"`
}

// ProgramRefusal is why a record, or a part of it, counts for nothing.
type ProgramRefusal struct {
	Component string `json:"component"`
	Step      string `json:"step" doc:"The step that refused it." example:"qualify"`
	Code      string `json:"code"`
	Detail    string `json:"detail" doc:"What was asked and what was there." example:"Won only: row.status_type is \"active\""`
	Problem   bool   `json:"problem" doc:"Somebody must mend it; otherwise it merely does not count."`
}

// RecordWhy is what a program makes of a record as it is now.
type RecordWhy struct {
	Record     RecordName           `json:"record"`
	Components []RecordWhyComponent `json:"components" nullable:"false" doc:"Each component over the record's data source, by version."`
}

// RecordWhyComponent is what one component of one version makes of a record.
type RecordWhyComponent struct {
	Component string           `json:"component"`
	Version   int              `json:"version"`
	Counts    bool             `json:"counts" doc:"It gives credit."`
	Steps     []RecordWhyStep  `json:"steps" nullable:"false" doc:"What each step said, in their order, up to the one that refused the record."`
	Credits   []Credit         `json:"credits" nullable:"false"`
	Refusals  []ProgramRefusal `json:"refusals" nullable:"false"`
}

// RecordWhyStep is what one step says of a record.
type RecordWhyStep struct {
	Step   string `json:"step" example:"qualify"`
	Detail string `json:"detail"`
}

func (h *handler) registerProgramRecords(api huma.API) {
	register(api, h, route{
		id: "list-program-problems", method: http.MethodGet, path: "/v1/programs/{program}/problems", tag: "programs", needs: tenant.Manager,
		summary: "List the records that somebody must look at", text: "Those that would count, and cannot: a rate is missing, shares come to 110 %, a formula has no value.", errors: []int{400, 404, 409},
	}, h.listProgramProblems)
	register(api, h, route{
		id: "get-record-why", method: http.MethodGet, path: "/v1/programs/{program}/records/{connection}/{object}/{record}/why", tag: "programs", needs: tenant.Reader,
		summary: "Get why a record counts, or does not", text: "Step by step, as the record is now. Who does not see everybody's figures gets it of records that give credit to those seen, and of those that give none to anybody.", errors: []int{404, 409},
	}, h.recordWhy)
}

type listProgramProblemsInput struct {
	ProgramInput
	PageInput
}

type programProblemsOutput struct{ Body list[ProgramRefusals] }

func (h *handler) listProgramProblems(ctx context.Context, c caller, in *listProgramProblemsInput) (*programProblemsOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	if _, err := h.incentives.Shown(ctx, p); err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[incentive.Footprint, ProgramRefusals]{
		scope: []string{"program problems", p.ID, p.Live.ID},
		read: func(ctx context.Context, page store.Page) ([]incentive.Footprint, string, error) {
			return h.Credits.Problems(ctx, c.organization, p.Live.ID, page)
		},
		show: func(f incentive.Footprint) (ProgramRefusals, int, bool) {
			out := ProgramRefusals{Record: showRecordName(f.Record), RecordRev: f.RecordRev, Refusals: showRefusals(f.Refusals), At: f.At}
			length := 512
			for _, r := range out.Refusals {
				length += 256 + escapedLength([]byte(r.Detail))
			}
			return out, length, true
		},
	})
	return &programProblemsOutput{body}, err
}

func showRecordName(k record.Key) RecordName {
	return RecordName{Connection: k.Connection, Object: k.Object, ID: k.ID}
}

func showRefusals(refusals []incentive.Refusal) []ProgramRefusal {
	out := []ProgramRefusal{}
	for _, r := range refusals {
		out = append(out, ProgramRefusal(r))
	}
	return out
}

type recordWhyInput struct {
	ProgramInput
	Connection string `path:"connection" maxLength:"64" example:"conn_4f0c9a2b1x7z"`
	Object     string `path:"object" maxLength:"128" example:"opportunity"`
	Record     string `path:"record" maxLength:"1024"`
}

type recordWhyOutput struct{ Body RecordWhy }

func (h *handler) recordWhy(ctx context.Context, c caller, in *recordWhyInput) (*recordWhyOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	key := record.Key{Organization: c.organization, Connection: in.Connection, Object: in.Object, ID: in.Record}
	explained, err := h.incentives.Why(ctx, p, key)
	if err != nil {
		return nil, notFound(err, "There is no record %q.", in.Record)
	}
	if !sight.seesAnyOf(explained) {
		return nil, fault.New(fault.NotFound, "not_found", "There is no record %q that counts for anybody whose figures you see.", in.Record)
	}
	out := RecordWhy{Record: showRecordName(key), Components: []RecordWhyComponent{}}
	for _, e := range explained {
		one := RecordWhyComponent{Component: e.Component, Version: e.Version, Counts: len(e.Credits) > 0, Steps: []RecordWhyStep{}, Credits: []Credit{}, Refusals: showRefusals(e.Refusals)}
		for _, s := range e.Said {
			if s.Step != "credit" || sight.seesFirst(s.Detail) { // it begins with who has credit
				one.Steps = append(one.Steps, RecordWhyStep(s))
			}
		}
		for _, credit := range e.Credits {
			if sight.sees(credit.Participant) {
				one.Credits = append(one.Credits, showCredit(credit))
			}
		}
		out.Components = append(out.Components, one)
	}
	return &recordWhyOutput{out}, nil
}
