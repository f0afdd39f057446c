package formula_test

import (
	"testing"

	"leadline/shared/fault"
	"leadline/shared/formula"
)

// FuzzCompile compiles whatever is written. It never panics, whatever fails is a fault of the sender, and what compiles can be
// evaluated, to the same value each way.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{`row.status_type == "won" && row.value > 100`, "row.tags.exists(t, t.matches('^a+$')) ? 1 : 2", "row.`price.currency`", `row["Größe"] * 0.1`,
		"round(row.value / 3, 2) + 12345678901234567890", "// x\n\"\\\"&&\" + r'\\'", "days(date('2026-01-31'), row.at)", "[[1], [2.5]].map(x, x.size())", "((((", "has(row.note)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, want := range []formula.Type{formula.Bool, formula.Decimal, formula.Text} {
			compiled, err := formula.Compile(text, deals(), want)
			if err != nil {
				if own := fault.Of(err); own == nil || own.Kind != fault.Invalid || own.Code != formula.CodeInvalid || len(own.Message) > 600 {
					t.Fatalf("%q: %v", text, err)
				}
				continue
			}
			for _, json := range []string{deal, `{}`} {
				row := rowOf(t, json)
				got, err := evaluate(compiled, want, row)
				again, failure := evaluate(formula.InCEL(compiled), want, row)
				if err == nil && got != again || said(err) != said(failure) || err != nil && fault.Of(err).Kind != fault.Invalid {
					t.Fatalf("%q gives %s, %v and %s, %v", text, got, err, again, failure)
				}
				if why := compiled.Why(row); len(why) > 310 {
					t.Fatalf("%q: %d bytes", text, len(why))
				}
			}
		}
	})
}
