package number_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/number"
)

func num(t testing.TB, text string) number.Number {
	t.Helper()
	n, err := number.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestParse(t *testing.T) {
	nine := strings.Repeat("9", 300)
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "-0.00": "0", "12.50": "12.5", "-12.50": "-12.5", "007": "7", "0.05": "0.05", ".5": "0.5", "-.5": "-0.5", "7.5%": "0.075", "-100%": "-1",
		"1/3": "1/3", "-2/6": "-1/3", "6/3": "2", "1/8": "0.125", "1/3%": "1/300", "010/3": "10/3", "1/010": "0.1", "0/5": "0",
		"1e3": "1000", "-1E+3": "-1000", "1.5e-3": "0.0015", "125e-2": "1.25", "1e060": "1" + strings.Repeat("0", 60), "1e-60": "0." + strings.Repeat("0", 59) + "1", "0e9": "0",
		"999999999999999999": "999999999999999999", "0.999999999999999999": "0.999999999999999999", "9223372036854775807": "9223372036854775807",
		"-9223372036854775808": "-9223372036854775808", "9223372036854775808": "9223372036854775808", "12345678901234567890.123": "12345678901234567890.123",
		nine: nine, "1/9223372036854775807": "1/9223372036854775807", "1/18446744073709551616": new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 64)).FloatString(64),
	} {
		n, err := number.Parse(text)
		if err != nil || n.String() != want {
			t.Errorf("%s is %s, %v; want %s", text, n, err, want)
		}
		if back, err := number.Parse(n.String()); err != nil || !back.Equal(n) {
			t.Errorf("%s, written %s, comes back as %s, %v", text, n, back, err)
		}
	}
	for _, text := range []string{"", " ", "%", "5%%", "-", "--1", "+1", "1+", "1 000", "1,000", "1_000", ".", "-.", "1.", "1.e3", "1..2", "1.2.3", "1e", "e1", "1e+-5", "1e61", "1e-61",
		"1e999999999999999999999", "1e1.5", "1e1e1", "0x10", "0b1", "0o7", "1p3", "Inf", "-Inf", "NaN", "nil", "null", "1/0", "1/", "/3", "1/-3", "1//3", "1/2/3", "1.5/3", "1e2/3", "1/1e2",
		"１２", "½", "$5", "12.50 ", "0/0", strings.Repeat("1", number.MaxText+1), "1/" + strings.Repeat("1", number.MaxText)} {
		n, err := number.Parse(text)
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != number.CodeInvalid || len(f.Message) > 300 || !n.IsZero() {
			t.Errorf("%.40q is %s, %v", text, n, err)
		}
	}
}

func TestString(t *testing.T) {
	wide, _ := new(big.Rat).SetString("1/3")
	for want, n := range map[string]number.Number{
		"0": {}, "2": number.Frac(200, 100), "0.5": number.Frac(3, 6), "-0.005": number.Frac(-5, 1000), "1/3": number.Frac(2, 6), "-7/6": number.Frac(14, -12),
		"-9223372036854775808": number.Of(math.MinInt64), "-4611686018427387904": number.Frac(math.MinInt64, 2), "4611686018427387904": number.Frac(math.MinInt64, -2),
		"9223372036854775808": number.Of(1 << 32).Mul(number.Of(1 << 31)), "-9223372036854775809": number.Of(1 << 32).Mul(number.Of(-1 << 31)).Sub(number.Of(1)),
		"0.000000000000000001": number.Frac(1, 1e18), "0.00000000000000000025": number.Frac(1, 4e18), "922337203685477580.7": number.Frac(math.MaxInt64, 10),
		"10000000000000000000": number.Ten(19), "1000000000000000000": number.Ten(18), "1": number.Ten(0), "0.33": number.Rat(wide).Mul(number.Frac(99, 100)),
		"9223372036854775807/9223372036854775806": number.Frac(math.MaxInt64, math.MaxInt64-1),
	} {
		if n.String() != want {
			t.Errorf("%s, want %s", n, want)
		}
	}
}

func TestADenominatorOfZeroPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("1/0 is a number")
		}
	}()
	number.Frac(1, 0)
}

func TestJSON(t *testing.T) {
	type row struct {
		Rate number.Number  `json:"rate"`
		None *number.Number `json:"none,omitempty"`
		Zero number.Number  `json:"zero,omitzero"`
	}
	for in, want := range map[string]string{
		`{"rate": 0.10}`: `{"rate":"0.1"}`, `{"rate": "1/3", "none": null}`: `{"rate":"1/3"}`, `{"rate": -1e2, "none": "7.5%"}`: `{"rate":"-100","none":"0.075"}`,
		`{"rate": "\u0031", "zero": 0.00}`: `{"rate":"1"}`, `{}`: `{"rate":"0"}`, `{"rate": 0.1000000000000000055511151231257827}`: `{"rate":"0.1000000000000000055511151231257827"}`,
		`{"rate": 12345678901234567890123456789}`: `{"rate":"12345678901234567890123456789"}`,
	} {
		var r row
		if err := json.Unmarshal([]byte(in), &r); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if out, err := json.Marshal(r); err != nil || string(out) != want {
			t.Errorf("%s is written %s, %v; want %s", in, out, err, want)
		}
	}
	for _, in := range []string{`{"rate": null}`, `{"rate": ""}`, `{"rate": true}`, `{"rate": {}}`, `{"rate": [1]}`, `{"rate": "ten"}`, `{"rate": 1e99}`, `{"rate": "12.50 "}`} {
		r := row{Rate: number.Of(7)}
		if err := json.Unmarshal([]byte(in), &r); err == nil || !r.Rate.Equal(number.Of(7)) {
			t.Errorf("%s is %s", in, r.Rate)
		}
	}
	var n number.Number
	if err := n.UnmarshalJSON([]byte(`"1`)); err == nil {
		t.Error("half a text is a number")
	}
	if err := n.UnmarshalJSON(nil); err == nil {
		t.Error("nothing is a number")
	}
}

func TestRoundByMode(t *testing.T) {
	for _, c := range []struct {
		text string
		want [5]int64 // in the order of Modes: half away, half even, half down, down, up
	}{
		{"0", [5]int64{0, 0, 0, 0, 0}}, {"0.01", [5]int64{1, 1, 1, 1, 1}}, {"0.001", [5]int64{0, 0, 0, 0, 1}}, {"0.004999", [5]int64{0, 0, 0, 0, 1}},
		{"0.005", [5]int64{1, 0, 0, 0, 1}}, {"0.0050001", [5]int64{1, 1, 1, 0, 1}}, {"0.015", [5]int64{2, 2, 1, 1, 2}}, {"0.025", [5]int64{3, 2, 2, 2, 3}},
		{"1/3", [5]int64{33, 33, 33, 33, 34}}, {"2/3", [5]int64{67, 67, 67, 66, 67}}, {"1/600", [5]int64{0, 0, 0, 0, 1}}, {"1/200", [5]int64{1, 0, 0, 0, 1}}, {"3/200", [5]int64{2, 2, 1, 1, 2}},
		{"92233720368547758.07", [5]int64{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}},
		{"0." + strings.Repeat("0", 40) + "1", [5]int64{0, 0, 0, 0, 1}}, {"0.00" + strings.Repeat("4", 60), [5]int64{0, 0, 0, 0, 1}}, {"0.00" + strings.Repeat("5", 60), [5]int64{1, 1, 1, 0, 1}},
	} {
		for i, mode := range number.Modes() {
			n := num(t, c.text)
			got, err1 := n.Round(2, mode)
			opposite, err2 := n.Neg().Round(2, mode)
			if got != c.want[i] || opposite != -c.want[i] || err1 != nil || err2 != nil {
				t.Errorf("%s and its opposite, %s: %d, %d, %v, %v; want %d", c.text, mode, got, opposite, err1, err2, c.want[i])
			}
		}
		if got, err := num(t, c.text).Round(2, ""); err != nil || got != c.want[0] {
			t.Errorf("%s without a mode: %d, %v", c.text, got, err)
		}
	}
	for _, c := range []struct {
		text   string
		digits int
		want   int64
	}{{"1234.5", 0, 1235}, {"1234.5", -1, 123}, {"1235", -1, 124}, {"-1235", -1, -124}, {"49", -2, 0}, {"1e30", -20, 1e10}, {"1/7", 18, 142857142857142857}, {"1e-20", 20, 1}, {"15e-21", 20, 2}, {"24e-21", 20, 2}} {
		if got, err := num(t, c.text).Round(c.digits, number.HalfAway); err != nil || got != c.want {
			t.Errorf("%s to %d digits: %d, %v; want %d", c.text, c.digits, got, err, c.want)
		}
	}
}

// TestTiesThatAWordDoesNotHold rounds half to even where the number is too wide for words.
func TestTiesThatAWordDoesNotHold(t *testing.T) {
	for text, want := range map[string]int64{"15e-21": 2, "25e-21": 2, "35e-21": 4, "-25e-21": -2, "-35e-21": -4, "25000000000000000001e-39": 3} {
		if got, err := num(t, text).Round(20, number.HalfEven); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestRoundRefusesWhatNoAccountHolds(t *testing.T) {
	for _, c := range []struct {
		text   string
		digits int
	}{{"9223372036854775808", 0}, {"92233720368547758.08", 2}, {"92233720368547758.075", 2}, {"1e60", 0}, {"1e18", 2}, {"9223372036854775807", 1}} {
		for _, n := range []number.Number{num(t, c.text), num(t, c.text).Neg()} {
			if got, err := n.Round(c.digits, ""); got != 0 || fault.Of(err) == nil || fault.Of(err).Code != number.CodeTooLarge {
				t.Errorf("%s to %d digits: %d, %v", n, c.digits, got, err)
			}
		}
	}
	if got, err := number.Of(math.MaxInt64).Neg().Round(0, ""); got != -math.MaxInt64 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
}

func TestQuoByZero(t *testing.T) {
	for _, zero := range []number.Number{{}, number.Frac(0, 7), num(t, "1e40").Sub(num(t, "1e40"))} {
		if n, ok := number.Of(1).Quo(zero); ok || !n.IsZero() || !zero.IsZero() {
			t.Errorf("1 by %s is %s", zero, n)
		}
	}
}

// TestTheFastPathDoesNotAllocate covers what the engine does for every credit and tier.
func TestTheFastPathDoesNotAllocate(t *testing.T) {
	amount, rate, quota := num(t, "1234.56"), num(t, "0.075"), num(t, "50000")
	var sum number.Number
	if n := testing.AllocsPerRun(100, func() {
		sum = number.Sum(amount, amount.Mul(rate), rate).Sub(quota)
		ratio, _ := amount.Quo(quota)
		if _, err := sum.Round(2, number.HalfAway); err != nil || ratio.Cmp(rate) == 0 || number.Min(sum, ratio).Sign() == 0 {
			t.Error(sum, ratio)
		}
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

// benchmark keeps what f gives, lest the compiler leaves it out.
func benchmark(b *testing.B, f func(x, y number.Number) number.Number) {
	b.Helper()
	x, y, last := num(b, "1234.56"), num(b, "98765.43"), number.Number{}
	b.ReportAllocs()
	for b.Loop() {
		last = f(x, y)
	}
	b.StopTimer()
	if last.IsZero() {
		b.Error("it came to nothing")
	}
}

func BenchmarkAddSameDenominator(b *testing.B) {
	benchmark(b, func(x, y number.Number) number.Number { return x.Add(y) })
}

func BenchmarkAddOtherDenominator(b *testing.B) {
	z := num(b, "1/7")
	benchmark(b, func(x, _ number.Number) number.Number { return x.Add(z) })
}

func BenchmarkMul(b *testing.B) {
	benchmark(b, func(x, y number.Number) number.Number { return x.Mul(y) })
}

func BenchmarkCmp(b *testing.B) {
	z := num(b, "0.075")
	benchmark(b, func(x, _ number.Number) number.Number { return number.Of(int64(x.Cmp(z))) })
}

func BenchmarkRound(b *testing.B) {
	z := num(b, "92.592000")
	benchmark(b, func(_, _ number.Number) number.Number {
		n, _ := z.Round(2, number.HalfAway)
		return number.Of(n)
	})
}

func BenchmarkString(b *testing.B) {
	benchmark(b, func(x, _ number.Number) number.Number { return number.Of(int64(len(x.String()))) })
}

func BenchmarkParse(b *testing.B) {
	benchmark(b, func(_, _ number.Number) number.Number {
		n, _ := number.Parse("1234.56")
		return n
	})
}

func BenchmarkWideMul(b *testing.B) {
	z := num(b, "12345678901234567890.5")
	benchmark(b, func(x, _ number.Number) number.Number { return x.Mul(z) })
}

func BenchmarkShareAmong100(b *testing.B) {
	var weights []number.Number
	for i := range 100 {
		weights = append(weights, number.Frac(int64(i*i+1), 100))
	}
	benchmark(b, func(_, _ number.Number) number.Number { return number.Of(number.Share(123457, weights)[99]) })
}

// BenchmarkDealOverFourTiers is one deal paid at the margin over four tiers, and rounded.
func BenchmarkDealOverFourTiers(b *testing.B) {
	from := []number.Number{num(b, "0"), num(b, "50000"), num(b, "100000"), num(b, "150000"), num(b, "1e12")}
	rates := []number.Number{num(b, "0.05"), num(b, "0.07"), num(b, "0.10"), num(b, "0.12")}
	total := num(b, "175123.45")
	benchmark(b, func(_, _ number.Number) number.Number {
		var pay number.Number
		for i, rate := range rates {
			if part := number.Min(total, from[i+1]).Sub(from[i]); part.Sign() > 0 {
				pay = pay.Add(part.Mul(rate))
			}
		}
		n, _ := pay.Round(2, number.HalfAway)
		return number.Of(n)
	})
}
