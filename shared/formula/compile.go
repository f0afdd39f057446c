package formula

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"leadline/shared/fault"
	"leadline/shared/view"
)

// program is a formula as CEL evaluates it.
type program struct {
	plain   cel.Program
	metered cel.Program // counts its cost, and stops
}

// source is a formula while it is compiled.
type source struct {
	text string
	rows *rowTypes
	ast  *cel.Ast
}

// compile makes a formula without its parts.
func compile(text string, v *view.View, want Type) (*Formula, error) {
	switch {
	case len(text) > MaxBytes:
		return nil, invalid(1, 1, "the formula has %d bytes, at most %d are allowed", len(text), MaxBytes)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, invalid(1, 1, "the formula is no text in UTF-8")
	case strings.TrimSpace(text) == "":
		return nil, invalid(1, 1, "the formula is empty")
	}
	env, rows, err := environment(v)
	if err != nil {
		return nil, err
	}
	s := &source{text: text, rows: rows}
	parsed, issues := env.Parse(readable(text))
	if issues.Err() != nil {
		return nil, s.explain(issues)
	}
	s.ast = parsed
	if err := s.rewrite(); err != nil {
		return nil, err
	}
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		return nil, s.explain(issues)
	}
	s.ast = checked
	if err := s.inspect(want); err != nil {
		return nil, err
	}
	cost, err := env.EstimateCost(checked, sizes{rows})
	if err != nil {
		return nil, err
	}
	if cost.Max > MaxCost {
		return nil, invalid(1, 1, "the formula is too dear: on long texts and lists it may cost %s, at most %d is allowed; ask for less of them",
			costText(cost), MaxCost)
	}
	f := &Formula{text: text, want: want}
	if f.general, err = plan(env, checked); err != nil {
		return nil, invalid(1, 1, "%s", err)
	}
	f.note(rows)
	f.shorten(&shortcuts{ast: checked.NativeRep(), columns: rows.found})
	return f, nil
}

// note lists the columns that are read.
func (f *Formula) note(rows *rowTypes) {
	names := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(rows.found)) {
		c := rows.found[name]
		f.reads = append(f.reads, c)
		names[c.of] = true
		if c.units != nil {
			names[c.units.of] = true
		}
	}
	f.columns = slices.Sorted(maps.Keys(names))
}

func plan(env *cel.Env, checked *cel.Ast) (*program, error) {
	shared := []cel.ProgramOption{cel.CustomDecoratorV2(foldLiterals), cel.OptimizeRegex(matchesWritten())}
	plain, err := env.Program(checked, shared...)
	if err != nil {
		return nil, err
	}
	metered, err := env.Program(checked, append(shared, cel.CostLimit(MaxCost), cel.CostTracking(counter{}))...)
	return &program{plain, metered}, err
}

// eval evaluates with CEL.
func (f *Formula) eval(row *view.Row, as Type) (value interface{ Value() any }, err error) {
	if f.want != as {
		return nil, fault.New(fault.Internal, CodeFailed, "The formula gives a %s, and is asked for a %s.", f.want, as)
	}
	program := f.general.plain
	if !f.usual(row) {
		program = f.general.metered
	}
	value, _, err = program.Eval(onRow{row})
	if err == nil {
		return value, nil
	}
	if own := fault.Of(err); own != nil {
		return nil, own
	}
	if tooDear(err) {
		return nil, failed("The formula costs more than %d on this row: a text or a list in it is too long.", MaxCost)
	}
	return nil, failed("The formula cannot be evaluated: %s.", cut(err.Error(), 100))
}

// typeOf gives the CEL type of what is wanted.
func (t Type) typeOf() *types.Type {
	switch t {
	case Bool:
		return types.BoolType
	case Decimal:
		return types.NewOpaqueType(typeDecimal)
	}
	return types.StringType
}

// expression gives the expression that is compiled.
func (s *source) expression() ast.Expr { return s.ast.NativeRep().Expr() }
