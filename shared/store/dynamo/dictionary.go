package dynamo

// dictionary1 is the dictionary of format 1: texts that stored bodies have in common, in the order in which canonical
// JSON has them, the most frequent last. It is part of what is stored and never changes: a better one is a new format,
// and the old one stays for as long as items of it are stored.
const dictionary1 = "" +
	`{"addresses":[{"address_1":"","address_2":"","city":"","country":"US","label":"business","state":"",` +
	`"zipcode":""}],"contact_ids":["cont_"],"contacts":[],"created_by":"user_","created_by_name":"",` +
	`"date_created":"2026-01-01T00:00:00.000000+00:00","date_updated":"2026-","description":"","display_name":"",` +
	`"html_url":"https://app.close.com/lead/lead_","id":"lead_","integration_links":[],"name":"",` +
	`"opportunities":[],"organization_id":"orga_","source":null,"status_id":"stat_","status_label":"Potential",` +
	`"tasks":[],"updated_by":"user_","updated_by_name":"","url":"http://{"created_by":"user_",` +
	`"date_created":"2026-","date_updated":"2026-","display_name":"","emails":[{"email":"@gmail.com",` +
	`"is_unsubscribed":false,"type":"office"}],"id":"cont_","integration_links":[],"lead_id":"lead_","name":"",` +
	`"organization_id":"orga_","phones":[{"country":"US","phone":"+1","phone_formatted":"+1 ","type":"office"}],` +
	`"timezone":null,"timezone_source":null,"title":"","updated_by":"user_","urls":[{"type":"url",` +
	`"url":"https://www.linkedin.com/{"_type":"lead","agent_config_id":null,"assigned_to":"user_",` +
	`"assigned_to_name":"","contact_id":null,"contact_name":null,"created_by":"user_","created_by_name":"",` +
	`"date":"2026-","date_created":"2026-","date_updated":"2026-","deduplication_key":null,"due_date":"2026-",` +
	`"id":"task_","is_complete":false,"is_dateless":false,"is_new":true,"is_primary_lead_notification":true,` +
	`"lead_id":"lead_","lead_name":"","object_id":null,"object_type":null,"organization_id":"orga_",` +
	`"priority":"default","resolution":null,"sequence_id":null,"sequence_subscription_id":null,"text":"",` +
	`"updated_by":"user_","updated_by_name":"","view":"inbox"}{"_type":"Email","activity_at":"2026-",` +
	`"attachments":[],"bcc":[],"body_html":"","body_preview":"","body_text":"","body_text_quoted":[{"expand":false,` +
	`"text":""}],"bulk_email_action_id":null,"cc":[],"contact_id":"cont_","date_scheduled":null,` +
	`"date_sent":"2026-","direction":"outgoing","email_account_id":"emailacct_","envelope":{"bcc":[],"cc":[],` +
	`"date":"","from":[{"email":"","name":""}],"in_reply_to":null,"is_autoreply":false,"message_id":"",` +
	`"reply_to":[],"sender":[],"subject":"","to":[]},"followup_sequence_id":null,"has_reply":false,"id":"acti_",` +
	`"in_reply_to_id":null,"lead_id":"lead_","message_ids":[],"need_smtp_credentials":false,"opens":[],` +
	`"opens_summary":null,"organization_id":"orga_","references":[],"send_as_id":null,"send_attempts":[],` +
	`"sender":"","sequence_id":null,"sequence_name":null,"sequence_subscription_id":null,"status":"sent",` +
	`"subject":"Re: ","template_id":null,"template_name":null,"thread_id":"acti_","to":["{"_type":"Call",` +
	`"activity_at":"2026-","call_method":"regular","contact_id":"cont_","cost":"0","created_by":"user_",` +
	`"created_by_name":"","date_answered":null,"date_created":"2026-","date_updated":"2026-","dialer_id":null,` +
	`"dialer_saved_search_id":null,"direction":"outbound","disposition":"answered","duration":0,` +
	`"has_recording":false,"id":"acti_","is_forwarded":false,"is_joinable":false,"is_to_group_number":false,` +
	`"lead_id":"lead_","local_country_iso":"US","local_phone":"+1","local_phone_formatted":"+1 ","note":"",` +
	`"note_html":"","organization_id":"orga_","outcome_id":null,"phone":"+1","recording_expires_at":null,` +
	`"recording_url":null,"remote_country_iso":"US","remote_phone":"+1","remote_phone_formatted":"+1 ",` +
	`"source":"Close.io","status":"completed","transferred_from":null,"transferred_to":null,"updated_by":"user_",` +
	`"updated_by_name":"","user_id":"user_","user_name":"","users":[],"voicemail_duration":0,` +
	`"voicemail_url":null}"_type":"SMS","_type":"Note","_type":"Meeting","actual_duration":null,` +
	`"attendees":[{"contact_id":null,"email":"","is_organizer":true,"name":null,"status":"yes","user_id":"user_"}],` +
	`"calendar_event_link":null,"ends_at":"2026-","error_message":null,"location":"","note_date_updated":null,` +
	`"pinned":false,"pinned_at":null,"provider_calendar_event_id":null,"starts_at":"2026-","summary":null,` +
	`"user_note":"","user_note_html":"","new_status_id":"stat_","new_status_label":"","old_status_id":"stat_",` +
	`"old_status_label":"","opportunity_id":"oppo_",[{"field":"date_updated","old":"2026-",` +
	`"new":"2026-"},{"field":"status_id","old":"stat_","new":"stat_"},{"field":"status_label","old":"Active",` +
	`"new":"Won"},{"field":"status_type","old":"active","new":"won"},{"field":"confidence","old":50,` +
	`"new":100},{"field":"value","old":0,"new":0},"old_large":{"sha256":"","bytes":"new_large":{"sha256":"",` +
	`"bytes":{"annualized_expected_value":0,"annualized_value":0,"attachments":[],"confidence":50,` +
	`"contact_id":null,"contact_name":null,"created_by":"user_","created_by_name":"",` +
	`"date_created":"2026-11-0T1:00:00.000000+00:00","date_lost":null,"date_updated":"2026-11-","date_won":null,` +
	`"expected_value":0,"id":"oppo_","integration_links":[],"is_stalled":false,"lead_id":"lead_","lead_name":"",` +
	`"note":"","note_html":"","organization_id":"orga_","pipeline_id":"pipe_","pipeline_name":"Sales",` +
	`"status_display_name":"Active","status_id":"stat_","status_label":"Active","status_type":"active",` +
	`"updated_by":"user_","updated_by_name":"","user_id":"user_","user_name":"","value":10000,` +
	`"value_currency":"USD","value_formatted":"$1,000","value_period":"one_time"}{"s":{"kind":"webhook",` +
	`"delivery":"01K","event":"ev_","action":"created","payload":{"key":"inbox/org_","action":"updated",` +
	`"payload":{"key":"archive/org_/conn_/2026/11/.gz","offset":0,"length":1}},"l":{},"f":{`
