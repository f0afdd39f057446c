package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/payee"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// ParticipantPath names whose book it is.
type ParticipantPath struct {
	Participant string `path:"participant" maxLength:"128" doc:"A participant, or \"me\" for the member that the key's person is." example:"mem_4f0c9a2b1x7z"`
}

// RootPath names a root.
type RootPath struct {
	Number string `path:"root" maxLength:"19" doc:"Its number." example:"12"`
}

func (h *handler) registerLedger(api huma.API) {
	const ofParticipant = "/v1/ledger/participants/{participant}"
	register(api, h, route{
		id: "get-ledger-accounts", method: http.MethodGet, path: ofParticipant + "/accounts", tag: "ledger", needs: tenant.Reader,
		summary: "Get the accounts of a participant", text: "Each with its balance: what is owed, was paid, is withheld, in each currency and in points. None for somebody of whom nothing was posted yet. Accounts of tax and tax years are shown to the participant and to admins.", errors: []int{404},
	}, h.getLedgerAccounts)
	register(api, h, route{
		id: "list-ledger-rows", method: http.MethodGet, path: ofParticipant + "/rows", tag: "ledger", needs: tenant.Reader,
		summary: "List the ledger's rows of a participant", text: "To the participant and to admins, for they tell how somebody is taxed. Each with its cause, and with all that its hashes are of, so that whoever has the rows in the order of the chain can verify them.", errors: []int{400, 404},
	}, h.listLedgerRows)
	register(api, h, route{
		id: "list-ledger-books", method: http.MethodGet, path: "/v1/ledger/books", tag: "ledger", needs: tenant.Admin,
		summary: "List the books of all participants", text: "Where each of their accounts stands. The order means nothing.", errors: []int{400},
	}, h.listLedgerBooks)
	register(api, h, route{
		id: "list-ledger-roots", method: http.MethodGet, path: "/v1/ledger/roots", tag: "ledger", needs: tenant.Admin,
		summary: "List the roots of the ledger", text: "One is made when a period is locked; it binds where all accounts stood then. Each holds the hash of the one before. Newest first.", errors: []int{400},
	}, h.listLedgerRoots)
	register(api, h, route{
		id: "list-ledger-heads", method: http.MethodGet, path: "/v1/ledger/roots/{root}/heads", tag: "ledger", needs: tenant.Admin,
		summary: "List what a root binds", text: "Where each account stood when it was made: in the order of participant, kind, unit and payer, which its hash is of.", errors: []int{400, 404},
	}, h.listLedgerHeads)
}

type ledgerAccountsInput struct{ ParticipantPath }

type ledgerAccountsOutput struct{ Body LedgerBook }

func (h *handler) getLedgerAccounts(ctx context.Context, c caller, in *ledgerAccountsInput) (*ledgerAccountsOutput, error) {
	who, whole, err := h.seenBook(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	b, err := h.finance.Ledger.Book(ctx, c.organization, who)
	out := showBook(b)
	if !whole {
		out = out.aside()
	}
	return &ledgerAccountsOutput{out}, err
}

// bookOf gives whose book a path means, which the caller must see. To an admin the book of who is no member any more is there, too.
func (h *handler) bookOf(ctx context.Context, c caller, text string) (string, error) {
	who, _, err := h.seenBook(ctx, c, text)
	return who, err
}

// seenBook gives, as bookOf does, whose book a path means, and whether all of it is for the caller.
func (h *handler) seenBook(ctx context.Context, c caller, text string) (who string, whole bool, err error) {
	if text != "me" && c.role.Allows(tenant.Admin) {
		if b, err := h.finance.Ledger.Book(ctx, c.organization, text); err != nil || b.Rows > 0 {
			return text, true, err
		}
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return "", false, err
	}
	who, err = sight.participant(text)
	return who, sight.whole(c, who), err
}

// whole tells whether a caller is shown all of somebody whom it sees: also how it is taxed, and to which account it is paid. Whoever
// leads somebody is not.
func (s sight) whole(c caller, who string) bool {
	return c.role.Allows(tenant.Admin) || s.member != "" && who == s.member
}

type listLedgerRowsInput struct {
	ParticipantPath
	PageInput
	Order string `query:"order" enum:"newest,chain" default:"newest" doc:"newest: the newest first. chain: by number, as they were chained."`
}

type ledgerRowsOutput struct{ Body list[LedgerRow] }

func (h *handler) listLedgerRows(ctx context.Context, c caller, in *listLedgerRowsInput) (*ledgerRowsOutput, error) {
	who, whole, err := h.seenBook(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	if !whole { // its legs sum to zero and are hashed together: without those of tax, a row would still tell them
		return nil, fault.New(fault.Forbidden, payee.CodeNotYours, "The rows of others are for admins to see; of those whom you lead you see the accounts. Your own rows are those of the participant me.")
	}
	read := h.finance.Ledger.LatestRows
	if in.Order == "chain" {
		read = h.finance.Ledger.Rows
	}
	body, err := page(ctx, h, c, in.PageInput, listing[ledger.Row, LedgerRow]{
		scope: []string{"ledger rows", who, in.Order},
		read: func(ctx context.Context, page store.Page) ([]ledger.Row, string, error) {
			return read(ctx, c.organization, who, page)
		},
		show: func(r ledger.Row) (LedgerRow, int, bool) {
			return showRow(r), 1024 + 512*len(r.Legs) + 256*len(r.Years), true
		},
	})
	return &ledgerRowsOutput{body}, err
}

type ledgerBooksOutput struct{ Body list[LedgerBook] }

func (h *handler) listLedgerBooks(ctx context.Context, c caller, in *PageInput) (*ledgerBooksOutput, error) {
	body, err := page(ctx, h, c, *in, listing[ledger.Book, LedgerBook]{
		scope: []string{"ledger books"},
		read: func(ctx context.Context, page store.Page) ([]ledger.Book, string, error) {
			return h.finance.Ledger.Books(ctx, c.organization, page)
		},
		show: func(b ledger.Book) (LedgerBook, int, bool) {
			return showBook(b), 256 + 256*len(b.Heads) + 256*len(b.Years), true
		},
	})
	return &ledgerBooksOutput{body}, err
}

type ledgerRootsOutput struct{ Body list[LedgerRoot] }

func (h *handler) listLedgerRoots(ctx context.Context, c caller, in *PageInput) (*ledgerRootsOutput, error) {
	body, err := page(ctx, h, c, *in, listing[ledger.Root, LedgerRoot]{
		scope: []string{"ledger roots"},
		read: func(ctx context.Context, page store.Page) ([]ledger.Root, string, error) {
			return h.finance.Ledger.Roots(ctx, c.organization, page)
		},
		show: func(r ledger.Root) (LedgerRoot, int, bool) { return LedgerRoot(r), 512, true },
	})
	return &ledgerRootsOutput{body}, err
}

type listLedgerHeadsInput struct {
	RootPath
	PageInput
}

type ledgerHeadsOutput struct{ Body list[LedgerHead] }

func (h *handler) listLedgerHeads(ctx context.Context, c caller, in *listLedgerHeadsInput) (*ledgerHeadsOutput, error) {
	number, _ := strconv.ParseInt(in.Number, 10, 64) // what is no number is that of no root
	root, err := h.root(ctx, c, number)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[ledger.HeadAt, LedgerHead]{
		scope: []string{"ledger heads", root.List},
		read: func(ctx context.Context, page store.Page) ([]ledger.HeadAt, string, error) {
			heads, next, err := bookkeeper.HeadsFrom(ctx, h.Payloads, root, page)
			return heads, next, notFound(err, "The list of what root %d binds is not there.", root.Number)
		},
		show: func(at ledger.HeadAt) (LedgerHead, int, bool) { return showHead(at), 256, true },
	})
	return &ledgerHeadsOutput{body}, err
}

// root reads a root by its number.
func (h *handler) root(ctx context.Context, c caller, number int64) (ledger.Root, error) {
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		roots, next, err := h.finance.Ledger.Roots(ctx, c.organization, page)
		if err != nil {
			return ledger.Root{}, err
		}
		for _, r := range roots {
			if r.Number == number {
				return r, nil
			}
		}
		if page.Cursor = next; next == "" {
			return ledger.Root{}, fault.New(fault.NotFound, "not_found", "There is no root %d of the ledger.", number)
		}
	}
}
