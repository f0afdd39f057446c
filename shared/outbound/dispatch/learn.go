package dispatch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/telemetry"
)

// slack is how much later than a delivery's first failure a destination may be known to fail, and yet have failed from
// that delivery's beginning: what is remembered of it may be old when the first attempts fail.
const slack = 15 * time.Minute

// learn stores what an answer says of a destination: that it fails from now on, works again, or is to be switched off.
// over tells whether nothing more is sent to it for that. Nothing is read or written where the answer says nothing new.
//
// What is remembered of a destination may be old. So a success that had failures before it reads the destination, to be
// sure that its FailingSince is cleared, and only a delivery that failed from its first attempt to its last switches it
// off, whatever FailingSince says: one that was forgotten to be cleared does no harm.
func (d *Deliverer) learn(ctx context.Context, to *target, e outbound.LogEntry, a outbound.Answer) (over bool, err error) {
	if !d.news(to.Destination, e, a) {
		return false, nil
	}
	release, err := d.changes.acquire(ctx, to.ID)
	if err != nil {
		return false, err
	}
	defer release()
	defer d.targets.Drop(to.Organization + "/" + to.ID) // what is remembered may differ from what was read and written
	var changed outbound.Destination
	for range maxRaces {
		stored, err := d.Destinations.Destination(ctx, to.Organization, to.ID)
		switch {
		case fault.Is(err, fault.NotFound):
			return true, nil
		case err != nil:
			return false, err
		case stored.URL != to.URL: // the answer is that of another
			return false, nil
		case stored.Status != outbound.Active: // somebody was faster; what the next attempt finds decides
			return a.Gone(), nil
		}
		changed, err = d.change(ctx, stored, e, a)
		if err != nil || changed.Rev == stored.Rev {
			return false, err
		}
		err = d.Destinations.UpdateDestination(ctx, changed, nil)
		if err == nil {
			return changed.Status != outbound.Active, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return false, err
		}
	}
	if changed.Status == outbound.Active {
		// One that fails now and then, under load. The next answer says it again; the attempt must not be made twice for it.
		telemetry.Count(ctx, "Unlearnt", 1)
		return false, nil
	}
	return false, fault.New(fault.Unavailable, "contended", "outbound: the destination %s changes too often", to.ID)
}

// news tells whether an answer may say something of a destination that is not known of it.
func (d *Deliverer) news(known outbound.Destination, e outbound.LogEntry, a outbound.Answer) bool {
	if a.Delivered() {
		return !known.FailingSince.IsZero() || len(e.Attempts) > 1 || e.Replay > 0
	}
	if known.FailingSince.IsZero() || a.Gone() || lasting(known, e, a) {
		return true
	}
	_, told := d.told.Get(failingID(known), d.Now())
	return !told && failsLong(known, a)
}

// change gives a stored destination as an answer leaves it, and tells its admins. They are told before it is stored: of a
// notice there can be one too many, but none too few.
func (d *Deliverer) change(ctx context.Context, stored outbound.Destination, e outbound.LogEntry, a outbound.Answer) (outbound.Destination, error) {
	now := d.Now().UTC()
	if a.Delivered() {
		if stored.FailingSince.IsZero() || stored.FailingSince.After(a.At) {
			return stored, nil
		}
		return stored.Working(now), nil
	}
	changed := stored
	if stored.FailingSince.IsZero() {
		changed = stored.Failing(a.At, a.Problem, now)
	}
	switch {
	case a.Gone():
		changed.Problem = "It was switched off because it answered 410 Gone: it wants no more events."
	case lasting(changed, e, a):
		changed.Problem = fmt.Sprintf("It was switched off because it has answered nothing but failures since %s. The last: %s",
			changed.FailingSince.UTC().Format(time.RFC3339), a.Problem)
	case failsLong(changed, a):
		return changed, d.tellFailing(ctx, changed, a)
	default:
		return changed, nil
	}
	// Not twice a Rev: the store counts each write once.
	off := stored.SwitchedOff(changed.Problem, now)
	off.FailingSince = changed.FailingSince
	d.Log.LogAttrs(ctx, slog.LevelWarn, "destination switched off", slog.String(telemetry.KeyOrganization, off.Organization),
		slog.String("destination", off.ID), slog.String("problem", off.Problem))
	telemetry.Count(ctx, "SwitchedOff", 1)
	_, err := d.Journal.Tell(ctx, notice.Notice{ID: offID(off, now), Organization: off.Organization, At: now, Kind: notice.DestinationDisabled,
		Subject: "destinations/" + off.ID,
		Text:    fmt.Sprintf("The destination %q gets no more events. %s Enable it once it works, and replay what it missed.", off.Name, off.Problem)})
	return off, err
}

// lasting tells whether a failure is the end of a row that has lasted as long as the schedule.
func lasting(d outbound.Destination, e outbound.LogEntry, a outbound.Answer) bool {
	first := e.Attempts[0].At
	return (e.Outcome == outbound.GivenUp || a.At.Sub(first) >= outbound.OffAfter) && !d.FailingSince.After(first.Add(slack))
}

func failsLong(d outbound.Destination, a outbound.Answer) bool {
	return a.At.Sub(d.FailingSince) >= outbound.NoticeAfter
}

// tellFailing tells once that a destination has been failing for long.
func (d *Deliverer) tellFailing(ctx context.Context, to outbound.Destination, a outbound.Answer) error {
	now, id := d.Now().UTC(), failingID(to)
	_, err := d.Journal.Tell(ctx, notice.Notice{ID: id, Organization: to.Organization, At: now, Kind: notice.DestinationFailing,
		Subject: "destinations/" + to.ID,
		Text: fmt.Sprintf("The destination %q has answered nothing but failures since %s. The last: %s It will be switched off after three days of them.",
			to.Name, to.FailingSince.UTC().Format(time.RFC3339), a.Problem)})
	if err == nil {
		d.told.Put(id, struct{}{}, now, now.Add(outbound.OffAfter))
	}
	return err
}

// failingID names the notice about one row of failures, whoever tells it.
func failingID(d outbound.Destination) string {
	return noticeID(d.FailingSince.Add(outbound.NoticeAfter), notice.DestinationFailing, d.ID, d.FailingSince.UnixMilli())
}

// offID names the notice about one switching off: the same for all who find it due at about the same time.
func offID(d outbound.Destination, now time.Time) string {
	return noticeID(now.Truncate(time.Hour), notice.DestinationDisabled, d.ID, d.Rev)
}

// noticeID makes a ULID of a time and of what is told.
func noticeID(at time.Time, what ...any) string {
	sum := sha256.Sum256(fmt.Append(nil, what...))
	var id ulid.ULID
	_ = id.SetTime(uint64(max(at.UnixMilli(), 0))) // fails after the year 10889 only
	_ = id.SetEntropy(sum[:10])                    // of the right length
	return id.String()
}
