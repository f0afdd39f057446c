package bankfile

import (
	"bytes"
	"strconv"
	"strings"

	"leadline/shared/money"
	"leadline/shared/payee"
	"leadline/shared/payout"
)

// Pain001 writes a CustomerCreditTransferInitiationV09, in the part of the message that every bank knows: the group header, and one
// payment information for the transfers within SEPA (service level SEPA, each side bears its own charges: SLEV) and one for the
// others (charges shared: SHAR), if there are any. The message definition is published at
// https://www.iso20022.org/iso-20022-message-definitions (pain.001.001.09), the SEPA usage as EPC132-08 at
// https://www.europeanpaymentscouncil.eu/document-library/implementation-guidelines.
//
// Within SEPA is what is paid in EUR, up to 999,999,999.99, from an IBAN of a SEPA country to another. Names are cut to 70
// characters and references to 140, as SEPA does. Every text has the characters of latin alone. An account without IBAN is told by its
// number without separators, its bank by its clearing code. The control sums are exact. The payer's address, of which the last line has the town, is told
// in the hybrid form, the only one besides the structured that banks take from 2026-11-15 on (EPC guidance document on addresses,
// https://www.europeanpaymentscouncil.eu/node/23566): postal code, town and country, with up to two lines before. Without a town or a
// country no address is told.
func Pain001(f File) ([]byte, error) {
	f, sum, err := checked(payout.Pain001, f)
	if err != nil {
		return nil, err
	}
	places, _ := money.Digits(f.Currency)
	var groups [2]group
	groups[0].sepa = true
	for _, p := range f.Payments {
		g := &groups[1]
		if f.Currency == "EUR" && sepaIBAN(f.Payer.Bank) && sepaIBAN(p.Bank) && p.Amount <= 999_999_999_99 {
			g = &groups[0]
		}
		g.payments = append(g.payments, p)
		g.sum += p.Amount
	}
	w := &markup{places: places, currency: f.Currency}
	w.Grow(2000 + 800*len(f.Payments))
	w.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">`)
	w.open("CstmrCdtTrfInitn")
	w.open("GrpHdr")
	w.text("MsgId", identifier(f.MessageID, 35))
	w.text("CreDtTm", f.CreatedAt.UTC().Format("2006-01-02T15:04:05Z"))
	w.text("NbOfTxs", strconv.Itoa(len(f.Payments)))
	w.text("CtrlSum", decimal(sum, places))
	w.open("InitgPty")
	w.text("Nm", latin(f.Payer.Name, 70))
	w.close("InitgPty")
	w.close("GrpHdr")
	number := 0
	for _, g := range groups {
		if len(g.payments) > 0 {
			number++
			w.group(f, g, number)
		}
	}
	w.close("CstmrCdtTrfInitn")
	w.WriteString("\n</Document>\n")
	return w.Bytes(), nil
}

// group is payments that a bank is told of together.
type group struct {
	sepa     bool
	payments []Payment
	sum      int64
}

// markup writes elements. Texts have no characters that XML gives a meaning, since they were cleaned.
type markup struct {
	bytes.Buffer
	depth    int
	places   int
	currency string
}

func (w *markup) line() {
	w.WriteByte('\n')
	for range w.depth + 1 {
		w.WriteByte(' ')
	}
}

func (w *markup) open(name string) {
	w.line()
	w.WriteString("<" + name + ">")
	w.depth++
}

func (w *markup) close(name string) {
	w.depth--
	w.line()
	w.WriteString("</" + name + ">")
}

// text writes an element that holds a text, and nothing where there is none.
func (w *markup) text(name, text string) {
	if text == "" {
		return
	}
	w.line()
	w.WriteString("<" + name + ">" + text + "</" + name + ">")
}

func (w *markup) group(f File, g group, number int) {
	w.open("PmtInf")
	w.text("PmtInfId", identifier(identifier(f.ID, 33)+"-"+strconv.Itoa(number), 35))
	w.text("PmtMtd", "TRF")
	w.text("BtchBookg", "true")
	w.text("NbOfTxs", strconv.Itoa(len(g.payments)))
	w.text("CtrlSum", decimal(g.sum, w.places))
	charges := "SHAR"
	if g.sepa {
		charges = "SLEV"
		w.open("PmtTpInf")
		w.open("SvcLvl")
		w.text("Cd", "SEPA")
		w.close("SvcLvl")
		w.close("PmtTpInf")
	}
	w.open("ReqdExctnDt")
	w.text("Dt", string(f.PayOn))
	w.close("ReqdExctnDt")
	w.open("Dbtr")
	w.text("Nm", latin(f.Payer.Name, 70))
	w.address(f.Payer)
	w.close("Dbtr")
	w.account("DbtrAcct", f.Payer.Bank)
	w.agent("DbtrAgt", f.Payer.Bank, g.sepa)
	w.text("ChrgBr", charges)
	for _, p := range g.payments {
		w.transfer(p, g.sepa)
	}
	w.close("PmtInf")
}

func (w *markup) transfer(p Payment, sepa bool) {
	w.open("CdtTrfTxInf")
	w.open("PmtId")
	w.text("EndToEndId", p.EndToEnd)
	w.close("PmtId")
	w.open("Amt")
	w.line()
	w.WriteString(`<InstdAmt Ccy="` + w.currency + `">` + decimal(p.Amount, w.places) + "</InstdAmt>")
	w.close("Amt")
	w.agent("CdtrAgt", p.Bank, sepa)
	w.open("Cdtr")
	w.text("Nm", latin(p.Name, 70))
	if !sepa { // the SEPA guidelines leave out where somebody lives
		w.text("CtryOfRes", p.Country)
	}
	w.close("Cdtr")
	w.account("CdtrAcct", p.Bank)
	if reference := latin(p.Reference, 140); reference != "" {
		w.open("RmtInf")
		w.text("Ustrd", reference)
		w.close("RmtInf")
	}
	w.close("CdtTrfTxInf")
}

func (w *markup) account(name string, b payee.Bank) {
	w.open(name)
	w.open("Id")
	if b.IBAN != "" {
		w.text("IBAN", strings.ToUpper(bare(b.IBAN)))
	} else {
		w.open("Othr")
		w.text("Id", bare(b.Account))
		w.close("Othr")
	}
	w.close("Id")
	w.close(name)
}

// agent writes the bank of an account. Nothing is written of a payee's that the IBAN tells alone; the payer's has to be there.
func (w *markup) agent(name string, b payee.Bank, sepa bool) {
	code := strings.ToUpper(bare(b.Code))
	if b.IBAN != "" || sepa {
		code = ""
	}
	if b.BIC == "" && code == "" && name != "DbtrAgt" {
		return
	}
	w.open(name)
	w.open("FinInstnId")
	w.text("BICFI", strings.ToUpper(bare(b.BIC)))
	switch system := clearing(b.Country); {
	case code != "":
		w.open("ClrSysMmbId")
		if system != "" {
			w.open("ClrSysId")
			w.text("Cd", system)
			w.close("ClrSysId")
		}
		w.text("MmbId", code)
		w.close("ClrSysMmbId")
	case b.BIC == "":
		w.open("Othr")
		w.text("Id", "NOTPROVIDED") // what the SEPA guidelines say where only the IBAN is known
		w.close("Othr")
	}
	w.close("FinInstnId")
	w.close(name)
}

// clearing gives the code of a country's clearing system (ISO 20022 external code set, ExternalClearingSystemIdentification1Code,
// https://www.iso20022.org/catalogue-messages/additional-content-messages/external-code-sets), as far as we know it.
func clearing(country string) string {
	switch country {
	case "US":
		return "USABA"
	case "GB":
		return "GBDSC"
	case "IN":
		return "INFSC"
	case "AU":
		return "AUBSB"
	case "CA":
		return "CACPA"
	case "NZ":
		return "NZNCC"
	case "ZA":
		return "ZANCC"
	case "HK":
		return "HKNCB"
	case "JP":
		return "JPZGN"
	case "CN":
		return "CNAPS"
	}
	return ""
}

// sepaIBAN tells whether an account is within SEPA: the countries and territories of the EPC's list of SEPA scheme
// countries (EPC409-09), by the first letters of the IBAN.
func sepaIBAN(b payee.Bank) bool {
	const countries = " AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA "
	code := strings.ToUpper(bare(b.IBAN))
	return len(code) > 2 && strings.Contains(countries, " "+code[:2]+" ")
}

// address writes a party's address in the hybrid form, or nothing.
func (w *markup) address(p Party) {
	land := p.Country
	if land == "" && country(p.Bank.Country) {
		land = p.Bank.Country
	}
	var lines []string
	for _, l := range p.Address {
		if l = latin(l, 70); l != "" {
			lines = append(lines, l)
		}
	}
	if land == "" || len(lines) == 0 {
		return
	}
	code, town := splitTown(lines[len(lines)-1])
	w.open("PstlAdr")
	w.text("PstCd", code)
	w.text("TwnNm", town)
	w.text("Ctry", land)
	for _, l := range lines[:min(len(lines)-1, 2)] {
		w.text("AdrLine", l)
	}
	w.close("PstlAdr")
}

// splitTown tells the postal code from the town: the words with digits at the beginning of a line, or else at its end.
func splitTown(line string) (code, town string) {
	words := strings.Fields(line)
	from, to := 0, len(words)
	for from < to && strings.ContainsAny(words[from], digits) {
		from++
	}
	if from == 0 {
		for to > 0 && strings.ContainsAny(words[to-1], digits) {
			to--
		}
	}
	town = cut(strings.Trim(strings.Join(words[from:to], " "), " ,"), 35)
	code = strings.Trim(strings.Join(append(words[:from:from], words[to:]...), " "), " ,")
	if town == "" || len(code) > 16 {
		return "", cut(line, 35)
	}
	return code, town
}
