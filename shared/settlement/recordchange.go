package settlement

import (
	"fmt"
	"strings"

	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/record"
)

// changeOf says how one credit of a record changed.
func changeOf(key record.Key, then, now *incentive.Credit) RecordChange {
	r := RecordChange{Record: key}
	if then != nil {
		r.WasRev, r.Was = then.Rev, then.Value.String()
	}
	if now != nil {
		r.NowRev, r.Now = now.Rev, now.Value.String()
	}
	return r
}

// plus adds what another credit of the record counted with.
func (r RecordChange) plus(o RecordChange) RecordChange {
	o.WasRev, o.NowRev = max(r.WasRev, o.WasRev), max(r.NowRev, o.NowRev)
	o.Was, o.Now = plusText(r.Was, o.Was), plusText(r.Now, o.Now)
	return o
}

func plusText(a, b string) string {
	x, errA := number.Parse(a)
	y, errB := number.Parse(b)
	switch {
	case errA != nil:
		return b
	case errB != nil:
		return a
	}
	return x.Add(y).String()
}

// shown names a record in a sentence.
func shown(k record.Key) string {
	id := []rune(k.ID)
	if len(id) > 60 {
		id = append(id[:60:60], '…')
	}
	return k.Object + " " + string(id)
}

// otherwise says in what two credits of one id differ.
func otherwise(a, b *incentive.Credit) string {
	var told []string
	tell := func(what, then, now string) {
		if then != now {
			told = append(told, fmt.Sprintf("%s %s in place of %s", what, orNone(now), orNone(then)))
		}
	}
	tell("value", a.Value.String(), b.Value.String())
	tell("day", string(a.Date), string(b.Date))
	tell("share", a.Share.String(), b.Share.String())
	tell("weight", a.Weight.String(), b.Weight.String())
	tell("release", string(a.Release), string(b.Release))
	if len(told) == 0 {
		return "another time of day, key or column"
	}
	return strings.Join(told, ", ")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
