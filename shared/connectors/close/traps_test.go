package close_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// traps are what is known to go wrong with Close, by the section of the fact sheet, and the test that holds the remedy.
func traps() []struct{ section, trap, test string } {
	return []struct{ section, trap, test string }{
		{"4", "a hidden max_skip per resource: past it the list is refused", "TestTrapMaxSkip"},
		{"4", "more rows of one millisecond than max_skip lets be read", "TestTrapMaxSkipWithinOneInstant"},
		{"4", "offset paging repeats and drops rows while data changes", "TestTrapOffsetsShift"},
		{"4", "a skip that is put together as a text", "TestTrapOffsetsShift"},
		{"4", "what pages read twice counts once", "TestTrapPagesOverlap"},
		{"4", "a page size above the maximum is refused", "TestTrapPageSize"},
		{"4", "a list that says has_more although it takes no offset", "TestTrapListsWithoutPages"},
		{"5", "a search cursor lives 30 seconds", "TestTrapCursorLife"},
		{"5", "one chain of cursors gives 10,000 rows, and ends as if that were all", "TestTrapTenThousand"},
		{"5", "more than 10,000 rows of one date_updated", "TestTrapTenThousandOfOneTime"},
		{"5", "more than 10,000 rows of one date_updated and one date_created", "TestTrapTiedBeyondCap"},
		{"5", "the index follows the data: rows are shown newer than they are sorted", "TestTrapStaleIndex"},
		{"5", "more rows than a chain gives changed a moment ago", "TestTrapBulkEditJustNow"},
		{"5", "rows dated ahead of the clock", "TestTrapDatesAhead"},
		{"5", "naming hundreds of custom fields: List is too long.", "TestTrapSearchBody"},
		{"5", "a search gives ids alone unless fields are named", "TestTrapSearchBody"},
		{"5", "the list of leads has no date filter: what is sent is ignored", "TestTrapLeadsAreNotListed"},
		{"6", "newest first, 50 a page, the cursor without date_updated", "TestTrapLogPaging"},
		{"6", "a log cursor that is not taken any more", "TestTrapLogCursorLost"},
		{"6", "events out of order and consolidated in place", "TestTrapLogOverlap"},
		{"6", "deletions and merges are only there", "TestTrapLogDeletions"},
		{"6", "data is hidden from those who are no admins after an hour", "TestTrapLogHidesData"},
		{"7", "the list of tasks shows no more than _type=lead", "TestTrapTaskTypes"},
		{"7", "tasks cannot be sorted by date_updated", "TestTrapTaskTypes"},
		{"7", "activities have no filter for what changed", "TestTrapActivitiesAreSwept"},
		{"7", "meetings are dated by their own time, which may lie ahead", "TestTrapMeetingsAhead"},
		{"7", "activities that come in while they are read", "TestTrapActivitiesThatComeIn"},
		{"8", "the RateLimit header by commas or semicolons, with decimal seconds", "TestTrapRateLimitHeader"},
		{"8", "a 429 says when in three places", "TestTrapTooManyRequests"},
		{"8", "limits are of a group of endpoints", "TestTrapLimitsAreOfGroups"},
		{"1", "errors in three forms", "TestTrapErrorForms"},
		{"1", "402: the plan does not include it", "TestTrapErrorForms"},
		{"9", "the signing key is told once", "TestTrapSigningKeyIsToldOnce"},
		{"9", "40 subscriptions per organization", "TestTrapFortySubscriptions"},
		{"9", "a subscription that Close paused", "TestTrapPausedSubscription"},
		{"9", "noisy updates carry what no list can be asked for", "TestTrapNoisyUpdates"},
		{"9", "a consolidated event comes again under its id", "TestConsolidatedEvents"},
		{"9", "deletions carry no data", "TestIDs"},
		{"9", "a merge is two events, and says nothing of the children", "TestTrapMergeTouchesChildren"},
		{"9", "tasks are task.lead in events and task in lists", "TestTrapOneRecordOneName"},
		{"9", "the event log names activities without their prefix", "TestOldNamesOfActivitiesAreTheSameObject"},
		{"9", "event dates have no zone", "TestVersions"},
		{"10", "users tell neither whether they are active nor their manager", "TestPeople"},
		{"10", "the list of groups does not give their members", "TestPeople"},
		{"11", "the old nested custom by name", "TestTrapCustomByName"},
		{"13", "role rows of the year 1", "TestTrapYearOne"},
		{"14", "lists of leads embed contacts, opportunities and tasks", "TestTrapLeadsAreNotListed"},
		{"14", "fields that follow the clock or other records", "TestTrapOneStateOneContent"},
		{"14", "an answer without data is not an empty one", "TestTrapAnswerWithoutData"},
	}
}

func TestEveryTrapHasATest(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				tests[f.Name.Name] = true
			}
		}
	}
	named := map[string]bool{}
	for _, trap := range traps() {
		if named[trap.test] = true; !tests[trap.test] {
			t.Errorf("section %s, %s: there is no %s", trap.section, trap.trap, trap.test)
		}
	}
	for name := range tests {
		if strings.HasPrefix(name, "TestTrap") && !named[name] {
			t.Errorf("%s is in no line of the table", name)
		}
	}
}
