#!/usr/bin/env bash
# Fuzzes every fuzz target of the module. It finds them by itself: every `func Fuzz...` of a test file.
#   fuzz.sh 1m           each for a minute (10s if left out)
#   fuzz.sh --share 60   all of them together for 60 seconds, each for its share; at least 3 seconds
set -euo pipefail
cd "$(dirname "$0")/../.."
targets=$(grep -roHE --include='*_test.go' --exclude-dir=node_modules --exclude-dir=cdk.out '^func Fuzz[A-Za-z0-9_]*' functions shared infra |
	sed -E 's/:func /:/' | sort)
[ -n "$targets" ] || { echo "no fuzz target was found: does the search still fit the code?" >&2; exit 1; }
time=${1:-10s}
if [ "$time" = --share ]; then
	n=$(wc -l <<<"$targets")
	time=$(awk -v all="$2" -v n="$n" 'BEGIN { t = all / n; printf "%.1fs", t < 3 ? 3 : t }')
	echo "$n targets share $2 s"
fi
while IFS=: read -r file target; do
	package=./$(dirname "$file")
	echo "fuzzing $target of $package for $time"
	log=$(mktemp)
	if ! go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" "$package" </dev/null 2>&1 | tee "$log"; then
		# go test calls it a failure, now and then, that its time was over while it was busy: https://go.dev/issue/75804.
		# A real one names the input that it found.
		if grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
			echo "$target ended with its time, without a failing input"
		else
			rm -f "$log"
			exit 1
		fi
	fi
	rm -f "$log"
done <<<"$targets"
