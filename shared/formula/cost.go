package formula

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// costOfLetter is what CEL takes going over one letter of a text to cost.
const costOfLetter = 0.1

// sizes tells CEL how long the values of columns may be.
type sizes struct{ rows *rowTypes }

// EstimateSize gives how long a text or a list is at most.
func (s sizes) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	if node.Type().Kind() == types.OpaqueKind {
		one := checker.FixedSizeEstimate(1)
		return &one
	}
	path := node.Path()
	if len(path) < 2 || path[0] != varRow {
		return nil
	}
	c := s.rows.found[path[1]]
	switch {
	case c == nil:
		return nil
	case len(path) > 2: // an item of a list
		return &checker.SizeEstimate{Max: longItem}
	case c.typ.Kind() == types.ListKind:
		return &checker.SizeEstimate{Max: longList}
	case c.typ.Kind() == types.StringKind:
		return &checker.SizeEstimate{Max: c.longest()}
	}
	return nil
}

// EstimateCallCost gives what our own functions cost.
func (s sizes) EstimateCallCost(function, _ string, target *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	if target != nil {
		args = append([]checker.AstNode{*target}, args...)
	}
	if len(args) == 0 {
		return nil
	}
	size := args[0].ComputedSize()
	if size == nil {
		unknown := checker.UnknownSizeEstimate()
		size = &unknown
	}
	once := size.MultiplyByCostFactor(costOfLetter).Add(checker.FixedCostEstimate(1))
	switch function {
	case callLiteral:
		return &checker.CallEstimate{}
	case "decimal", "date":
		return &checker.CallEstimate{CostEstimate: once}
	case "lower", "upper", "trim":
		return &checker.CallEstimate{CostEstimate: once, ResultSize: &checker.SizeEstimate{Max: size.Max}}
	case "matches":
		return &checker.CallEstimate{CostEstimate: once.Multiply(checker.FixedCostEstimate(patternCost(args[len(args)-1].Expr())))}
	}
	return nil
}

// patternCost gives what a pattern costs for each ten letters. CEL goes by its length, which says too little where something is
// repeated.
func patternCost(e ast.Expr) uint64 {
	const instructions, letters = 2, 4
	pattern := writtenText(e)
	program, err := patternProgram(pattern)
	if err != nil {
		return 1 // inspect has refused it
	}
	return uint64(max(program/instructions, len(pattern)/letters) + 1)
}

// counter counts what our own functions cost while a formula is evaluated, as sizes estimates it.
type counter struct{}

// CallCost gives the cost of one call.
func (counter) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	switch function {
	case "lower", "upper", "trim", "decimal", "date":
		text, ok := args[0].(types.String)
		if !ok {
			return nil
		}
		cost := 1 + uint64(math.Ceil(float64(utf8.RuneCountInString(string(text)))*costOfLetter))
		return &cost
	}
	return nil
}

func tooDear(err error) bool {
	var stopped interpreter.EvalCancelledError
	return errors.As(err, &stopped) && stopped.Cause == interpreter.CostLimitExceeded
}

func costText(cost checker.CostEstimate) string {
	const readable = 1_000_000_000
	if cost.Max > readable {
		return "more than " + strconv.Itoa(readable)
	}
	return strconv.FormatUint(cost.Max, 10)
}

// matchesWritten compiles the patterns of matches once. Inspect has seen that they are written out and small.
func matchesWritten() *interpreter.RegexOptimization {
	return &interpreter.RegexOptimization{
		Function:   "matches",
		RegexIndex: 1,
		Factory: func(call interpreter.InterpretableCall, pattern string) (interpreter.InterpretableCall, error) {
			compiled, err := regexp.Compile(pattern)
			if err != nil {
				return nil, err
			}
			return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), func(values ...ref.Val) ref.Val {
				text, ok := values[0].(types.String)
				if !ok {
					return types.MaybeNoSuchOverloadErr(values[0])
				}
				return types.Bool(compiled.MatchString(string(text)))
			}), nil
		},
	}
}
