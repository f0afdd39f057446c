package formula

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"leadline/shared/number"
)

// rewrite makes decimals of the numbers as they are written, and row.x of row["x"], before types are checked. It refuses what
// CEL can write and formulas have no use for.
func (s *source) rewrite() error {
	made := ast.NewExprFactory()
	next := ast.MaxID(s.ast.NativeRep())
	var wrong error
	ast.PostOrderVisit(s.expression(), ast.NewExprVisitor(func(e ast.Expr) {
		if wrong != nil {
			return
		}
		switch e.Kind() {
		case ast.LiteralKind:
			var digits string
			if digits, wrong = s.literal(e); digits != "" {
				next++
				e.SetKindCase(made.NewCall(e.ID(), callLiteral, made.NewLiteral(next, types.String(digits))))
			}
		case ast.CallKind:
			if operand, name, ok := indexed(e); ok {
				e.SetKindCase(made.NewSelect(e.ID(), operand, name))
				wrong = s.unread(e)
			}
		case ast.MapKind, ast.StructKind:
			wrong = s.at(e, "{ } makes nothing here")
		case ast.SelectKind:
			if operand := e.AsSelect().Operand(); operand.Kind() != ast.IdentKind || operand.AsIdent() != varRow {
				wrong = s.at(e, "a name after a dot is a column of the row: row.%s", e.AsSelect().FieldName())
			} else {
				wrong = s.unread(e)
			}
		}
	}))
	return wrong
}

// unread refuses a column that formulas cannot read. Whether it has a value can be asked of any.
func (s *source) unread(e ast.Expr) error {
	of := find(s.rows.view, e.AsSelect().FieldName())
	if of == nil || of.typ.TypeName() != typeUnread || e.AsSelect().IsTestOnly() {
		return nil
	}
	return s.atColumn(e, "formulas cannot read %s, which is of the type %s", of.name, of.is)
}

// literal gives the text of a number as it is written; empty for what is none.
func (s *source) literal(e ast.Expr) (string, error) {
	var digits string
	switch value := e.AsLiteral().(type) {
	case types.Int:
		digits = strconv.FormatInt(int64(value), 10)
	case types.Double:
		if digits = s.digitsAt(e.ID()); value < 0 {
			digits = "-" + digits
		}
	case types.Uint:
		return "", s.at(e, "write %d without the u: all numbers are decimals", uint64(value))
	case types.Bytes:
		return "", s.at(e, "a text of bytes is of no use here: leave out the b")
	case types.Null:
		return "", s.at(e, "nothing is null here: ask has(row.column)")
	default:
		return "", nil
	}
	if _, err := parseDecimal(digits); err != nil {
		return "", s.at(e, "a number has at most %d signs, and exponents to %d", MaxDigits, number.MaxExponent)
	}
	return digits, nil
}

// digitsAt gives the digits of a number as they are written in the formula, without a sign before it.
func (s *source) digitsAt(id int64) string {
	at, _ := s.ast.NativeRep().SourceInfo().GetOffsetRange(id)
	rest := strings.TrimLeft(string([]rune(s.text)[at.Start:]), "-+ \t\r\n")
	return regexp.MustCompile(`^[0-9]*(\.[0-9]*)?([eE][+-]?[0-9]+)?`).FindString(rest)
}

// Limits of what matches looks for.
const (
	maxPattern = 200
	// maxProgram bounds the instructions that a pattern is compiled to: x{1000} is seven letters.
	maxProgram = 1_000
)

// inspect refuses what has the right types and is wrong nevertheless.
func (s *source) inspect(want Type) error {
	var wrong error
	arithmetic, tree := 0, s.ast.NativeRep()
	selected := map[int64]bool{}
	ast.PreOrderVisit(s.expression(), ast.NewExprVisitor(func(e ast.Expr) {
		if wrong != nil {
			return
		}
		switch e.Kind() {
		case ast.SelectKind:
			selected[e.AsSelect().Operand().ID()] = true
		case ast.IdentKind:
			if e.AsIdent() == varRow && !selected[e.ID()] {
				wrong = s.at(e, "name a column of the row: row.column")
			}
		case ast.ComprehensionKind:
			if e.AsComprehension().IterVar() == varRow {
				wrong = s.at(e, "row is the row already: take another name")
			}
		case ast.CallKind:
			if wrong = s.inspectCall(e); operatorOf(e.AsCall().FunctionName()) != "" {
				arithmetic++
			}
		}
	}))
	if wrong != nil {
		return wrong
	}
	if arithmetic > MaxArithmetic {
		return invalid(1, 1, "the formula reckons more than %d times", MaxArithmetic)
	}
	if given := tree.GetType(s.expression().ID()); !given.IsExactType(want.typeOf()) {
		return invalid(1, 1, "the formula gives %s, %s is wanted", article(typeName(given)), article(string(want)))
	}
	return nil
}

// operatorOf gives the sign of a function that reckons; empty for all others.
func operatorOf(function string) string {
	switch function {
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide:
		sign, _ := operators.FindReverseBinaryOperator(function)
		return sign
	}
	return ""
}

// inspectCall tries what is written out.
func (s *source) inspectCall(e ast.Expr) error {
	call := e.AsCall()
	args := call.Args()
	if call.FunctionName() == "matches" {
		return s.inspectPattern(e, args[len(args)-1])
	}
	if len(args) == 0 || args[0].Kind() != ast.LiteralKind {
		return nil
	}
	text, ok := args[0].AsLiteral().(types.String)
	var err error
	switch {
	case ok && call.FunctionName() == "date":
		_, err = parseDate(string(text))
	case ok && call.FunctionName() == "decimal":
		_, err = parseDecimal(string(text))
	}
	if err != nil {
		return s.at(args[0], "%s", strings.TrimSuffix(err.Error(), "."))
	}
	return nil
}

// inspectPattern bounds what a pattern can cost: the time is the product of the lengths of the text and of its program.
func (s *source) inspectPattern(call, e ast.Expr) error {
	pattern := writtenText(e)
	if e.Kind() != ast.LiteralKind || len(pattern) > maxPattern {
		return s.at(call, "matches takes a pattern that is written out, of at most %d bytes", maxPattern)
	}
	switch program, err := patternProgram(pattern); {
	case err != nil:
		return s.at(e, "the pattern cannot be read: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	case program > maxProgram:
		return s.at(e, "the pattern repeats too much")
	}
	return nil
}

// patternProgram gives how many instructions a pattern is compiled to.
func patternProgram(pattern string) (int, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0, err
	}
	return len(program.Inst), nil
}

// writtenText gives a text that is written out; empty for what is none.
func writtenText(e ast.Expr) string {
	if e.Kind() != ast.LiteralKind {
		return ""
	}
	text, _ := e.AsLiteral().(types.String)
	return string(text)
}
