package formula_test

import (
	"testing"

	"leadline/shared/formula"
)

// BenchmarkRow evaluates formulas on a deal, each with the shortcut, with CEL, and with CEL that counts the cost.
func BenchmarkRow(b *testing.B) {
	deal := rowOf(b, `{"status_type": "won", "value": 1250000, "value_currency": "USD", "date_won": "2026-03-14", "tags": ["new", "emea"]}`)
	for name, c := range map[string]struct {
		text string
		want formula.Type
	}{
		"filter":  {`row.status_type == "won" && row.value > 100`, formula.Bool},
		"in list": {`row.status_type in ["active", "won"] && row.date_won >= date("2026-01-01")`, formula.Bool},
		"value":   {`row.value`, formula.Decimal},
		"product": {`row.value * 0.1`, formula.Decimal},
	} {
		f := compiled(b, c.text, c.want)
		for way, f := range map[string]*formula.Formula{"shortcut": f, "cel": formula.InCEL(f), "metered": formula.Metered(f)} {
			b.Run(name+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					var err error
					if c.want == formula.Bool {
						_, err = f.Bool(deal)
					} else {
						_, err = f.Number(deal)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkFilterAndValue is what one record costs that passes one filter and has one value.
func BenchmarkFilterAndValue(b *testing.B) {
	deal := rowOf(b, `{"status_type": "won", "value": 1250000, "value_currency": "USD"}`)
	filter := compiled(b, `row.status_type == "won" && row.value > 100`, formula.Bool)
	value := compiled(b, `row.value * 0.5`, formula.Decimal)
	for way, of := range map[string]func(*formula.Formula) *formula.Formula{
		"shortcut": func(f *formula.Formula) *formula.Formula { return f }, "cel": formula.InCEL, "metered": formula.Metered,
	} {
		b.Run(way, func(b *testing.B) {
			filter, value := of(filter), of(value)
			b.ReportAllocs()
			for b.Loop() {
				passes, err := filter.Bool(deal)
				if err != nil || !passes {
					b.Fatal(passes, err)
				}
				if _, err := value.Number(deal); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCompile is what saving a formula costs.
func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		compiled(b, `row.status_type == "won" && row.value > 100`, formula.Bool)
	}
}
