package view

import "encoding/json"

// The objects of Close that the template speaks of.
const (
	closeLead        = "lead"
	closeContact     = "contact"
	closeOpportunity = "opportunity"
	closeTask        = "task"
	closeCall        = "activity.call"
	closeEmail       = "activity.email"
	closeSMS         = "activity.sms"
	closeMeeting     = "activity.meeting"
	closeNote        = "activity.note"
	closeTaskDone    = "activity.task_completed"
	closeStageChange = "activity.opportunity_status_change"
)

// closeTemplate is that of Close (https://developer.close.com). It has no reporting line and no field of a lead that owns
// it: the custom field of the type user that decides who sees a lead is taken for its owner.
func closeTemplate() template {
	lead := joinTemplate{field: "lead_id", name: "lead", columns: []string{"display_name", "status_id", "status_label"}}
	return template{
		connector: "close",
		users:     []string{"user"},
		references: []reference{
			{field: "lead_id", to: []string{closeLead}},
			{field: "contact_id", to: []string{closeContact}},
			{field: "opportunity_id", to: []string{closeOpportunity}},
			{field: "user_id", to: []string{"user"}},
			{field: "assigned_to", to: []string{"user"}},
			{field: "created_by", to: []string{"user"}},
			{field: "updated_by", to: []string{"user"}},
			{of: closeLead, field: "status_id", to: []string{"status.lead"}},
			{of: closeOpportunity, field: "status_id", to: []string{"status.opportunity"}},
			{of: closeStageChange, field: "new_status_id", to: []string{"status.opportunity"}},
			{of: closeStageChange, field: "old_status_id", to: []string{"status.opportunity"}},
			{of: "activity.lead_status_change", field: "new_status_id", to: []string{"status.lead"}},
			{of: "activity.lead_status_change", field: "old_status_id", to: []string{"status.lead"}},
			{field: "pipeline_id", to: []string{"pipeline"}},
			{field: "new_pipeline_id", to: []string{"pipeline"}},
			{field: "old_pipeline_id", to: []string{"pipeline"}},
			{field: "outcome_id", to: []string{"outcome"}},
			{of: closeTaskDone, field: "task_id", to: []string{closeTask}},
			{field: "role_id", to: []string{"role"}},
			{field: "custom_activity_type_id", to: []string{"custom_activity_type"}},
			{field: "custom_object_type_id", to: []string{"custom_object_type"}},
		},
		views: []viewTemplate{
			{object: closeLead, name: "lead", owner: []string{custom, "created_by"}},
			{object: closeContact, name: "contact", through: "lead_id", of: closeLead, with: []joinTemplate{lead}},
			{object: closeOpportunity, name: "opportunity", owner: []string{"user_id"}, with: []joinTemplate{lead}},
			{object: "activity.*", name: "activity_*", owner: []string{"user_id", "created_by"}, with: []joinTemplate{lead}},
			{object: closeTask, name: "task", owner: []string{"assigned_to"}, with: []joinTemplate{lead}},
			{object: "custom_object", name: "custom_object", owner: []string{"created_by"}, with: []joinTemplate{lead}},
		},
		money: []moneyTemplate{{of: closeOpportunity, currency: "value_currency", amounts: Hundredths,
			fields: []string{"value", "annualized_value", "expected_value", "annualized_expected_value"}}},
		variables: append(closeProductivity(), closePipeline()...),
		stage: stageTemplate{of: closeOpportunity, object: closeStageChange, column: "new_status_id", name: "stage_entered_", title: "Entered %s",
			description: "How many times an opportunity was moved into the status %s, counted for the user who moved it, on the day when it was moved (date_created of the status change). " +
				"One that was created in this status was not moved into it, and is not counted; one that comes back is counted again.",
			Variable: Variable{Measure: Count, Unit: "opportunities", Dates: on("date_created")}},
		hints: hintTemplate{
			owners: []ownersHint{{object: "role", field: "visibility_user_lcf_ids", prefix: "custom.", of: closeLead}},
			stages: []stagesHint{
				{object: "status.opportunity", of: closeOpportunity, id: "id", label: "label", pipeline: "pipeline_id", pipelines: "pipeline", pipelineLabel: "name"},
				{object: "status.lead", of: closeLead, id: "id", label: "label"},
			},
		},
	}
}

// closeProductivity is what sales people do.
func closeProductivity() []variableTemplate {
	activity := on("activity_at", "date_created")
	return []variableTemplate{
		{name: "calls_made", object: closeCall, Variable: Variable{Title: "Calls made", Measure: Count, Unit: "calls", Dates: activity,
			Filter:      all(is("direction", "outbound"), is("status", "completed")),
			Description: "How many outbound calls were completed (direction outbound, status completed), answered or not, for the user of the call, on the day of the call (activity_at, else date_created)."}},
		{name: "calls_connected", object: closeCall, Variable: Variable{Title: "Calls connected", Measure: Count, Unit: "calls", Dates: activity,
			Filter:      all(is("direction", "outbound"), is("disposition", "answered")),
			Description: "How many outbound calls were answered (direction outbound, disposition answered), for the user of the call, on the day of the call (activity_at, else date_created)."}},
		{name: "calls_answered", object: closeCall, Variable: Variable{Title: "Calls answered", Measure: Count, Unit: "calls", Dates: activity,
			Filter:      all(is("direction", "inbound"), is("disposition", "answered")),
			Description: "How many inbound calls the user answered (direction inbound, disposition answered), on the day of the call (activity_at, else date_created)."}},
		{name: "call_minutes", object: closeCall, Variable: Variable{Title: "Minutes on calls", Measure: Sum, Column: "duration", Unit: "minutes", Scale: "1/60", Dates: activity,
			Filter:      all(is("status", "completed")),
			Description: "The minutes of all completed calls, inbound and outbound: the sum of their durations in seconds, divided by 60, not rounded. For the user of the call, on the day of the call (activity_at, else date_created)."}},
		{name: "emails_sent", object: closeEmail, Variable: Variable{Title: "E-mails sent", Measure: Count, Unit: "e-mails", Dates: on("date_sent", "activity_at", "date_created"),
			Filter:      all(is("direction", "outgoing"), is("status", "sent")),
			Description: "How many e-mails were sent (direction outgoing, status sent; drafts, scheduled ones and those that failed are not), for the user of the e-mail, on the day when it was sent (date_sent, else activity_at, else date_created). One e-mail to several people is one."}},
		{name: "emails_received", object: closeEmail, Variable: Variable{Title: "E-mails received", Measure: Count, Unit: "e-mails", Dates: on("activity_at", "date_created"),
			Filter:      all(is("direction", "incoming")),
			Description: "How many e-mails came in (direction incoming), for the user into whose mailbox they came, on that day (activity_at, else date_created)."}},
		{name: "sms_sent", object: closeSMS, Variable: Variable{Title: "SMS sent", Measure: Count, Unit: "messages", Dates: on("date_sent", "activity_at", "date_created"),
			Filter:      all(is("direction", "outbound"), is("status", "sent")),
			Description: "How many text messages were sent (direction outbound, status sent), for the user of the message, on the day when it was sent (date_sent, else activity_at, else date_created)."}},
		{name: "sms_received", object: closeSMS, Variable: Variable{Title: "SMS received", Measure: Count, Unit: "messages", Dates: on("activity_at", "date_created"),
			Filter:      all(is("direction", "inbound")),
			Description: "How many text messages came in (direction inbound), for the user of the number, on that day (activity_at, else date_created)."}},
		{name: "tasks_done", object: closeTaskDone, Variable: Variable{Title: "Tasks done", Measure: Count, Unit: "tasks", Dates: activity,
			Description: "How many tasks were completed: one for each activity \"task completed\", for the user who completed it, on that day (activity_at, else date_created)."}},
		{name: "tasks_done", object: closeTask, Variable: tasksDone()},
		{name: "meetings_held", object: closeMeeting, Variable: Variable{Title: "Meetings held", Measure: Count, Unit: "meetings", Dates: on("starts_at", "activity_at"),
			Filter:      all(is("status", "completed")),
			Description: "How many meetings took place (status completed; canceled, declined and coming ones did not), for the user of the meeting, on the day when it began (starts_at, else activity_at)."}},
		{name: "notes_written", object: closeNote, Variable: Variable{Title: "Notes written", Measure: Count, Unit: "notes", Dates: activity,
			Description: "How many notes were written, for the user of the note, on that day (activity_at, else date_created)."}},
		{name: "leads_created", object: closeLead, Variable: Variable{Title: "Leads created", Measure: Count, Unit: "leads", Dates: on("date_created"),
			Description: "How many leads were created and are still there, for the owner of the lead as its view says, on the day when they were created."}},
	}
}

// tasksDone counts tasks where their completions are not known: Close does not say when a task was done.
func tasksDone() Variable {
	return Variable{Title: "Tasks done", Measure: Count, Unit: "tasks", Dates: on("date_updated"), Filter: all(isTrue("is_complete")),
		Description: "How many tasks are done (is_complete), for the user that they are assigned to, on the day when they were last changed: a task does not say when it was done."}
}

// closePipeline is what becomes of opportunities.
func closePipeline() []variableTemplate {
	won, open := is("status_type", "won"), is("status_type", "active")
	money := func(v Variable) Variable {
		v.Measure, v.Unit, v.Amounts, v.Currency = Sum, "minor units of the currency", Hundredths, "value_currency"
		return v
	}
	variables := []variableTemplate{
		{name: "opportunities_created", object: closeOpportunity, Variable: Variable{Title: "Opportunities created", Measure: Count, Unit: "opportunities", Dates: on("date_created"),
			Description: "How many opportunities were created and are still there, for their user, on the day when they were created."}},
		{name: "deals_won", object: closeOpportunity, Variable: Variable{Title: "Deals won", Measure: Count, Unit: "deals", Dates: on("date_won"), Filter: all(won),
			Description: "How many opportunities are won (status type won now), for their user, on their date_won, which a person may set. One that was won and is not any more is not counted."}},
		{name: "deals_lost", object: closeOpportunity, Variable: Variable{Title: "Deals lost", Measure: Count, Unit: "deals", Dates: on("date_lost"), Filter: all(is("status_type", "lost")),
			Description: "How many opportunities are lost (status type lost now), for their user, on the day of their date_lost."}},
		{name: "value_open", object: closeOpportunity, Variable: money(Variable{Title: "Open value", Column: "value", Filter: all(open), GroupBy: []string{"value_period"},
			Description: "What the open opportunities are worth now (sum of value, status type active), for their user, by currency and by value_period: one_time, monthly and annual amounts are not added up. Not weighted by confidence. It has no history."})},
		{name: "value_open_by_stage", object: closeOpportunity, Variable: money(Variable{Title: "Open value by stage", Column: "value", Filter: all(open), GroupBy: []string{"status_id", "value_period"},
			Description: "What the open opportunities are worth now (sum of value, status type active), for their user, by currency, by status and by value_period. It has no history."})},
		{name: "value_open_annualized", object: closeOpportunity, Variable: money(Variable{Title: "Open value, annualized", Column: "annualized_value", Filter: all(open),
			Description: "What the open opportunities are worth in a year (sum of annualized_value: monthly amounts times 12, annual and one_time amounts as they are), for their user, by currency. It has no history."})},
		{name: "value_won_annualized", object: closeOpportunity, Variable: money(Variable{Title: "Value won, annualized", Column: "annualized_value", Filter: all(won), Dates: on("date_won"),
			Description: "What the won opportunities are worth in a year (sum of annualized_value: monthly amounts times 12, annual and one_time amounts as they are), for their user, by currency, on their date_won."})},
		{name: "cycle_time", object: closeOpportunity, Variable: Variable{Title: "Cycle time", Measure: Duration, Column: "date_created", Until: "date_won", Unit: "days", Dates: on("date_won"), Filter: all(won),
			Description: "The average number of days from the day when an opportunity was created to its date_won, over those that are won, for their user, on their date_won. Calendar days: created and won on one day is 0. A date_won that was set before the creation counts as negative."}},
		{name: "win_rate", object: closeOpportunity, Variable: Variable{Title: "Win rate", Measure: Ratio, Unit: "percent", Scale: "100",
			Filter: all(among("status_type", "won", "lost")), Share: all(won),
			Dates:       []Dating{{Column: "date_won", When: all(won)}, {Column: "date_lost", When: all(is("status_type", "lost"))}},
			Description: "Of the opportunities that were decided, how many of a hundred were won, by number and not by value: those with the status type won, placed by date_won, of these and of those with the status type lost, placed by date_lost. For their user."}},
		{name: "retention_90_days", object: closeOpportunity, lost: &lostTemplate{column: "lead.status_id", of: closeLead, words: []string{"cancel", "churn", "lost"},
			text:      " and whose lead is not in a status that speaks of a loss (%s)",
			otherwise: "; no status of leads speaks of a loss here, so that leads are not looked at"},
			Variable: Variable{Title: "Retention after 90 days", Measure: Ratio, Unit: "percent", Scale: "100", Dates: on("date_won"),
				Filter: all(among("value_period", "monthly", "annual"), Condition{Column: "date_won", Op: OlderThan, Value: json.RawMessage("90")}), Share: all(won),
				Description: "Of the monthly and annual deals that were won in the period, at least 90 days ago, how many of a hundred are kept now: those that still have the status type won%s. " +
					"For their user, on their date_won. Close does not tell when a customer leaves: what nobody notes there is not seen here, and a deal that was deleted counts on neither side."}},
	}
	for _, period := range []struct{ name, title string }{{"one_time", "one-time"}, {"monthly", "monthly"}, {"annual", "annual"}} {
		variables = append(variables, variableTemplate{name: "value_won_" + period.name, object: closeOpportunity,
			Variable: money(Variable{Title: "Value won, " + period.title, Column: "value", Filter: all(won, is("value_period", period.name)), Dates: on("date_won"),
				Description: "The sum of the values of the won opportunities whose value_period is " + period.name + ", each as it stands now, for their user, by currency, on their date_won."})})
	}
	return variables
}

func all(conditions ...Condition) []Condition { return conditions }

func is(column, value string) Condition {
	return Condition{Column: column, Op: Equal, Value: textOf(value)}
}

func isTrue(column string) Condition {
	return Condition{Column: column, Op: Equal, Value: json.RawMessage("true")}
}

func among(column string, values ...string) Condition {
	return Condition{Column: column, Op: In, Value: textOf(values)}
}

func on(columns ...string) []Dating {
	var dates []Dating
	for _, c := range columns {
		dates = append(dates, Dating{Column: c})
	}
	return dates
}
