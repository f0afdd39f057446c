package bankfile

// nachaRules are the rules that CheckNACHA holds a file to. Records come first (length, characters, order, blocks): where they are wrong
// nothing else is looked at.
func nachaRules() []Rule {
	return []Rule{
		{"length", "Every line has 94 characters."},
		{"characters", "All characters are printable ASCII."},
		{"order", "A file header (1), batches of a header (5), entries (6) and a control (8), a file control (9), and then only lines of nines."},
		{"blocks", "The number of lines is a multiple of ten, with no more than nine lines of nines."},
		{"constant", "Priority code, record size, blocking factor, format code and originator status code have their values."},
		{"numeric", "Numeric fields are digits alone."},
		{"reserved", "Fields that are reserved are blank."},
		{"date", "Dates are YYMMDD and the time is HHMM, and they exist."},
		{"modifier", "The file id modifier is a capital letter or a digit."},
		{"origin", "The immediate origin is there, at the right of its field."},
		{"routing", "Routing numbers have nine digits with the right check digit."},
		{"service_class", "The service class is 220, credits only, in a batch's header and in its control."},
		{"entry_class", "The standard entry class is PPD."},
		{"company", "A batch has the name and the identification of a company, and its control the same identification."},
		{"description", "A batch has an entry description."},
		{"odfi", "A batch's control has the originating bank of its header, and trace numbers begin with it."},
		{"batch_number", "Batch numbers ascend, and a batch's control has that of its header."},
		{"transaction_code", "Entries are credits: 22 to a checking account, 32 to a savings account."},
		{"account", "Entries have an account number, from the left of its field."},
		{"amount", "Amounts are above zero."},
		{"name", "Entries have a name, from the left of its field."},
		{"addenda", "Entries say that no addenda follow."},
		{"trace", "Trace numbers ascend within a batch."},
		{"batch_count", "A batch's control counts its entries."},
		{"batch_hash", "A batch's entry hash is the last ten digits of the sum of its entries' banks."},
		{"batch_total", "A batch's control has no debits, and the sum of the amounts as credits."},
		{"file_batches", "The file control counts the batches."},
		{"file_blocks", "The file control counts the blocks of ten lines."},
		{"file_count", "The file control counts the entries."},
		{"file_hash", "The file's entry hash is the last ten digits of the sum of all entries' banks."},
		{"file_total", "The file control has no debits, and the sum of all amounts as credits."},
	}
}

// nachaLayout is the record layout: of each type of record its fields by their columns, and what they hold: N digits, B blanks, D a day,
// T a time or blanks, A anything that its own rule looks at, =x the value x. Sources: the Nacha Operating Rules as banks publish
// them, e.g. https://docs.infor.com/ifsm/2024.x/en-us/ifsmolh/ifsmpayug/pnj1491406968205.html.
const nachaLayout = `
1 1-1:=1 2-3:=01 4-13:A 14-23:A 24-29:D 30-33:T 34-34:A 35-37:=094 38-39:=10 40-40:=1 41-63:A 64-86:A 87-94:A
5 1-1:=5 2-4:A 5-20:A 21-40:A 41-50:A 51-53:A 54-63:A 64-69:A 70-75:D 76-78:B 79-79:=1 80-87:N 88-94:N
6 1-1:=6 2-3:A 4-12:N 13-29:A 30-39:N 40-54:A 55-76:A 77-78:A 79-79:A 80-94:N
8 1-1:=8 2-4:A 5-10:N 11-20:N 21-32:N 33-44:N 45-54:A 55-73:A 74-79:B 80-87:N 88-94:N
9 1-1:=9 2-7:N 8-13:N 14-21:N 22-31:N 32-43:N 44-55:N 56-94:B
`
