#!/usr/bin/env bash
# Runs every test of the project and prints what each step took. LEADLINE_REQUIRE_SPECS=1 makes the checks against
# provider specs obligatory (CI); without the specs they do not run, and this says so.
set -uo pipefail
cd "$(dirname "$0")/../.."
step=infra/scripts/step.sh
specs=${LEADLINE_SPECS:-../shared/specs}
failed=0
dynamodb=

finish() { [ -z "$dynamodb" ] || kill "$dynamodb" 2>/dev/null; }
trap finish EXIT

run() { "$step" "$@" || failed=1; }
must() { "$step" "$@" || { "$step" --summary; exit 1; }; }

[ -n "${LEADLINE_KEEP_STEPS:-}" ] || $step --reset
must "set-up" infra/scripts/setup.sh
must "build" make --no-print-directory build
must "compile the tests" go test -count=1 -run='^$' ./... 

start_dynamodb() {
	mkdir -p .local
	go build -o .local/bin/dynamodb ./infra/local/dynamodb/serve || return 1
	.local/bin/dynamodb -port 0 >.local/dynamodb-test.log 2>&1 &
	dynamodb=$!
	for _ in $(seq 150); do
		endpoint=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' .local/dynamodb-test.log | head -1)
		[ -n "$endpoint" ] && { export LEADLINE_TEST_DYNAMODB=$endpoint; return 0; }
		kill -0 "$dynamodb" 2>/dev/null || break
		sleep 0.2
	done
	cat .local/dynamodb-test.log
	return 1
}
echo; echo "=== DynamoDB Local for the store tests"
start_dynamodb || exit 1
echo "$LEADLINE_TEST_DYNAMODB"

run "unit, property and store conformance tests" go test -count=1 ./shared/... ./functions/...
run "command line tool" go test -count=1 $(go list ./infra/... | grep -vE '/infra$|/infra/local')
run "local runner and emulators" go test -count=1 $(go list ./infra/local/... | grep -v /e2e)
run "stack template" go test -count=1 ./infra
run "end to end over the built binaries" go test -count=1 -timeout 20m -parallel 8 -v ./infra/local/e2e
run "fuzz, 60 s for all targets" infra/scripts/fuzz.sh --share 60

$step --summary
if [ ! -d "$specs" ]; then
	echo
	echo "NOT RUN: the checks against provider specs, for there is no folder $specs:"
	grep -rlE 'spec(s|test)\.(Dir|Read|Open|Path|Glob)' --include='*_test.go' shared functions infra/sandbox | sed 's/^/  /'
fi
echo
[ $failed -eq 0 ] && echo "All tests passed." || echo "Some tests FAILED; see above."
exit $failed
