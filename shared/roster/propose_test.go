package roster_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"leadline/shared/roster"
)

// staff makes members of a CRM from "id role name/team,team", with ! before the id of who runs the CRM and ~ before that of
// who is off.
func staff(t *testing.T, lines ...string) roster.Roster {
	t.Helper()
	var users []roster.User
	for _, line := range lines {
		id, rest, _ := strings.Cut(line, " ")
		name, teams, _ := strings.Cut(rest, "/")
		u := roster.User{ExternalID: strings.Trim(id, "!~"), Name: strings.Trim(id, "!~"), Active: !strings.HasPrefix(id, "~"), Admin: strings.HasPrefix(id, "!"), Role: roster.UserRole{Name: name}}
		for _, team := range strings.FieldsFunc(teams, func(r rune) bool { return r == ',' }) {
			u.Teams = append(u.Teams, roster.UserTeam{ID: "g_" + team, Name: team})
		}
		users = append(users, u)
	}
	n := 0
	plan, err := roster.Sync(nil, roster.Seen{Connection: crm, Users: users, At: noon(), Zone: time.UTC}, func() (string, error) { n++; return users[n-1].ExternalID, nil })
	if err != nil {
		t.Fatal(err)
	}
	var members []roster.Member
	for _, c := range plan.Changes {
		members = append(members, c.Member)
	}
	return roster.Of(members)
}

func told(proposals []roster.Proposal) string {
	var all []string
	for _, p := range proposals {
		text := p.Member + ":"
		for _, c := range p.Candidates {
			text += fmt.Sprintf(" %s %s", c.Member, c.Confidence)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func TestManagersAreProposed(t *testing.T) {
	for name, c := range map[string]struct {
		staff []string
		want  string
	}{
		"by role and group":                                 {[]string{"ann Sales Manager/East", "bob Account Executive/East", "cy Account Executive/West"}, "bob: ann high; cy: ann low"},
		"several":                                           {[]string{"ann Sales Manager/East", "amy Sales Manager/East", "bob Rep/East"}, "bob: amy medium ann medium"},
		"the nearest above":                                 {[]string{"dan Sales Director/East", "ann Team Lead/East", "bob Rep/East"}, "ann: dan high; bob: ann high"},
		"a manager under the one head":                      {[]string{"vic VP Sales/", "ann Sales Manager/East", "bob Rep/East"}, "ann: vic medium; bob: ann high"},
		"two heads, none in the group":                      {[]string{"vic VP Sales/", "val VP Sales/", "ann Sales Manager/East"}, ""},
		"an admin in the group":                             {[]string{"!amy Admin/East", "bob Rep/East"}, "bob: amy low"},
		"an account manager leads nobody":                   {[]string{"ann Account Manager/East", "bob Rep/East"}, ""},
		"in two groups":                                     {[]string{"ann Sales Manager/East", "amy Sales Manager/West", "bob Rep/East,West"}, "bob: amy medium ann medium"},
		"whoever left leads nobody":                         {[]string{"~ann Sales Manager/East", "bob Rep/East"}, ""},
		"who runs the CRM is under nobody in another group": {[]string{"!amy Admin/West", "ann Sales Manager/East"}, ""},
		"no role says anything":                             {[]string{"ann User/East", "bob User/East"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			members := staff(t, c.staff...)
			got := roster.ProposeManagers(members, today)
			if told(got) != c.want {
				t.Errorf("got %s, want %s", told(got), c.want)
			}
			for _, p := range got {
				for _, one := range p.Candidates {
					if !strings.Contains(one.Reason, members[one.Member].Name) || !strings.HasSuffix(one.Reason, ".") {
						t.Errorf("the reason is %q", one.Reason)
					}
				}
				if kind, of, err := roster.ReadProposal(p.ID); err != nil || kind != p.Kind || of != p.Member {
					t.Errorf("the id is %q", p.ID)
				}
			}
		})
	}
}

func TestWhatIsDecidedIsNotProposed(t *testing.T) {
	members := staff(t, "ann Sales Manager/East", "amy Sales Manager/East", "bob Rep/East", "cy Rep/East")
	bob, cy := members["bob"], members["cy"]
	set(t, &bob, roster.Manager, "", "", roster.Value{}) // reports to nobody
	cy.Decline(roster.Proposal{Kind: roster.ProposeManager}, []string{"ann"})
	members["bob"], members["cy"] = bob, cy
	if got := told(roster.ProposeManagers(members, today)); got != "cy: amy high" {
		t.Errorf("got %s", got)
	}
	// Who reports to somebody is not proposed to lead that one.
	amy := members["amy"]
	set(t, &amy, roster.Manager, "", "", roster.Value{Manager: "cy"})
	members["amy"] = amy
	if got := told(roster.ProposeManagers(members, today)); strings.Contains(got, "cy:") {
		t.Errorf("got %s", got)
	}
	for _, id := range []string{"", "manager", "salary-mem_1", "x"} {
		if _, _, err := roster.ReadProposal(id); codeOf(err) != "not_found" {
			t.Errorf("%q: %v", id, err)
		}
	}
}
