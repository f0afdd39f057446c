package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
)

// The answers of the API that the commands below show. Each has something that is meant to hurt a terminal.
const (
	someTime        = `"2026-11-22T09:00:00.5Z"`
	clientAnswer    = `{"clientid":"cli_1","name":"Ware\u001b[2Jhouse","connection":"conn_1","status":"active","secrets":[],"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1}`
	secretAnswer    = `{"clientid":"cli_1","name":"Ware\u001b[2Jhouse","connection":"conn_1","status":"active","secrets":[],"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1,"clientSecret":"cls_new","push_url":"https://x/v1/push"}`
	keyAnswer       = `{"id":"key_1","name":"c\u001b[2Ji","role":"reader","created_at":` + someTime + `,"works":true,"expires_at":"2026-12-01T00:00:00Z"}`
	revokedAnswer   = `{"id":"key_1","name":"c\u001b[2Ji","role":"reader","created_at":` + someTime + `,"works":false,"revoked_at":"2026-12-01T00:00:00Z"}`
	newKeyAnswer    = `{"id":"key_1","name":"c\u001b[2Ji","role":"reader","created_at":` + someTime + `,"works":true,"key":"llk_new"}`
	personAnswer    = `{"id":"per_1","email":"ada@example.com","name":"A\u001b[2Jda","role":"reader","status":"invited","mail":"none","created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1}`
	auditAnswer     = `{"id":"01A","at":` + someTime + `,"actor":"key_1","actor_name":"c\u001b[2Ji","operation":"create-client","target":"clients/cli_1","outcome":"role_not_sufficient","address":"203.0.113.9","detail":"d"}`
	toldAnswer      = `{"id":"01N","at":` + someTime + `,"kind":"import_done","subject":"connections/conn_1","text":"It is d\u001b[2Jone.","table":{"columns":["Object","Stor\u001b[2Jed"],"rows":[["leads","1\u001b[2J2"],["contacts"]]},"mail":{"state":"sent","at":` + someTime + `,"sent":2,"refused":1,"problem":"One was re\u001b[2Jfused."}}`
	noticeAnswer    = `{"id":"01N","at":` + someTime + `,"kind":"destination_failing","subject":"destinations/dst_1","text":"It f\u001b[2Jails."}`
	linkAnswer      = `{"name":"close-opportunity.user_id","origin":"generated","state":"current","connection":"conn_1","created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1,"from":{"connection":"conn_1","object":"opportunity","field":"user_id"},"to":{"object":"user","field":"external_id.conn_1"},"cardinality":"to_one"}`
	viewAnswer      = `{"name":"close-user_close_opportunity_view","origin":"edited","state":"outdated","created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":2,"description":"Joined\u001b[2J","base":{"connection":"conn_1","object":"opportunity"},"joins":[{"name":"owner","link":"close-opportunity.user_id"}],"columns":[{"name":"owner.id","from":"owner","field":"id","type":"text"}],"owner":"owner.id","new_columns":["custom.cf_new"]}`
	variableAnswer  = `{"name":"close-call_minutes","origin":"generated","state":"current","created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1,"description":"The minutes\u001b[2J of all completed calls.","view":"v","measure":"sum","column":"duration","unit":"minutes"}`
	valuesAnswer    = `{"unit":"minutes","values":[{"member":"mem_1","member_name":"A\u001b[2Jnn","period":"all","currency":"EUR","value":"1.5","rows":3},{"period":"all","value":"1","rows":1}],"skipped":{"undated":0,"out_of_range":0,"empty":0,"unreadable":0},"read":5000,"complete":false}`
	destAnswer      = `{"id":"dst_1","name":"Rud\u001b[2Jder","url":"https://example.com/","kind":"track","connections":[],"headers":["Authorization"],"seed_timestamps":false,"status":"failed","problem":"410 Gone","failing_since":` + someTime + `,"secrets":[],"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1}`
	destNewAnswer   = `{"id":"dst_1","name":"Rud\u001b[2Jder","url":"https://example.com/","kind":"track","connections":[],"headers":[],"seed_timestamps":false,"status":"active","secrets":[],"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1,"secret":"whsec_new"}`
	deliveryAnswer  = `{"id":"01D-dst_1","event":"ev_1","type":"lead\u001b[2J created","outcome":"retrying","created_at":` + someTime + `,"next_at":"2026-11-22T09:00:05Z","replays":0,"attempts":[{"number":1,"at":` + someTime + `,"status":500,"milliseconds":12,"answer":"o\u001b[2Jops"}]}`
	deliveredAnswer = `{"id":"01D-dst_1","event":"ev_1","type":"lead created","outcome":"given_up","created_at":` + someTime + `,"replays":0,"attempts":[{"number":1,"at":` + someTime + `,"milliseconds":12,"problem":"refused"}],"body":"{\"a\":\"\u001b[2J\"}","bytes":9}`
	jobAnswer       = `{"id":"job_1","kind":"export","status":"done","counts":{"done":3,"records_found":2},"total":3,"created_by":"key_1","created_at":` + someTime + `,"updated_at":` + someTime + `,"download":{"url":"https://files/x?y=z","expires_at":` + someTime + `}}`
	batchAnswer     = `{"batch":"bat_1","status":"finished","object":"sa\u001b[2Jles","rows":3,"received_at":` + someTime + `,"counts":{"applied":1,"superseded":1,"set_aside":1}}`
	batchRowsAnswer = `{"batch":"bat_1","status":"finished","object":"sales","rows":3,"counts":{"applied":1,"superseded":1,"set_aside":1},"outcomes":[{"row":1,"id":"7\u001b[2J","outcome":"superseded","by":2},{"row":3,"outcome":"set_aside","code":"missing_id","detail":"no id","entry":"01B-3"}]}`
	objectAnswer    = `{"name":"sales","title":"Sa\u001b[2Jles","id_field":"id","version_field":"rev","follows":false,"state":"confirmed","version":2,"fields":2,"proposed":true,"first_seen":` + someTime + `,"rev":7,
		"schema":{"version":2,"origin":"first_dump","at":` + someTime + `,"fields":[{"name":"am\u001b[2Jount","type":"number","required":true},{"name":"state","type":"choice","choices":["a","b"]}]},
		"proposal":{"rows":12,"full":true,"since":` + someTime + `,"updated_at":` + someTime + `,"changes":[
			{"field":"amount","from":"number","to":"text","rows":12,"optional":true,"examples":[{"value":"\"n/a\u001b[2J\"","entry":"01E"}]},
			{"field":"state","from":"choice","to":"choice","choices":["c"],"rows":1,"examples":[]},{"field":"region","to":"text","rows":2,"examples":[]}]}}`
	versionsAnswer   = `{"version":1,"origin":"first_dump","at":` + someTime + `,"by":"key_1","fields":[{"name":"a","type":"text"}]}`
	templateAnswer   = `{"items":[{"name":"users","title":"Users","description":"The pe\u001b[2Jople","id_field":"id","fields":[{"name":"id","type":"text"}],"sample":{"id":"1"}}]}`
	requestAnswer    = "{\"curl\":\"curl \\u001b[2J\\n  --data\",\"javascript\":\"fetch()\",\"python\":\"import json\"}"
	onboardingAnswer = `{"connection":"conn_1","done":false,"steps":[{"step":"credentials","title":"Cre\u001b[2Jdentials","done":true},{"step":"schema","title":"A schema","done":false,"next":"POST /v1/x"}]}`
	loginAnswer      = `{"id":"conn_1","connector":"close","name":"Clo\u001b[2Jse","status":"active","keys":[],"base_url":"http://127.0.0.1:1/v1","account":{"id":"orga_1","name":"Ac\u001b[2Jme"},"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":2,
		"login":{"kind":"api_key","state":"ok","fingerprint":"0a1b2c3d","missing_permissions":[{"permission":"manage_webhooks","needed":"Live changes."}],"tested_at":` + someTime + `},
		"identity":{"account":{"id":"orga_1","name":"Ac\u001b[2Jme"},"user":{"id":"user_1","name":"A\u001b[2Jnn","email":"ann@example.com"}},"permissions":["read"],"missing_permissions":[{"permission":"manage_\u001b[2Jwebhooks","needed":"Live changes."}]`
	refusedAnswer   = `{"id":"conn_2","connector":"close","name":"Old","status":"active","keys":[],"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":2,"login":{"kind":"oauth2","state":"revoked","reason":"Close ref\u001b[2Juses it.","missing_permissions":[]}}`
	plainAnswer     = `{"id":"conn_3","connector":"close","name":"Plain","status":"disabled","keys":[],"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":2}`
	runAnswer       = `{"id":"run_1","plan":{"kind":"import","mode":"full"},"status":"running","progress":` + progressAnswer + `,"created_by":"key_1","created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":2}`
	failedRunAnswer = `{"id":"run_2","plan":{"kind":"import","mode":"full"},"status":"failed","problem":"Nobody ans\u001b[2Jwers.","progress":` + progressAnswer + `,"created_by":"key_1","created_at":` + someTime + `,"updated_at":` + someTime + `,"finished_at":` + someTime + `,"rev":3,
		"objects":[{"object":"lead\u001b[2J","phase":"stopped","counts":` + countsAnswer + `,"requests":1,"retries":0,"throttled":0,"problem":"It may n\u001b[2Jot.","updated_at":` + someTime + `}],
		"report":{"at":` + someTime + `,"agrees":false,"objects":[{"object":"deal","source":1302,"source_how":"its c\u001b[2Jount","stored":1300,"stored_how":"here","difference":-2,"explained":"2 in the quarantine","counts":` + countsAnswer + `}]}}`
	progressAnswer = `{"counts":` + countsAnswer + `,"objects_done":1,"objects_total":3,"requests":30,"retries":1,"throttled":0,"records_per_minute":600}`
	countsAnswer   = `{"found":5000,"fetched":1500,"missing":1200,"stale":80,"differing":10,"unchanged":200,"newer":8,"refused":2,"absent":0,"deleted":0,"kept":0,"held":0}`
	syncAnswer     = `{"id":"sync_1","name":"Night\u001b[2Jly","plan":{"kind":"reconcile"},"schedule":{"kind":"daily","at":["02:30"]},"in_words":"every day at 02:30 (UTC)","off":false,"next_at":"2026-11-23T02:30:07Z","last_run":"run_9","last_at":` + someTime + `,"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":4}`
	offSyncAnswer  = `{"id":"sync_2","name":"Changes","plan":{"kind":"changes"},"schedule":{"kind":"manual"},"in_words":"only when asked","off":true,"created_at":` + someTime + `,"updated_at":` + someTime + `,"rev":1}`
	entryAnswer    = `{"id":"01E","connection":"conn_1","connector":"client","object":"sales","batch":"bat_1","row":3,"reason":"schema_mismatch","detail":"De\u001b[2Jtail","kind":"push","received_at":` + someTime + `,"status":"open","replays":0,"updated_at":` + someTime + `,
		"mismatches":[{"field":"am\u001b[2Jount","expected":"a number","found":"a text"}],"payload":{"bytes":8,"text":"{\"id\":3}"}}`
)

func items(item string) string { return `{"items":[` + item + `]}` }

// TestCommands runs each command over an answer of the API: what it asks for and sends, what it prints, and that --json
// gives all of the answer.
func TestCommands(t *testing.T) {
	for _, c := range []struct {
		args    string // by |
		asks    string
		answer  string
		status  int
		prints  []string
		posts   string
		nothing bool // the answer has no body
	}{
		{args: "clients", asks: "GET /v1/clients", answer: items(clientAnswer), prints: []string{"CLIENTID", "cli_1", "Ware·[2Jhouse", "conn_1", "active"}},
		{args: "clients|create|--name|W", asks: "POST /v1/clients", status: 201, answer: secretAnswer, prints: []string{"cls_new", "https://x/v1/push", "only now"}, posts: `{"name":"W"}`},
		{args: "clients|create|--name|W|--connection|conn_1", asks: "POST /v1/clients", status: 201, answer: secretAnswer, posts: `{"connection":"conn_1","name":"W"}`},
		{args: "clients|rotate-secret|cli_1|--overlap|60", asks: "POST /v1/clients/cli_1/rotate-secret", answer: secretAnswer, prints: []string{"cls_new"}, posts: `{"overlap_seconds":60}`},
		{args: "clients|disable|cli_1", asks: "POST /v1/clients/cli_1/disable", answer: clientAnswer, prints: []string{"cli_1"}, posts: `null`},
		{args: "connect|close|--name|N|--api-key-file|-", asks: "POST /v1/connections", status: 201, answer: loginAnswer + `,"webhook_url":"https://x/hooks/t"}`,
			prints: []string{"Ac·[2Jme (orga_1) as A·[2Jnn <ann@example.com>.", "api_key 0a1b2c3d", "manage_·[2Jwebhooks", "Live changes.", "https://x/hooks/t"}, posts: `{"connector":"close","login":{"api_key":"[{\"id\":1}]","kind":"api_key"},"name":"N"}`},
		{args: "connect|close|--name|N|--api-key-env|KEY|--base-url|http://127.0.0.1:1", asks: "POST /v1/connections", status: 201, answer: loginAnswer + `,"webhook_url":"https://x/hooks/t"}`,
			posts: `{"base_url":"http://127.0.0.1:1","connector":"close","login":{"api_key":"value of KEY","kind":"api_key"},"name":"N"}`},
		{args: "connect|close|--name|N|--client-id|app|--client-secret-file|-", asks: "POST /v1/connections", status: 201, answer: strings.TrimSuffix(refusedAnswer, "}") + `,"authorize_url":"https://app/\u001b[2J","webhook_url":"https://x/hooks/t"}`,
			prints: []string{"within 15 minutes", "https://app/·[2J"}, posts: `{"connector":"close","login":{"client_id":"app","client_secret":"[{\"id\":1}]","kind":"oauth2"},"name":"N"}`},
		{args: "connections", asks: "GET /v1/connections", answer: items(strings.Split(loginAnswer, ",\n\t\t\"identity\"")[0] + "}," + refusedAnswer + "," + plainAnswer), prints: []string{"Ac·[2Jme", "api_key 0a1b2c3d", "revoked: Close ref·[2Juses it.", "listens only"}},
		{args: "connections|login|conn_1|--api-key-env|KEY|--accept-other-account", asks: "PUT /v1/connections/conn_1/login", answer: loginAnswer + "}", prints: []string{"as A·[2Jnn"}},
		{args: "connections|settings|conn_1|--base-url||--name|N", asks: "PUT /v1/connections/conn_1/settings", answer: plainAnswer, prints: []string{"Plain"}},
		{args: "connections|authorize|conn_1", asks: "POST /v1/connections/conn_1/authorize", answer: strings.TrimSuffix(plainAnswer, "}") + `,"authorize_url":"https://app/x"}`, prints: []string{"https://app/x"}, posts: `{}`},
		{args: "connection|test|conn_1", asks: "POST /v1/connections/conn_1/test", answer: loginAnswer + "}", prints: []string{"as A·[2Jnn", "manage_·[2Jwebhooks"}, posts: `null`},
		{args: "connections|pause|conn_1", asks: "POST /v1/connections/conn_1/pause", answer: plainAnswer, prints: []string{"Plain"}, posts: `null`},
		{args: "connections|resume|conn_1", asks: "POST /v1/connections/conn_1/resume", answer: plainAnswer, prints: []string{"Plain"}, posts: `null`},
		{args: "runs|conn_1|--kind|import", asks: "GET /v1/connections/conn_1/runs", answer: items(runAnswer + "," + failedRunAnswer), prints: []string{"run_1", "import full", "running", "2026-11-22 09:00:00.5", "1,500", "1,290", "failed", "Nobody ans·[2Jwers."}},
		{args: "runs|show|run_1|--connection|conn_1", asks: "GET /v1/connections/conn_1/runs/run_1", answer: failedRunAnswer, prints: []string{"Import full  failed", "lead·[2J", "It may n·[2Jot.", "THERE", "its c·[2Jount; 2 in the quarantine"}},
		{args: "runs|pause|run_1|--connection|conn_1", asks: "POST /v1/connections/conn_1/runs/run_1/pause", answer: runAnswer, prints: []string{"run_1"}, posts: `null`},
		{args: "runs|resume|run_1|--connection|conn_1", asks: "POST /v1/connections/conn_1/runs/run_1/resume", answer: runAnswer, prints: []string{"run_1"}, posts: `null`},
		{args: "runs|cancel|run_1|--connection|conn_1", asks: "POST /v1/connections/conn_1/runs/run_1/cancel", answer: runAnswer, prints: []string{"run_1"}, posts: `null`},
		{args: "syncs|conn_1", asks: "GET /v1/connections/conn_1/syncs", answer: items(syncAnswer + "," + offSyncAnswer), prints: []string{"sync_1", "Night·[2Jly", "reconcile", "every day at 02:30 (UTC)", "2026-11-23 02:30:07", "run_9", "off"}},
		{args: "syncs|add|conn_1|--name|N|--kind|reconcile|--at|02:30,14:30|--day|monday|--zone|Europe/Berlin|--object|lead", asks: "POST /v1/connections/conn_1/syncs", status: 201, answer: syncAnswer, prints: []string{"sync_1"},
			posts: `{"name":"N","plan":{"kind":"reconcile","objects":["lead"]},"schedule":{"at":["02:30","14:30"],"days":["monday"],"kind":"weekly","zone":"Europe/Berlin"}}`},
		{args: "syncs|add|conn_1|--name|N|--at|02:30", asks: "POST /v1/connections/conn_1/syncs", status: 201, answer: syncAnswer, posts: `{"name":"N","plan":{"kind":"changes"},"schedule":{"at":["02:30"],"kind":"daily"}}`},
		{args: "syncs|add|conn_1|--name|N|--every|15|--kind|import", asks: "POST /v1/connections/conn_1/syncs", status: 201, answer: syncAnswer, posts: `{"name":"N","plan":{"kind":"import","mode":"incremental"},"schedule":{"every_minutes":15,"kind":"every"}}`},
		{args: "syncs|add|conn_1|--name|N|--cron|30 2 * * mon-fri", asks: "POST /v1/connections/conn_1/syncs", status: 201, answer: syncAnswer, posts: `{"name":"N","plan":{"kind":"changes"},"schedule":{"cron":"30 2 * * mon-fri","kind":"cron"}}`},
		{args: "syncs|add|conn_1|--name|N", asks: "POST /v1/connections/conn_1/syncs", status: 201, answer: syncAnswer, posts: `{"name":"N","plan":{"kind":"changes"},"schedule":{"kind":"manual"}}`},
		{args: "syncs|run|conn_1|sync_1", asks: "POST /v1/connections/conn_1/syncs/sync_1/run", status: 202, answer: runAnswer, prints: []string{"run_1", "running"}, posts: `null`},
		{args: "syncs|delete|conn_1|sync_1", asks: "DELETE /v1/connections/conn_1/syncs/sync_1", status: 204, prints: []string{"Deleted."}, nothing: true},
		{args: "onboarding|conn_1", asks: "GET /v1/connections/conn_1/onboarding", answer: onboardingAnswer, prints: []string{"done   Cre·[2Jdentials", "to do  A schema", "POST /v1/x"}},
		{args: "keys", asks: "GET /v1/keys", answer: items(keyAnswer + "," + revokedAnswer), prints: []string{"key_1", "c·[2Ji", "works until 2026-12-01", "revoked 2026-12-01"}},
		{args: "keys|create|--name|ci|--role|ingest|--person|per_1|--expires-in|24h", asks: "POST /v1/keys", status: 201, answer: newKeyAnswer, prints: []string{"llk_new", "only now"},
			posts: `{"expires_at":"2026-11-23T09:00:00Z","name":"ci","person":"per_1","role":"ingest"}`},
		{args: "keys|revoke|key_1", asks: "POST /v1/keys/key_1/revoke", answer: revokedAnswer, prints: []string{"revoked"}, posts: `null`},
		{args: "people", asks: "GET /v1/people", answer: items(personAnswer), prints: []string{"ada@example.com", "A·[2Jda", "invited", "none"}},
		{args: "people|invite|ada@example.com|--name|Ada|--role|manager", asks: "POST /v1/people", status: 201, answer: personAnswer, prints: []string{"per_1"}, posts: `{"email":"ada@example.com","name":"Ada","role":"manager"}`},
		{args: "people|offboard|per_1", asks: "POST /v1/people/per_1/offboard", answer: personAnswer, prints: []string{"per_1"}, posts: `null`},
		{args: "audit|--actor|operator|--operation|set-quotas|--from|2026-11-22T00:00:00Z", asks: "GET /v1/audit", answer: items(auditAnswer), prints: []string{"c·[2Ji (key_1)", "create-client", "role_not_sufficient", "203.0.113.9"}},
		{args: "notices", asks: "GET /v1/notices", answer: items(noticeAnswer), prints: []string{"destination_failing", "destinations/dst_1", "01N", "It f·[2Jails."}},
		{args: "notices|show|01N", asks: "GET /v1/notices/01N", answer: toldAnswer, prints: []string{"import_done", "It is d·[2Jone.", "1·[2J2", "Stor·[2Jed", "sent to 2", "One was re·[2Jfused."}},
		{args: "notices|read|01N", asks: "POST /v1/notices/01N/read", status: 204, prints: []string{"Noted."}, posts: `null`, nothing: true},
		{args: "links", asks: "GET /v1/links", answer: items(linkAnswer), prints: []string{"close-opportunity.user_id", "opportunity user_id", "user master external_id.conn_1", "one", "generated"}},
		{args: "links|delete|by_rep", asks: "DELETE /v1/links/by_rep", status: 204, prints: []string{"Deleted."}, nothing: true},
		{args: "views|--removed", asks: "GET /v1/views", answer: items(viewAnswer), prints: []string{"close-user_close_opportunity_view", "opportunity", "owner.id", "edited, outdated"}},
		{args: "views|show|v", asks: "GET /v1/views/v", answer: viewAnswer, prints: []string{"Joined·[2J", "owner.id", "close-opportunity.user_id", "The standard form has more: custom.cf_new"}},
		{args: "views|rows|v|--columns|value", asks: "GET /v1/views/v/rows", answer: `{"items":[{"id":"oppo_1","values":{"value":9007199254740993}}],"read":3}`, prints: []string{"oppo_1", "VALUE", "9007199254740993"}},
		{args: "views|generate|conn_1", asks: "POST /v1/connections/conn_1/generate-views", answer: `{"created":4,"changed":3,"outdated":1,"retired":2}`, prints: []string{"4 made, 2 brought in step, 1 edited and left alone, 2 no longer generated."}, posts: `null`},
		{args: "variables", asks: "GET /v1/variables", answer: items(variableAnswer), prints: []string{"close-call_minutes", "sum duration", "minutes"}},
		{args: "variables|show|v", asks: "GET /v1/variables/v", answer: variableAnswer, prints: []string{"The minutes·[2J of all"}},
		{args: "variables|restore|v", asks: "POST /v1/variables/v/restore", answer: variableAnswer, prints: []string{"close-call_minutes"}, posts: `null`},
		{args: "variables|values|v|--zone|Europe/Berlin|--period|all", asks: "GET /v1/variables/v/values", answer: valuesAnswer, prints: []string{"A·[2Jnn", "1.5 EUR", "nobody", "MINUTES", "Only the first 5000 records"}},
		{args: "destinations", asks: "GET /v1/destinations", answer: items(destAnswer), prints: []string{"Rud·[2Jder", "failed", "failing since 2026-11-22 09:00:00.5: 410 Gone"}},
		{args: "destinations|create|https://example.com/|--name|R|--header|Authorization: Basic eDo6|--header|X-A: b:c|--connection|conn_1|--seed-timestamps", asks: "POST /v1/destinations", status: 201, answer: destNewAnswer, prints: []string{"whsec_new", "only now"},
			posts: `{"connections":["conn_1"],"headers":{"Authorization":"Basic eDo6","X-A":"b:c"},"kind":"track","name":"R","seed_timestamps":true,"url":"https://example.com/"}`},
		{args: "destinations|rotate-secret|dst_1", asks: "POST /v1/destinations/dst_1/rotate-secret", answer: destNewAnswer, prints: []string{"whsec_new"}, posts: `{"overlap_seconds":86400}`},
		{args: "destinations|enable|dst_1", asks: "POST /v1/destinations/dst_1/enable", answer: destAnswer, prints: []string{"dst_1"}, posts: `null`},
		{args: "destinations|delete|dst_1", asks: "DELETE /v1/destinations/dst_1", status: 204, prints: []string{"Deleted."}, nothing: true},
		{args: "deliveries|dst_1|--outcome|retrying|--type|lead created", asks: "GET /v1/destinations/dst_1/deliveries", answer: items(deliveryAnswer), prints: []string{"01D-dst_1", "lead·[2J created", "retrying, next 2026-11-22 09:00:05", "500 Internal Server Error"}},
		{args: "deliveries|show|dst_1|01D-dst_1", asks: "GET /v1/destinations/dst_1/deliveries/01D-dst_1", answer: deliveredAnswer, prints: []string{"given_up", "refused", "12 ms", `{"a":"·[2J"}`}},
		{args: "deliveries|replay|dst_1|01D-dst_1", asks: "POST /v1/destinations/dst_1/deliveries/01D-dst_1/replay", status: 202, answer: `{"id":"01D-dst_1"}`, prints: []string{"Queued"}, posts: `null`},
		{args: "jobs", asks: "GET /v1/jobs", answer: items(jobAnswer), prints: []string{"job_1", "export", "done", "3 done, 2 records found"}},
		{args: "jobs|show|job_1", asks: "GET /v1/jobs/job_1", answer: jobAnswer, prints: []string{"https://files/x?y=z"}},
		{args: "jobs|watch|job_1", asks: "GET /v1/jobs/job_1", answer: jobAnswer, prints: []string{"job_1", "done"}},
		{args: "jobs|cancel|job_1", asks: "POST /v1/jobs/job_1/cancel", answer: jobAnswer, prints: []string{"job_1"}, posts: `null`},
		{args: "batches", asks: "GET /v1/batches", answer: items(batchAnswer), prints: []string{"bat_1", "sa·[2Jles", "1 applied, 1 set aside, 1 superseded"}},
		{args: "batches|show|bat_1", asks: "GET /v1/push/bat_1", answer: batchRowsAnswer, prints: []string{"row 1  7·[2J  superseded", "by row 2", "row 3", "missing_id", "01B-3", "no id"}},
		{args: "batches|watch|bat_1", asks: "GET /v1/push/bat_1", answer: batchRowsAnswer, prints: []string{"finished", "row 3", "Nothing is lost"}},
		{args: "schema|conn_1|sales", asks: "GET /v1/connections/conn_1/objects/sales", answer: objectAnswer,
			prints: []string{"Sa·[2Jles: version 2 (first dump), confirmed, named by id, ordered by rev, rev 7", "am·[2Jount", "required", "a, b", "12 rows set aside", "text, not required", "choice, also c", "(new)", `"n/a·[2J"`, "more fields than"}},
		{args: "schema|accept|conn_1|sales|--rev|7", asks: "POST /v1/connections/conn_1/objects/sales/proposal/accept", answer: objectAnswer, prints: []string{"are replayed"}, posts: `null`},
		{args: "schema|refuse|conn_1|sales", asks: "POST /v1/connections/conn_1/objects/sales/proposal/refuse", answer: objectAnswer, prints: []string{"stay in the quarantine"}, posts: `null`},
		{args: "schema|confirm|conn_1|sales", asks: "POST /v1/connections/conn_1/objects/sales/confirm", answer: objectAnswer, prints: []string{"is replayed"}, posts: `null`},
		{args: "schema|declare|conn_1|Sales|--template|users|--id-field|no|--version-field|rev", asks: "POST /v1/connections/conn_1/objects", status: 201, answer: objectAnswer, prints: []string{"leadline schema confirm conn_1 sales"},
			posts: `{"id_field":"no","name":"Sales","template":"users","version_field":"rev"}`},
		{args: "schema|declare|conn_1|Sales|--sample|-", asks: "POST /v1/connections/conn_1/objects", status: 201, answer: objectAnswer, posts: `{"name":"Sales","sample":[{"id":1}]}`},
		{args: "schema|versions|conn_1|sales", asks: "GET /v1/connections/conn_1/objects/sales/versions", answer: items(versionsAnswer), prints: []string{"first dump", "key_1"}},
		{args: "schema|templates", asks: "GET /v1/templates", answer: templateAnswer, prints: []string{"users", "The pe·[2Jople"}},
		{args: "schema|request|conn_1|sales|--client|cli_1", asks: "GET /v1/connections/conn_1/objects/sales/sample-request", answer: requestAnswer, prints: []string{"curl ·[2J\n  --data\n"}},
		{args: "schema|request|conn_1|sales|--in|python", asks: "GET /v1/connections/conn_1/objects/sales/sample-request", answer: requestAnswer, prints: []string{"import json\n"}},
		{args: "quarantine|--object|sales|--status|open", asks: "GET /v1/quarantine", answer: items(strings.Replace(entryAnswer, `,"payload":{"bytes":8,"text":"{\"id\":3}"}`, "", 1)), prints: []string{"01E", "De·[2Jtail"}},
		{args: "quarantine|show|01E", asks: "GET /v1/quarantine/01E", answer: entryAnswer, prints: []string{"am·[2Jount", "a number", "a text", `{"id":3}`}},
		{args: "quarantine|discard|01E", asks: "POST /v1/quarantine/01E/discard", answer: entryAnswer, prints: []string{"01E"}, posts: `null`},
		{args: "quarantine|replay|--all|--reason|schema_mismatch|--connection|conn_1|--wait=false", asks: "POST /v1/quarantine/replay", status: 202, answer: jobAnswer, prints: []string{"job_1"}, posts: `{"connection":"conn_1","reason":"schema_mismatch"}`},
		{args: "deliveries|replay|dst_1|--since|24h|--all|--wait=false", asks: "POST /v1/destinations/dst_1/replay", status: 202, answer: jobAnswer, prints: []string{"job_1"}, posts: `{"all":true,"since":"2026-11-21T09:00:00Z"}`},
	} {
		t.Run(strings.ReplaceAll(c.args, "|", " "), func(t *testing.T) {
			f, asked := newFake(t), 0
			f.scripts[c.asks] = func(r *http.Request, _ []byte) (int, string) {
				if asked++; strings.Contains(c.args, "--rev") && r.Header.Get("If-Match") != `"7"` {
					t.Errorf("If-Match is %q", r.Header.Get("If-Match"))
				}
				return max(c.status, 200), c.answer
			}
			args := strings.Split(c.args, "|")
			run := func(more ...string) string {
				return f.runWith(system{stdin: strings.NewReader(`[{"id":1}]`), getenv: valueOf, now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }}, append(args, more...)...).ok(t)
			}
			out := run()
			contains(t, out, c.prints...)
			if strings.Contains(out, "\x1b") || asked == 0 {
				t.Errorf("asked %d times, printed %q", asked, out)
			}
			if posted, _ := json.Marshal(f.posted); c.posts != "" && string(posted) != "["+c.posts+"]" {
				t.Errorf("posted %s", posted)
			}
			sameJSON(t, run("--json"), c.answer, c.nothing)
			// A refusal is one line.
			f.scripts[c.asks] = func(*http.Request, []byte) (int, string) {
				return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs\nmore\x1b[2J."))
			}
			f.runWith(system{stdin: strings.NewReader(`[{"id":1}]`), getenv: valueOf}, args...).fails(t, exitRefused, "This needs more·[2J. (403)")
		})
	}
}

// valueOf plays the environment.
func valueOf(name string) string {
	if name == "KEY" {
		return " value of KEY\n"
	}
	return ""
}

// TestChangesOfConnections looks at what is put.
func TestChangesOfConnections(t *testing.T) {
	for args, want := range map[string]string{
		"login|conn_1|--api-key-env|KEY|--accept-other-account": `{"accept_other_account":true,"api_key":"value of KEY","kind":"api_key"}`,
		"login|conn_1|--api-key-file|-":                         `{"api_key":"k","kind":"api_key"}`,
		"settings|conn_1|--base-url|":                           `{"base_url":""}`,
		"settings|conn_1|--name|N":                              `{"name":"N"}`,
	} {
		f, got := newFake(t), ""
		verb, _, _ := strings.Cut(args, "|")
		f.scripts["PUT /v1/connections/conn_1/"+verb] = func(_ *http.Request, body []byte) (int, string) {
			got = string(body)
			return 200, plainAnswer
		}
		f.runWith(system{stdin: strings.NewReader("k\n"), getenv: valueOf}, append([]string{"connections"}, strings.Split(args, "|")...)...).ok(t)
		if got != want {
			t.Errorf("%s puts %s", args, got)
		}
	}
}

func TestLoginFlags(t *testing.T) {
	f := newFake(t)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.run("connect", "close", "--name", "N").fails(t, exitUsage, "api-key-file")
	f.run("connect", "close", "--api-key-env", "KEY").fails(t, exitUsage, "name")
	f.run("connect", "close", "--name", "N", "--api-key-env", "NONE").fails(t, exitUsage, "NONE holds no key")
	f.run("connect", "close", "--name", "N", "--api-key-file", empty).fails(t, exitUsage, "holds no key")
	f.run("connect", "close", "--name", "N", "--api-key-file", empty+"x").fails(t, exitFailed, "no such file")
	f.run("connect", "close", "--name", "N", "--api-key-file", "-").fails(t, exitUsage, "stdin holds no key")
	f.run("connect", "close", "--name", "N", "--client-id", "app").fails(t, exitUsage, "client-secret-file")
	f.run("connections", "settings", "conn_1").fails(t, exitUsage, "base-url")
}

// sameJSON fails unless a command printed an answer, whole.
func sameJSON(t *testing.T, printed, answer string, nothing bool) {
	t.Helper()
	if nothing {
		if printed != "" {
			t.Errorf("printed %q", printed)
		}
		return
	}
	var got, want any
	if err := json.Unmarshal([]byte(printed), &got); err != nil {
		t.Fatalf("--json prints %q: %v", printed, err)
	}
	if err := json.Unmarshal([]byte(answer), &want); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Errorf("--json prints\n%s, want\n%s", a, b)
	}
}

func TestCommandsUsedWrongly(t *testing.T) {
	f := newFake(t)
	for args, want := range map[string]string{
		"clients|create":                                    "name",
		"clients|frob":                                      "unknown command",
		"clients|--limit|-1":                                "--limit cannot be negative",
		"keys|create|--name|x|--expires-in|-1h":             "--expires-in",
		"keys|revoke|llk_secret":                            "not the id of one",
		"people|invite":                                     "accepts 1 arg(s)",
		"audit|--from|yesterday":                            "--from is a time",
		"destinations|create|https://x":                     "name",
		"destinations|create|https://x|--name|n|--header|a": "Name: value",
		"destinations|create|https://x|--name|n|--header|A: b|--header|A: c": "each name once",
		"deliveries|replay|dst_1":                              "say which delivery",
		"deliveries|replay|dst_1|01D|--since|1h":               "say which delivery",
		"schema|conn_1":                                        "accepts 2 arg(s)",
		"schema|declare|conn_1|x":                              "template sample",
		"schema|declare|conn_1|x|--template|a|--sample|b":      "template sample",
		"schema|request|conn_1|x|--in|cobol":                   "curl, javascript or python",
		"quarantine|replay":                                    "say which entry",
		"quarantine|replay|01E|--all":                          "say which entry",
		"quarantine|replay|01E|--reason|missing_id":            "narrow --all",
		"quarantine|replay|--all|--payload|x":                  "payload",
		"import|--from|2026-01-01":                             "--mode range",
		"import|--mode|range|--from|tomorrow":                  "2026-01-31",
		"import|--hours|22:00":                                 "22:00-06:00",
		"import|a|b":                                           "accepts at most 1 arg(s)",
		"runs|show":                                            "accepts 1 arg(s)",
		"runs|conn_1|--limit|-1":                               "--limit cannot be negative",
		"syncs|add|conn_1":                                     "name",
		"syncs|add|conn_1|--name|n|--day|monday":               "--day needs --at",
		"syncs|add|conn_1|--name|n|--every|5|--cron|* * * * *": "every",
		"syncs|delete|conn_1":                                  "accepts 2 arg(s)",
		"tail|--every|1ms":                                     "100ms",
		"privacy|export":                                       "email",
		"privacy|export|--record|conn_1/lead":                  "CONNECTION/OBJECT/ID",
		"privacy|export|--email|a@b.c|--output|x|--wait=false": "--output needs --wait",
		"push": "accepts 1 arg(s)",
	} {
		f.run(strings.Split(args, "|")...).fails(t, exitUsage, want)
	}
	if len(f.requests) > 0 {
		t.Errorf("asked %v", f.requests)
	}
	// A header's value from stdin stands in no list of processes.
	f.scripts["POST /v1/destinations"] = func(*http.Request, []byte) (int, string) { return 201, destNewAnswer }
	f.runWith(system{stdin: strings.NewReader("Basic eDo6\n")}, "destinations", "create", "https://x", "--name", "n", "--header", "Authorization: -").ok(t)
	if got, _ := json.Marshal(f.posted); !strings.Contains(string(got), `"headers":{"Authorization":"Basic eDo6"}`) {
		t.Errorf("posted %s", got)
	}
}

// TestPeopleMail changes what a person said of mail and nothing else, and nothing that somebody else changed meanwhile.
func TestPeopleMail(t *testing.T) {
	f := newFake(t)
	var sent []string
	f.scripts["GET /v1/people/per_1"] = func(*http.Request, []byte) (int, string) { return 200, personAnswer }
	f.scripts["PUT /v1/people/per_1"] = func(r *http.Request, body []byte) (int, string) {
		sent = append(sent, r.Header.Get("If-Match")+" "+string(body))
		return 200, strings.Replace(personAnswer, `"none"`, `"all"`, 1)
	}
	contains(t, f.run("people", "mail", "per_1", "all").ok(t), "per_1", "all")
	sameJSON(t, f.run("people", "mail", "per_1", "all", "--json").ok(t), strings.Replace(personAnswer, `"none"`, `"all"`, 1), false)
	want := `"1" {"email":"ada@example.com","mail":"all","name":"A\u001b[2Jda","role":"reader"}`
	if len(sent) != 2 || sent[0] != want || sent[1] != want {
		t.Errorf("sent %q", sent)
	}
	f.run("people", "mail", "per_1", "some").fails(t, exitUsage, "all or none")
	f.scripts["PUT /v1/people/per_1"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Conflict, "changed_meanwhile", "It was changed."))
	}
	f.run("people", "mail", "per_1", "none").fails(t, exitRefused, "It was changed.")
	f.scripts["GET /v1/people/per_1"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.NotFound, "not_found", "There is none."))
	}
	f.run("people", "mail", "per_1", "none").fails(t, exitRefused, "There is none.")
}

func TestHelp(t *testing.T) {
	f := newFake(t)
	out := f.run("--help").ok(t)
	contains(t, out, "Client software and its rows:", "For the operator of an installation", "LEADLINE_URL", "Exit codes", "push", "receiver", "quota")
	for line := range strings.Lines(out) {
		if len([]rune(line)) > 140 {
			t.Errorf("a line of the help is long: %q", line)
		}
	}
	for _, group := range []string{"clients", "schema", "batches", "destinations", "deliveries", "jobs", "keys", "people", "quarantine", "quota", "key", "privacy", "notices", "connections", "runs", "syncs"} {
		contains(t, f.run(group, "--help").ok(t), "Available Commands:")
	}
}
