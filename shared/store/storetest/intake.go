package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/record"
	"leadline/shared/store"
)

func intakeTests() []test {
	return []test{
		{"an index is kept whole, and twice is once", func(t *testing.T, s Stores) {
			index := newIndex("org_a", "conn_a", base(), "archive/a.gz")
			ok(t, s.Intake.IndexPayloads(ctx(t), index))
			ok(t, s.Intake.IndexPayloads(ctx(t), index))
			same(t, all(t, 10, payloads(t, s, "org_a", "conn_a", base())), []delivery.PayloadIndex{index})
		}},
		{"indexes are listed oldest first, with every limit", indexOrder},
		{"a day is a day of UTC", daysOfUTC},
		{"payloads of others are not listed, their cursors are invalid", func(t *testing.T, s Stores) {
			day := 24 * time.Hour
			for _, object := range []string{"one", "two"} {
				for _, index := range []delivery.PayloadIndex{newIndex("org_a", "conn_a", base(), object),
					newIndex("org_b", "conn_a", base(), object), newIndex("org_a", "conn_b", base(), object),
					newIndex("org_a", "conn_a", base().Add(day), object)} {
					ok(t, s.Intake.IndexPayloads(ctx(t), index))
				}
			}
			same(t, all(t, 10, payloads(t, s, "org_a", "conn_a", base())), []delivery.PayloadIndex{
				newIndex("org_a", "conn_a", base(), "one"), newIndex("org_a", "conn_a", base(), "two")})
			refuses(t, payloads(t, s, "org_a", "conn_a", base()), next(payloads(t, s, "org_b", "conn_a", base())),
				next(payloads(t, s, "org_a", "conn_b", base())), next(payloads(t, s, "org_a", "conn_a", base().Add(day))))
		}},
	}
}

func indexOrder(t *testing.T, s Stores) {
	var want []delivery.PayloadIndex
	for i := range 23 {
		// Times that sort otherwise as texts of varying length.
		at := base().Truncate(time.Second).Add(time.Duration(i/2) * 100 * time.Millisecond)
		want = append(want, newIndex("org_a", "conn_a", at, fmt.Sprintf("archive/%d.gz", i%2)))
	}
	for _, i := range []int{7, 0, 22, 3} { // in no order
		want[i], want[0] = want[0], want[i]
	}
	for _, index := range want {
		ok(t, s.Intake.IndexPayloads(ctx(t), index))
	}
	slices.SortFunc(want, func(a, b delivery.PayloadIndex) int {
		return strings.Compare(a.StoredAt.Format(time.StampNano)+a.Object, b.StoredAt.Format(time.StampNano)+b.Object)
	})
	pages(t, want, payloads(t, s, "org_a", "conn_a", base()))
}

func daysOfUTC(t *testing.T, s Stores) {
	east := time.FixedZone("east", 9*3600)
	midnight := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	first := newIndex("org_a", "conn_a", midnight.In(east), "first")
	last := newIndex("org_a", "conn_a", midnight.Add(24*time.Hour-1).In(east), "last")
	for _, index := range []delivery.PayloadIndex{first, last,
		newIndex("org_a", "conn_a", midnight.Add(-1).In(east), "before"),
		newIndex("org_a", "conn_a", midnight.Add(24*time.Hour).In(east), "after")} {
		ok(t, s.Intake.IndexPayloads(ctx(t), index))
	}
	for _, day := range []time.Time{midnight, midnight.In(east), midnight.Add(23 * time.Hour)} {
		same(t, all(t, 1, payloads(t, s, "org_a", "conn_a", day)), []delivery.PayloadIndex{first, last})
	}
}

func newIndex(organization, connection string, at time.Time, object string) delivery.PayloadIndex {
	return delivery.PayloadIndex{Organization: organization, Connection: connection, StoredAt: at, Object: object,
		Entries: []delivery.PayloadEntry{
			{Delivery: "01A", ReceivedAt: at.Add(-time.Second), Payload: record.PayloadRef{Key: object, Offset: 0, Length: 300}},
			{Delivery: "01B", ReceivedAt: at.Add(-time.Second), Payload: record.PayloadRef{Key: object, Offset: 300, Length: 17}},
		}}
}

func payloads(t *testing.T, s Stores, organization, connection string, day time.Time) func(store.Page) ([]delivery.PayloadIndex, string, error) {
	return func(p store.Page) ([]delivery.PayloadIndex, string, error) {
		return s.Intake.Payloads(ctx(t), organization, connection, day, p)
	}
}
