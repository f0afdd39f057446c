package intake_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/delivery"
)

// TestWhatWasSentFirstFixesTheSchema, in whatever order the queue hands it over, and however small what came later is.
func TestWhatWasSentFirstFixesTheSchema(t *testing.T) {
	for try := range 20 {
		w := newWorld(uint64(try))
		rows := func(data string) delivery.Delivery {
			return w.pushed("deals", []byte(`{"objectname":"Deals","data":[`+data+`]}`), "")
		}
		first := rows(`{"id":1,"action":"create","amount":100.50,"rep":"Joe and a long remark about him"},{"id":2,"action":"create","amount":7}`)
		var all []delivery.Delivery
		for i := range 6 {
			later := rows(fmt.Sprintf(`{"id":%d,"action":"create","amount":"n/a"}`, 10+i))
			later.ReceivedAt = first.ReceivedAt.Add(time.Duration(i+1) * time.Millisecond)
			all = append(all, later)
		}
		all = slices.Insert(all, try%len(all), first)
		w.run(t, all...)
		o := w.object(t, "deals")
		if f, ok := o.Present.Field("amount"); !ok || f.Type != "number" || o.Present.Number != 1 {
			t.Fatalf("the first rows fixed %+v", o.Present)
		}
	}
}
