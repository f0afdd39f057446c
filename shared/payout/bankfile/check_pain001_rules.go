package bankfile

// pain001Rules are the rules that CheckPain001 holds a file to, each of which stands alone: what breaks one breaks no other.
func pain001Rules() []Rule {
	return []Rule{
		{"xml", "The file is well-formed XML in UTF-8 with one root, without document types, entities of its own and processing instructions."},
		{"namespace", "The root is Document in urn:iso:std:iso:20022:tech:xsd:pain.001.001.09, and all elements are in that namespace."},
		{"unknown", "Every element is one that the definition has at its place."},
		{"order", "Elements stand in the order of the definition."},
		{"missing", "Elements that must be there are."},
		{"repeated", "No element stands more often than the definition lets it."},
		{"choice", "Of a choice there is exactly one."},
		{"attribute", "InstdAmt has the attribute Ccy; nothing else has attributes."},
		{"mixed", "Elements that hold elements hold no text, and those that hold text no elements."},
		{"length", "A text has at least one character, and at most as many as its type."},
		{"characters", "Texts are of a-z A-Z 0-9 / - ? : ( ) . , ' + and space."},
		{"identifier", "References and identifications neither begin nor end with a slash, and have no two in a row."},
		{"code", "Codes are those of their lists: payment method, charges, priority, true or false."},
		{"number", "A number of transactions has 1 to 15 digits; a control sum is a decimal number of at most 18 digits, 17 behind the point."},
		{"date", "Dates and times are of ISO 8601 and exist."},
		{"amount", "Amounts are above zero, with at most 18 digits, and no more behind the point than the currency has."},
		{"currency", "Currencies are active codes of ISO 4217."},
		{"country", "Countries are two capital letters."},
		{"iban", "An IBAN has its form, and is 1 modulo 97."},
		{"bic", "A BIC has its form: four letters or digits, a country, two and perhaps three more."},
		{"count", "Numbers of transactions are those of the transfers, of the file and of each payment information."},
		{"sum", "Control sums are the exact sums of the amounts, of the file and of each payment information."},
		{"end_to_end", "No two transfers have the same EndToEndId."},
		{"payment_information", "No two payment informations have the same PmtInfId."},
		{"sepa", "What has the service level SEPA is in EUR, at most 999999999.99, between IBANs, with charges SLEV and names of at most 70 characters."},
		{"address", "An address has a town and a country, and at most two lines besides."},
	}
}

// pain001Definition is the part of pain.001.001.09 that payments of salaries and commissions use, by the message definition at
// https://www.iso20022.org/iso-20022-message-definitions. A line is a type of it: its elements in order, each with its type and how
// often it may stand: once, or ? at most once, + at least once, * any number of times, *n at most n times. A type that begins with | is
// a choice. What is not here is not in the files of payouts, and is refused as unknown.
const pain001Definition = `
Document CstmrCdtTrfInitn:Initiation
Initiation GrpHdr:GroupHeader PmtInf:PaymentInstruction+
GroupHeader MsgId:Identifier35 CreDtTm:DateTime NbOfTxs:Count CtrlSum:Sum? InitgPty:Party FwdgAgt:Agent?
PaymentInstruction PmtInfId:Identifier35 PmtMtd:Method BtchBookg:Boolean? NbOfTxs:Count? CtrlSum:Sum? PmtTpInf:PaymentType? ReqdExctnDt:DateChoice PoolgAdjstmntDt:Date? Dbtr:Party DbtrAcct:Account DbtrAgt:Agent DbtrAgtAcct:Account? InstrForDbtrAgt:Text140? UltmtDbtr:Party? ChrgBr:Charges? ChrgsAcct:Account? ChrgsAcctAgt:Agent? CdtTrfTxInf:Transfer+
PaymentType InstrPrty:Priority? SvcLvl:CodeChoice* LclInstrm:InstrumentChoice? CtgyPurp:CodeChoice?
CodeChoice | Cd:Text4 Prtry:Text35
InstrumentChoice | Cd:Text35 Prtry:Text35
DateChoice | Dt:Date DtTm:DateTime
Transfer PmtId:PaymentIdentification PmtTpInf:PaymentType? Amt:AmountChoice ChrgBr:Charges? UltmtDbtr:Party? CdtrAgt:Agent? CdtrAgtAcct:Account? Cdtr:Party? CdtrAcct:Account? UltmtCdtr:Party? Purp:CodeChoice? RmtInf:Remittance?
PaymentIdentification InstrId:Identifier35? EndToEndId:Identifier35
AmountChoice | InstdAmt:Amount
Party Nm:Text140? PstlAdr:Address? CtryOfRes:Country?
Address Dept:Text70? SubDept:Text70? StrtNm:Text70? BldgNb:Text16? BldgNm:Text35? Flr:Text70? PstBx:Text16? Room:Text70? PstCd:Text16? TwnNm:Text35? TwnLctnNm:Text35? DstrctNm:Text35? CtrySubDvsn:Text35? Ctry:Country? AdrLine:Text70*7
Account Id:AccountChoice Tp:CodeChoice? Ccy:Currency? Nm:Text70?
AccountChoice | IBAN:IBAN Othr:OtherAccount
OtherAccount Id:Identifier34 SchmeNm:CodeChoice? Issr:Text35?
Agent FinInstnId:Institution BrnchId:Branch?
Institution BICFI:BIC? ClrSysMmbId:Member? Nm:Text140? PstlAdr:Address? Othr:OtherInstitution?
Member ClrSysId:SystemChoice? MmbId:Identifier35
SystemChoice | Cd:Text5 Prtry:Text35
OtherInstitution Id:Identifier35 SchmeNm:CodeChoice? Issr:Text35?
Branch Id:Identifier35? Nm:Text140? PstlAdr:Address?
Remittance Ustrd:Text140*
`
