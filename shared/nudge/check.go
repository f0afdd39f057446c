package nudge

import (
	"regexp"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/schedule"
)

// The bounds of a setup: what fits one item with room to spare.
const (
	MaxRules    = 50
	MaxWordings = 150
	maxPrograms = 100
	maxDays     = 60
)

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_rule", format, args...)
}

// Check refuses a rule that cannot be.
func (r Rule) Check() error {
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`).MatchString(r.ID):
		return invalid("The id of a rule is 1 to 40 small letters, digits and underscores, and begins with a letter.")
	case !slices.Contains(Kinds(), r.Kind):
		return invalid("The kind is one of %v.", Kinds())
	case len(r.Title) > 200 || len(r.Component) > 64 || len(r.Programs) > maxPrograms:
		return invalid("A title has at most 200 bytes, a component 64, and at most %d programs are named.", maxPrograms)
	case len(r.Channels) == 0 && !r.Off:
		return invalid("Name at least one channel of %v, or switch the rule off.", Channels())
	case r.Deals < 0 || r.Deals > 1000:
		return invalid("Deals is how many may be missing to a tier: 0 to 1000, and 0 stands for 1.")
	case r.Days < 0 || r.Days > maxDays:
		return invalid("Days is 0 to %d.", maxDays)
	case r.Kind == NothingLogged && r.Days < 1:
		return invalid("Say after how many days without credit it is told: days is 1 to %d.", maxDays)
	case r.Top < 0 || r.Top > 100_000:
		return invalid("Top is how many first ranks are told: 0 for all.")
	case r.Cap.Times < 0 || r.Cap.Times > maxTimes || r.Cap.Hours < 0 || r.Cap.Hours > 24*366:
		return invalid("A cap is at most %d times, in at most %d hours.", maxTimes, 24*366)
	case r.Cap.Hours > 0 && r.Cap.Times == 0:
		return invalid("The cap says in how many hours, and not how many times: give times.")
	case r.Share != nil && r.Share.Sign() <= 0, r.Attainment != nil && r.Attainment.Sign() <= 0:
		return invalid("Share and attainment are parts above 0: 0.1 is 10 %%.")
	}
	for i, c := range r.Channels {
		if !slices.Contains(Channels(), c) || slices.Contains(r.Channels[:i], c) {
			return invalid("%q is no channel, or named twice. There are %v.", cut(string(c), 20), Channels())
		}
	}
	return nil
}

// Check refuses settings that cannot be. Rules and wordings are checked as they are added.
func (s Setup) Check() error {
	if _, err := schedule.Location(s.Zone); err != nil {
		return err
	}
	if err := checkLanguage(s.Language); err != nil {
		return err
	}
	if s.PerDay < 0 || s.PerDay > 1000 {
		return fault.New(fault.Invalid, "invalid_cap", "The cap of a day is 0, for none, to 1000.")
	}
	for i, c := range s.Channels {
		if !slices.Contains(Channels(), c) || slices.Contains(s.Channels[:i], c) {
			return fault.New(fault.Invalid, "invalid_channel", "%q is no channel, or named twice. There are %v.", cut(string(c), 20), Channels())
		}
	}
	if slices.Contains(s.Channels, Slack) && len(s.Webhook) == 0 {
		return fault.New(fault.Invalid, "no_webhook", "Slack has no webhook yet: set it first, then switch the channel on.")
	}
	return s.Quiet.Check()
}

// Check refuses preferences that cannot be.
func (p Preference) Check() error {
	if _, err := schedule.Location(p.Zone); err != nil {
		return err
	}
	if err := checkLanguage(p.Language); err != nil {
		return err
	}
	if p.SlackUser != "" && !SlackUser(p.SlackUser) {
		return fault.New(fault.Invalid, "invalid_slack_user", "A user's id at Slack looks like U012AB3CD: see the profile there, under \"Copy member ID\".")
	}
	if len(p.Mutes) > 100 {
		return fault.New(fault.Invalid, "too_many_mutes", "At most 100 mutes are kept: opt out of a channel, or of everything.")
	}
	for _, m := range p.Mutes {
		if m.Channel != "" && !slices.Contains(Channels(), m.Channel) || m.Rule == "" && m.Channel == "" || len(m.Rule) > 40 {
			return fault.New(fault.Invalid, "invalid_mute", "A mute names a rule, or a channel of %v, or both. To opt out of everything set off.", Channels())
		}
	}
	if p.Quiet != nil {
		return p.Quiet.Check()
	}
	return nil
}

func checkLanguage(tag string) error {
	if tag != "" && !regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$`).MatchString(tag) {
		return fault.New(fault.Invalid, "invalid_language", "%q is no language: write its tag, such as en, de or pt-BR.", cut(tag, 20))
	}
	return nil
}

// Samples are values of all placeholders, for a preview.
func Samples(k Kind, language string) map[string]string {
	w := wordsOf(language)
	f := Facts{ProgramName: "Q4 Accelerator", Today: "2026-11-22"}
	f.Period.Name, f.Period.Span = "2026-11", calendar.Span{From: "2026-11-01", Until: "2026-12-01"}
	return f.values(map[string]string{"name": "Imogen", "organization": "Acme", "component": "New business", "left": w.deals(2), "tier": "10", "reached": "8",
		"rank": "3", "was": "2", "ranked": "24", "by": w.somebody, "attainment": "104.5 %", "missing": w.deals(1), "quota": "8", "prizes": "500.00 EUR",
		"days": "7", "amount": "1234.50 EUR"})
}
