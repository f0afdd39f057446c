package main
import ("testing";"time";"fmt";"leadline/shared/incentive")
func TestZZ(t *testing.T){
 o := newOffice(t)
 p := o.published(o.made(o.plan(), "2026-11-01"))
 for i := range 10000 {
  s := incentive.Standing{Unit: incentive.Unit{Organization: ours, Program: p.ID, Edition: p.Live.ID, Participant: fmt.Sprintf("mem_%08d",i), Period:"2026-11"}, Currency:"USD", Earned:int64(i), Payable:int64(i), Base:int64(i), Score: fmt.Sprint(i), Figures: []incentive.Figure{{Component:"commission",Version:1,Measure:"1"}}}
  s.Generation=1
  _, err := o.credits.SaveStanding(t.Context(), s); o.must(err)
 }
 for range 3 {
 b := time.Now()
 a := o.get(o.admin, "/v1/programs/"+p.ID+"/standings?limit=200").want(t,200)
 fmt.Println(time.Since(b), len(a.body))
 }
}
