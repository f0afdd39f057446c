package main

import (
	"slices"
	"strings"
)

// permissions is what each role may do, by the names of role and resource: actions apart by a space, in order.
type permissions map[string]map[string]string

// mailIdentity is what SES has verified of the address that the stages of the tests send mail from.
const mailIdentity = "arn:AWS::Partition:ses:AWS::Region:AWS::AccountId:identity/example.com"

// inLedger is what those may do in the ledger who post to it. Nobody may delete there.
const inLedger = "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query"

// allowed is everything that the stack allows anybody. What is not here is not allowed; a role that needs more gets it
// here first.
func allowed() permissions {
	return permissions{
		"Receive/Role": {
			"Receive/Logs":     "logs:CreateLogStream logs:PutLogEvents",
			"Tenancy":          "dynamodb:GetItem dynamodb:UpdateItem",
			"Intake":           "dynamodb:GetItem",
			"Inbox":            "sqs:SendMessage",
			"Payloads/inbox/*": "s3:PutObject",
			"Secrets":          "kms:Decrypt",
		},
		"Ingest/Role": {
			"Ingest/Logs":         "logs:CreateLogStream logs:PutLogEvents",
			"Inbox":               "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage",
			"Records":             "dynamodb:GetItem dynamodb:UpdateItem",
			"Intake":              "dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem",
			"Tenancy":             "dynamodb:Query",
			"WorkTable":           "dynamodb:PutItem",
			"DeliverQueue":        "sqs:SendMessage",
			"FetchQueue":          "sqs:SendMessage",
			"Payloads/inbox/*":    "s3:GetObject",
			"Payloads/archive/*":  "s3:GetObject s3:PutObject",
			"Payloads/fields/*":   "s3:PutObject",
			"Payloads/outbound/*": "s3:PutObject",
		},
		"Relay/Role": {
			"Relay/Logs":        "logs:CreateLogStream logs:PutLogEvents",
			"Records.StreamArn": "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator",
			"Records/stream/*":  "dynamodb:ListStreams",
			"RelayDead":         "sqs:SendMessage",
			"History":           "dynamodb:BatchWriteItem",
			"CalculateQueue":    "sqs:SendMessage",
		},
		"Sweep/Role": {
			"Sweep/Logs": "logs:CreateLogStream logs:PutLogEvents",
			"Records":    "dynamodb:Scan",
			"History":    "dynamodb:GetItem dynamodb:PutItem dynamodb:Query",
		},
		"Deliver/Role": {
			"Deliver/Logs":        "logs:CreateLogStream logs:PutLogEvents",
			"DeliverQueue":        "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage",
			"Tenancy":             "dynamodb:GetItem dynamodb:PutItem dynamodb:Query",
			"WorkTable":           "dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem",
			"Payloads/outbound/*": "s3:GetObject",
			"Secrets":             "kms:Decrypt",
			mailIdentity:          "ses:SendEmail",
		},
		"Schedule/Role": {
			"Schedule/Logs":  "logs:CreateLogStream logs:PutLogEvents",
			"WorkTable":      "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query",
			"DeliverQueue":   "sqs:SendMessage",
			"FetchQueue":     "sqs:SendMessage",
			"CalculateQueue": "sqs:SendMessage",
			"SettleQueue":    "sqs:SendMessage",
			"NudgeQueue":     "sqs:SendMessage",
		},
		"Calculate/Role": {
			"Calculate/Logs":      "logs:CreateLogStream logs:PutLogEvents",
			"CalculateQueue":      "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage",
			"NudgeQueue":          "sqs:SendMessage",
			"Records":             "dynamodb:GetItem dynamodb:Query",
			"Intake":              "dynamodb:GetItem dynamodb:PutItem dynamodb:Query",
			"Tenancy":             "dynamodb:GetItem dynamodb:Query",
			"WorkTable":           "dynamodb:BatchWriteItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"Payloads/inputs/*":   "s3:GetObject s3:PutObject",
			"Payloads/previews/*": "s3:GetObject s3:PutObject",
		},
		"Settle/Role": {
			"Settle/Logs":        "logs:CreateLogStream logs:PutLogEvents",
			"SettleQueue":        "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage",
			"NudgeQueue":         "sqs:SendMessage",
			"Records":            "dynamodb:GetItem",
			"Ledger":             inLedger + " dynamodb:UpdateItem",
			"Intake":             "dynamodb:GetItem dynamodb:Query",
			"Tenancy":            "dynamodb:GetItem dynamodb:Query",
			"WorkTable":          "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:Query",
			"Payloads/inputs/*":  "s3:GetObject",
			"Payloads/payouts/*": "s3:GetObject s3:PutObject",
			"Payloads/settled/*": "s3:GetObject s3:PutObject",
			"Payloads/ledger/*":  "s3:GetObject s3:PutObject",
			"Secrets":            "kms:Decrypt",
		},
		"Nudge/Role": {
			"Nudge/Logs":   "logs:CreateLogStream logs:PutLogEvents",
			"NudgeQueue":   "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage",
			"DeliverQueue": "sqs:SendMessage",
			"Ledger":       inLedger,
			"Intake":       "dynamodb:GetItem dynamodb:Query",
			"Tenancy":      "dynamodb:GetItem dynamodb:Query",
			"WorkTable":    "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
		},
		"Fetch/Role": {
			"Fetch/Logs":         "logs:CreateLogStream logs:PutLogEvents",
			"FetchQueue":         "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage",
			"Inbox":              "sqs:SendMessage",
			"DeliverQueue":       "sqs:SendMessage",
			"Records":            "dynamodb:BatchGetItem dynamodb:Query dynamodb:UpdateItem",
			"Intake":             "dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"Tenancy":            "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"WorkTable":          "dynamodb:GetItem dynamodb:PutItem dynamodb:Query",
			"Payloads/archive/*": "s3:PutObject",
			"Payloads/fields/*":  "s3:PutObject",
			"Payloads/runs/*":    "s3:GetObject s3:PutObject",
			"Secrets":            "kms:Decrypt",
		},
		"Work/Role": {
			"Work/Logs":           "logs:CreateLogStream logs:PutLogEvents",
			"Jobs":                "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage",
			"Inbox":               "sqs:SendMessage",
			"DeliverQueue":        "sqs:SendMessage",
			"Records":             "dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem",
			"History":             "dynamodb:BatchWriteItem dynamodb:Query",
			"Intake":              "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"Tenancy":             "dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"WorkTable":           "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"Payloads/uploads/*":  "s3:DeleteObject s3:GetObject",
			"Payloads/inbox/*":    "s3:GetObject s3:PutObject",
			"Payloads/archive/*":  "s3:GetObject s3:PutObject",
			"Payloads/fields/*":   "s3:DeleteObject s3:GetObject",
			"Payloads/outbound/*": "s3:DeleteObject s3:GetObject",
			"Payloads/exports/*":  "s3:DeleteObject s3:GetObject s3:PutObject",
		},
		"Api/Role": {
			"Api/Logs":            "logs:CreateLogStream logs:PutLogEvents",
			"Records":             "dynamodb:GetItem dynamodb:Query",
			"History":             "dynamodb:Query",
			"Intake":              "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"Tenancy":             "dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"WorkTable":           "dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
			"Inbox":               "sqs:SendMessage",
			"DeliverQueue":        "sqs:SendMessage",
			"Jobs":                "sqs:SendMessage",
			"FetchQueue":          "sqs:SendMessage",
			"CalculateQueue":      "sqs:SendMessage",
			"SettleQueue":         "sqs:SendMessage",
			"NudgeQueue":          "sqs:SendMessage", // points and activities
			"Ledger":              inLedger,
			"Payloads/payouts/*":  "s3:GetObject",
			"Payloads/settled/*":  "s3:GetObject s3:PutObject",
			"Payloads/ledger/*":   "s3:GetObject s3:PutObject",
			"Payloads/inputs/*":   "s3:GetObject",
			"Payloads/previews/*": "s3:GetObject s3:PutObject",
			"Payloads/inbox/*":    "s3:PutObject",
			"Payloads/archive/*":  "s3:GetObject",
			"Payloads/fields/*":   "s3:GetObject",
			"Payloads/uploads/*":  "s3:GetObject s3:PutObject",
			"Payloads/exports/*":  "s3:GetObject",
			"Payloads/outbound/*": "s3:GetObject",
			"Secrets":             "kms:Decrypt",
		},
		"Sweep/ScheduleRole": {
			"Sweep/Live": "lambda:InvokeFunction",
		},
		"Schedule/ScheduleRole": {
			"Schedule/Live": "lambda:InvokeFunction",
		},
		"RolloutRole": {},
	}
}

// forced lists the wildcards that AWS leaves no way around, with the reason. A wildcard that is not here is a mistake,
// and so is an entry here that is no longer needed.
func forced() map[string]string {
	inKeyPolicy := "in a key's own policy the resource * is that key, and without the account's root it could not be managed"
	excused := map[string]string{
		"Secrets: kms:* on *":                                  inKeyPolicy,
		"PagerKey: kms:* on *":                                 inKeyPolicy,
		"PagerKey: kms:Decrypt on *":                           inKeyPolicy,
		"PagerKey: kms:GenerateDataKey on *":                   inKeyPolicy,
		"Relay/Role: dynamodb:ListStreams on Records/stream/*": "a listing is of all streams of a table",
	}
	for role, resources := range allowed() {
		for resource, actions := range resources {
			if strings.HasPrefix(resource, "Payloads/") && strings.HasSuffix(resource, "/*") {
				for _, action := range strings.Fields(actions) {
					excused[role+": "+action+" on "+resource] = "objects are granted by the prefix of their keys"
				}
			}
		}
	}
	return excused
}

// managed lists the policies of AWS that roles use.
func managed() map[string]string {
	return map[string]string{
		"RolloutRole": "arn:AWS::Partition:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited",
	}
}

// grant is one action allowed on one resource.
type grant struct{ owner, principal, action, resource string }

// grants lists what all policies of a template allow: those of roles, and those of resources.
func grants(tpl template) []grant {
	var all []grant
	collect := func(id string, document any) {
		for _, statement := range list(dig(document, "Statement")) {
			if dig(statement, "Effect") != "Allow" {
				continue
			}
			// NotAction, NotResource and NotPrincipal allow what they do not name, which is never little.
			for _, negation := range []string{"NotAction", "NotResource", "NotPrincipal"} {
				if dig(statement, negation) != nil {
					all = append(all, grant{tpl.name(id), "*", negation, "*"})
				}
			}
			principal := tpl.render(dig(statement, "Principal"))
			if kinds, ok := dig(statement, "Principal").(map[string]any); ok {
				_, one := only(kinds)
				principal = tpl.render(one)
			}
			for _, action := range list(dig(statement, "Action")) {
				for _, resource := range list(dig(statement, "Resource")) {
					all = append(all, grant{tpl.name(id), principal, tpl.render(action), tpl.render(resource)})
				}
			}
		}
	}
	for id, r := range tpl {
		for _, policy := range list(r.Properties["Policies"]) {
			collect(id, dig(policy, "PolicyDocument"))
		}
		for _, property := range []string{"PolicyDocument", "KeyPolicy", "ResourcePolicy"} {
			collect(id, r.Properties[property])
		}
	}
	return all
}

// permissionsOf gives what the roles of a template may do.
func permissionsOf(tpl template) permissions {
	found := permissions{}
	for _, id := range tpl.of("AWS::IAM::Role") {
		found[tpl.name(id)] = map[string]string{}
	}
	for _, g := range grants(tpl) {
		role := found[g.owner]
		if role == nil {
			continue
		}
		actions := append(strings.Fields(role[g.resource]), g.action)
		slices.Sort(actions)
		role[g.resource] = strings.Join(slices.Compact(actions), " ")
	}
	return found
}

// checkPermissions wants every role to be allowed what the table says, no more and no less.
func checkPermissions(tpl template) (wrong problems) {
	want, got := allowed(), permissionsOf(tpl)
	for role, resources := range got {
		if want[role] == nil {
			wrong.add("the role %s is not in the table", role)
		}
		for resource, actions := range resources {
			if want[role][resource] != actions {
				wrong.add("%s may %s on %s; the table says %q", role, actions, resource, want[role][resource])
			}
		}
	}
	for role, resources := range want {
		for resource, actions := range resources {
			if got[role][resource] == "" {
				wrong.add("%s may do nothing on %s; the table says %q", role, resource, actions)
			}
		}
	}
	return wrong
}

// checkLedger wants a ledger in which nobody deletes: neither an item by itself, nor one in a batch of writes, nor by a language of
// queries that knows deletion.
func checkLedger(tpl template) (wrong problems) {
	if tpl[tpl.named("Ledger")].Type != "AWS::DynamoDB::Table" {
		wrong.add("there is no table Ledger")
	}
	deletes := []string{"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:DeleteTable", "dynamodb:PartiQLDelete", "dynamodb:UpdateTimeToLive"}
	posts := 0
	for _, g := range grants(tpl) {
		if g.resource != "Ledger" {
			continue
		}
		if slices.Contains(deletes, g.action) || strings.Contains(g.action, "*") || strings.HasPrefix(g.action, "Not") {
			wrong.add("%s may %s in the ledger, which only grows", g.owner, g.action)
		}
		if g.action == "dynamodb:PutItem" {
			posts++
		}
	}
	if posts == 0 {
		wrong.add("nobody may post to the ledger: the check does not look where rights are")
	}
	return wrong
}

// checkWildcards wants no wildcard in what is allowed, but the forced ones.
func checkWildcards(tpl template) (wrong problems) {
	excused, used := forced(), map[string]bool{}
	for _, g := range grants(tpl) {
		if !strings.Contains(g.action+g.resource, "*") && g.principal != "*" {
			continue
		}
		what := g.owner + ": " + g.action + " on " + g.resource
		if excused[what] == "" || g.principal == "*" {
			wrong.add("%s is too wide", what)
		}
		used[what] = true
	}
	for what := range excused {
		if !used[what] {
			wrong.add("%s is excused and does not occur", what)
		}
	}
	return wrong
}

// checkRoles wants no policy but the inline ones of roles, the known ones of AWS, and a role that nobody but its service
// may take.
func checkRoles(tpl template) (wrong problems) {
	for _, typ := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::User"} {
		for _, id := range tpl.of(typ) {
			wrong.add("%s grants something outside of the descriptions of functions", tpl.name(id))
		}
	}
	for _, id := range tpl.of("AWS::IAM::Role") {
		if got, want := tpl.text(id, "ManagedPolicyArns"), managed()[tpl.name(id)]; got != want {
			wrong.add("%s has the managed policies %q, want %q", tpl.name(id), got, want)
		}
		for _, statement := range list(tpl.get(id, "AssumeRolePolicyDocument", "Statement")) {
			service, _ := dig(statement, "Principal", "Service").(string)
			if !strings.HasSuffix(service, ".amazonaws.com") {
				wrong.add("%s can be taken by %s", tpl.name(id), tpl.render(dig(statement, "Principal")))
			}
		}
	}
	taken := map[string]string{}
	for _, id := range tpl.of("AWS::Lambda::Function") {
		role := tpl.text(id, "Role")
		if taken[role] != "" {
			wrong.add("%s and %s share a role", taken[role], tpl.name(id))
		}
		taken[role] = tpl.name(id)
	}
	return wrong
}
