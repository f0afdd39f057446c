package incentive_test

import (
	"testing"

	"leadline/shared/program"
)

// BenchmarkCredit credits one deal: as it is, and with a filter and a value that are formulas.
func BenchmarkCredit(b *testing.B) {
	plain := salesComponent()
	plain.Value = "1"
	formulas := salesComponent()
	formulas.Qualifiers = []program.Qualifier{{Name: "Large", Formula: `row.status == "won" && row.value > 500`}}
	formulas.Value = "row.value * 0.9"
	roll := salesComponent()
	roll.Value = "1"
	roll.Credit.Rules = []program.CreditRule{{Kind: program.Direct}, {Kind: program.RollUp}}
	o := officeOf("a b c d e", "a>b b>c c>d d>e")
	for _, c := range []struct {
		name      string
		component program.Component
	}{{"plain", plain}, {"filter and value", formulas}, {"four levels", roll}} {
		b.Run(c.name, func(b *testing.B) {
			plan, base := compiled(b, versionOf(1, c.component)), deal(b, "oppo_1", "")
			b.ReportAllocs()
			for b.Loop() {
				if credits, _ := plan.Credit(base, o); len(credits) == 0 {
					b.Fatal("no credit")
				}
			}
		})
	}
}
