package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tenant"
	"leadline/shared/view"
	"leadline/shared/view/standard"
)

const (
	// maxRowReads bounds the records that one request for rows reads, joined ones among them.
	maxRowReads = 1_000
	// rowStep and valueStep are how many records of the base are read at once.
	rowStep   = 25
	valueStep = 100
)

func (h *handler) registerEvaluation(api huma.API) {
	register(api, h, route{
		id: "list-view-rows", method: http.MethodGet, path: "/v1/views/{name}/rows", tag: "views", needs: tenant.Reader,
		summary: "List the rows of a view", text: "In an order that is stable and means nothing, over the records as they are now. For a page at most some 1,000 records are read: where the filter lets little through it is short, and has a `next` all the same.",
		errors: []int{400, 404, 409},
	}, h.listRows)
	register(api, h, route{
		id: "get-variable-values", method: http.MethodGet, path: "/v1/variables/{name}/values", tag: "views", needs: tenant.Reader,
		summary: "Measure a variable, by member and period", text: "Exactly, over the records as they are now. At most `limit` records are read, joined ones among them; `complete` says whether those were all.",
		errors: []int{400, 404, 409},
	}, h.getValues)
	register(api, h, route{
		id: "get-user-master", method: http.MethodGet, path: "/v1/user-master", tag: "views", needs: tenant.Reader,
		summary: "Get the fields of the user master", text: "The data source of the organization's members, which links and views name as the object user without a connection.",
	}, h.getMaster)
}

// ZoneInput says where days begin.
type ZoneInput struct {
	Zone string `query:"zone" maxLength:"64" doc:"The time zone that days and periods are those of, by its IANA name; UTC if left out." example:"Europe/Berlin"`
}

// clock gives the time of the request and its zone.
func (h *handler) clock(in ZoneInput) (view.Clock, error) {
	zone, err := view.Zone(in.Zone)
	return view.Clock{At: h.Now(), Zone: zone}, err
}

// ViewRow is one row of a view.
type ViewRow struct {
	ID     string   `json:"id" doc:"That of the record of the base."`
	Values Fields   `json:"values" doc:"By column, each value as the source wrote it. Columns without a value are left out."`
	Large  []string `json:"large,omitempty" nullable:"false" doc:"Columns whose values are too large to be shown here: get the record to read them."`
}

type listRowsInput struct {
	DefinitionInput
	PageInput
	ZoneInput
}

type rowsOutput struct {
	Body struct {
		Items      []ViewRow    `json:"items" nullable:"false"`
		Next       string       `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
		Read       int          `json:"read" doc:"How many records were read."`
		Incomplete []ViewSource `json:"incomplete,omitempty" nullable:"false" doc:"Data sources that are too large to be searched whole for what a link leads to by another field than the id: a joined record may be missing."`
	} `nameHint:"ViewRows"`
}

func (h *handler) listRows(ctx context.Context, c caller, in *listRowsInput) (*rowsOutput, error) {
	i, err := h.definition(ctx, c, view.KindView, in.Name)
	if err != nil {
		return nil, err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	scope := []string{"rows", i.Name, in.Zone}
	cursor, err := openCursor(box, c.organization, scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	clock, err := h.clock(in.ZoneInput)
	if err != nil {
		return nil, err
	}
	reader, _, err := h.reader(ctx, c, *i.Definition.View, clock)
	if err != nil {
		return nil, err
	}
	out := &rowsOutput{}
	out.Body.Items = []ViewRow{}
	used, step := 0, rowStep
	for {
		rows, next, err := reader.Page(ctx, cursor, min(step, in.Limit-len(out.Body.Items)))
		if err != nil {
			if fault.Is(err, fault.Invalid) { // the cursor is of the view as it was
				err = invalidCursor()
			}
			return nil, err
		}
		shown, size := showRows(rows, *i.Definition.View)
		if used+size > maxListBytes && (step > 1 || used > 0) {
			if used > 0 {
				break // what was read is read again by the next request
			}
			step = max(1, step/5)
			continue
		}
		out.Body.Items, used, cursor = append(out.Body.Items, shown...), used+size, next
		if cursor == "" || len(out.Body.Items) >= in.Limit || reader.Read >= maxRowReads {
			break
		}
	}
	if cursor != "" {
		out.Body.Next = sealCursor(box, c.organization, scope, cursor)
	}
	out.Body.Read = reader.Read
	out.Body.Incomplete = each(reader.Incomplete, func(s view.Source) ViewSource { return ViewSource(s) })
	return out, nil
}

// showRows gives rows as they are answered, and about how long they are.
func showRows(rows []view.Row, v view.View) (shown []ViewRow, size int) {
	for _, row := range rows {
		values := record.Fields{}
		for n, value := range row.Values {
			if len(value) > 0 {
				values[v.Columns[n].Name] = value
				size += escapedLength(value) + len(v.Columns[n].Name) + 8
			}
		}
		size += 64 + len(row.ID)
		shown = append(shown, ViewRow{ID: row.ID, Values: Fields(values), Large: row.Large})
	}
	return shown, size
}

// reader makes a reader of a view, with the members if it needs them.
func (h *handler) reader(ctx context.Context, c caller, v view.View, clock view.Clock) (*view.Reader, []view.Member, error) {
	links, err := h.linksOf(ctx, c, v)
	if err != nil {
		return nil, nil, err
	}
	plan, err := view.Compile(v, links)
	if err != nil {
		return nil, nil, err
	}
	needed := v.Base == view.Master()
	for _, l := range links {
		needed = needed || l.To.Source == view.Master()
	}
	var members []view.Member
	if needed {
		if members, err = h.members(ctx, c, clock); err != nil {
			return nil, nil, err
		}
	}
	return view.NewReader(plan, standard.Source{Records: h.Records, Organization: c.organization}, members, clock), members, nil
}

// members gives the user master as it is today.
func (h *handler) members(ctx context.Context, c caller, clock view.Clock) ([]view.Member, error) {
	var all []roster.Member
	for m, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]roster.Member, string, error) {
		return h.Roster.Members(ctx, c.organization, p)
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return standard.Members(all, calendar.DateOf(clock.At, clock.Zone)), nil
}

type valuesInput struct {
	DefinitionInput
	ZoneInput
	Period string `query:"period" enum:"day,week,month,quarter,year,all" default:"month" doc:"Weeks begin on Monday, as ISO 8601 counts them."`
	From   string `query:"from" format:"date" maxLength:"10" doc:"The first day that counts."`
	To     string `query:"to" format:"date" maxLength:"10" doc:"The last day that counts."`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"1000" doc:"The most records that are read."`
}

// VariableValue is what a variable measures of a member in a period.
type VariableValue struct {
	Member     string   `json:"member,omitempty" doc:"Absent for rows that are nobody's." example:"mem_4f0c9a2b1x7z"`
	MemberName string   `json:"member_name,omitempty"`
	Period     string   `json:"period" doc:"2026-11-22, 2026-W47, 2026-11, 2026-Q4, 2026, or all." example:"2026-11"`
	Currency   string   `json:"currency,omitempty"`
	Groups     []string `json:"groups,omitempty" nullable:"false" doc:"The values of the columns of group_by."`
	Value      string   `json:"value" doc:"A decimal." example:"1250"`
	Fraction   string   `json:"fraction,omitempty" doc:"The exact value, where no decimal of at most 12 places is: value is rounded then, half away from zero." example:"1/3"`
	Rows       int64    `json:"rows" doc:"Over how many rows it was measured."`
}

// VariableSkipped counts the rows that are in no value.
type VariableSkipped struct {
	Undated    int64 `json:"undated" doc:"No date says in which period they lie."`
	OutOfRange int64 `json:"out_of_range" doc:"They lie before from or after to."`
	Empty      int64 `json:"empty" doc:"The column has no value."`
	Unreadable int64 `json:"unreadable" doc:"The value is no number, no date, or no amount with a currency."`
}

type valuesOutput struct {
	Body struct {
		Unit       string          `json:"unit"`
		Values     []VariableValue `json:"values" nullable:"false" doc:"By period, member, currency and groups."`
		Skipped    VariableSkipped `json:"skipped"`
		Read       int             `json:"read" doc:"How many records were read."`
		Complete   bool            `json:"complete" doc:"All records were read. If not, the values are those of a part."`
		Incomplete []ViewSource    `json:"incomplete,omitempty" nullable:"false" doc:"As in the rows of the view."`
	} `nameHint:"VariableValues"`
}

func (h *handler) getValues(ctx context.Context, c caller, in *valuesInput) (*valuesOutput, error) {
	i, err := h.definition(ctx, c, view.KindVariable, in.Name)
	if err != nil {
		return nil, err
	}
	variable := *i.Definition.Variable
	clock, err := h.clock(in.ZoneInput)
	if err != nil {
		return nil, err
	}
	within, err := days(in.From, in.To)
	if err != nil {
		return nil, err
	}
	over, err := h.definition(ctx, c, view.KindView, variable.View)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.Conflict, view.CodeBroken, "The variable is over the view %q, which is not there any more.", variable.View)
	}
	if err != nil {
		return nil, err
	}
	v := *over.Definition.View
	meter, err := view.NewMeter(variable, v, view.Period(in.Period), within, clock)
	if err != nil {
		return nil, err
	}
	reader, members, err := h.reader(ctx, c, v, clock)
	if err != nil {
		return nil, err
	}
	out := &valuesOutput{}
	if out.Body.Complete, err = meterAll(ctx, reader, meter, in.Limit); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, m := range members {
		names[m.ID] = m.Name
	}
	out.Body.Unit, out.Body.Read = variable.Unit, reader.Read
	out.Body.Skipped = VariableSkipped(meter.Skipped)
	out.Body.Values = each(meter.Values(), func(value view.Value) VariableValue { return showValue(value, names) })
	out.Body.Incomplete = each(reader.Incomplete, func(s view.Source) ViewSource { return ViewSource(s) })
	return out, nil
}

// meterAll measures rows until there are no more, or so many records were read, and tells which.
func meterAll(ctx context.Context, reader *view.Reader, meter *view.Meter, limit int) (complete bool, err error) {
	for cursor := ""; ; {
		rows, next, err := reader.Page(ctx, cursor, min(valueStep, limit-reader.Read))
		if err != nil {
			return false, err
		}
		for n := range rows {
			meter.Add(&rows[n])
		}
		switch cursor = next; {
		case next == "":
			return true, nil
		case reader.Read >= limit:
			return false, nil
		}
	}
}

func showValue(v view.Value, names map[string]string) VariableValue {
	out := VariableValue{Member: v.Member, MemberName: names[v.Member], Period: v.Period, Currency: v.Currency, Groups: v.Groups, Rows: v.Rows}
	exact := false
	if out.Value, exact = view.Decimal(v.Amount); !exact {
		out.Fraction = v.Amount.RatString()
	}
	return out
}

// days reads the days of a range, each empty for none.
func days(from, to string) (view.Range, error) {
	var r view.Range
	for _, end := range []struct {
		text string
		at   *time.Time
	}{{from, &r.From}, {to, &r.Until}} {
		if end.text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, end.text)
		if err != nil {
			return r, fault.New(fault.Invalid, "invalid_date", "from and to are days, as 2026-11-22.")
		}
		*end.at = day
	}
	if !r.From.IsZero() && !r.Until.IsZero() && r.Until.Before(r.From) {
		return r, fault.New(fault.Invalid, "invalid_range", "to lies before from.")
	}
	return r, nil
}

type masterOutput struct {
	Body struct {
		Object string        `json:"object" example:"user"`
		Fields []SchemaField `json:"fields" nullable:"false"`
	} `nameHint:"UserMaster"`
}

func (h *handler) getMaster(ctx context.Context, c caller, _ *struct{}) (*masterOutput, error) {
	connections, err := h.connectionIDs(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &masterOutput{}
	out.Body.Object, out.Body.Fields = view.Master().Object, showSchema(view.MasterFields(connections...))
	return out, nil
}
