package bankfile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
)

// TestCleaning shows what banks read of a name, in pain.001 and, in capitals, in NACHA files.
func TestCleaning(t *testing.T) {
	for name, want := range map[string]string{
		"Jürgen Groß": "Jurgen Gross", "GROẞ": "GROSS", "Łódź": "Lodz", "Đặng Thị Ngọc": "Dang Thi Ngoc", "Ólafur Þór": "Olafur THor", "Æsir œuvre": "AEsir oeuvre", "İbrahim Şahin": "Ibrahim Sahin",
		"e\u0301a\u0308": "ea", "Γιώργος Ψ": "Giorgos PS", "Дмитрий": "Dmitriy", "Їжак Ґ": "Izhak G", "Ђорђе Љ": "Dorde LJ", "ＡＢｃ１": "ABc1", "Ǆ ǅ ŉ": "DZ Dz 'n",
		"A & B": "A + B", "a_b~c;d": "a-b-c,d", "[a]{b}\\c|d": "(a)(b)/c/d", "`a\"": "'a'", "O’Neil – “x”…": "O'Neil - 'x'...", "a!b#c$d%e*f<g=h>i@j^k": "a.b.c.d.e.f.g.h.i.j.k",
		"  a \t\r\n  b\u00a0\u3000c ": "a b c", "//a///b//": "a/b", "/ a /": "a", "a\u200bb\ufeffc\u00add": "abcd", "\u202eabc": "abc", "王A小": ".A.", "👩‍👧A": "..A", "\xff\xfeA": "..A", "×A÷": ".A.",
		"a\x00b\x7fc": "a b c", "A=1": "A.1", "€5": "E5",
	} {
		f := small(payout.Pain001)
		f.Payments = f.Payments[:1]
		f.Payments[0].Name = name
		text := string(written(t, payout.Pain001, f))
		if got := regexp.MustCompile(`<Cdtr>\s*<Nm>(.*)</Nm>`).FindStringSubmatch(text)[1]; got != want {
			t.Errorf("%q is written %q, want %q", name, got, want)
		}
		f = small(payout.NACHA)
		f.Payments = f.Payments[:1]
		f.Payments[0].Name = name
		line := strings.Split(string(written(t, payout.NACHA, f)), "\n")[2]
		if got := strings.TrimRight(line[54:76], " "); got != strings.TrimRight(strings.ToUpper(want)[:min(22, len(want))], " ") {
			t.Errorf("%q is written %q in NACHA", name, got)
		}
	}
}

// TestLengths: what is too long is cut, and ends neither with a blank nor with a slash.
func TestLengths(t *testing.T) {
	f := small(payout.Pain001)
	f.ID, f.MessageID = strings.Repeat("i", 50), strings.Repeat("m", 34)+"/mm"
	f.Payments = f.Payments[:1]
	f.Payments[0].Name, f.Payments[0].Reference = strings.Repeat("n", 69)+" n", strings.Repeat("ß", 90)
	text := string(written(t, payout.Pain001, f))
	for _, want := range []string{"<MsgId>" + strings.Repeat("m", 34) + "<", "<PmtInfId>" + strings.Repeat("i", 33) + "-1<", "<Nm>" + strings.Repeat("n", 69) + "<", "<Ustrd>" + strings.Repeat("s", 140) + "<"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if found := bankfile.CheckPain001([]byte(text)); found != nil {
		t.Error(found)
	}
}

// TestAddress: postal code and town come out of the last line.
func TestAddress(t *testing.T) {
	for _, c := range []struct {
		lines []string
		land  string
		want  string
	}{
		{[]string{"10115 Berlin"}, "DE", "<PstCd>10115</PstCd><TwnNm>Berlin</TwnNm><Ctry>DE</Ctry>"},
		{[]string{"1 High St", "SW1A 1AA London"}, "GB", "<PstCd>SW1A 1AA</PstCd><TwnNm>London</TwnNm><Ctry>GB</Ctry><AdrLine>1 High St</AdrLine>"},
		{[]string{"London, SW1A 1AA"}, "GB", "<PstCd>SW1A 1AA</PstCd><TwnNm>London</TwnNm><Ctry>GB</Ctry>"},
		{[]string{"a", "b", "c", "New York NY 10001", " "}, "US", "<PstCd>10001</PstCd><TwnNm>New York NY</TwnNm><Ctry>US</Ctry><AdrLine>a</AdrLine><AdrLine>b</AdrLine>"},
		{[]string{"Dublin"}, "IE", "<TwnNm>Dublin</TwnNm><Ctry>IE</Ctry>"}, {[]string{"12345"}, "", "<TwnNm>12345</TwnNm><Ctry>DE</Ctry>"},
		{[]string{"123456789012345678 Town"}, "DE", "<TwnNm>123456789012345678 Town</TwnNm><Ctry>DE</Ctry>"}, {nil, "DE", ""}, {[]string{" / "}, "DE", ""},
	} {
		f := small(payout.Pain001)
		f.Payer.Address, f.Payer.Country = c.lines, c.land
		text := string(written(t, payout.Pain001, f))
		got := ""
		if m := regexp.MustCompile(`(?s)<PstlAdr>(.*?)</PstlAdr>`).FindStringSubmatch(text); m != nil {
			got = regexp.MustCompile(`\n *`).ReplaceAllString(m[1], "")
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.lines, got, c.want)
		}
		if found := bankfile.CheckPain001([]byte(text)); found != nil {
			t.Errorf("%q: %v", c.lines, found)
		}
	}
	f := small(payout.Pain001)
	f.Payer.Country, f.Payer.Bank.Country = "", ""
	if strings.Contains(string(written(t, payout.Pain001, f)), "PstlAdr") {
		t.Error("an address without a country is told")
	}
}

// TestGroups: what is beyond SEPA is not told as SEPA.
func TestGroups(t *testing.T) {
	for name, change := range map[string]func(*bankfile.File){
		"currency": func(f *bankfile.File) { f.Currency = "CHF" },
		"amount":   func(f *bankfile.File) { f.Payments[0].Amount = 100_000_000_000 },
		"payee":    func(f *bankfile.File) { f.Payments[0].Bank.IBAN = "SA0380000000608010167519" },
		"payer":    func(f *bankfile.File) { f.Payer.Bank.IBAN = "SA0380000000608010167519" },
		"none":     func(*bankfile.File) {},
	} {
		f := small(payout.Pain001)
		f.Payments = f.Payments[:1]
		change(&f)
		text := string(written(t, payout.Pain001, f))
		if sepa := strings.Contains(text, "<Cd>SEPA</Cd>") && strings.Contains(text, "SLEV"); sepa != (name == "none") || sepa == strings.Contains(text, "SHAR") {
			t.Errorf("%s: SEPA %v:\n%s", name, sepa, text)
		}
	}
}

// TestNACHAsOwnWords: the modifier and the description are the payer's to choose.
func TestNACHAsOwnWords(t *testing.T) {
	f := small(payout.NACHA)
	f.Modifier, f.Description, f.Payer.OriginID = '7', "Bonus für Q4", "123456789"
	lines := strings.Split(string(written(t, payout.NACHA, f)), "\n")
	if lines[0][33] != '7' || lines[0][13:23] != " 123456789" || lines[1][40:50] != "123456789 " || lines[1][53:63] != "BONUS FUR " {
		t.Errorf("%q", lines[:2])
	}
	if found := bankfile.CheckNACHA([]byte(strings.Join(lines, "\n"))); found != nil {
		t.Error(found)
	}
}

// TestChecksStandApart: they use nothing that the writers declare, else one mistake would be in both.
func TestChecksStandApart(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	checks, declared := map[string]*ast.File{}, map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		switch {
		case err != nil:
			t.Fatal(err)
		case strings.HasSuffix(name, "_test.go"):
		case strings.HasPrefix(name, "check"):
			checks[name] = file
		default:
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
					declared[f.Name.Name] = name
				}
			}
		}
	}
	if len(checks) < 6 || declared["Pain001"] == "" {
		t.Fatalf("%d checks, %v", len(checks), declared)
	}
	for name, file := range checks {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.Ident); ok && declared[f.Name] != "" {
					t.Errorf("%s calls %s of %s", name, f.Name, declared[f.Name])
				}
			}
			return true
		})
	}
}
