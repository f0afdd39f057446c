package close_test

import (
	"strings"
	"testing"

	"leadline/shared/quarantine"
	"leadline/shared/record"
)

func TestMerges(t *testing.T) {
	meta := func(source, destination any) object {
		return with(object{"request_method": "POST"}, "merge_source_lead_id", source, "merge_destination_lead_id", destination)
	}
	m := write("lead", "merged", "lead_b")
	into := func(m object, source, destination any) object { return with(m, "meta", meta(source, destination)) }
	kept, gone := upsert(t, "lead", "lead_b", "merged"), tombstone(t, "lead", "lead_a", "lead_b", "merged")
	bare := with(m, "data", nil)
	for name, c := range map[string]struct {
		event  object
		want   []record.Change
		reason quarantine.Reason
	}{
		"as documented":                    {event: into(m, "lead_a", "lead_b"), want: []record.Change{kept, gone}},
		"object_id is the source":          {event: into(with(m, "object_id", "lead_a"), "lead_a", "lead_b"), want: []record.Change{kept, gone}},
		"no id in the record":              {event: into(with(m, "object_id", "lead_a", "data", with(m["data"].(object), "id", drop)), "lead_a", "lead_b"), want: []record.Change{lacking(t, kept, "id"), gone}},
		"no data":                          {event: into(bare, "lead_a", "lead_b"), want: []record.Change{gone}},
		"no data, no object_id":            {event: into(with(bare, "object_id", drop), "lead_a", "lead_b"), want: []record.Change{gone}},
		"no data, destination by the id":   {event: into(bare, "lead_a", drop), want: []record.Change{gone}},
		"no data, id is the source":        {event: into(with(bare, "object_id", "lead_a"), "lead_a", drop), reason: quarantine.MissingData},
		"no data, no meta":                 {event: with(bare, "meta", drop), reason: quarantine.MissingData},
		"no data, no meta, no id":          {event: with(bare, "meta", drop, "object_id", drop), reason: quarantine.MissingID},
		"no data, only a destination":      {event: into(bare, drop, "lead_b"), reason: quarantine.MissingData},
		"no data, merged into itself":      {event: into(bare, "lead_b", "lead_b"), reason: quarantine.MissingData},
		"no meta":                          {event: with(m, "meta", drop), want: []record.Change{kept}},
		"meta null":                        {event: with(m, "meta", nil), want: []record.Change{kept}},
		"meta no object":                   {event: with(m, "meta", "merge"), want: []record.Change{kept}},
		"no source":                        {event: into(m, drop, "lead_b"), want: []record.Change{kept}},
		"source empty":                     {event: into(m, "", "lead_b"), want: []record.Change{kept}},
		"no destination":                   {event: into(m, "lead_a", drop), want: []record.Change{kept, gone}},
		"merged into itself":               {event: into(m, "lead_b", "lead_b"), want: []record.Change{kept}},
		"no destination, data is source's": {event: into(m, "lead_b", drop), want: []record.Change{kept}},
		"data is the source's":             {event: into(m, "lead_b", "lead_c"), want: []record.Change{tombstone(t, "lead", "lead_b", "lead_c", "merged")}},
		"source no text":                   {event: into(m, 1, "lead_b"), reason: quarantine.InvalidID},
		"destination no text":              {event: into(m, "lead_a", object{}), reason: quarantine.InvalidID},
		"source too long":                  {event: into(m, strings.Repeat("x", 600), "lead_b"), reason: quarantine.InvalidID},
		"no time of the event":             {event: into(with(m, "date_updated", drop, "date_created", drop), "lead_a", "lead_b"), reason: quarantine.MissingVersion},

		"source deleted":                   {event: into(removal("lead", "lead_a"), "lead_a", "lead_b"), want: []record.Change{tombstone(t, "lead", "lead_a", "lead_b", "deleted")}},
		"destination deleted":              {event: into(removal("lead", "lead_b"), "lead_a", "lead_b"), want: []record.Change{tombstone(t, "lead", "lead_b", "", "deleted")}},
		"another lead deleted":             {event: into(removal("lead", "lead_c"), "lead_a", "lead_b"), want: []record.Change{tombstone(t, "lead", "lead_c", "", "deleted")}},
		"deleted, merged into itself":      {event: into(removal("lead", "lead_a"), "lead_a", "lead_a"), want: []record.Change{tombstone(t, "lead", "lead_a", "", "deleted")}},
		"deleted, no destination":          {event: into(removal("lead", "lead_a"), "lead_a", drop), want: []record.Change{tombstone(t, "lead", "lead_a", "", "deleted")}},
		"contact deleted in a merge":       {event: into(removal("contact", "lead_a"), "lead_a", "lead_b"), want: []record.Change{tombstone(t, "contact", "lead_a", "", "deleted")}},
		"source updated in a merge":        {event: into(write("lead", "updated", "lead_a"), "lead_a", "lead_b"), want: []record.Change{upsert(t, "lead", "lead_a", "updated")}},
		"another object's merged":          {event: into(write("contact", "merged", "lead_b"), "lead_a", "lead_b"), want: []record.Change{upsert(t, "contact", "lead_b", "merged")}},
		"another object's merged, no data": {event: into(with(write("contact", "merged", "lead_b"), "data", nil), "lead_a", "lead_b"), reason: quarantine.MissingData},
	} {
		t.Run(name, func(t *testing.T) {
			if c.reason != "" {
				setAside(t, bodyOf(t, c.event), c.reason)
				return
			}
			gives(t, c.event, c.want...)
		})
	}
}

// lacking gives the change without one of its fields.
func lacking(t *testing.T, c record.Change, field string) record.Change {
	t.Helper()
	fields := record.Fields{}
	for name, value := range c.Fields {
		if name != field {
			fields[name] = value
		}
	}
	c.Fields = fields
	return c
}
