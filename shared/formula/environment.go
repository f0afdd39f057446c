package formula

import (
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/env"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"

	"leadline/shared/number"
	"leadline/shared/view"
)

// Names that no formula can write.
const (
	callLiteral = "@decimal" // a number that is written out
	typeRow     = "a row"
)

// varRow is the row that a formula sees.
const varRow = "row"

// environment makes what formulas over a view are compiled in: CEL's standard functions as far as they need neither ints nor
// floats nor the clock, and ours.
func environment(v *view.View) (*cel.Env, *rowTypes, error) {
	rows := &rowTypes{Registry: types.NewEmptyRegistry(), view: v, found: map[string]*column{}}
	options := append([]cel.EnvOption{
		cel.CustomTypeAdapter(rows), cel.CustomTypeProvider(rows),
		cel.StdLib(cel.StdLibSubset(standard())), cel.ClearMacros(),
		cel.Macros(cel.GlobalMacro(operators.Has, 1, makeHas), cel.AllMacro, cel.ExistsMacro, cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro),
		cel.EnableIdentifierEscapeSyntax(),
		cel.ParserRecursionLimit(MaxNesting), cel.ParserErrorRecoveryLimit(1), cel.ExpressionNodeLimit(MaxBytes),
		cel.Variable(varRow, types.NewObjectType(typeRow)),
	}, functions()...)
	e, err := cel.NewCustomEnv(options...)
	return e, rows, err
}

// makeHas makes has(row.x) and has(row["x"]).
func makeHas(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	if args[0].Kind() == ast.SelectKind && !args[0].AsSelect().IsTestOnly() {
		s := args[0].AsSelect()
		return eh.NewPresenceTest(s.Operand(), s.FieldName()), nil
	}
	if operand, name, ok := indexed(args[0]); ok {
		return eh.NewPresenceTest(operand, name), nil
	}
	return nil, eh.NewError(args[0].ID(), "has asks for a column: has(row.column)")
}

// indexed takes row["name"] apart.
func indexed(e ast.Expr) (operand ast.Expr, name string, ok bool) {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Index {
		return nil, "", false
	}
	args := e.AsCall().Args()
	if args[0].Kind() != ast.IdentKind || args[0].AsIdent() != varRow || args[1].Kind() != ast.LiteralKind {
		return nil, "", false
	}
	text, ok := args[1].AsLiteral().(types.String)
	return args[0], string(text), ok
}

// standard chooses among CEL's standard functions.
func standard() *env.LibrarySubset {
	only := func(name string, ids ...string) *env.Function {
		f := &env.Function{Name: name}
		for _, id := range ids {
			f.Overloads = append(f.Overloads, &env.Overload{ID: id})
		}
		return f
	}
	return env.NewLibrarySubset().SetDisableMacros(true).AddIncludedFunctions(
		only(operators.Conditional), only(operators.LogicalAnd), only(operators.LogicalOr), only(operators.LogicalNot),
		only(operators.NotStrictlyFalse), only(operators.Equals), only(operators.NotEquals),
		only(operators.Less, overloads.LessString, overloads.LessTimestamp),
		only(operators.LessEquals, overloads.LessEqualsString, overloads.LessEqualsTimestamp),
		only(operators.Greater, overloads.GreaterString, overloads.GreaterTimestamp),
		only(operators.GreaterEquals, overloads.GreaterEqualsString, overloads.GreaterEqualsTimestamp),
		only(operators.Add, overloads.AddString, overloads.AddList),
		only(operators.In, overloads.InList),
		only(overloads.Contains, overloads.ContainsString), only(overloads.StartsWith, overloads.StartsWithString),
		only(overloads.EndsWith, overloads.EndsWithString), only(overloads.Matches),
	)
}

// The overloads that are ours.
const (
	idAdd, idSubtract, idMultiply, idDivide = "add_decimal", "subtract_decimal", "multiply_decimal", "divide_decimal"
	idLiteral                               = "decimal_literal"
)

// functions declares what CEL's standard library does not have.
func functions() []cel.EnvOption {
	d := types.NewOpaqueType(typeDecimal)
	text, at, list := types.StringType, types.TimestampType, types.NewListType(types.NewTypeParamType("A"))
	two := []*types.Type{d, d}
	all := []cel.EnvOption{
		cel.Function(callLiteral, cel.Overload(idLiteral, []*types.Type{text}, d, ofText(parseDecimal))),
		cel.Function("decimal", cel.Overload("decimal_text", []*types.Type{text}, d, ofText(parseDecimal))),
		cel.Function("abs", cel.Overload("abs_decimal", []*types.Type{d}, d, ofNumber(number.Number.Abs))),
		cel.Function("floor", cel.Overload("floor_decimal", []*types.Type{d}, d, ofNumber(floor))),
		cel.Function("ceil", cel.Overload("ceil_decimal", []*types.Type{d}, d, ofNumber(ceil))),
		cel.Function("round", cel.Overload("round_decimal", two, d, cel.BinaryBinding(func(n, digits ref.Val) ref.Val {
			return decimalOr(round(n.(decimal).Number, digits.(decimal).Number))
		}))),
		cel.Function(operators.Negate, cel.Overload("negate_decimal", []*types.Type{d}, d, ofNumber(number.Number.Neg))),
		cel.Function(operators.Add, cel.Overload(idAdd, two, d)),
		cel.Function(operators.Subtract, cel.Overload(idSubtract, two, d, ofTwo(decimal.Subtract))),
		cel.Function(operators.Multiply, cel.Overload(idMultiply, two, d, ofTwo(decimal.Multiply))),
		cel.Function(operators.Divide, cel.Overload(idDivide, two, d, ofTwo(decimal.Divide))),
		cel.Function(operators.Less, cel.Overload("less_decimal", two, types.BoolType)),
		cel.Function(operators.LessEquals, cel.Overload("less_equals_decimal", two, types.BoolType)),
		cel.Function(operators.Greater, cel.Overload("greater_decimal", two, types.BoolType)),
		cel.Function(operators.GreaterEquals, cel.Overload("greater_equals_decimal", two, types.BoolType)),
		cel.Function("date", cel.Overload("date_text", []*types.Type{text}, at, cel.UnaryBinding(func(v ref.Val) ref.Val {
			t, err := parseDate(string(v.(types.String)))
			if err != nil {
				return types.WrapErr(err)
			}
			return types.Timestamp{Time: t}
		}))),
		cel.Function("days", cel.Overload("days_between", []*types.Type{at, at}, d, cel.BinaryBinding(func(a, b ref.Val) ref.Val {
			return decimal{days(a.(types.Timestamp).Time, b.(types.Timestamp).Time)}
		}))),
		cel.Function("year", cel.Overload("year_of", []*types.Type{at}, d, cel.UnaryBinding(func(v ref.Val) ref.Val {
			return decimal{number.Of(int64(v.(types.Timestamp).Year()))}
		}))),
		cel.Function("month", cel.Overload("month_of", []*types.Type{at}, d, cel.UnaryBinding(func(v ref.Val) ref.Val {
			return decimal{number.Of(int64(v.(types.Timestamp).Month()))}
		}))),
		cel.Function("size", cel.Overload("size_text", []*types.Type{text}, d, ofSize()), cel.Overload("size_texts", []*types.Type{list}, d, ofSize()),
			cel.MemberOverload("text_size", []*types.Type{text}, d, ofSize()), cel.MemberOverload("texts_size", []*types.Type{list}, d, ofSize())),
		ofTexts("lower", strings.ToLower), ofTexts("upper", strings.ToUpper), ofTexts("trim", strings.TrimSpace),
	}
	return append(all, among("min", number.Min), among("max", number.Max))
}

func ofNumber(reckon func(number.Number) number.Number) cel.OverloadOpt {
	return cel.UnaryBinding(func(v ref.Val) ref.Val { return decimal{reckon(v.(decimal).Number)} })
}

func ofTwo(reckon func(a decimal, b ref.Val) ref.Val) cel.OverloadOpt {
	return cel.BinaryBinding(func(a, b ref.Val) ref.Val { return reckon(a.(decimal), b) })
}

func ofText(read func(string) (number.Number, error)) cel.OverloadOpt {
	return cel.UnaryBinding(func(v ref.Val) ref.Val { return decimalOr(read(string(v.(types.String)))) })
}

func ofSize() cel.OverloadOpt {
	return cel.UnaryBinding(func(v ref.Val) ref.Val {
		if sized, ok := v.(interface{ Size() ref.Val }); ok {
			if size, ok := sized.Size().(types.Int); ok {
				return decimal{number.Of(int64(size))}
			}
		}
		return types.MaybeNoSuchOverloadErr(v)
	})
}

// ofTexts declares name(text) and text.name().
func ofTexts(name string, change func(string) string) cel.EnvOption {
	binding := cel.UnaryBinding(func(v ref.Val) ref.Val { return types.String(change(string(v.(types.String)))) })
	text := []*types.Type{types.StringType}
	return cel.Function(name, cel.Overload(name+"_text", text, types.StringType, binding),
		cel.MemberOverload("text_"+name, text, types.StringType, binding))
}

// mostAmong is how many numbers min and max choose among at most.
const mostAmong = 4

// among declares min and max.
func among(name string, choose func(a, b number.Number) number.Number) cel.EnvOption {
	d := types.NewOpaqueType(typeDecimal)
	binding := func(values ...ref.Val) ref.Val {
		best := values[0].(decimal).Number
		for _, v := range values[1:] {
			best = choose(best, v.(decimal).Number)
		}
		return decimal{best}
	}
	options := []cel.FunctionOpt{cel.Overload(name+"_2", []*types.Type{d, d}, d, cel.BinaryBinding(func(a, b ref.Val) ref.Val { return binding(a, b) }))}
	for n := 3; n <= mostAmong; n++ {
		args := make([]*types.Type, n)
		for i := range args {
			args[i] = d
		}
		options = append(options, cel.Overload(name+"_"+string(rune('0'+n)), args, d, cel.FunctionBinding(binding)))
	}
	return cel.Function(name, options...)
}

// foldLiterals makes constants of the numbers that are written out, and of the dates.
func foldLiterals(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	call, ok := i.(interpreter.InterpretableCall)
	if !ok || len(call.Args()) != 1 || call.Function() != callLiteral && call.Function() != "date" {
		return i, nil
	}
	if _, written := call.Args()[0].(interpreter.InterpretableConst); !written {
		return i, nil
	}
	value := call.Exec(interpreter.AsFrame(interpreter.EmptyActivation()))
	if types.IsError(value) {
		return i, nil
	}
	return interpreter.NewConstValue(i.ID(), value), nil
}
