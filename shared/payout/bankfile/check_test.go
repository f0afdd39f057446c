package bankfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
)

// wrong is a file with one thing wrong: of the small file of a format, old is replaced, once.
type wrong struct{ rule, old, new string }

// refuses changes the sound file as each says, and expects findings of that rule alone; each rule has to be broken by one.
func refuses(t *testing.T, format payout.Format, sound string, cases []wrong) {
	t.Helper()
	if found := bankfile.Check(format, []byte(sound)); found != nil {
		t.Fatalf("the sound file is refused: %v", found)
	}
	broken := map[string]bool{}
	for i, c := range cases {
		text := strings.Replace(sound, c.old, c.new, 1)
		if text == sound {
			t.Errorf("case %d of %s changes nothing: %q", i, c.rule, c.old)
			continue
		}
		found := bankfile.Check(format, []byte(text))
		if len(found) == 0 {
			t.Errorf("case %d of %s is not refused: %q for %q", i, c.rule, c.new, c.old)
		}
		for _, f := range found {
			if f.Rule != c.rule || f.Place == "" || f.Detail == "" {
				t.Errorf("case %d of %s: %+v", i, c.rule, f)
			}
		}
		broken[c.rule] = true
	}
	for _, r := range bankfile.Rules(format) {
		if !broken[r.Name] || r.Says == "" {
			t.Errorf("no file breaks the rule %s: %s", r.Name, r.Says)
		}
		delete(broken, r.Name)
	}
	for name := range broken {
		t.Errorf("the rule %s is not listed", name)
	}
}

func sound(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPain001IsRefused(t *testing.T) {
	text := sound(t, "small.xml")
	long := strings.Repeat("x", 200)
	iban := func(number string) string {
		return "<CdtrAcct>\n     <Id>\n      <IBAN>" + number + "</IBAN>\n     </Id>"
	}
	refuses(t, payout.Pain001, text, []wrong{
		{"xml", "</Document>", ""}, {"xml", "</Document>", "</Document><Document/>"}, {"xml", "<Document", "<!DOCTYPE Document><Document"}, {"xml", "Asha", "Ash\xe1"},
		{"xml", "Asha", "&name;"}, {"xml", "<GrpHdr>", "<?go?><GrpHdr>"}, {"xml", "</Document>", "</Document>text"}, {"xml", text, ""}, {"xml", "UTF-8", "UTF-16"}, {"xml", "</GrpHdr>", "</grphdr>"},
		{"namespace", "001.001.09", "001.001.03"}, {"namespace", "<GrpHdr>", `<GrpHdr xmlns="urn:other">`}, {"namespace", text, "<html></html>"},
		{"unknown", "<GrpHdr>", "<GrpHdr><Grpg>MIXD</Grpg>"}, {"unknown", "<GrpHdr>", "<GrpHdr><a><b><c/></b>x</a>"}, {"unknown", "<BICFI>COBADEFF</BICFI>", "<BIC>COBADEFF</BIC>"},
		{"unknown", "<PmtId>", "<PmtId><Amt/>"}, {"unknown", "</CstmrCdtTrfInitn>", "<SplmtryData/></CstmrCdtTrfInitn>"},
		{"order", "<NbOfTxs>4</NbOfTxs>\n   <CtrlSum>100000001235.20</CtrlSum>", "<CtrlSum>100000001235.20</CtrlSum><NbOfTxs>4</NbOfTxs>"},
		{"order", "<PmtMtd>TRF</PmtMtd>\n   <BtchBookg>true</BtchBookg>", "<BtchBookg>true</BtchBookg><PmtMtd>TRF</PmtMtd>"},
		{"missing", "<MsgId>pay-0a1b2c3d4e5f</MsgId>", ""}, {"missing", "<EndToEndId>E1</EndToEndId>", ""}, {"missing", text, `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>`},
		{"missing", "<NbOfTxs>4</NbOfTxs>", ""}, {"missing", "<PmtMtd>TRF</PmtMtd>", ""},
		{"repeated", "<PmtMtd>TRF</PmtMtd>", "<PmtMtd>TRF</PmtMtd><PmtMtd>TRF</PmtMtd>"}, {"repeated", "<CtrlSum>100000001235.20</CtrlSum>", "<CtrlSum>100000001235.20</CtrlSum><CtrlSum>100000001235.20</CtrlSum>"},
		{"choice", "<Dt>2026-11-30</Dt>", ""}, {"choice", "<Dt>2026-11-30</Dt>", "<Dt>2026-11-30</Dt><DtTm>2026-11-30T00:00:00Z</DtTm>"}, {"choice", "<Cd>INFSC</Cd>", "<Cd>INFSC</Cd><Prtry>x</Prtry>"},
		{"choice", "<Dt>2026-11-30</Dt>", "<Dt>2026-11-30</Dt><Dt>2026-11-30</Dt>"},
		{"attribute", "<MsgId>", `<MsgId x="1">`}, {"attribute", ` Ccy="EUR"`, ""}, {"attribute", ` Ccy="EUR"`, ` Ccy="EUR" Rate="1"`}, {"attribute", "<GrpHdr>", `<GrpHdr Ccy="EUR">`},
		{"mixed", "<GrpHdr>", "<GrpHdr>text"}, {"mixed", "<Nm>Asha Rao</Nm>", "<Nm>Asha <b>Rao</b></Nm>"},
		{"length", "<Nm>Asha Rao</Nm>", "<Nm/>"}, {"length", "<Nm>Asha Rao</Nm>", "<Nm>" + long[:141] + "</Nm>"}, {"length", "<MsgId>", "<MsgId>" + long[:30]}, {"length", "Hinterhaus", long[:71]},
		{"length", "10115", long[:17]}, {"length", "00123456789", strings.Repeat("0", 35)},
		{"characters", "Asha", "Åsha"}, {"characters", "Asha", "Asha &amp;"}, {"characters", "Asha", "Asha_"}, {"characters", "<MsgId>", "<MsgId>@"}, {"characters", "Asha", "Asha\n"},
		{"identifier", "<MsgId>", "<MsgId>/"}, {"identifier", "E1</EndToEndId>", "E1/</EndToEndId>"}, {"identifier", "<PmtInfId>pay-", "<PmtInfId>pay//"},
		{"code", "<PmtMtd>TRF", "<PmtMtd>DD"}, {"code", "SHAR", "OUR"}, {"code", ">true<", ">yes<"}, {"code", "<PmtTpInf>", "<PmtTpInf><InstrPrty>LOW</InstrPrty>"},
		{"number", "<NbOfTxs>4<", "<NbOfTxs>4x<"}, {"number", "<NbOfTxs>4<", "<NbOfTxs>0000000000000004<"}, {"number", "100000001235.20", "1e3"}, {"number", "100000001235.20", "1000000000000000000"},
		{"number", "100000001235.20", "1235,20"}, {"number", "100000001235.20", "1.000000000000000001"},
		{"date", "2026-11-30", "2026-11-31"}, {"date", "2026-11-30", "30.11.2026"}, {"date", "2026-11-22T09:30:15Z", "2026-11-22"}, {"date", "2026-11-22T09:30:15Z", "2026-11-22T24:30:15Z"},
		{"amount", ">0.01<", ">0.010<"}, {"amount", ">0.01<", ">-0.01<"}, {"amount", ">0.01<", ">0,01<"}, {"amount", ">0.01<", "><"}, {"amount", ">0.01<", ">.<"},
		{"currency", `Ccy="EUR">99999999999.99`, `Ccy="EUX">99999999999.99`}, {"currency", `Ccy="EUR">99999999999.99`, `Ccy="eur">99999999999.99`},
		{"country", "<Ctry>DE", "<Ctry>de"}, {"country", "<CtryOfRes>IN", "<CtryOfRes>IND"},
		{"iban", iban("AT611904300234573201"), iban("AT611904300234573210")}, {"iban", iban("AT611904300234573201"), iban("AT61 1904300234573201")}, {"iban", iban("AT611904300234573201"), iban("X")},
		{"bic", "BNPAFRPP", "BNPAFRP"}, {"bic", "BNPAFRPP", "bnpafrpp"}, {"bic", "BNPAFRPP", "BNPA1RPP"},
		{"count", "<NbOfTxs>4<", "<NbOfTxs>5<"}, {"count", "<NbOfTxs>3<", "<NbOfTxs>2<"},
		{"sum", "100000001235.20", "100000001235.21"}, {"sum", "<CtrlSum>1235.21<", "<CtrlSum>1235.2<"}, {"sum", "<CtrlSum>1235.21<", "<CtrlSum>1235.21000000000001<"},
		{"end_to_end", "<EndToEndId>E3", "<EndToEndId>E1"}, {"payment_information", "4e5f-2<", "4e5f-1<"},
		{"sepa", "SLEV", "SHAR"}, {"sepa", `Ccy="EUR">0.01`, `Ccy="USD">0.01`}, {"sepa", "<Nm>Grossmann</Nm>", "<Nm>" + long[:71] + "</Nm>"},
		{"sepa", "<IBAN>AT611904300234573201</IBAN>", "<Othr><Id>1</Id></Othr>"},
		{"sepa", "<EndToEndId>E3</EndToEndId>\n    </PmtId>", "<EndToEndId>E3</EndToEndId></PmtId><PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>"},
		{"address", "<TwnNm>Berlin</TwnNm>", ""}, {"address", "<Ctry>DE</Ctry>", ""}, {"address", "<AdrLine>Hinterhaus</AdrLine>", "<AdrLine>a</AdrLine><AdrLine>b</AdrLine>"},
	})
}

// TestAmountOfZero changes the sums with it, so that nothing else is wrong.
func TestAmountOfZero(t *testing.T) {
	text := strings.NewReplacer(">0.01<", ">0.00<", "1235.21", "1235.20", "100000001235.20", "100000001235.19").Replace(sound(t, "small.xml"))
	if found := bankfile.CheckPain001([]byte(text)); len(found) != 1 || found[0].Rule != "amount" {
		t.Errorf("an amount of zero: %v", found)
	}
}

// TestPlaceOfAFinding names the transfer.
func TestPlaceOfAFinding(t *testing.T) {
	text := strings.Replace(sound(t, "small.xml"), "<Nm>Sokratis", "<Nm>Sökratis", 1)
	found := bankfile.CheckPain001([]byte(text))
	if want := "Document/CstmrCdtTrfInitn/PmtInf[1]/CdtTrfTxInf[3]/Cdtr/Nm"; len(found) != 1 || found[0].Place != want {
		t.Errorf("%v, want %s", found, want)
	}
}

// TestFindingsEnd: a file that is wrong all over is not told about for ever.
func TestFindingsEnd(t *testing.T) {
	text := written(t, payout.Pain001, many(payout.Pain001, 1000))
	if found := bankfile.CheckPain001(bytes.ReplaceAll(text, []byte("<Nm>"), []byte("<Nm>_"))); len(found) != 100 {
		t.Errorf("%d findings", len(found))
	}
}

func TestNACHAIsRefused(t *testing.T) {
	text := sound(t, "small.ach")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	nines := strings.Repeat("9", 94) + "\n"
	// at writes over the columns of a line from one on.
	at := func(rule string, line, column int, value string) wrong {
		l := lines[line-1]
		return wrong{rule, l, l[:column-1] + value + l[column-1+len(value):]}
	}
	entries := lines[2] + "\n" + lines[3]
	refuses(t, payout.NACHA, text, []wrong{
		{"length", lines[2], lines[2] + " "}, {"length", lines[2], lines[2][:93]}, {"length", text, ""}, {"length", text, text + "\n"},
		at("characters", 3, 55, "\t"), at("characters", 3, 55, "\x7f"), {"characters", "JOSE ", "JOSÉ"},
		{"order", lines[0] + "\n", ""}, {"order", lines[1] + "\n", ""}, {"order", entries + "\n", ""}, {"order", lines[4] + "\n", ""}, {"order", lines[5] + "\n" + strings.Repeat(nines, 4), ""}, at("order", 3, 1, "7"),
		{"order", lines[5], lines[5] + "\n" + lines[5]}, {"order", text, nines}, {"order", text, lines[0]},
		{"blocks", nines, ""}, {"blocks", nines, nines + nines}, {"blocks", text, text + strings.Repeat(nines, 10)},
		at("constant", 1, 2, "02"), at("constant", 1, 35, "080"), at("constant", 1, 38, "20"), at("constant", 1, 40, "2"), at("constant", 2, 79, "2"),
		at("numeric", 3, 30, "         1"), at("numeric", 3, 4, "A"), at("numeric", 5, 21, " "), at("numeric", 2, 94, "x"), at("numeric", 6, 2, " "), at("numeric", 3, 94, "-"),
		at("reserved", 6, 56, "0"), at("reserved", 5, 74, "1"), at("reserved", 2, 76, "334"),
		at("date", 1, 24, "261322"), at("date", 1, 30, "2460"), at("date", 2, 70, "261131"), at("date", 2, 70, "      "),
		at("modifier", 1, 34, " "), at("modifier", 1, 34, "a"), at("origin", 1, 14, "          "), at("origin", 1, 23, " "),
		at("routing", 1, 13, "8"), at("routing", 1, 4, "0"), at("routing", 3, 12, "0"),
		at("service_class", 2, 2, "200"), at("service_class", 5, 2, "225"), at("entry_class", 2, 51, "CCD"),
		at("company", 2, 5, strings.Repeat(" ", 16)), at("company", 5, 45, "X"), at("description", 2, 54, strings.Repeat(" ", 10)),
		at("odfi", 5, 80, "09100002"), at("odfi", 3, 80, "09100002"), at("batch_number", 5, 94, "2"),
		at("transaction_code", 3, 2, "27"), at("transaction_code", 4, 2, "23"), at("account", 3, 13, strings.Repeat(" ", 17)), at("account", 3, 13, " 1"),
		{"name", "ANN O'NEIL", strings.Repeat(" ", 10)}, at("addenda", 3, 79, "1"),
		at("trace", 3, 94, "2"), at("trace", 3, 94, "9"),
		at("batch_count", 5, 10, "3"), at("batch_hash", 5, 20, "1"), at("batch_total", 5, 44, "1"), at("batch_total", 5, 32, "1"),
		at("file_batches", 6, 7, "2"), at("file_blocks", 6, 13, "2"), at("file_count", 6, 21, "3"), at("file_hash", 6, 31, "1"), at("file_total", 6, 55, "1"), at("file_total", 6, 43, "1"),
		{"amount", strings.Join(lines[2:6], "\n"), strings.Join([]string{
			lines[2][:29] + "0000000000" + lines[2][39:], lines[3], lines[4][:32] + "009999999999" + lines[4][44:], lines[5][:43] + "009999999999" + lines[5][55:]}, "\n")},
	})
}

// TestNACHAOfSeveralBatches: such files are sound, though ours have one.
func TestNACHAOfSeveralBatches(t *testing.T) {
	lines := strings.Split(sound(t, "small.ach"), "\n")
	second := func(line string) string { return line[:93] + "2" }
	nines := lines[6]
	all := append([]string{}, lines[:5]...)
	all = append(all, second(lines[1]), lines[2], lines[3], second(lines[4]))
	all = append(all, "9"+"000002"+"000001"+"00000004"+"0022400006"+"000000000000"+"020000000000"+strings.Repeat(" ", 39))
	if found := bankfile.CheckNACHA([]byte(strings.Join(all, "\r\n") + "\r\n")); found != nil {
		t.Error(found)
	}
	all[5], all[8] = lines[1], lines[4]
	if found := bankfile.CheckNACHA([]byte(strings.Join(all, "\n"))); len(found) != 1 || found[0].Rule != "batch_number" {
		t.Error(found)
	}
	if found := bankfile.CheckNACHA([]byte(strings.Join(append(all, nines), "\n"))); len(found) != 1 || found[0].Rule != "blocks" {
		t.Error(found)
	}
}

func TestCSVIsRefused(t *testing.T) {
	text := sound(t, "small.csv")
	head, rest, _ := strings.Cut(text, "\r\n")
	refuses(t, payout.CSV, text, []wrong{
		{"table", "\r\n", "\n"}, {"table", "Asha", "Ash\xe1"}, {"table", "Asha", "As\"ha"}, {"table", "Asha", "Asha,"}, {"table", text, strings.TrimSuffix(text, "\r\n")}, {"table", text, ""},
		{"head", rest, ""}, {"head", head, strings.Replace(head, "bic", "swift", 1)}, {"batch", "pay_0a1b2c3d4e5f,E3", "pay_0a1b2c3d4e5g,E3"}, {"batch", "pay_0a1b2c3d4e5f,E3", ",E3"},
		{"payment", ",E2,", ",E1,"}, {"payment", ",E2,", ",E 2,"}, {"payment", ",E2,", ",,"}, {"payment", ",E2,", "," + strings.Repeat("E", 36) + ","},
		{"date", "2026-11-30", "2026-11-31"}, {"date", "E2,2026-11-30", "E2,2026-11-29"}, {"name", "Asha Rao", ""}, {"account", "0012-3456 789", ""},
		{"currency", "0.70,EUR", "0.70,USD"}, {"currency", "0.70,EUR", "0.70,EUX"}, {"amount", ",0.70", ",0.00"}, {"amount", ",0.70", ",0.7"}, {"amount", ",0.70", ",70"}, {"amount", ",0.70", ",.70"},
		{"amount", ",0.70", ",1e2"}, {"formula", "'=SUM", "=SUM"}, {"formula", "Asha", "@Asha"}, {"formula", "Asha", "＝Asha"}, {"formula", "Asha", "-1"}, {"control", "Asha", "Asha\a"}, {"control", "Asha Rao", "\"Asha\r\nRao\""},
	})
}

// TestMedia: every format has an ending of its own, by which the golden files are named.
func TestMedia(t *testing.T) {
	for _, format := range formats() {
		extension, media := bankfile.Media(format)
		if found := bankfile.Check(format, []byte(sound(t, "small."+extension))); found != nil || !strings.Contains(media, "/") {
			t.Errorf("%s: %s, %s, %v", format, extension, media, found)
		}
	}
}

func TestNoSuchFormat(t *testing.T) {
	if extension, media := bankfile.Media("x"); extension+media != "" {
		t.Error("files of format x have a media type")
	}
	if bankfile.Check("x", nil) == nil || bankfile.Rules("x") != nil {
		t.Error("there is a format x")
	}
}

func FuzzChecks(f *testing.F) {
	for _, name := range []string{"small.xml", "small.ach", "small.csv"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)/2])
		f.Add(bytes.ReplaceAll(text, []byte("1"), []byte("é")))
	}
	for _, text := range []string{"", "\n", "9", "<", "<a/>", "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'><CstmrCdtTrfInitn><PmtInf/></CstmrCdtTrfInitn></Document>",
		"<Document><CstmrCdtTrfInitn><PmtInf><CdtTrfTxInf><Amt><InstdAmt>1</InstdAmt></Amt></CdtTrfTxInf><NbOfTxs>1</NbOfTxs></PmtInf></CstmrCdtTrfInitn></Document>", "<Document><CstmrCdtTrfInitn><GrpHdr><CtrlSum>1</CtrlSum>", "a,b\r\n\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, format := range formats() {
			if n := len(bankfile.Check(format, text)); n > 100 {
				t.Errorf("%s: %d findings", format, n)
			}
		}
	})
}
