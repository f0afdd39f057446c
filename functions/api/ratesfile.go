package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/errgroup"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/tenant"
)

const (
	// maxRatesFile bounds a file of rates, maxRateRows its rows: each that changes something is a write.
	maxRatesFile = 512 << 10
	maxRateRows  = 2000
	// rateWrites is how many rates are written side by side.
	rateWrites = 8
)

// RateImport is what a file of rates does.
type RateImport struct {
	Applied   bool           `json:"applied" doc:"All of the file was done. Otherwise nothing was: it was a dry run, or something is wrong with a row."`
	Rows      int            `json:"rows"`
	Added     int            `json:"added"`
	Changed   int            `json:"changed"`
	Unchanged int            `json:"unchanged" doc:"Rows that say what is so already."`
	Errors    []RateRowError `json:"errors" nullable:"false" doc:"What is wrong with rows, by line."`
}

// RateRowError is what is wrong with a row.
type RateRowError struct {
	Line    int    `json:"line" doc:"Of the file, from 1."`
	Column  string `json:"column,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (h *handler) registerRateFiles(api huma.API) {
	register(api, h, route{
		id: "import-exchange-rates", method: http.MethodPost, path: "/v1/exchange-rates/import", tag: "programs", needs: tenant.Admin, body: maxRatesFile,
		summary: "Add and change many exchange rates, by a file",
		text: "CSV in UTF-8, separated by commas or semicolons, with a first line that names the columns: from, to, value, since, and, if there are ends, until. A row with the pair and first day of a rate that there is changes it. " +
			"All of a file is done, or, if anything is wrong with a row, nothing. Sent twice, it does no more than once.",
		errors: []int{400, 409, 413},
	}, h.importRates)
}

type importRatesInput struct {
	DryRun  bool   `query:"dry_run" doc:"Tell what the file would do, and do nothing."`
	RawBody []byte `contentType:"text/csv"`
}

type importRatesOutput struct{ Body RateImport }

func (h *handler) importRates(ctx context.Context, c caller, in *importRatesInput) (*importRatesOutput, error) {
	before, err := h.rates(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	f := &ratesFile{before: map[string]money.Rate{}, lines: map[string]int{}}
	for _, r := range before {
		f.before[rateID(r)] = r
	}
	if err := f.read(in.RawBody); err != nil {
		return nil, err
	}
	f.hold()
	out := RateImport{Rows: f.rows, Added: len(f.added), Changed: len(f.changed), Unchanged: f.unchanged, Errors: f.errors}
	if len(f.before)+len(f.added) > maxRates {
		return nil, fault.New(fault.Conflict, "quota_exceeded", "An organization may have %d exchange rates: with these it would have %d.", maxRates, len(f.before)+len(f.added))
	}
	if out.Errors == nil {
		out.Errors = []RateRowError{}
	}
	if out.Applied = !in.DryRun && len(f.errors) == 0; out.Applied {
		if err := h.applyRates(ctx, c, f); err != nil {
			return nil, err
		}
	}
	explain(ctx, "%d rows: %d added, %d changed, %d wrong, applied: %t", out.Rows, out.Added, out.Changed, len(out.Errors), out.Applied)
	return &importRatesOutput{out}, nil
}

// applyRates stores what a file says.
func (h *handler) applyRates(ctx context.Context, c caller, f *ratesFile) error {
	var currencies []string
	for _, r := range slices.Concat(f.changed, f.added) {
		currencies = append(currencies, r.To)
	}
	slices.Sort(currencies)
	if len(currencies) > 0 {
		if err := h.refreshFor(ctx, c, slices.Compact(currencies)...); err != nil {
			return err
		}
	}
	// Those that there are first: they make room for the new ones, so that no two ever have a day in common.
	for _, rates := range [][]money.Rate{f.changed, f.added} {
		if err := h.saveRates(ctx, c, rates); err != nil {
			return err
		}
	}
	return nil
}

func (h *handler) saveRates(ctx context.Context, c caller, rates []money.Rate) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(rateWrites)
	for _, r := range rates {
		group.Go(func() error { return h.Programs.SaveRate(ctx, c.organization, r, nil) })
	}
	return stale(group.Wait(), "")
}

// ratesFile is a file of rates that is read.
type ratesFile struct {
	before         map[string]money.Rate // by id
	lines          map[string]int        // of the file, by id
	added, changed []money.Rate
	rows           int
	unchanged      int
	errors         []RateRowError
}

func (f *ratesFile) wrong(line int, column, code, message string) {
	f.errors = append(f.errors, RateRowError{Line: line, Column: column, Code: code, Message: message})
}

// read reads the rows.
func (f *ratesFile) read(file []byte) error {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(file) {
		return fault.New(fault.Invalid, "invalid_csv", "The file is not in UTF-8. Save it as CSV UTF-8.")
	}
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	if first, _, _ := bytes.Cut(file, []byte("\n")); bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	header, err := r.Read()
	if err != nil {
		return fault.New(fault.Invalid, "invalid_csv", "The file has no first line with the names of the columns: from, to, value, since, until.")
	}
	columns := map[string]int{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := columns[name]; twice || !slices.Contains([]string{"from", "to", "value", "since", "until"}, name) {
			return fault.New(fault.Invalid, "invalid_csv", "The column %q is not known, or there twice. Known are from, to, value, since and until.", cut(name, 40))
		}
		columns[name] = i
	}
	for _, name := range []string{"from", "to", "value", "since"} {
		if _, found := columns[name]; !found {
			return fault.New(fault.Invalid, "invalid_csv", "The column %q is missing.", name)
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			return fault.New(fault.Invalid, "invalid_csv", "The quotes in line %d are wrong.", bad.StartLine)
		}
		if f.rows++; f.rows > maxRateRows {
			return fault.New(fault.Invalid, "too_many_rows", "A file has %d rows at most. Send the rest in another.", maxRateRows)
		}
		line, _ := r.FieldPos(0)
		f.row(line, func(name string) string {
			if at, found := columns[name]; found && at < len(row) {
				return strings.TrimSpace(row[at])
			}
			return ""
		})
	}
}

// row takes one row.
func (f *ratesFile) row(line int, cell func(string) string) {
	r := money.Rate{From: strings.ToUpper(cell("from")), To: strings.ToUpper(cell("to")), Rev: 1}
	var err error
	if r.Value, err = number.Parse(cell("value")); err != nil {
		f.wrong(line, "value", number.CodeInvalid, fault.Of(err).Message)
		return
	}
	for name, to := range map[string]*calendar.Date{"since": &r.Span.From, "until": &r.Span.Until} {
		if *to, err = calendar.ParseDate(cell(name)); err != nil || name == "since" && *to == "" {
			f.wrong(line, name, money.CodeRate, "Write a day as 2026-11-22.")
			return
		}
	}
	if err := r.Check(); err != nil {
		f.wrong(line, "", fault.Of(err).Code, fault.Of(err).Message)
		return
	}
	id := rateID(r)
	if earlier, twice := f.lines[id]; twice {
		f.wrong(line, "", money.CodeRate, "The pair and day stand in line "+strconv.Itoa(earlier)+" already.")
		return
	}
	f.lines[id] = line
	before, found := f.before[id]
	switch {
	case !found:
		f.added = append(f.added, r)
	case before.Value.Equal(r.Value) && before.Span == r.Span:
		f.unchanged++
	default:
		r.Rev = before.Rev + 1
		f.changed = append(f.changed, r)
	}
}

// hold finds rates that have days in common.
func (f *ratesFile) hold() {
	byID := make(map[string]money.Rate, len(f.before)+len(f.added))
	for id, r := range f.before {
		byID[id] = r
	}
	for _, r := range append(slices.Clone(f.changed), f.added...) {
		byID[rateID(r)] = r
	}
	all := make([]money.Rate, 0, len(byID))
	for _, r := range byID {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b money.Rate) int { return cmp.Compare(rateID(a), rateID(b)) })
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.From != b.From || a.To != b.To || !a.Span.Overlaps(b.Span) {
			continue
		}
		line := max(f.lines[rateID(a)], f.lines[rateID(b)]) // 0 for a row that there was before
		f.wrong(line, "until", money.CodeRate, "The rates "+rateID(a)+" and "+rateID(b)+" have days in common: end the one on the day on which the other begins.")
	}
	slices.SortStableFunc(f.errors, func(a, b RateRowError) int { return cmp.Compare(a.Line, b.Line) })
}
