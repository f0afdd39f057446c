#!/usr/bin/env bash
# Fuzzes every fuzz target of the module, each for the given time (default 10s).
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-10s}
while IFS=: read -r file target; do
	package=./$(dirname "$file")
	echo "fuzzing $target of $package for $time"
	go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" "$package"
done < <(grep -rhoHE '^func (Fuzz[A-Za-z0-9_]*)' --include='*_test.go' functions shared infra/local 2>/dev/null | sed -E 's/:func /:/' | sort)
