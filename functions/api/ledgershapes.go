package main

import (
	"slices"
	"time"

	"leadline/shared/ledger"
	"leadline/shared/tax"
)

// LedgerBook is where a participant's accounts stand.
type LedgerBook struct {
	Participant string                `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Rows        int64                 `json:"rows" doc:"How many rows it has."`
	Accounts    []LedgerAccount       `json:"accounts" nullable:"false"`
	Years       map[string]LedgerYear `json:"years,omitempty" doc:"What counts for tax, by payer, tax year and rule. Shown to the participant and to admins."`
}

// LedgerAccount is an account with its balance.
type LedgerAccount struct {
	Kind    string `json:"kind" doc:"cost, owed, returned, benefit, taxed, tax, transit, paid or redeemed." example:"owed"`
	Unit    string `json:"unit" doc:"A currency, or \"points\"." example:"EUR"`
	Payer   string `json:"payer,omitempty" doc:"Who pays; absent for points, and where nobody was said to."`
	Seq     int64  `json:"seq" doc:"How many legs of rows it has."`
	Hash    string `json:"hash" doc:"The hash of the last one."`
	Balance int64  `json:"balance" doc:"In minor units, or millionths of points." example:"123450"`
	Text    string `json:"text" doc:"The balance for people." example:"1234.50 EUR"`
}

// LedgerHead is where an account stood when a root was made.
type LedgerHead struct {
	Participant string `json:"participant"`
	Kind        string `json:"kind"`
	Unit        string `json:"unit"`
	Payer       string `json:"payer,omitempty"`
	Seq         int64  `json:"seq"`
	Hash        string `json:"hash"`
	Balance     int64  `json:"balance"`
}

// LedgerRow is a posting: its legs sum to zero in each unit.
type LedgerRow struct {
	Organization string                `json:"organization"`
	Participant  string                `json:"participant"`
	Number       int64                 `json:"number" doc:"Of the participant's rows, from 1."`
	At           time.Time             `json:"at" doc:"When it was posted, to the nanosecond."`
	Date         string                `json:"date" example:"2026-11-30"`
	Cause        LedgerCause           `json:"cause"`
	Legs         []LedgerLeg           `json:"legs" nullable:"false"`
	Years        map[string]LedgerYear `json:"years,omitempty" doc:"What tax years came to with it."`
	Chain        []LedgerLink          `json:"chain" nullable:"false" doc:"The place of each leg in its account, in the order of the legs."`
}

// LedgerCause is why a row was posted.
type LedgerCause struct {
	Kind      string        `json:"kind" doc:"earning, limit, hold, prize, adjustment, manual, in_kind, collected, cancelled, released, bounced, awarded, redeemed or revoked." example:"adjustment"`
	ID        string        `json:"id" doc:"No two rows of a participant have the same."`
	Program   string        `json:"program,omitempty"`
	Period    string        `json:"period,omitempty" doc:"The one that it was earned in, or, of an adjustment, that changed."`
	In        string        `json:"in,omitempty" doc:"The period that it is paid with."`
	Component string        `json:"component,omitempty"`
	Record    *LedgerRecord `json:"record,omitempty" doc:"The record whose change brought it."`
	WasRev    int64         `json:"was_rev,omitempty" doc:"Its version before."`
	NowRev    int64         `json:"now_rev,omitempty" doc:"Its version after."`
	Code      string        `json:"code,omitempty" example:"record_changed"`
	Document  string        `json:"document,omitempty" doc:"The hash of what it was reckoned from."`
	Ref       string        `json:"ref,omitempty" doc:"What it belongs to: a batch of payments, an adjustment, a redemption."`
	By        string        `json:"by,omitempty" doc:"Who did it."`
}

// LedgerRecord names a record.
type LedgerRecord struct {
	Organization string `json:"organization"`
	Connection   string `json:"connection"`
	Object       string `json:"object"`
	ID           string `json:"id"`
}

// LedgerLeg is one side of a posting.
type LedgerLeg struct {
	Kind    string `json:"kind"`
	Unit    string `json:"unit"`
	Payer   string `json:"payer,omitempty"`
	Amount  int64  `json:"amount" doc:"A credit above zero, a debit below: in minor units, or millionths of points."`
	Covered bool   `json:"covered,omitempty" doc:"It was posted only because the account was not below zero afterwards."`
}

// LedgerLink is the place of a leg in its account.
type LedgerLink struct {
	Seq      int64  `json:"seq"`
	Previous string `json:"previous" doc:"The hash of the leg before in the account; empty for the first."`
	Hash     string `json:"hash"`
	Balance  int64  `json:"balance"`
}

// LedgerYear is what counts for tax in a year.
type LedgerYear struct {
	Base     int64  `json:"base"`
	Exempt   int64  `json:"exempt,omitempty"`
	Crossed  bool   `json:"crossed,omitempty"`
	Withheld int64  `json:"withheld,omitempty"`
	Assessed int64  `json:"assessed,omitempty"`
	Due      string `json:"due,omitempty"`
}

// LedgerRoot binds where all accounts stood at a time.
type LedgerRoot struct {
	Organization string    `json:"organization"`
	Number       int64     `json:"number" doc:"From 1."`
	Program      string    `json:"program" doc:"Whose period was locked."`
	Period       string    `json:"period"`
	Accounts     int       `json:"accounts" doc:"How many accounts it binds."`
	List         string    `json:"list" doc:"The hash of the list of where they stood."`
	Previous     string    `json:"previous" doc:"The hash of the root before; empty for the first."`
	Hash         string    `json:"hash" doc:"Note it elsewhere, and have it looked for later: then nobody can write everything anew."`
	At           time.Time `json:"at"`
}

func showBook(b ledger.Book) LedgerBook {
	out := LedgerBook{Participant: b.Participant, Rows: b.Rows, Accounts: []LedgerAccount{}, Years: showYears(b.Years)}
	for _, h := range b.HeadList() {
		out.Accounts = append(out.Accounts, LedgerAccount{Kind: string(h.Kind), Unit: string(h.Unit), Payer: h.Payer, Seq: h.Seq, Hash: h.Hash, Balance: h.Balance,
			Text: balanceText(h.Balance, h.Unit)})
	}
	return out
}

// aside gives a book as somebody is shown it who sees the participant, but is neither that nor an admin.
func (b LedgerBook) aside() LedgerBook {
	b.Years = nil
	b.Accounts = slices.DeleteFunc(b.Accounts, func(a LedgerAccount) bool { return a.Kind == string(ledger.Tax) || a.Kind == string(ledger.Taxed) })
	return b
}

func balanceText(balance int64, unit ledger.Unit) string {
	if unit == ledger.Points {
		return showPoints(balance) + " points"
	}
	return showMoney(balance, string(unit)).Text
}

func showHead(h ledger.HeadAt) LedgerHead {
	return LedgerHead{Participant: h.Participant, Kind: string(h.Kind), Unit: string(h.Unit), Payer: h.Payer, Seq: h.Seq, Hash: h.Hash, Balance: h.Balance}
}

func showRow(r ledger.Row) LedgerRow {
	c := r.Cause
	out := LedgerRow{Organization: r.Organization, Participant: r.Participant, Number: r.Number, At: r.At, Date: string(r.Date), Years: showYears(r.Years),
		Cause: LedgerCause{Kind: string(c.Kind), ID: c.ID, Program: c.Program, Period: c.Period, In: c.In, Component: c.Component, WasRev: c.WasRev, NowRev: c.NowRev,
			Code: c.Code, Document: c.Document, Ref: c.Ref, By: c.By},
		Legs: []LedgerLeg{}, Chain: []LedgerLink{}}
	if c.Record != nil {
		record := LedgerRecord(*c.Record)
		out.Cause.Record = &record
	}
	for _, l := range r.Legs {
		out.Legs = append(out.Legs, LedgerLeg{Kind: string(l.Kind), Unit: string(l.Unit), Payer: l.Payer, Amount: l.Amount, Covered: l.Covered})
	}
	for _, l := range r.Chain {
		out.Chain = append(out.Chain, LedgerLink(l))
	}
	return out
}

func showYears(years map[string]tax.Year) map[string]LedgerYear {
	if len(years) == 0 {
		return nil
	}
	out := make(map[string]LedgerYear, len(years))
	for key, y := range years {
		out[key] = LedgerYear(y)
	}
	return out
}
