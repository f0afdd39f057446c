package close

import (
	"slices"
	"strings"

	"leadline/shared/schema"
)

// ownFields gives the fields that Close documents for an object, but for those that normalize drops.
func ownFields(object string) []schema.Field {
	var fields []schema.Field
	add := func(text string) {
		for one := range strings.FieldsSeq(text) {
			fields = append(fields, ownField(one))
		}
	}
	if _, activity := strings.CutPrefix(object, "activity."); activity {
		add(commonFields)
	}
	add(ofObject(object))
	return slices.DeleteFunc(fields, func(f schema.Field) bool { return dropped(object, f.Name) != "" })
}

// ownField reads name:type, the type being one of schema's, choice(a|b), or >object for a reference.
func ownField(text string) schema.Field {
	name, kind, _ := strings.Cut(text, ":")
	f := schema.Field{Name: name, Title: title(name), Type: schema.Type(kind)}
	switch {
	case kind == "":
		f.Type = schema.Text
	case kind[0] == '>':
		f.Type, f.Refers = schema.Reference, kind[1:]
	default:
		if t, list, ok := strings.Cut(kind, "("); ok {
			f.Type, f.Choices = schema.Type(t), strings.Split(strings.TrimSuffix(list, ")"), "|")
			slices.Sort(f.Choices)
		}
	}
	return f
}

// title makes words of a field's name.
func title(name string) string {
	words := strings.ReplaceAll(strings.TrimPrefix(name, "_"), "_", " ")
	switch {
	case name == "id":
		return "ID"
	case strings.HasSuffix(words, " id"):
		words = strings.TrimSuffix(words, " id")
	case strings.HasPrefix(words, "date "):
		words = strings.TrimPrefix(words, "date ")
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// commonFields are those of all activities: https://developer.close.com/api/resources/activities.
const commonFields = `id _type lead_id:>lead contact_id:>contact user_id:>user user_name users:multi_choice organization_id
	activity_at:date_time date_created:date_time date_updated:date_time created_by:>user created_by_name updated_by:>user updated_by_name`

const (
	datedFields   = ` date_created:date_time date_updated:date_time `
	signedFields  = ` organization_id created_by:>user updated_by:>user ` + datedFields
	messageStatus = `status:choice(inbox|draft|scheduled|outbox|sent|error) `
	sequence      = ` sequence_id sequence_name sequence_subscription_id `
	phones        = ` local_phone remote_phone local_country_iso remote_country_iso `
	statusChange  = ` old_status_id:>%s old_status_label new_status_id:>%s new_status_label `
	customFields  = `id name type description accepts_multiple_values:boolean choices:multi_choice is_shared:boolean required:boolean
		editable_with_roles:json back_reference_is_visible:boolean referenced_custom_type_id converting_to_type associations:json` + signedFields
)

func ofObject(object string) string {
	switch object {
	case objectLead:
		return `id name display_name description url html_url status_id:>status.lead status_label addresses:json
			source created_by_name updated_by_name` + signedFields
	case objectContact:
		return `id lead_id:>lead name display_name title emails:json phones:json urls:json timezone timezone_source` + signedFields
	case objectOpportunity:
		return `id lead_id:>lead lead_name contact_id:>contact contact_name user_id:>user user_name status_id:>status.opportunity status_label
			status_type:choice(active|won|lost) pipeline_id:>pipeline pipeline_name value:number value_currency
			value_period:choice(one_time|monthly|annual) confidence:number expected_value:number annualized_value:number
			annualized_expected_value:number date_won:date date_lost:date_time note note_html attachments:json
			created_by_name updated_by_name` + signedFields
	case objectTask:
		return `id _type text date:date_time due_date:date_time is_dateless:boolean is_complete:boolean priority assigned_to:>user assigned_to_name
			lead_id:>lead lead_name contact_id:>contact object_type object_id deduplication_key resolution is_primary_lead_notification:boolean
			agent_config_id created_by_name updated_by_name` + sequence + signedFields
	case objectCustomObject:
		return `id lead_id:>lead custom_object_type_id:>custom_object_type name` + signedFields
	case "activity.call":
		return `direction:choice(inbound|outbound) status:choice(created|in-progress|completed|cancel|no-answer|busy|failed|timeout)
			disposition:choice(answered|no-answer|vm-answer|vm-left|busy|blocked|error|abandoned) duration:number cost
			call_method:choice(regular|power|predictive|external) source:choice(Close.io|External) phone recording_url voicemail_url
			voicemail_duration:number note note_html outcome_id:>outcome dialer_id dialer_saved_search_id transferred_from transferred_from_user_id:>user
			transferred_to transferred_to_user_id:>user` + phones + sequence
	case "activity.email":
		return messageStatus + `direction:choice(incoming|outgoing) subject sender to:multi_choice cc:multi_choice bcc:multi_choice envelope:json
			body_text body_html body_preview thread_id:>activity.email_thread message_ids:multi_choice references:multi_choice
			in_reply_to_id:>activity.email date_sent:date_time date_scheduled:date_time attachments:json opens:json opens_summary has_reply:boolean
			template_id template_name bulk_email_action_id send_as_id send_attempts:json email_account_id agent_action_reason agent_config_id
			followup_sequence_id followup_sequence_delay:number followup_sequence_add_cc_bcc:boolean` + sequence
	case "activity.email_thread":
		return `latest_normalized_subject participants:json n_emails:number`
	case "activity.sms":
		return messageStatus + `direction:choice(inbound|outbound) text cost source error_message date_sent:date_time date_scheduled:date_time
			template_id attachments:json agent_action_reason agent_config_id` + phones + sequence
	case "activity.whatsapp_message":
		return `direction:choice(incoming|outgoing) text message_markdown message_html local_phone remote_phone external_whatsapp_message_id
			response_to_id:>activity.whatsapp_message integration_name integration_link source attachments:json` + sequence
	case "activity.note":
		return `note note_html title attachments:json pinned:boolean pinned_at:date_time note_mentions:json source`
	case "activity.meeting":
		return `title starts_at:date_time ends_at:date_time duration:number actual_duration:number location
			status:choice(upcoming|in-progress|completed|canceled|declined-by-lead|declined-by-org) attendees:json calendar_event_link
			calendar_event_uids:multi_choice conference_links:json connected_account_id is_recurring:boolean source integrations:json note
			user_note user_note_html notetaker_id summary attached_call_ids:multi_choice outcome_id:>outcome`
	case objectCustomActivity:
		return `custom_activity_type_id:>custom_activity_type status:choice(draft|published) pinned:boolean`
	case "activity.form_submission":
		return `form_id form_name form_configuration_id ip_address origin source_url source_url_normalized values:json values_by_name:json`
	case "activity.lead_status_change":
		return strings.ReplaceAll(statusChange, "%s", "status.lead")
	case "activity.opportunity_status_change":
		return `opportunity_id:>opportunity old_status_type new_status_type old_pipeline_id:>pipeline old_pipeline_name new_pipeline_id:>pipeline
			new_pipeline_name opportunity_value:number opportunity_value_period opportunity_value_currency opportunity_confidence:number
			opportunity_date_won:date` + strings.ReplaceAll(statusChange, "%s", "status.opportunity")
	case "activity.task_completed":
		return `task_id:>task task_text task_assigned_to:>user task_assigned_to_name`
	case "activity.lead_merge":
		return `source_lead_id:>lead source_lead_name destination_lead_id:>lead`
	case "activity.created":
		return `source import_id`
	}
	return ofConfiguration(object)
}

func ofConfiguration(object string) string {
	switch object {
	case objectUser:
		return `id email first_name last_name image google_profile_image_url email_verified_at:date_time last_used_timezone organizations:multi_choice` + datedFields
	case "role":
		return `id name editable:boolean permissions:multi_choice visibility_user_lcf_ids:multi_choice
			visibility_user_lcf_behavior:choice(require_assignment|allow_unassigned)` + signedFields
	case objectMembership:
		return `id user_id:>user role_id:>role is_active:boolean organization_id permissions_granted:multi_choice auto_record_calls track_email_opens:boolean
			user_email user_full_name user_first_name user_last_name user_phone` + datedFields
	case objectGroup:
		return `id name organization_id members:json` + datedFields
	case "status.lead":
		return `id label` + signedFields
	case "status.opportunity":
		return `id label type:choice(active|won|lost) pipeline_id:>pipeline` + signedFields
	case "pipeline":
		return `id name statuses:json` + signedFields
	case "outcome":
		return `id name description type:choice(custom|vm-dropped) applies_to:multi_choice(calls|meetings)` + signedFields
	case "custom_activity_type":
		return `id name description api_create_only:boolean editable_with_roles:json fields:json` + signedFields
	case "custom_object_type":
		return `id name name_plural description api_create_only:boolean editable_with_roles:json fields:json back_reference_fields:json` + signedFields
	case "custom_fields.activity":
		return `custom_activity_type_id:>custom_activity_type ` + customFields
	case "custom_fields.custom_object":
		return `custom_object_type_id:>custom_object_type ` + customFields
	}
	return customFields
}
