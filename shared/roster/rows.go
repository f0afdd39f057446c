package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"leadline/shared/fault"
)

// MaxRows is how many rows a file of members has at most.
const MaxRows = 10_000

// none says in a cell that there is none: no manager, no team. An empty cell says nothing.
const none = "-"

// Columns are those of a file of members, in the order in which they are written.
func Columns() []string {
	return []string{"member", "email", "name", "manager", "role", "teams", "active", "access", "from", "until"}
}

// column gives the column that a name in the head of a file means; empty for none.
func column(name string) string {
	name = strings.NewReplacer(" ", "_", "-", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	switch name {
	case "id", "member_id":
		return "member"
	case "user_id", "external":
		return "external_id"
	case "manager_email", "manager_id", "reports_to":
		return "manager"
	case "team", "group", "groups":
		return "teams"
	case "phone", "external_id", "connection":
		return name
	}
	if slices.Contains(Columns(), name) {
		return name
	}
	return ""
}

// RowError is what is wrong with a row of a file.
type RowError struct {
	// Line is the line of the file that the row begins in, from 1. Column is empty for the whole row.
	Line    int
	Column  string
	Code    string
	Message string
}

// Row is a row of a file: its cells by column.
type Row struct {
	Line  int
	Cells map[string]string
}

// ReadRows reads a file of members: CSV in UTF-8 with a head, separated by commas or semicolons. What is wrong with the file
// is the error; what is wrong with a row is among the rest.
func ReadRows(file []byte) ([]Row, []RowError, error) {
	file = bytes.TrimPrefix(file, []byte("\uFEFF"))
	if !utf8.Valid(file) {
		return nil, nil, fault.New(fault.Invalid, "invalid_csv", "The file is not in UTF-8. Save it as CSV UTF-8.")
	}
	r := csv.NewReader(bytes.NewReader(file))
	head, _, _ := bytes.Cut(file, []byte("\n"))
	if bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		r.Comma = ';'
	}
	r.FieldsPerRecord = -1
	names, err := r.Read()
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "invalid_csv", "The file has no first line with the names of the columns.")
	}
	columns := make([]string, len(names))
	for i, name := range names {
		columns[i] = column(name)
		if columns[i] == "" || slices.Contains(columns[:i], columns[i]) {
			return nil, nil, fault.New(fault.Invalid, "invalid_csv", "The column %q is not known, or there twice. Known are %s, external_id, connection and phone.",
				cut(name, 40), strings.Join(Columns(), ", "))
		}
	}
	return readRows(r, columns)
}

func readRows(r *csv.Reader, columns []string) ([]Row, []RowError, error) {
	var rows []Row
	var wrong []RowError
	for {
		cells, err := r.Read()
		var bad *csv.ParseError
		switch {
		case err == io.EOF:
			return rows, wrong, nil
		case errors.As(err, &bad):
			return nil, nil, fault.New(fault.Invalid, "invalid_csv", "The quotes in line %d are wrong.", bad.StartLine)
		case err != nil:
			return nil, nil, fault.New(fault.Invalid, "invalid_csv", "The file cannot be read as CSV.")
		}
		line, _ := r.FieldPos(0)
		if len(rows) == MaxRows {
			return nil, nil, fault.New(fault.Invalid, "too_many_rows", "The file has more than %d rows. Split it.", MaxRows)
		}
		if len(cells) > len(columns) {
			wrong = append(wrong, RowError{Line: line, Code: "too_many_cells", Message: "The row has more cells than the first line."})
			continue
		}
		row := Row{Line: line, Cells: map[string]string{}}
		for i, cell := range cells {
			if cell = unguarded(strings.TrimSpace(cell)); cell != "" {
				row.Cells[columns[i]] = cell
			}
		}
		if len(row.Cells) > 0 {
			rows = append(rows, row)
		}
	}
}

// WriteRows writes all members as they are on a day, so that the file can be changed and sent back.
func WriteRows(members Roster, d Date) ([]byte, error) {
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	if err := w.Write(Columns()); err != nil {
		return nil, err
	}
	emails, names := emailsOf(members), NamesOf(members)
	for _, m := range byName(members) {
		s := m.At(d)
		manager := s.Manager
		if email := members[manager].Email; len(emails[normal(email)]) == 1 {
			manager = email
		}
		var teams []string
		for _, g := range s.Teams {
			teams = append(teams, names.Of(g))
		}
		active := "no"
		if s.Active {
			active = "yes"
		}
		cells := []string{m.ID, m.Email, m.Name, manager, string(s.Role), strings.Join(teams, "; "), active, string(s.Scope), "", ""}
		for i := range cells {
			cells[i] = guarded(cells[i])
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return file.Bytes(), w.Error()
}

// guarded keeps a spreadsheet from taking a cell for a formula.
//
// https://owasp.org/www-community/attacks/CSV_Injection
func guarded(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func unguarded(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@\t\r", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}
