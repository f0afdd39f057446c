package close

import (
	"slices"
	"strings"
	"time"

	"leadline/shared/connector"
)

// manner is how the records of an object are read.
type manner int

const (
	// bySearch: by POST /data/search/, in the order of a time.
	bySearch manner = iota
	// byOrder: by a list that sorts and filters by times.
	byOrder
	// byWindow: by a list that filters by date_created, newest first.
	byWindow
	// bySkip: by a list that does neither, which is short.
	bySkip
	// byGroup and byMembership: by endpoints of their own form.
	byGroup
	byMembership
)

// kindOfRecord is what the code knows of an object.
type kindOfRecord struct {
	name, title string
	manner      manner
	path        string
	// pages tells of a bySkip list whether _skip and _limit are documented for it.
	pages bool
	// sweep is how far back what was created is read again, where Close has no filter for what changed.
	sweep time.Duration
	// fields are asked for by name: a search gives ids alone otherwise.
	fields []string
}

// searchFields are what a search is asked for. custom stands for all custom fields at once: to name hundreds is refused
// ("List is too long."). The records that lists embed are not asked for.
func searchFields(object string) []string {
	switch object {
	case objectLead: // https://developer.close.com/api/resources/leads
		return strings.Fields(`id name display_name description url html_url status_id status_label organization_id addresses
			source created_by created_by_name updated_by updated_by_name date_created date_updated custom`)
	case objectContact: // https://developer.close.com/api/resources/contacts
		return strings.Fields(`id lead_id name display_name title emails phones urls timezone timezone_source organization_id
			created_by updated_by date_created date_updated custom`)
	case objectCustomObject: // https://developer.close.com/api/resources/custom-objects
		return strings.Fields(`id lead_id custom_object_type_id name organization_id created_by updated_by date_created date_updated custom`)
	}
	return nil
}

const week = 7 * 24 * time.Hour

// kinds lists what can be read, in the order in which an import begins with it: what others refer to comes first.
func kinds() []kindOfRecord {
	all := []kindOfRecord{
		{name: objectUser, title: "Users", manner: bySkip, path: pathUsers, pages: true},
		{name: "role", title: "Roles", manner: bySkip, path: pathRoles},
		{name: objectMembership, title: "Memberships", manner: byMembership, path: pathOrganizations},
		{name: objectGroup, title: "Groups", manner: byGroup, path: pathGroups},
		{name: "status.lead", title: "Lead statuses", manner: bySkip, path: pathLeadStatuses},
		{name: "status.opportunity", title: "Opportunity statuses", manner: bySkip, path: pathOpportunityStatuses},
		{name: "pipeline", title: "Pipelines", manner: bySkip, path: pathPipelines},
		{name: "outcome", title: "Outcomes", manner: bySkip, path: pathOutcomes, pages: true},
		{name: "custom_fields.lead", title: "Custom fields of leads", manner: bySkip, path: pathCustomFields + "lead/", pages: true},
		{name: "custom_fields.contact", title: "Custom fields of contacts", manner: bySkip, path: pathCustomFields + "contact/", pages: true},
		{name: "custom_fields.opportunity", title: "Custom fields of opportunities", manner: bySkip, path: pathCustomFields + "opportunity/", pages: true},
		{name: "custom_fields.activity", title: "Custom fields of activities", manner: bySkip, path: pathCustomFields + "activity/", pages: true},
		{name: "custom_fields.custom_object", title: "Custom fields of custom objects", manner: bySkip, path: pathCustomFields + "custom_object_type/"},
		{name: "custom_fields.shared", title: "Shared custom fields", manner: bySkip, path: pathCustomFields + "shared/"},
		{name: "custom_activity_type", title: "Custom activity types", manner: bySkip, path: pathCustomActivityTypes},
		{name: "custom_object_type", title: "Custom object types", manner: bySkip, path: pathCustomObjectTypes},
		{name: objectLead, title: "Leads", manner: bySearch, path: pathLeads},
		{name: objectContact, title: "Contacts", manner: bySearch, path: pathContacts},
		{name: objectOpportunity, title: "Opportunities", manner: byOrder, path: pathOpportunities},
		{name: objectTask, title: "Tasks", manner: byOrder, path: pathTasks},
		{name: objectCustomObject, title: "Custom objects", manner: bySearch, path: pathCustomObjects},
	}
	activity := func(name, title, path string, sweep time.Duration) {
		all = append(all, kindOfRecord{name: "activity." + name, title: title, manner: byWindow, path: pathActivities + path, sweep: sweep})
	}
	activity("call", "Calls", "call/", week)
	activity("email", "E-mails", "email/", week)
	activity("email_thread", "E-mail threads", "emailthread/", week)
	activity("sms", "SMS", "sms/", week)
	activity("whatsapp_message", "WhatsApp messages", "whatsapp_message/", week)
	activity("meeting", "Meetings", "meeting/", week)
	activity("note", "Notes", "note/", week)
	activity("custom_activity", "Custom activities", "custom/", week)
	activity("form_submission", "Form submissions", "form_submission/", 24*time.Hour)
	activity("lead_status_change", "Lead status changes", "status_change/lead/", 24*time.Hour)
	activity("opportunity_status_change", "Opportunity status changes", "status_change/opportunity/", 24*time.Hour)
	activity("task_completed", "Tasks completed", "task_completed/", 24*time.Hour)
	activity("lead_merge", "Lead merges", "lead_merge/", 24*time.Hour)
	activity("created", "Leads created", "created/", 24*time.Hour)
	for i := range all {
		all[i].fields = searchFields(all[i].name)
	}
	return all
}

func kindNamed(object string) (kindOfRecord, bool) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kindOfRecord) bool { return k.name == object })
	if i < 0 {
		return kindOfRecord{}, false
	}
	return all[i], true
}

// small tells whether the object is read whole each time.
func (k kindOfRecord) small() bool { return k.manner >= bySkip }

// timeless tells whether records of the object may lack a time of their own: roles have been seen to be of the year 1, and
// memberships and groups state none. Those that people work on state one always.
func timeless(object string) bool {
	k, ok := kindNamed(object)
	return ok && k.small()
}

func (k kindOfRecord) scopes() []connector.ScopeKind {
	switch k.manner {
	case bySearch:
		scopes := []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween, connector.Matching, connector.IDs}
		if k.name != objectLead {
			scopes = append(scopes, connector.ChildrenOf)
		}
		return scopes
	case byOrder:
		scopes := []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween, connector.IDs, connector.ChildrenOf}
		if k.name == objectOpportunity {
			scopes = append(scopes, connector.Matching)
		}
		return scopes
	case byWindow:
		return []connector.ScopeKind{connector.All, connector.CreatedBetween, connector.IDs, connector.ChildrenOf}
	}
	return []connector.ScopeKind{connector.All, connector.IDs}
}

func pullObjects() []connector.Object {
	var objects []connector.Object
	for _, k := range kinds() {
		objects = append(objects, connector.Object{Name: k.name, Title: k.title, Scopes: k.scopes(), Sweep: k.sweep, Absent: true, Small: k.small()})
	}
	return objects
}
