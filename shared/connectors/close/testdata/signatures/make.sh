#!/bin/sh
# Writes the signature vectors of Close's scheme with openssl alone, so that they owe nothing to the code they test:
#   hash = hex( HMAC-SHA256( key = bytes of the hex key, message = timestamp text, then the raw body ) )
# Each line of vectors.tsv is: body file, timestamp, key, hash. Run it in its own folder; it needs openssl 1.1 or later.
set -eu
cd "$(dirname "$0")"
mkdir -p bodies

printf '' >bodies/empty
printf '{}' >bodies/braces
printf '{"event":{"id":"ev_1","action":"updated"},"subscription_id":"whsub_1"}' >bodies/event
printf '{"event":{"id":"ev_1","action":"updated"},"subscription_id":"whsub_1"}\n' >bodies/event-newline
printf '{ "event" : { "id" : "ev_1" , "action" : "updated" } }\r\n' >bodies/spaces
printf '{"name":"Zo\303\253 \360\237\214\262 \\u00e9","sum":9007199254740993}' >bodies/unicode
printf '\000\377\376 not text \012\015\000' >bodies/bytes
awk 'BEGIN { printf "{\"note\":\""; for (i = 0; i < 2000; i++) printf "%08d ", i; printf "\"}" }' >bodies/large

one=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
two=ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100
zero=0000000000000000000000000000000000000000000000000000000000000000

vector() {
	hash=$({ printf '%s' "$2"; cat "bodies/$1"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$3" -r | cut -d' ' -f1)
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$hash"
}

for body in empty braces event event-newline spaces unicode bytes large; do
	vector "$body" 1741078800 "$one"
	vector "$body" 1741078801 "$one"
	vector "$body" 1741078800 "$two"
	vector "$body" 1741078800 "$zero"
done >vectors.tsv
