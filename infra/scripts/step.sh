#!/usr/bin/env bash
# Runs one named step, says how long it took, and adds it to the summary that `step.sh --summary` prints.
#   step.sh NAME COMMAND...
set -uo pipefail
steps="${LEADLINE_STEPS:-.local/steps}"
mkdir -p "$(dirname "$steps")"
case "$1" in
--reset) : >"$steps"; exit 0 ;;
--summary)
	echo
	echo "Seconds of each step:"
	awk -F'\t' '{ printf "  %6.1f  %-9s %s\n", $2, $3, $1; sum += $2 } END { printf "  %6.1f            in all\n", sum }' "$steps"
	exit 0 ;;
esac
name=$1; shift
printf '\n=== %s\n' "$name"
start=$(date +%s.%N)
"$@"
rc=$?
took=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
result=ok; [ $rc -eq 0 ] || result="FAILED"
printf '%s\t%s\t%s\n' "$name" "$took" "$result" >>"$steps"
printf -- '--- %s: %s after %s s\n' "$name" "$result" "$took"
exit $rc
