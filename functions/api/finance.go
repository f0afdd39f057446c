package main

import (
	"leadline/shared/delivery"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/nudge/post"
	"leadline/shared/outbound"
	settlements "leadline/shared/settlement/keeper"
	"leadline/shared/store"
	"leadline/shared/store/dynamo"
)

// finance is what settlements, payouts and the ledger are kept in; all of it is required.
type finance struct {
	Ledger      store.Ledger
	Settlements store.Settlements
	Payees      store.Payees
	Payouts     store.Payouts
	// Nudges keeps what people are told; Slack is reached to try a webhook.
	Nudges store.Nudges
	Slack  post.Client
	// Disputes keeps what people object to.
	Disputes store.Disputes
	// Games keeps the game around selling; Nudge leads to nudge, which plays it.
	Games store.Games
	Nudge incentives.Sender
	// Settle leads to settle, which does what takes long.
	Settle incentives.Sender
}

// newFinance gives the stores of a stage.
func newFinance(db dynamo.Client, cfg Config, settle, nudge incentives.Sender) finance {
	return finance{Ledger: dynamo.NewLedger(db, cfg.LedgerTable), Settlements: dynamo.NewSettlements(db, cfg.LedgerTable, cfg.Tenancy),
		Games: dynamo.NewGames(db, cfg.WorkTable, cfg.Tenancy), Nudge: nudge, Payees: dynamo.NewPayees(db, cfg.Tenancy), Disputes: dynamo.NewDisputes(db, cfg.WorkTable, cfg.Tenancy), Payouts: dynamo.NewPayouts(db, cfg.LedgerTable, cfg.Tenancy),
		Nudges: dynamo.NewNudges(db, cfg.WorkTable, cfg.Tenancy), Slack: outbound.NewClient(outbound.ClientOptions{AllowLoopback: cfg.AllowLoopback}), Settle: settle}
}

// books is who posts to the ledger.
func (o options) books() *bookkeeper.Keeper {
	return &bookkeeper.Keeper{Ledger: o.finance.Ledger, Lists: o.Payloads, Now: o.Now}
}

// newSettlements is who settles periods: here it takes the decisions of people, and orders the work. It tells nobody: that is for who
// does the work.
func newSettlements(o options, statements *incentives.Keeper) *settlements.Keeper {
	return &settlements.Keeper{Records: o.Records, Programs: o.Programs, Credits: o.Credits, Settlements: o.Settlements, Payees: o.Payees, Books: o.books(), Incentives: statements,
		Documents: o.Payloads, Queue: o.Settle, NewID: func() (string, error) { return delivery.NewID(o.Now(), o.Random) }, Now: o.Now, Log: o.Log}
}
