package roster

import (
	"cmp"
	"maps"
	"net/mail"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/tenant"
)

// Import is what a file of members does.
type Import struct {
	// Changes are the members that are new or change; empty if there are Errors, for all of a file is done, or nothing.
	Changes []Change
	Errors  []RowError
	// Rows is how many the file has, Unchanged how many of them say what is so already.
	Rows, Unchanged int
}

// PlanImport finds out what rows do. A row names a member by member, by external_id (with connection, where several have
// one), or by email; with an e-mail that is not known, and a name, it adds a member. What it says holds from from, or
// else from today, until until, or else for good, as if the admin said it. What is so already on all those days is left as
// it is; where a row gives no days, what is so today, so that a list of how things are undoes nothing that is planned.
func PlanImport(members Roster, rows []Row, today Date, by Author, newID func() (string, error)) (Import, error) {
	p := &importing{next: maps.Clone(members), teams: NamesOf(members), emails: emailsOf(members), externals: map[string][]string{}, today: today, by: by, newID: newID,
		what: map[string][]string{}, isNew: map[string]bool{}, said: map[sayKey][]saying{}}
	for id, m := range members {
		for _, e := range m.External {
			p.externals[e.ID] = append(p.externals[e.ID], id)
		}
	}
	subjects := make([]string, len(rows))
	for i, row := range rows {
		id, err := p.subject(row)
		if err != nil && fault.Of(err) == nil {
			return Import{}, err
		}
		subjects[i] = id
		p.wrong(row, "", err)
	}
	unchanged := 0
	for i, row := range rows {
		if subjects[i] == "" {
			continue
		}
		if !p.apply(subjects[i], row) {
			unchanged++
		}
	}
	p.circles()
	out := Import{Rows: len(rows), Unchanged: unchanged, Errors: p.errors}
	slices.SortStableFunc(out.Errors, func(a, b RowError) int { return cmp.Compare(a.Line, b.Line) })
	if len(out.Errors) == 0 {
		for _, id := range slices.Sorted(maps.Keys(p.what)) {
			out.Changes = append(out.Changes, Change{Member: p.next[id], New: p.isNew[id], What: p.what[id]})
		}
	}
	return out, nil
}

type importing struct {
	next      Roster
	teams     TeamNames
	emails    map[string][]string
	externals map[string][]string
	today     Date
	by        Author
	newID     func() (string, error)
	what      map[string][]string
	isNew     map[string]bool
	said      map[sayKey][]saying
	errors    []RowError
}

type sayKey struct {
	id   string
	kind Kind
}

// saying is what a row says.
type saying struct {
	Span
	Value
	line int
}

func (p *importing) wrong(row Row, column string, err error) bool {
	f := fault.Of(err)
	if f == nil {
		return false
	}
	p.errors = append(p.errors, RowError{Line: row.Line, Column: column, Code: f.Code, Message: f.Message})
	return true
}

func unknown(format string, args ...any) error {
	return fault.New(fault.Invalid, "unknown_member", format, args...)
}

// subject gives the member that a row is about, a new one if there is none.
func (p *importing) subject(row Row) (string, error) {
	email := row.Cells["email"]
	switch id, external := row.Cells["member"], row.Cells["external_id"]; {
	case id != "":
		if m, found := p.next[id]; !found || m.MergedInto != "" {
			return "", unknown("There is no member %q.", cut(id, 40))
		}
		return id, nil
	case external != "":
		return p.byExternal(External{row.Cells["connection"], external})
	case email == "":
		return "", unknown("The row names nobody: it has neither member nor external_id nor email.")
	}
	switch known := p.emails[normal(email)]; {
	case len(known) == 1:
		return known[0], nil
	case len(known) > 1:
		return "", unknown("Several members have this e-mail address. Name one by member.")
	}
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return "", fault.New(fault.Invalid, "invalid_email", "The e-mail address is none.")
	}
	name := row.Cells["name"]
	if name == "" {
		return "", unknown("No member has this e-mail address. To add one, give a name.")
	}
	id, err := p.newID()
	if err != nil {
		return "", err
	}
	p.next[id] = Member{ID: id, Name: cut(name, 200), Email: email, Phone: cut(row.Cells["phone"], 50), CreatedAt: p.by.At, UpdatedAt: p.by.At}
	p.emails[normal(email)], p.isNew[id], p.what[id] = []string{id}, true, nil
	return id, nil
}

func (p *importing) byExternal(e External) (string, error) {
	ids := p.externals[e.ID]
	if e.Connection != "" {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !p.next[id].Is(e) })
	}
	switch len(ids) {
	case 0:
		return "", unknown("No member is this user of a CRM.")
	case 1:
		return ids[0], nil
	}
	return "", unknown("Users of several connections have this id. Name the connection, too.")
}

// apply says what a row says, and tells whether that changes anything.
func (p *importing) apply(id string, row Row) bool {
	span := Span{From: p.today}
	for column, to := range map[string]*Date{"from": &span.From, "until": &span.Until} {
		if cell := row.Cells[column]; cell != "" {
			d, err := calendar.ParseDate(cell)
			if p.wrong(row, column, err) {
				return true
			}
			*to = d
		}
	}
	if p.wrong(row, "until", span.Check()) {
		return true
	}
	changed := p.isNew[id] && p.what[id] == nil
	if changed && row.Cells["active"] == "" {
		p.say(id, row, Active, "active", span, Value{Active: true})
	}
	for _, c := range []struct {
		column string
		kind   Kind
		read   func(string) (Value, error)
	}{
		{"active", Active, readActive}, {"role", RoleKind, readRole}, {"teams", Teams, p.readTeams},
		{"manager", Manager, p.readManager}, {"access", AccessKind, readAccess},
	} {
		cell := row.Cells[c.column]
		if cell == "" {
			continue
		}
		v, err := c.read(cell)
		if p.wrong(row, c.column, err) {
			changed = true
			continue
		}
		changed = p.say(id, row, c.kind, c.column, span, v) || changed
	}
	return changed
}

// say has the admin say something, unless it is so already; it tells whether it is not.
func (p *importing) say(id string, row Row, kind Kind, column string, span Span, v Value) bool {
	v, err := v.of(kind)
	if p.wrong(row, column, err) {
		return true
	}
	key := sayKey{id, kind}
	for _, s := range p.said[key] {
		if s.Overlaps(span) && !s.Value.equal(v) {
			p.wrong(row, column, fault.New(fault.Invalid, "contradiction", "Line %d says something else for the same time.", s.line))
			return true
		}
	}
	p.said[key] = append(p.said[key], saying{span, v, row.Line})
	m := p.next[id].Own()
	// To say that somebody reports to nobody is more than not to know of a manager.
	asked := span
	if row.Cells["from"]+row.Cells["until"] == "" {
		asked = p.today.Day()
	}
	if nobody := kind == Manager && v.Manager == ""; !nobody && m.isSo(kind, asked, v) {
		return false
	}
	if changed, err := m.Set(kind, span, v, p.by); p.wrong(row, column, err) || !changed {
		return err != nil
	}
	p.next[id] = m
	if !slices.Contains(p.what[id], string(kind)) {
		p.what[id] = append(p.what[id], string(kind))
	}
	return true
}

// isSo tells whether something is so on all days of a span, whoever says it.
func (m Member) isSo(kind Kind, span Span, v Value) bool {
	for _, d := range m.days(span) {
		s := m.At(d)
		is := map[Kind]bool{Active: s.Active == v.Active, RoleKind: s.Role == v.Role, Manager: s.Manager == v.Manager,
			Teams: slices.EqualFunc(s.Teams, groups(v.Teams), Group.Is), AccessKind: s.Scope == v.Access.Scope}
		if !is[kind] {
			return false
		}
	}
	return true
}

// circles finds the rows by which somebody would come to report to himself.
func (p *importing) circles() {
	for _, id := range slices.Sorted(maps.Keys(p.what)) {
		said := p.said[sayKey{id, Manager}]
		if day, circular := Circle(p.next, id); circular && len(said) > 0 {
			p.wrong(Row{Line: said[len(said)-1].line}, "manager", CircularError(day))
		}
	}
}

// CircularError says that somebody would report to himself.
func CircularError(d Date) error {
	when := "on all days before the next change"
	if d != "" {
		when = "from " + string(d)
	}
	return fault.New(fault.Conflict, "circular", "With that manager the member would report to itself, over others, %s.", when)
}

func readActive(cell string) (Value, error) {
	switch strings.ToLower(cell) {
	case "yes", "true", "1", "active":
		return Value{Active: true}, nil
	case "no", "false", "0", "inactive":
		return Value{}, nil
	}
	return Value{}, fault.New(fault.Invalid, "invalid_active", "active is yes or no.")
}

func readRole(cell string) (Value, error) { return Value{Role: Role(strings.ToLower(cell))}, nil }

func readAccess(cell string) (Value, error) {
	return Value{Access: Access{Scope: Scope(strings.ToLower(cell))}}, nil
}

func (p *importing) readManager(cell string) (Value, error) {
	if cell == none {
		return Value{}, nil
	}
	id, err := FindMember(p.next, p.emails, cell)
	return Value{Manager: id}, err
}

// FindMember gives the member that a text names: by id, or by an e-mail address that no other has.
func FindMember(members Roster, emails map[string][]string, text string) (string, error) {
	if m, found := members[text]; found && m.MergedInto == "" {
		return text, nil
	}
	if emails == nil {
		emails = emailsOf(members)
	}
	switch ids := emails[normal(text)]; len(ids) {
	case 0:
		return "", unknown("There is no member %q.", cut(text, 80))
	case 1:
		return ids[0], nil
	}
	return "", unknown("Several members have this e-mail address. Name one by its id.")
}

// readTeams reads the names of teams, with semicolons between them; one whose name has a semicolon is known by it.
func (p *importing) readTeams(cell string) (Value, error) {
	if cell == none {
		return Value{}, nil
	}
	if g, known, err := p.teams.Find(cell); known || err != nil {
		return Value{Teams: []Group{g}}, err
	}
	var v Value
	for name := range strings.SplitSeq(cell, ";") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		g, _, err := p.teams.Find(name)
		if err != nil {
			return v, err
		}
		v.Teams = append(v.Teams, g)
	}
	return v, nil
}

func normal(email string) string { return tenant.NormalizeEmail(email) }

// emailsOf gives the members with each e-mail address.
func emailsOf(members Roster) map[string][]string {
	by := map[string][]string{}
	for id, m := range members {
		if email := normal(m.Email); email != "" && m.MergedInto == "" {
			by[email] = append(by[email], id)
		}
	}
	return by
}

// byName gives the members that are one of their own, by name.
func byName(members Roster) []Member {
	var all []Member
	for _, m := range members {
		if m.MergedInto == "" {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}
