package bankfile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/payee"
	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"

	"pgregory.net/rapid"
)

// small is a batch of the format: each of its payments is another case.
func small(format payout.Format) bankfile.File {
	f := bankfile.File{
		ID: "pay_0a1b2c3d4e5f", CreatedAt: time.Date(2026, 11, 22, 10, 30, 15, 999, time.FixedZone("", 3600)), PayOn: "2026-11-30", Currency: "EUR",
		Payer: bankfile.Party{
			Name: "Müller & Söhne GmbH", Country: "DE", Address: []string{"Lange Straße 1", "Hinterhaus", "10115 Berlin"},
			Bank: payee.Bank{Country: "DE", IBAN: "DE89 3704 0044 0532 0130 00", BIC: "COBADEFF"}, OriginID: "1234567890", Destination: "091000019",
		},
		Payments: []bankfile.Payment{
			{EndToEnd: "E2", Name: "François Łukasz Ångström", Country: "FR", Bank: payee.Bank{Country: "FR", IBAN: "fr1420041010050500013m02606", BIC: "BNPAFRPP"},
				Amount: 123450, Reference: "Commission 2026-10 / Q4"},
			{EndToEnd: "E1", Country: "AT", Bank: payee.Bank{Holder: "Großmann", Country: "AT", IBAN: "AT611904300234573201"}, Amount: 1},
			{EndToEnd: "E3", Name: "Asha Rao", Country: "IN", Bank: payee.Bank{Country: "IN", Account: "0012-3456 789", Code: "HDFC0000123"}, Amount: 99_999_999_999_99},
			{EndToEnd: "E4", Name: "Σωκράτης Παππάς", Country: "GR", Bank: payee.Bank{Country: "GR", IBAN: "GR1601101250000000012300695"}, Amount: 70, Reference: "//x//"},
		},
	}
	switch format {
	case payout.NACHA:
		f.Currency, f.Payer.Name = "USD", "Müller & Söhne Incorporated"
		f.Payments = []bankfile.Payment{
			{EndToEnd: "PAYMENT000000000000002", Name: "José Nuñez-García de la Very Long Name", Bank: payee.Bank{Country: "US", Code: "021000021", Account: "12 345-678", Type: "savings"}, Amount: 9_999_999_999},
			{EndToEnd: "PAYMENT000000000000001", Name: "Ann O'Neil", Bank: payee.Bank{Country: "US", Code: "091000019", Account: "987654321"}, Amount: 1},
		}
	case payout.CSV:
		f.Payments[0].Reference = "=SUM(A1:A9)"
		f.Payments[1].Bank.Holder = "Groß, \"der\"\r\nMann"
	}
	return f
}

func formats() []payout.Format {
	return []payout.Format{payout.Pain001, payout.NACHA, payout.CSV}
}

func written(t interface{ Fatal(...any) }, format payout.Format, f bankfile.File) []byte {
	text, err := bankfile.Write(format, f)
	if err != nil {
		t.Fatal(format, err)
	}
	return text
}

func TestGoldenFiles(t *testing.T) {
	for format, name := range map[payout.Format]string{payout.Pain001: "small.xml", payout.NACHA: "small.ach", payout.CSV: "small.csv"} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got := written(t, format, small(format))
		if !bytes.Equal(got, want) {
			t.Errorf("%s is written otherwise:\n%s", name, got)
		}
		if wrong := bankfile.Check(format, got); wrong != nil {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

// names are of many scripts, and of what people paste; each has a letter or digit that banks can read.
func names() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"Jürgen", "Müller-Lüdenscheidt", "Ñandú", "Łódź", "Đặng Thị Ngọc", "Ólafur Þór", "Ægir", "Œuvre", "İbrahim Şahin", "Γιώργος", "Дмитрий Щукин",
			"王小明", "محمد", "अमित कुमार", "สมชาย", "김철수", "דוד", "ｆｕｌｌ", "e\u0301", "👩‍👩‍👧", "<b>&amp;</b>", "]]>", "<!--", "\x00\x01", "\xff\xfe", "//", "/", "a//b", "'; DROP",
			"\u202etxet", "\t\r\n", "O’Neil", "=1+1", "@cmd", "+-", "\"q\"", strings.Repeat("long ", 60), " / ", "\ufeff", "9", "9999", "&", ";"}),
		rapid.String())
	return rapid.Custom(func(t *rapid.T) string {
		pieces := append([]string{"Ab"}, rapid.SliceOfN(piece, 0, 4).Draw(t, "pieces")...)
		if rapid.Bool().Draw(t, "hidden") && len(pieces) > 1 {
			pieces[0], pieces[1] = rapid.SampledFrom([]string{"\u200b", "/", "  ", "王", "="}).Draw(t, "first")+pieces[0], pieces[0]+pieces[1]
		}
		return strings.Join(pieces, " ")
	})
}

func banks(format payout.Format) *rapid.Generator[payee.Bank] {
	if format == payout.NACHA {
		return rapid.SampledFrom([]payee.Bank{{Country: "US", Code: "091000019", Account: "1"}, {Country: "US", Code: "021000021", Account: "12345678901234567", Type: "savings"},
			{Code: "011401533", Account: "ab-12 3", Type: "checking"}})
	}
	return rapid.SampledFrom([]payee.Bank{{IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX"}, {IBAN: "GB82 WEST 1234 5698 7654 32"}, {IBAN: "SA0380000000608010167519", BIC: "rjhisari"},
		{Country: "IN", Account: "1", Code: "HDFC0000123"}, {Country: "US", Account: "123", Code: "021000021", BIC: "CHASUS33"}, {Country: "BR", Account: "0/1-2", BIC: "BRASBRRJ"},
		{Country: "SG", Account: strings.Repeat("9", 34), Code: "7171"}})
}

func files(format payout.Format) *rapid.Generator[bankfile.File] {
	return rapid.Custom(func(t *rapid.T) bankfile.File {
		f := small(format)
		currency := rapid.SampledFrom([]string{"EUR", "USD", "JPY", "KWD", "INR"}).Draw(t, "currency")
		most := int64(99_999_999_999_999)
		if format == payout.NACHA {
			currency, most = "USD", 9_999_999_999
		}
		f.Currency, f.ID = currency, rapid.SampledFrom([]string{"pay_000000000000", "x", "//a//" + strings.Repeat("b/", 40)}).Draw(t, "id")
		f.MessageID = rapid.SampledFrom([]string{"", "M-1", "É " + strings.Repeat("m", 50)}).Draw(t, "message")
		f.Payer.Name = names().Draw(t, "payer")
		f.Payer.Bank = banks(payout.Pain001).Draw(t, "payer's bank")
		f.Payer.Country = rapid.SampledFrom([]string{"", "DE"}).Draw(t, "land")
		f.Payer.Address = rapid.SliceOfN(rapid.OneOf(names(), rapid.SampledFrom([]string{"", "SW1A 1AA London", "New York NY 10001", "12345", "1234567890123456789 X"})), 0, 5).Draw(t, "address")
		f.Payments = nil
		for i := range rapid.IntRange(1, 25).Draw(t, "payments") {
			f.Payments = append(f.Payments, bankfile.Payment{EndToEnd: fmt.Sprintf("E%d", i), Name: names().Draw(t, "name"), Bank: banks(format).Draw(t, "bank"),
				Country: rapid.SampledFrom([]string{"", "IN"}).Draw(t, "country"), Amount: rapid.Int64Range(1, most).Draw(t, "amount"),
				Reference: rapid.OneOf(rapid.Just(""), rapid.String(), names()).Draw(t, "reference")})
		}
		return f
	})
}

// TestWhatIsWrittenIsSound holds for names in any script, whatever the order of payments.
func TestWhatIsWrittenIsSound(t *testing.T) {
	for _, format := range formats() {
		t.Run(string(format), rapid.MakeCheck(func(t *rapid.T) {
			f := files(format).Draw(t, "file")
			before := slices.Clone(f.Payments)
			text := written(t, format, f)
			if wrong := bankfile.Check(format, text); wrong != nil {
				t.Fatalf("%v\n%s", wrong, text)
			}
			if !slices.Equal(f.Payments, before) {
				t.Fatal("the payments were moved")
			}
			f.Payments = rapid.Permutation(f.Payments).Draw(t, "moved")
			f.CreatedAt = f.CreatedAt.In(time.FixedZone("", -7200))
			if !bytes.Equal(text, written(t, format, f)) {
				t.Fatal("the order of payments or the zone of the instant changes the file")
			}
		}))
	}
}

func many(format payout.Format, n int) bankfile.File {
	f := small(format)
	random := rand.New(rand.NewPCG(1, 2))
	first := f.Payments
	f.Payments = nil
	for i := range n {
		p := first[i%len(first)]
		p.EndToEnd, p.Amount = fmt.Sprintf("E%08d", i), 1+random.Int64N(9_999_999)
		f.Payments = append(f.Payments, p)
	}
	return f
}

func TestTenThousandPayments(t *testing.T) {
	for _, format := range formats() {
		text := written(t, format, many(format, 10_000))
		if wrong := bankfile.Check(format, text); wrong != nil {
			t.Errorf("%s: %v", format, wrong)
		}
		if n := bytes.Count(text, []byte("E00009999")); n == 0 {
			t.Errorf("%s: the last payment is missing", format)
		}
	}
}

// TestTheSumIsThatOfTheBatch takes the control sums out of the files.
func TestTheSumIsThatOfTheBatch(t *testing.T) {
	for _, c := range []struct {
		currency string
		amounts  []int64
		want     string
	}{
		{"EUR", []int64{10, 20, 1}, "0.31"}, {"JPY", []int64{10, 20, 1}, "31"}, {"KWD", []int64{10, 20, 1}, "0.031"},
		{"INR", []int64{499_999_999_999_999_999, 500_000_000_000_000_000}, "9999999999999999.99"},
	} {
		f := small(payout.Pain001)
		f.Currency, f.Payments = c.currency, f.Payments[:0]
		for i, a := range c.amounts {
			f.Payments = append(f.Payments, bankfile.Payment{EndToEnd: fmt.Sprint(i), Name: "N", Bank: payee.Bank{IBAN: "DE89370400440532013000"}, Amount: a})
		}
		text := string(written(t, payout.Pain001, f))
		if strings.Count(text, "<CtrlSum>"+c.want+"</CtrlSum>") != 2 {
			t.Errorf("%s: the sum is not %s:\n%s", c.currency, c.want, text)
		}
		if wrong := bankfile.CheckPain001([]byte(text)); wrong != nil {
			t.Errorf("%s: %v", c.currency, wrong)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		format payout.Format
		change func(*bankfile.File)
		code   string
		says   string
	}{
		{"no payments", payout.Pain001, func(f *bankfile.File) { f.Payments = nil }, bankfile.CodeInvalid, "no payments"},
		{"zero", payout.Pain001, func(f *bankfile.File) { f.Payments[0].Amount = 0 }, bankfile.CodeInvalid, "Payment E2: 0.00 EUR"},
		{"negative", payout.CSV, func(f *bankfile.File) { f.Payments[0].Amount = -5 }, bankfile.CodeInvalid, "Payment E2: -0.05 EUR"},
		{"too much", payout.Pain001, func(f *bankfile.File) { f.Payments[0].Amount = 1e18 }, bankfile.CodeInvalid, "Payment E2"},
		{"too much together", payout.Pain001, func(f *bankfile.File) {
			f.Payments[2].Amount, f.Payments[3].Amount = 999999999999999999, 999999999999999999
		}, bankfile.CodeInvalid, "Payment E3"},
		{"twice", payout.CSV, func(f *bankfile.File) { f.Payments[0].EndToEnd = "E3" }, bankfile.CodeInvalid, "Payment E3: two"},
		{"name of a payment", payout.Pain001, func(f *bankfile.File) { f.Payments[0].EndToEnd = "E_2" }, bankfile.CodeInvalid, "\"E_2\""},
		{"hyphen first", payout.CSV, func(f *bankfile.File) { f.Payments[0].EndToEnd = "-1" }, bankfile.CodeInvalid, "\"-1\""},
		{"no Latin letter", payout.Pain001, func(f *bankfile.File) { f.Payments[0].Name = "王小明" }, bankfile.CodeInvalid, "Payment E2: nothing"},
		{"no name", payout.CSV, func(f *bankfile.File) { f.Payments[0].Name = " \t" }, bankfile.CodeInvalid, "Payment E2: nothing"},
		{"no name in time", payout.NACHA, func(f *bankfile.File) { f.Payments[0].Name = strings.Repeat("? ", 11) + "Ann" }, bankfile.CodeInvalid, "Payment PAYMENT000000000000002: nothing"},
		{"country", payout.Pain001, func(f *bankfile.File) { f.Payments[0].Country = "France" }, bankfile.CodeInvalid, "Payment E2: \"France\""},
		{"IBAN", payout.Pain001, func(f *bankfile.File) { f.Payments[0].Bank.IBAN = "DE89370400440532013001" }, bankfile.CodeNoFit, "Payment E2: The IBAN"},
		{"currency", payout.Pain001, func(f *bankfile.File) { f.Currency = "XXX" }, bankfile.CodeNoFit, "currency"},
		{"dollars only", payout.NACHA, func(f *bankfile.File) { f.Currency = "EUR" }, bankfile.CodeNoFit, "USD"},
		{"over ten digits", payout.NACHA, func(f *bankfile.File) { f.Payments[0].Amount = 1e10 }, bankfile.CodeInvalid, "PAYMENT000000000000002"},
		{"modifier", payout.NACHA, func(f *bankfile.File) { f.Modifier = 'a' }, bankfile.CodeInvalid, "modifier"},
		{"day of two digits", payout.NACHA, func(f *bankfile.File) { f.PayOn = "2070-01-01" }, bankfile.CodeInvalid, "two digits"},
		{"day", payout.CSV, func(f *bankfile.File) { f.PayOn = "2026-02-30" }, bankfile.CodeInvalid, "day of payment"},
		{"instant", payout.CSV, func(f *bankfile.File) { f.CreatedAt = time.Time{} }, bankfile.CodeInvalid, "when it was made"},
		{"id", payout.CSV, func(f *bankfile.File) { f.ID = " / " }, bankfile.CodeInvalid, "id"},
		{"payer's name", payout.Pain001, func(f *bankfile.File) { f.Payer.Name = "株式会社" }, bankfile.CodeNoFit, "payer's name"},
		{"payer's country", payout.CSV, func(f *bankfile.File) { f.Payer.Country = "de" }, bankfile.CodeNoFit, "payer's country"},
		{"payer's account", payout.Pain001, func(f *bankfile.File) { f.Payer.Bank = payee.Bank{} }, bankfile.CodeNoFit, "payer's account"},
		{"origin", payout.NACHA, func(f *bankfile.File) { f.Payer.OriginID = "" }, bankfile.CodeNoFit, "company identification"},
		{"destination", payout.NACHA, func(f *bankfile.File) { f.Payer.Destination = "091000018" }, bankfile.CodeNoFit, "routing number"},
		{"format", "mt101", func(*bankfile.File) {}, bankfile.CodeInvalid, "mt101"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := small(c.format)
			c.change(&f)
			text, err := bankfile.Write(c.format, f)
			if e := fault.Of(err); e == nil || e.Kind != fault.Invalid || e.Code != c.code || !strings.Contains(e.Message, c.says) || text != nil {
				t.Errorf("%v (%d bytes), want %s with %q", err, len(text), c.code, c.says)
			}
		})
	}
}

// TestTotalOfNACHA: 12 digits are the most.
func TestTotalOfNACHA(t *testing.T) {
	f := many(payout.NACHA, 100)
	for i := range f.Payments {
		f.Payments[i].Amount = 9_999_999_999
	}
	if wrong := bankfile.CheckNACHA(written(t, payout.NACHA, f)); wrong != nil {
		t.Error(wrong)
	}
	f.Payments = append(f.Payments, f.Payments[0])
	f.Payments[100].EndToEnd, f.Payments[100].Amount = "LAST", 100
	if _, err := bankfile.NACHA(f); !fault.Is(err, fault.Invalid) {
		t.Errorf("13 digits: %v", err)
	}
}

func TestFits(t *testing.T) {
	us := payee.Bank{Country: "US", Code: "021000021", Account: "123"}
	iban := payee.Bank{Country: "DE", IBAN: "DE89370400440532013000"}
	for _, c := range []struct {
		name     string
		format   payout.Format
		bank     payee.Bank
		currency string
		fits     bool
	}{
		{"IBAN", payout.Pain001, iban, "EUR", true}, {"account with code", payout.Pain001, us, "USD", true}, {"account alone", payout.Pain001, payee.Bank{Account: "1"}, "USD", false},
		{"nothing", payout.Pain001, payee.Bank{}, "EUR", false}, {"BIC", payout.Pain001, payee.Bank{IBAN: iban.IBAN, BIC: "DEUT1EFF"}, "EUR", false},
		{"code", payout.Pain001, payee.Bank{Account: "1", Code: "a_b"}, "EUR", false}, {"country", payout.Pain001, payee.Bank{Account: "1", Code: "1", Country: "x"}, "EUR", false},
		{"IBAN by ACH", payout.NACHA, iban, "USD", false}, {"by ACH", payout.NACHA, us, "USD", true}, {"euros by ACH", payout.NACHA, us, "EUR", false},
		{"check digit", payout.NACHA, payee.Bank{Code: "021000022", Account: "1"}, "USD", false}, {"no account", payout.NACHA, payee.Bank{Code: "021000021"}, "USD", false},
		{"long account", payout.NACHA, payee.Bank{Code: "021000021", Account: strings.Repeat("1", 18)}, "USD", false},
		{"hyphens alone", payout.NACHA, payee.Bank{Code: "021000021", Account: "- -"}, "USD", false},
		{"type", payout.NACHA, payee.Bank{Code: "021000021", Account: "1", Type: "loan"}, "USD", false},
		{"any account", payout.CSV, payee.Bank{Account: "x"}, "INR", true}, {"none", payout.CSV, payee.Bank{}, "INR", false}, {"currency", payout.CSV, iban, "ABC", false},
		{"format", "x", iban, "EUR", false},
	} {
		err := bankfile.Fits(c.format, c.bank, c.currency)
		if (err == nil) != c.fits || err != nil && (!fault.Is(err, fault.Invalid) || fault.Of(err).Code != bankfile.CodeNoFit) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestFitsPayment: what it lets through is written, what it refuses is what stops the file.
func TestFitsPayment(t *testing.T) {
	for _, format := range formats() {
		for name, change := range map[string]func(*bankfile.Payment){
			"": func(*bankfile.Payment) {}, "name": func(p *bankfile.Payment) { p.Name, p.Bank.Holder = "\u200b", "" }, "amount": func(p *bankfile.Payment) { p.Amount = 1e18 },
			"bank": func(p *bankfile.Payment) { p.Bank = payee.Bank{} },
		} {
			f := small(format)
			f.Payments = f.Payments[:1]
			change(&f.Payments[0])
			_, want := bankfile.Write(format, f)
			got := bankfile.FitsPayment(format, f.Payments[0], f.Currency)
			if (got == nil) != (name == "") || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s, %s: %v, and the file: %v", format, name, got, want)
			}
		}
	}
	if err := bankfile.FitsPayment(payout.NACHA, small(payout.NACHA).Payments[0], "EUR"); !fault.Is(err, fault.Invalid) {
		t.Errorf("NACHA in EUR: %v", err)
	}
}

func BenchmarkTenThousand(b *testing.B) {
	for _, format := range formats() {
		f := many(format, 10_000)
		text := written(b, format, f)
		b.Run("write/"+string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				written(b, format, f)
			}
		})
		b.Run("check/"+string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bankfile.Check(format, text)
			}
		})
	}
}
