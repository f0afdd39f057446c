package privacy_test

import (
	"fmt"
	"strings"
	"testing"

	"leadline/shared/job"
	"leadline/shared/roster"
)

// TestMembers: who sells is exported and erased as somebody named by address, by number, by name or as a user of a CRM; what
// tells earnings apart stays.
func TestMembers(t *testing.T) {
	for name, c := range map[string]struct {
		member roster.Member
		params job.PersonParams
	}{
		"by address": {roster.Member{Email: "JOE.doe@example.com"}, him()},
		"by number":  {roster.Member{Phone: "0049 151 23456789"}, him()},
		"by name":    {roster.Member{Name: "Joe <joe.doe@example.com>"}, him()},
		"by user":    {roster.Member{Name: "Zebulon"}, job.PersonParams{Records: []job.RecordRef{{Connection: crm, Object: "user", ID: "user_joe"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, budget := range []int{400, 1} {
				w := newWorld(t)
				w.organization(ours)
				w.comes(w.event(ours, "user", "user_joe", "created", 1, `,"first_name":"Zebulon"`))
				m := c.member
				m.ID, m.Organization, m.CreatedAt, m.Rev = "mem_joe", ours, noon, 1
				m.External = []roster.External{{Connection: crm, ID: "user_joe"}}
				if _, err := m.Set(roster.RoleKind, roster.Span{From: "2026-01-01"}, roster.Value{Role: roster.Lead}, roster.Author{Source: roster.ByAdmin, By: "key_1", At: noon}); err != nil {
					t.Fatal(err)
				}
				ann := roster.Member{ID: "mem_ann", Organization: ours, Name: "Ann", Email: "ann@example.com", Phone: "+49 151 23456780", Rev: 1,
					External: []roster.External{{Connection: "conn_other", ID: "user_joe"}}}
				w.must(w.roster.SaveMembers(t.Context(), ours, []roster.Member{m, ann}, 0, nil))
				w.SetBudget(budget)
				j, _ := w.runs(w.job(ours, jobID, job.Export, job.Running, c.params), w.Export)
				lines, text := w.exported("exports/" + ours + "/" + jobID + ".ndjson.gz")
				if got := fmt.Sprint(lines); j.Counts["members"] != 1 || !strings.Contains(got, "member mem_joe") || strings.Contains(got, "mem_ann") ||
					!strings.Contains(text, `"value":"manager"`) {
					t.Errorf("exported %v %v %s", j.Counts, got, text)
				}
				if j := w.erase(c.params); j.Status != job.Done || j.Counts["members"] != 1 {
					t.Errorf("erased %s %v", j.Status, j.Counts)
				}
				got, err := w.roster.MemberOf(t.Context(), ours, roster.External{Connection: crm, ID: "user_joe"})
				if w.must(err); got.Name+got.Email+got.Phone != "" || !got.Erased || got.At("2026-02-01").Role != roster.Lead || got.ID != "mem_joe" {
					t.Errorf("left %+v", got)
				}
				other, err := w.roster.Member(t.Context(), ours, "mem_ann")
				if w.must(err); other.Name != "Ann" || other.Rev != 1 {
					t.Errorf("another is %+v", other)
				}
			}
		})
	}
}
