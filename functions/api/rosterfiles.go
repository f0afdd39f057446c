package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/roster"
	"leadline/shared/roster/keeper"
	"leadline/shared/tenant"
)

// csvType is the type of files of members.
const csvType = "text/csv"

// MemberNode is a member in the tree of who reports to whom.
type MemberNode struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Active  bool         `json:"active" doc:"false for somebody who has left, and to whom somebody reports still."`
	Role    string       `json:"role" enum:"partner,manager,admin"`
	Teams   []MemberTeam `json:"teams" nullable:"false"`
	Manager string       `json:"manager,omitempty"`
	Depth   int          `json:"depth" doc:"0 at the top."`
	Direct  int          `json:"direct" doc:"How many report to the member directly."`
	Below   int          `json:"below" doc:"How many report to the member at all."`
}

// MemberTree is who reports to whom on a day.
type MemberTree struct {
	At    string       `json:"at"`
	Items []MemberNode `json:"items" nullable:"false"`
}

type memberTreeOutput struct{ Body MemberTree }

func (h *handler) memberTree(ctx context.Context, c caller, in *AtInput) (*memberTreeOutput, error) {
	at, err := h.dayOr(ctx, c, in.At)
	if err != nil {
		return nil, err
	}
	all, err := h.keeper().Members(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	out := MemberTree{At: string(at), Items: []MemberNode{}}
	for _, n := range roster.Tree(all, at) {
		out.Items = append(out.Items, MemberNode{ID: n.Member.ID, Name: n.Member.Name, Active: n.State.Active, Role: string(n.State.Role), Teams: showTeams(n.State.Teams),
			Manager: n.State.Manager, Depth: n.Depth, Direct: n.Direct, Below: n.Below})
	}
	return &memberTreeOutput{out}, nil
}

// MemberProposal is something that may be so of a member.
type MemberProposal struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind" enum:"manager,same_person" doc:"manager: whom the member reports to. same_person: whom the member is."`
	Member     string            `json:"member"`
	Name       string            `json:"name"`
	Candidates []MemberCandidate `json:"candidates" nullable:"false" doc:"Likeliest first."`
}

// MemberCandidate is one of those whom a proposal may mean.
type MemberCandidate struct {
	Member     string `json:"member"`
	Name       string `json:"name"`
	Confidence string `json:"confidence" enum:"low,medium,high"`
	Reason     string `json:"reason"`
}

// MemberProposals are all that wait for an admin.
type MemberProposals struct {
	Items []MemberProposal `json:"items" nullable:"false"`
}

// MemberImport is what a file of members does.
type MemberImport struct {
	Applied   bool             `json:"applied" doc:"All of the file was done. Otherwise nothing was: it was a dry run, or something is wrong with a row."`
	Rows      int              `json:"rows"`
	Unchanged int              `json:"unchanged" doc:"Rows that say what is so already."`
	Added     int              `json:"added" doc:"Members that are new."`
	Changed   int              `json:"changed" doc:"Other members that change."`
	Errors    []MemberRowError `json:"errors" nullable:"false" doc:"What is wrong with rows, by line."`
	Changes   []MemberChange   `json:"changes" nullable:"false"`
}

// MemberRowError is what is wrong with a row.
type MemberRowError struct {
	Line    int    `json:"line" doc:"Of the file, from 1."`
	Column  string `json:"column,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MemberChange is a member that a file changes.
type MemberChange struct {
	Member string   `json:"member" doc:"In a dry run the id of a new member is made up."`
	Name   string   `json:"name"`
	Added  bool     `json:"added,omitempty"`
	What   []string `json:"what" nullable:"false" doc:"What is said of the member anew."`
}

func (h *handler) registerRosterFiles(api huma.API) {
	register(api, h, route{
		id: "get-member-proposals", method: http.MethodGet, path: "/v1/members/proposals", tag: "members", needs: tenant.Reader,
		summary: "Get what is proposed about members", text: "Who may report to whom, drawn from the groups and roles of the CRM, and who may be the same person. Nothing of it counts until it is accepted.",
	}, h.memberProposals)
	register(api, h, route{
		id: "accept-member-proposal", method: http.MethodPost, path: "/v1/members/proposals/{proposal}/accept", tag: "members", needs: tenant.Admin,
		summary: "Accept a proposal", text: "Of two that are the same person, one goes: what CRMs say of it is said of the other then. Refused (`has_ledger_book`) if the one that would go has a book in the ledger.", errors: []int{400, 404, 409, 413, 415},
	}, h.acceptMemberProposal)
	register(api, h, route{
		id: "refuse-member-proposal", method: http.MethodPost, path: "/v1/members/proposals/{proposal}/refuse", tag: "members", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Refuse a proposal", text: "It is not made again.", errors: []int{400, 404, 409, 413, 415},
	}, h.refuseMemberProposal)
	register(api, h, route{
		id: "import-members", method: http.MethodPost, path: "/v1/members/import", tag: "members", needs: tenant.Admin, body: keeper.MaxFile,
		summary: "Say what is so of many members, by a file",
		text: "CSV in UTF-8, separated by commas or semicolons, with a first line that names the columns: " + strings.Join(roster.Columns(), ", ") + ", external_id, connection, phone. " +
			"A row names a member by member, external_id or email; with an e-mail that nobody has, and a name, it adds one. An empty cell says nothing, - says that there is none; " +
			"teams are separated by semicolons. Without from and until, what a row says holds from today, and what is so today already is left as it is. " +
			"All of a file is done, or, if anything is wrong with a row, nothing. Sent twice, it does no more than once.",
		errors: []int{400, 409, 413},
	}, h.importMembers)
	register(api, h, route{
		id: "export-members", method: http.MethodGet, path: "/v1/members/export", tag: "members", needs: tenant.Reader,
		summary: "Get all members as a file", text: "As they are on a day, in the form that import-members takes: to be changed and sent back.", errors: []int{400},
	}, h.exportMembers)
	api.OpenAPI().Paths["/v1/members/export"].Get.Responses["200"].Content = map[string]*huma.MediaType{csvType: {Schema: &huma.Schema{Type: huma.TypeString}}}
}

type memberProposalsOutput struct{ Body MemberProposals }

func (h *handler) memberProposals(ctx context.Context, c caller, _ *struct{}) (*memberProposalsOutput, error) {
	proposals, all, err := h.keeper().Proposals(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	out := MemberProposals{Items: []MemberProposal{}}
	for _, p := range proposals {
		shown := MemberProposal{ID: p.ID, Kind: p.Kind, Member: p.Member, Name: all[p.Member].Name, Candidates: []MemberCandidate{}}
		for _, one := range p.Candidates {
			shown.Candidates = append(shown.Candidates, MemberCandidate{Member: one.Member, Name: all[one.Member].Name, Confidence: string(one.Confidence), Reason: one.Reason})
		}
		out.Items = append(out.Items, shown)
	}
	return &memberProposalsOutput{out}, nil
}

// ProposalInput names a proposal.
type ProposalInput struct {
	Proposal string `path:"proposal" maxLength:"128" example:"manager-mem_4f0c9a2b1x7z"`
}

type acceptMemberProposalInput struct {
	ProposalInput
	Body struct {
		Member string `json:"member,omitempty" maxLength:"64" doc:"The candidate; may be left out if there is one only."`
		During
	} `nameHint:"MemberProposalAccepted"`
}

func (h *handler) acceptMemberProposal(ctx context.Context, c caller, in *acceptMemberProposalInput) (*memberOutput, error) {
	span, err := h.span(ctx, c, in.Body.During)
	if err != nil {
		return nil, err
	}
	if err := h.mayVanish(ctx, c, in.Proposal); err != nil {
		return nil, err
	}
	id, err := h.keeper().Accept(ctx, c.organization, in.Proposal, in.Body.Member, span, h.author(c, roster.ByAdmin))
	if err != nil {
		return nil, err
	}
	explain(ctx, "members/%s", id)
	return h.memberToday(ctx, c, id)
}

// mayVanish refuses to make two members one if the one that goes has a book: what was settled for it stays settled in that book,
// and the one that stays would be settled all of it once more. One that went before may be accepted again.
func (h *handler) mayVanish(ctx context.Context, c caller, proposal string) error {
	kind, id, err := roster.ReadProposal(proposal)
	if err != nil || kind != roster.ProposeSame {
		return err
	}
	m, err := h.Roster.Member(ctx, c.organization, id)
	if fault.Is(err, fault.NotFound) || err == nil && m.MergedInto != "" {
		return nil // Accept says it
	}
	if err != nil {
		return err
	}
	book, err := h.finance.Ledger.Book(ctx, c.organization, id)
	if err != nil || book.Rows == 0 {
		return err
	}
	return fault.New(fault.Conflict, "has_ledger_book", "%s would go, and was settled already (rows in the ledger: %d): what was paid to the one would be paid once more to the other. It is always the one known later that goes. Refuse the proposal, and let both stay: "+
		"say from when %s works here no more, and bring what the one has and the other is due in order by adjustments by hand (POST /v1/programs/{program}/adjustments).", id, book.Rows, id)
}

type refuseMemberProposalInput struct {
	ProposalInput
	Body struct {
		Member string `json:"member,omitempty" maxLength:"64" doc:"Only this candidate; all of them if left out."`
	} `nameHint:"MemberProposalRefused"`
}

func (h *handler) refuseMemberProposal(ctx context.Context, c caller, in *refuseMemberProposalInput) (*struct{}, error) {
	explain(ctx, "%s", in.Body.Member)
	return nil, h.keeper().Refuse(ctx, c.organization, in.Proposal, in.Body.Member, h.author(c, roster.ByAdmin))
}

type importMembersInput struct {
	DryRun  bool   `query:"dry_run" doc:"Tell what the file would do, and do nothing."`
	RawBody []byte `contentType:"text/csv"`
}

type importMembersOutput struct{ Body MemberImport }

func (h *handler) importMembers(ctx context.Context, c caller, in *importMembersInput) (*importMembersOutput, error) {
	done, err := h.keeper().Import(ctx, c.organization, in.RawBody, h.author(c, roster.ByCSV), in.DryRun)
	if err != nil {
		return nil, err
	}
	out := MemberImport{Applied: !in.DryRun && len(done.Errors) == 0, Rows: done.Rows, Unchanged: done.Unchanged, Errors: []MemberRowError{}, Changes: []MemberChange{}}
	for _, e := range done.Errors {
		out.Errors = append(out.Errors, MemberRowError(e))
	}
	for _, change := range done.Changes {
		if change.New {
			out.Added++
		} else {
			out.Changed++
		}
		out.Changes = append(out.Changes, MemberChange{Member: change.Member.ID, Name: change.Member.Name, Added: change.New, What: append([]string{}, change.What...)})
	}
	explain(ctx, "%d rows: %d added, %d changed, %d wrong, applied: %t", out.Rows, out.Added, out.Changed, len(out.Errors), out.Applied)
	return &importMembersOutput{out}, nil
}

type exportMembersOutput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

func (h *handler) exportMembers(ctx context.Context, c caller, in *AtInput) (*exportMembersOutput, error) {
	at, err := h.dayOr(ctx, c, in.At)
	if err != nil {
		return nil, err
	}
	all, err := h.keeper().Members(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	file, err := roster.WriteRows(all, at)
	return &exportMembersOutput{ContentType: csvType, Body: file}, err
}
