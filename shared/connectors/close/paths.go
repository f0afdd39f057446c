package close

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// The paths of Close's API that are used. Every one ends in a slash.
const (
	// https://developer.close.com/api/resources/users/me
	pathMe = "/me/"
	// https://developer.close.com/api/resources/users
	pathUsers = "/user/"
	// https://developer.close.com/api/resources/organizations
	pathOrganizations = "/organization/"
	// https://developer.close.com/api/resources/roles
	pathRoles = "/role/"
	// https://developer.close.com/api/resources/groups: the list does not give the members.
	pathGroups = "/group/"
	// https://developer.close.com/api/resources/advanced-filtering
	pathSearch = "/data/search/"
	// https://developer.close.com/api/resources/leads
	pathLeads = "/lead/"
	// https://developer.close.com/api/resources/contacts
	pathContacts = "/contact/"
	// https://developer.close.com/api/resources/opportunities
	pathOpportunities = "/opportunity/"
	// https://developer.close.com/api/resources/tasks
	pathTasks = "/task/"
	// https://developer.close.com/api/resources/custom-objects: the list wants a lead.
	pathCustomObjects = "/custom_object/"
	// https://developer.close.com/api/resources/activities, with a path for each type of activity below it.
	pathActivities = "/activity/"
	// https://developer.close.com/api/resources/lead-statuses and /opportunity-statuses
	pathLeadStatuses        = "/status/lead/"
	pathOpportunityStatuses = "/status/opportunity/"
	// https://developer.close.com/api/resources/pipelines
	pathPipelines = "/pipeline/"
	// https://developer.close.com/api/resources/outcomes
	pathOutcomes = "/outcome/"
	// https://developer.close.com/api/resources/custom-fields, with a path for each object below it.
	pathCustomFields = "/custom_field/"
	// https://developer.close.com/api/resources/custom-fields/custom-field-schemas: regular and shared fields of an object.
	pathCustomFieldSchemas = "/custom_field_schema/"
	// https://developer.close.com/api/resources/custom-activity-types
	pathCustomActivityTypes = "/custom_activity/"
	// https://developer.close.com/api/resources/custom-object-types
	pathCustomObjectTypes = "/custom_object_type/"
	// https://developer.close.com/api/resources/events
	pathEvents = "/event/"
	// https://developer.close.com/api/resources/webhooks
	pathWebhooks = "/webhook/"
)

// pageRows is how many rows of a list are asked for: 100 is Close's default and taken everywhere, while larger ones are
// refused by some (https://developer.close.com/api/overview/pagination). searchRows and eventRows are their documented
// maxima.
const (
	pageRows   = 100
	searchRows = 200
	eventRows  = 50
)

// one gives the path of one thing below a path that ends in a slash.
func one(path, id string) string { return path + url.PathEscape(id) + "/" }

// get makes a GET request and reads its answer into v, nil for none.
func get(ctx context.Context, c connector.Client, path string, query url.Values, v any) (connector.Answer, error) {
	return do(ctx, c, connector.Request{Method: http.MethodGet, Path: path, Query: query}, v)
}

func do(ctx context.Context, c connector.Client, r connector.Request, v any) (connector.Answer, error) {
	a, err := c.Do(ctx, r)
	if err != nil {
		return a, err
	}
	if v == nil {
		return a, nil
	}
	return a, a.Decode(v)
}

// listing is an answer with rows: of a list, a search or the event log.
type listing struct {
	Data    []any  `json:"data"`
	HasMore bool   `json:"has_more"`
	Total   *int64 `json:"total_results"`
	// Cursor goes on with a search; null ends it.
	Cursor string `json:"cursor"`
	Count  *struct {
		Total *int64 `json:"total"`
	} `json:"count"`
	// CursorNext leads to older entries of the event log.
	CursorNext string `json:"cursor_next"`
	answer     connector.Answer
}

// list makes a request whose answer holds rows. An answer without them is not an empty one.
func list(ctx context.Context, c connector.Client, r connector.Request) (listing, error) {
	var l listing
	a, err := do(ctx, c, r, &l)
	if err != nil {
		return listing{}, err
	}
	if l.Data == nil {
		return listing{}, unreadable("There is no data in Close's answer to %s %s.", r.Method, r.Path)
	}
	l.answer = a
	return l, nil
}

func getList(ctx context.Context, c connector.Client, path string, query url.Values) (listing, error) {
	return list(ctx, c, connector.Request{Method: http.MethodGet, Path: path, Query: query})
}

func unreadable(format string, args ...any) error {
	return fault.New(fault.Unavailable, "unreadable_answer", format, args...)
}

// refusedAs tells whether Close refused a request for the reason.
func refusedAs(err error, code string) bool {
	r := connector.Refusal(err)
	return r != nil && r.Code == code
}

func number(n int) string { return strconv.Itoa(n) }

func joined(ids []string) string { return strings.Join(ids, ",") }
