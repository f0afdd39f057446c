package crm

// Kind is a kind of record.
type Kind uint8

// The kinds of records. All from Call on up to WhatsApp are activities.
const (
	Lead Kind = iota
	Contact
	Opportunity
	Task
	CustomObject
	Call
	Email
	EmailThread
	SMS
	Note
	Meeting
	CustomActivity
	Created
	LeadStatusChange
	OpportunityStatusChange
	TaskCompleted
	LeadMerge
	FormSubmission
	WhatsApp
	kinds
)

// Spec says how the API speaks of a kind.
type Spec struct {
	Kind Kind
	// Path is the path below /api/v1/, without slashes around it.
	Path string
	// Prefix begins the ids.
	Prefix string
	// Type is the `_type` of an activity.
	Type string
	// Object is the object type in events, webhooks and searches.
	Object string
	// Max is the largest page of the list.
	Max int
}

// Activity tells whether it is a kind of activity.
func (k Kind) Activity() bool { return k >= Call && k <= WhatsApp }

// Kinds lists all kinds in their order.
func Kinds() []Spec {
	return []Spec{
		{Lead, "lead", "lead_", "", "lead", 200},
		{Contact, "contact", "cont_", "", "contact", 200},
		{Opportunity, "opportunity", "oppo_", "", "opportunity", 250},
		{Task, "task", "task_", "", "task.lead", 1000},
		{CustomObject, "custom_object", "custobj_", "", "custom_object", 100},
		{Call, "activity/call", "acti_", "Call", "activity.call", 100},
		{Email, "activity/email", "acti_", "Email", "activity.email", 100},
		{EmailThread, "activity/emailthread", "acti_", "EmailThread", "activity.email_thread", 100},
		{SMS, "activity/sms", "acti_", "SMS", "activity.sms", 100},
		{Note, "activity/note", "acti_", "Note", "activity.note", 100},
		{Meeting, "activity/meeting", "acti_", "Meeting", "activity.meeting", 100},
		{CustomActivity, "activity/custom", "acti_", "CustomActivity", "activity.custom_activity", 100},
		{Created, "activity/created", "acti_", "Created", "activity.created", 100},
		{LeadStatusChange, "activity/status_change/lead", "acti_", "LeadStatusChange", "activity.lead_status_change", 100},
		{OpportunityStatusChange, "activity/status_change/opportunity", "acti_", "OpportunityStatusChange", "activity.opportunity_status_change", 100},
		{TaskCompleted, "activity/task_completed", "acti_", "TaskCompleted", "activity.task_completed", 100},
		{LeadMerge, "activity/lead_merge", "acti_", "LeadMerge", "activity.lead_merge", 100},
		{FormSubmission, "activity/form_submission", "acti_", "FormSubmission", "activity.form_submission", 100},
		{WhatsApp, "activity/whatsapp_message", "acti_", "WhatsAppMessage", "activity.whatsapp_message", 100},
	}
}
