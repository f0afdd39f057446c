package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	member struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		Email   string       `json:"email"`
		At      string       `json:"at"`
		Active  bool         `json:"active"`
		Role    string       `json:"role"`
		Teams   []memberTeam `json:"teams"`
		Manager string       `json:"manager"`
		Access  string       `json:"access"`
		Merged  string       `json:"merged_into"`
		Facts   []memberFact `json:"facts"`
	}
	memberTeam struct {
		Name string `json:"name"`
	}
	memberFact struct {
		Kind    string       `json:"kind"`
		From    string       `json:"from"`
		Until   string       `json:"until"`
		Active  *bool        `json:"active"`
		Role    string       `json:"role"`
		Teams   []memberTeam `json:"teams"`
		Manager *string      `json:"manager"`
		Access  *struct {
			Scope    string `json:"scope"`
			RoleName string `json:"role_name"`
		} `json:"access"`
		Source string    `json:"source"`
		By     string    `json:"by"`
		At     time.Time `json:"at"`
	}
	memberTree struct {
		At    string       `json:"at"`
		Items []memberNode `json:"items"`
	}
	memberNode struct {
		ID     string       `json:"id"`
		Name   string       `json:"name"`
		Active bool         `json:"active"`
		Role   string       `json:"role"`
		Teams  []memberTeam `json:"teams"`
		Depth  int          `json:"depth"`
		Below  int          `json:"below"`
	}
	memberProposals struct {
		Items []struct {
			ID         string `json:"id"`
			Kind       string `json:"kind"`
			Name       string `json:"name"`
			Candidates []struct {
				Member     string `json:"member"`
				Name       string `json:"name"`
				Confidence string `json:"confidence"`
				Reason     string `json:"reason"`
			} `json:"candidates"`
		} `json:"items"`
	}
)

func (c *command) membersCommand() *cobra.Command {
	var limit int
	var at, active, role, team, manager string
	cmd := &cobra.Command{
		Use: "members", Short: "List who sells and who leads them; set role, team and manager; import a file", Args: cobra.NoArgs,
		Long: "List the members of your organization: who sells, and who leads those who do. They come from the CRM. What you say of them here counts, for the time that you say it for, " +
			"whatever the CRM says. (`leadline people` are those who sign in.)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, c, limit, queryOf(map[string]string{"at": at, "active": active, "role": role, "team": team, "manager": manager}), memberList(), "members")
		},
	}
	limitFlag(cmd, &limit)
	atFlag(cmd, &at)
	cmd.Flags().StringVar(&active, "active", "", "true for who works here then, false for who does not")
	cmd.Flags().StringVar(&role, "role", "", "partner, manager or admin")
	cmd.Flags().StringVar(&team, "team", "", "who is in this team")
	cmd.Flags().StringVar(&manager, "manager", "", "who reports to this member, directly")
	var showAt, treeAt string
	one := &cobra.Command{
		Use: "show MEMBER", Short: "Show a member with all that is said of it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, queryOf(map[string]string{"at": showAt}), c.showMember, "members", args[0])
		},
	}
	atFlag(one, &showAt)
	tree := &cobra.Command{
		Use: "tree", Short: "Draw who reports to whom", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fetch(cmd, c, queryOf(map[string]string{"at": treeAt}), c.showTree, "members", "tree")
		},
	}
	atFlag(tree, &treeAt)
	cmd.AddCommand(one, tree, c.importMembersCommand(), c.exportMembersCommand())
	cmd.AddCommand(c.setMemberCommands()...)
	cmd.AddCommand(c.memberProposalCommands()...)
	return cmd
}

func atFlag(cmd *cobra.Command, at *string) {
	cmd.Flags().StringVar(at, "at", "", "how things are on this `day`, such as 2026-11-22; today without it")
}

func memberList() shown[member] {
	return shown[member]{[]string{"ID", "NAME", "E-MAIL", "ROLE", "TEAMS", "REPORTS TO", ""}, func(m member) []cell {
		status := styled(green, "active")
		switch {
		case m.Merged != "":
			status = styled(dim, "is "+m.Merged)
		case !m.Active:
			status = styled(dim, "not here")
		}
		return []cell{text(m.ID), text(m.Name), text(orElse(m.Email, "-")), text(m.Role), text(orElse(teamNames(m.Teams), "-")), text(orElse(m.Manager, "-")), status}
	}}
}

func teamNames(teams []memberTeam) string {
	var all []string
	for _, t := range teams {
		all = append(all, t.Name)
	}
	return strings.Join(all, ", ")
}

func (c *command) showMember(m member) {
	memberList().print(c, m)
	if len(m.Facts) == 0 {
		return
	}
	c.printf("\n")
	t := table{head: []string{"WHAT", "IS", "FROM", "UNTIL", "SAYS", "SINCE (UTC)"}}
	for _, f := range m.Facts {
		t.add(text(f.Kind), text(f.is()), text(orElse(f.From, "ever")), text(orElse(f.Until, "-")), text(f.Source+" "+f.By), text(instant(f.At)))
	}
	c.printf("%s", t.format(c.paint, ""))
}

// is says what a fact says.
func (f memberFact) is() string {
	switch {
	case f.Active != nil && *f.Active:
		return "yes"
	case f.Active != nil:
		return "no"
	case f.Manager != nil:
		return orElse(*f.Manager, "nobody")
	case f.Access != nil && f.Access.RoleName != "":
		return f.Access.Scope + " (" + f.Access.RoleName + ")"
	case f.Access != nil:
		return f.Access.Scope
	case f.Role != "":
		return f.Role
	}
	return orElse(teamNames(f.Teams), "none")
}

// showTree draws who reports to whom.
func (c *command) showTree(tree memberTree) {
	t := table{}
	for i, n := range tree.Items {
		count := ""
		if n.Below > 0 {
			count = fmt.Sprintf("%d below", n.Below)
		}
		name := styled(plain, branch(tree.Items, i)+n.Name)
		if !n.Active {
			name.text, name.style = name.text+" (not here any more)", dim
		}
		t.add(name, text(n.Role), text(teamNames(n.Teams)), text(count), styled(dim, n.ID))
	}
	c.printf("%s", t.format(c.paint, ""))
}

// branch draws what leads to a node: a line for each level above that goes on below.
func branch(nodes []memberNode, i int) string {
	depth := nodes[i].Depth
	if depth == 0 {
		return ""
	}
	parts := make([]string, depth)
	for level := 1; level <= depth; level++ {
		more := false // another one at this level comes, below the same
		for _, n := range nodes[i+1:] {
			if n.Depth < level {
				break
			}
			if n.Depth == level {
				more = true
				break
			}
		}
		switch {
		case level == depth && more:
			parts[level-1] = "├─ "
		case level == depth:
			parts[level-1] = "└─ "
		case more:
			parts[level-1] = "│  "
		default:
			parts[level-1] = "   "
		}
	}
	return strings.Join(parts, "")
}

// setMemberCommands say something of a member, and take it back.
func (c *command) setMemberCommands() []*cobra.Command {
	var all []*cobra.Command
	for _, s := range []struct {
		kind, what, short string
		value             func(string) (any, error)
	}{
		{"manager", "MANAGER", "Say whom a member reports to: an id or an e-mail address, - for nobody", func(v string) (any, error) { return strings.TrimPrefix(v, "-"), nil }},
		{"role", "ROLE", "Say which role a member has: partner, manager or admin", func(v string) (any, error) { return v, nil }},
		{"teams", "TEAMS", "Say in which teams a member is, separated by commas, - for none", func(v string) (any, error) { return teamsOf(v), nil }},
		{"access", "SCOPE", "Say whose figures a member sees: own, team or all", func(v string) (any, error) { return v, nil }},
		{"active", "YES-OR-NO", "Say whether a member works here", yesOrNo},
	} {
		var from, until string
		cmd := &cobra.Command{
			Use: "set-" + s.kind + " MEMBER " + s.what, Short: s.short, Args: cobra.ExactArgs(2),
			Example: "  leadline members set-" + s.kind + " mem_4f0c9a2b1x7z " + s.what + " --from 2026-01-01",
			RunE: func(cmd *cobra.Command, args []string) error {
				value, err := s.value(args[1])
				if err != nil {
					return err
				}
				body := map[string]any{"value": value}
				for name, day := range map[string]string{"from": from, "until": until} {
					if day != "" {
						body[name] = day
					}
				}
				return c.changeMember(cmd, http.MethodPut, body, nil, args[0], s.kind)
			},
		}
		cmd.Flags().StringVar(&from, "from", "", "the first `day`, in the past too; today without it")
		cmd.Flags().StringVar(&until, "until", "", "the `day` when it ends, which is not in it; for good without it")
		all = append(all, cmd)
	}
	var from, until string
	clear := &cobra.Command{
		Use: "clear MEMBER manager|role|teams|access|active", Short: "Take back what was said of a member; the CRM counts again", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeMember(cmd, http.MethodDelete, nil, queryOf(map[string]string{"from": from, "until": until}), args[0], args[1])
		},
	}
	clear.Flags().StringVar(&from, "from", "", "the first `day`; ever since without it")
	clear.Flags().StringVar(&until, "until", "", "the `day` when it ends; for good without it")
	return append(all, clear)
}

func teamsOf(text string) []string {
	teams := []string{}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" && name != "-" {
			teams = append(teams, name)
		}
	}
	return teams
}

func yesOrNo(v string) (any, error) {
	switch v {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return nil, usagef("say yes or no")
}

// changeMember makes a request that changes a member and shows the member then.
func (c *command) changeMember(cmd *cobra.Command, method string, body any, query url.Values, id, kind string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	r := request{method: method, path: []string{"members", id, kind}, query: query}
	if body != nil {
		if r.body, err = json.Marshal(body); err != nil {
			return err
		}
	}
	var a kept[member]
	if _, err := api.call(cmd.Context(), r, &a); err != nil || c.asJSON {
		return c.orJSON(a, err)
	}
	c.showMember(a.is)
	return nil
}

func (c *command) memberProposalCommands() []*cobra.Command {
	list := &cobra.Command{
		Use: "proposals", Short: "List who may report to whom, and who may be the same person", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fetch(cmd, c, nil, c.showProposals, "members", "proposals")
		},
	}
	var from string
	accept := &cobra.Command{
		Use: "accept PROPOSAL [MEMBER]", Short: "Accept a proposal; of several candidates, the member", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			if len(args) > 1 {
				body["member"] = args[1]
			}
			if from != "" {
				body["from"] = from
			}
			return submit(cmd, c, body, c.showMember, "members", "proposals", args[0], "accept")
		},
	}
	accept.Flags().StringVar(&from, "from", "", "the first `day`, in the past too; today without it")
	refuse := &cobra.Command{
		Use: "refuse PROPOSAL [MEMBER]", Short: "Refuse a proposal, or one of its candidates; it is not made again", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			if len(args) > 1 {
				body["member"] = args[1]
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			if err := api.post(cmd.Context(), body, nil, "members", "proposals", args[0], "refuse"); err != nil {
				return err
			}
			if !c.asJSON {
				c.printf("Refused.\n")
			}
			return nil
		},
	}
	return []*cobra.Command{list, accept, refuse}
}

func (c *command) showProposals(p memberProposals) {
	t := table{head: []string{"PROPOSAL", "OF", "MAY", "", "HOW SURE", "WHY"}}
	for _, one := range p.Items {
		may := "report to"
		if one.Kind == "same_person" {
			may = "be"
		}
		for i, candidate := range one.Candidates {
			id, name := one.ID, one.Name
			if i > 0 {
				id, name, may = "", "", "or"
			}
			t.add(text(id), text(name), text(may), text(candidate.Name+" ("+candidate.Member+")"), text(candidate.Confidence), text(candidate.Reason))
		}
	}
	c.printf("%s", t.format(c.paint, ""))
}
