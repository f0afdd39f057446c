package formula

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"leadline/shared/fault"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// invalid says what is wrong, and in which line and column, both from 1.
func invalid(line, column int, format string, args ...any) error {
	return fault.New(fault.Invalid, CodeInvalid, "%d:%d: %s", line, column, fmt.Sprintf(format, args...))
}

// at says what is wrong with an expression.
func (s *source) at(e ast.Expr, format string, args ...any) error {
	where := s.ast.NativeRep().SourceInfo().GetStartLocation(e.ID())
	return invalid(max(where.Line(), 1), max(where.Column()+1, 1), format, args...)
}

// atColumn says what is wrong with the column that an expression names.
func (s *source) atColumn(e ast.Expr, format string, args ...any) error {
	row := s.ast.NativeRep().SourceInfo().GetStartLocation(e.AsSelect().Operand().ID())
	return invalid(max(row.Line(), 1), max(row.Column()+1, 1)+len("row."), format, args...)
}

// find gives an expression by its id; nil if there is none.
func (s *source) find(id int64) ast.Expr {
	var found ast.Expr
	ast.PreOrderVisit(s.expression(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id {
			found = e
		}
	}))
	return found
}

// explain says the first of the things that CEL finds wrong in words that are about formulas.
func (s *source) explain(issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return invalid(1, 1, "the formula cannot be read: %s", cut(issues.Err().Error(), 200))
	}
	first := all[0]
	for _, one := range all {
		if a, b := one.Location, first.Location; a.Line() < b.Line() || a.Line() == b.Line() && a.Column() < b.Column() {
			first = one
		}
	}
	line, column := max(first.Location.Line(), 1), max(first.Location.Column()+1, 1)
	if s.ast == nil {
		return invalid(line, column, "%s", misread(first.Message))
	}
	if e := s.find(first.ExprID); e != nil && e.Kind() == ast.SelectKind {
		return s.atColumn(e, "%s", s.meaning(first)) // CEL points at the dot
	}
	if found := regexp.MustCompile(`^undeclared reference to '([a-z_A-Z0-9]+)'`).FindStringSubmatch(first.Message); found != nil {
		if before := column - 1 - len(found[1]); before >= 0 && strings.HasPrefix(s.lineFrom(line, before), found[1]+"(") {
			column = before + 1 // and at the bracket
		}
	}
	return invalid(line, column, "%s", s.meaning(first))
}

// lineFrom gives what stands in a line, counted from 1, from a sign on, counted from 0.
func (s *source) lineFrom(line, from int) string {
	lines := strings.Split(s.text, "\n")
	if line > len(lines) {
		return ""
	}
	signs := []rune(lines[line-1])
	return string(signs[min(from, len(signs)):])
}

// misread says what does not parse.
func misread(message string) string {
	message, _ = strings.CutPrefix(message, "Syntax error: ")
	if strings.Contains(message, "'<EOF>'") {
		return "the formula ends before it is complete"
	}
	unfit := regexp.MustCompile(`^(?:mismatched input|extraneous input|no viable alternative at input|token recognition error at:) '((?s:.*?))'(?: expecting .*)?$`)
	if found := unfit.FindStringSubmatch(message); found != nil {
		return quoted(cut(found[1], 40)) + " does not fit here"
	}
	if found := regexp.MustCompile(`^missing ('.*?') at `).FindStringSubmatch(message); found != nil {
		return found[1] + " is missing before this"
	}
	switch {
	case strings.Contains(message, "recursion"):
		return fmt.Sprintf("the formula is nested deeper than %d", MaxNesting)
	case strings.Contains(message, "int literal"):
		return "so large a number is written with a point: 10000000000000000000.0"
	}
	return cut(message, 200)
}

// meaning says what has no meaning, or another type.
func (s *source) meaning(wrong *cel.Error) string {
	within := func(pattern string) []string { return regexp.MustCompile(pattern).FindStringSubmatch(wrong.Message) }
	if found := within(`^undefined field '(.*)'$`); found != nil {
		return noColumn(found[1], s.rows.view)
	}
	if found := within(`^undeclared reference to '(.*)' \(in container`); found != nil {
		return s.unknown(found[1])
	}
	if found := within(`^found no matching overload for '(.*)' applied to '(.*)'$`); found != nil {
		return unfitting(found[1], found[2])
	}
	if found := within(`^expected type '(.*)' but found '(.*)'$`); found != nil {
		return article(wordFor(found[1])) + " is wanted here, not " + article(wordFor(found[2]))
	}
	if found := within(`^expression of type '(.*)' cannot be range`); found != nil {
		return article(wordFor(found[1])) + " is no list"
	}
	message := wrong.Message
	for _, pair := range typeNames() {
		message = strings.ReplaceAll(message, "'"+pair[0]+"'", "'"+pair[1]+"'")
	}
	return cut(strings.ReplaceAll(message, typeRow, "the row"), 200)
}

// noColumn says which column is meant.
func noColumn(name string, v *view.View) string {
	message := "there is no column " + strconv.Quote(cut(name, 80))
	if near := nearest(name, v); near != "" {
		return message + "; is it " + strconv.Quote(near) + "?"
	}
	return message
}

// unknown says what is not there: a column without its row, or a function.
func (s *source) unknown(name string) string {
	called := false
	ast.PreOrderVisit(s.expression(), ast.NewExprVisitor(func(e ast.Expr) {
		called = called || e.Kind() == ast.CallKind && e.AsCall().FunctionName() == name
	}))
	switch {
	case called && strings.HasPrefix(name, "_"):
		return "there is no " + operator(name)
	case called && name == "exists_one":
		return "there is no function exists_one: use size and filter"
	case called:
		return "there is no function " + strconv.Quote(cut(name, 80))
	case find(s.rows.view, name) != nil:
		return "write row." + name
	}
	return "there is no " + strconv.Quote(cut(name, 80)) + ": columns are written row.column"
}

// unfitting says which types do not go together.
func unfitting(function, applied string) string {
	applied = strings.NewReplacer("(", " ", ")", " ", ",", " ", ".", " ").Replace(strings.ReplaceAll(applied, "list(", "list_of("))
	var given []string
	for _, one := range strings.Fields(strings.ReplaceAll(applied, typeRow, "row")) {
		if one == "list_of" {
			given = append(given, "list")
		} else if len(given) == 0 || given[len(given)-1] != "list" {
			given = append(given, wordFor(one))
		} else {
			given[len(given)-1] = "list of " + wordFor(one) + "s"
		}
	}
	for i := range given {
		given[i] = article(given[i])
	}
	if function == operators.Conditional && len(given) == 3 {
		return "? : chooses between two of one type, not between " + given[1] + " and " + given[2]
	}
	return operator(function) + " does not go with " + strings.Join(given, " and ")
}

// operator gives how a function is written.
func operator(function string) string {
	switch function {
	case operators.Index:
		return "[ ]"
	case operators.Conditional:
		return "? :"
	case operators.Negate:
		return "-"
	case operators.LogicalNot:
		return "!"
	}
	if sign, found := operators.FindReverseBinaryOperator(function); found && sign != "" {
		return sign
	}
	return function
}

// typeNames pairs CEL's names of types with those that people read.
func typeNames() [][2]string {
	return [][2]string{{"string", "text"}, {"timestamp", "date"}, {"google.protobuf.Timestamp", "date"}, {"list(string)", "list of texts"},
		{"list(decimal)", "list of decimals"}, {"list(bool)", "list of bools"}, {"list(timestamp)", "list of dates"}, {"list(dyn)", "list"}}
}

func wordFor(name string) string {
	for _, pair := range typeNames() {
		if pair[0] == name {
			return pair[1]
		}
	}
	return name
}

func typeName(t *types.Type) string { return wordFor(cel.FormatCELType(t)) }

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// nearest finds the column that was meant; empty if none is near.
func nearest(name string, v *view.View) string {
	best, least := "", 2+len(name)/4
	consider := func(column string) {
		d := distance(strings.ToLower(name), strings.ToLower(column))
		if d < least {
			best, least = column, d
		}
	}
	for _, c := range v.Columns {
		consider(c.Name)
		if c.Type == schema.Money {
			consider(c.Name + currencyOf)
		}
	}
	return best
}

// distance counts the letters that must be changed, added, left out or swapped with their neighbour to make one name of the other.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := last[j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			row[j] = min(changed, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// cut shortens a text to so many bytes, at most, and a sign that it goes on.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

func quoted(s string) string { return strconv.Quote(s) }
