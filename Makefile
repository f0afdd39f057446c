# Leadline. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The public URL is http://127.0.0.1:$(PORT); the emulators and the sandbox CRM take the next ports. PORT=0 takes free ones.
PORT      ?= 8787
DATA      ?= .local/data
RUN_FILE  ?= .local/run.json
STAGE     ?= dev
# on, off, or the URL of a sandbox CRM that runs.
SANDBOX   ?= on
FLAGS     ?=
FN        ?= receive
EVENT     ?= events/receive/01-lead-created.json
FUNCTIONS := $(notdir $(patsubst %/,%,$(wildcard functions/*/)))
# Where Go files stand under infra: its other folders are not ours.
GO_FOLDERS := $(sort $(dir $(wildcard infra/*/*.go)))
STEP      := infra/scripts/step.sh
# What go generate writes.
GENERATED := functions/api/openapi.json shared/connectors/README.md shared/program/schema.json
CONTEXT   := -c stage=$(STAGE) $(if $(ALARM_EMAIL),-c alarm-email=$(ALARM_EMAIL)) $(if $(MAIL_FROM),-c mail-from=$(MAIL_FROM)) $(if $(MAIL_IDENTITY),-c mail-identity=$(MAIL_IDENTITY)) \
             $(if $(FETCH_CONCURRENCY),-c fetch-concurrency=$(FETCH_CONCURRENCY)) $(if $(ALLOW_PRODUCTION_CRM),-c allow-production-crm=$(ALLOW_PRODUCTION_CRM))
# Without net/rpc and HTTP/2, which no function needs: a twentieth less to load.
GOFLAGS_LAMBDA := -tags lambda.norpc,nethttpomithttp2 -trimpath -ldflags='-s -w'

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  %-12s %s\n", $$1, $$2 }'

.PHONY: setup
setup: ## check the tools, install what is missing and may be installed
	@infra/scripts/setup.sh

.PHONY: build
build: ## build the functions, the runner, the sandbox CRM and the command for this machine
	@mkdir -p .build/local .local/bin
	@for f in $(FUNCTIONS); do go build $(GOFLAGS_LAMBDA) -o .build/local/$$f/bootstrap ./functions/$$f || exit 1; done
	@go build -o .local/bin/runner ./infra/local
	@go build -o .local/bin/sandbox ./infra/sandbox
	@go build -o .local/bin/leadline ./infra/ctl

.PHONY: run
run: setup ## bring everything up on this machine (Ctrl-C stops it): PORT=8787 SANDBOX=on FLAGS="--chaos"
	@echo "Building ..."
	@$(MAKE) --no-print-directory build
	@exec .local/bin/runner --port $(PORT) --data $(DATA) --run-file $(RUN_FILE) --stage $(STAGE) --ctl .local/bin/leadline --functions .build/local --sandbox $(SANDBOX) $(FLAGS)

.PHONY: demo
demo: ## show on what `make run` started: events, records, history, rows, schemas, a track event
	@go build -o .local/bin/leadline ./infra/ctl
	@.local/bin/leadline --run-file $(RUN_FILE) demo

.PHONY: payday
payday: ## on what `make run` started: settle a month, pay it by a bank file, lose a deal of it, settle the next
	@go build -o .local/bin/leadline ./infra/ctl
	@.local/bin/leadline --run-file $(RUN_FILE) demo payday

.PHONY: invoke
invoke: ## invoke one running function: FN=receive EVENT=events/receive/x.json
	@go build -o .local/bin/leadline ./infra/ctl
	@.local/bin/leadline --run-file $(RUN_FILE) invoke $(FN) $(EVENT)

.PHONY: test
test: ## run every test: unit, property, store conformance, template, end to end
	@infra/scripts/test.sh

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l functions infra/*.go $(GO_FOLDERS) shared); [ -z "$$unformatted" ] || { echo "not gofmt: $$unformatted"; exit 1; }
	@go vet ./...
	@go tool staticcheck ./...

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZTIME (1m)
	@infra/scripts/fuzz.sh $(or $(FUZZTIME),1m)

.PHONY: bench
bench: setup build ## what an event costs, how fast it is, and which targets are met: FLAGS="-only cost,speed,zip,system,import,incentive -many 100000"
	@go run ./infra/bench $(FLAGS)

.PHONY: mutants
mutants: ## take the remedy of each trap of a provider away, in a copy: its test must fail. FLAGS="-run webhooks"
	@go run ./infra/mutants $(FLAGS)

.PHONY: generate
generate: ## write the files that are made from the code (the OpenAPI file, the tables of the connectors, the schema of programs)
	@go generate ./functions/... ./shared/connectors ./shared/program

.PHONY: verify
verify: ## fail if a generated file or go.mod is not up to date
	@go mod tidy -diff
	@go mod verify >/dev/null
	@mkdir -p .build; for f in $(GENERATED); do cksum $$f; done > .build/generated; $(MAKE) --no-print-directory generate; \
	 for f in $(GENERATED); do cksum $$f; done | diff .build/generated - >/dev/null || \
	 { echo "one of $(GENERATED) was not up to date; it is now"; exit 1; }

.PHONY: build-arm64
build-arm64: ## build the functions for AWS (arm64)
	@for f in $(FUNCTIONS); do GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build $(GOFLAGS_LAMBDA) -o .build/arm64/$$f/bootstrap ./functions/$$f || exit 1; done

.PHONY: synth
synth: setup build-arm64 ## synthesize the CloudFormation template into infra/cdk.out: STAGE=dev
	@cd infra && npx --no-install cdk synth --quiet $(CONTEXT)
	@echo "infra/cdk.out holds the template of stage $(STAGE)"

.PHONY: deploy
deploy: setup build-arm64 ## deploy a stage to the AWS account of your credentials: STAGE=dev ALARM_EMAIL=a@b.c MAIL_FROM=leadline@b.c
	@go build -o .local/bin/leadline ./infra/ctl
	@cd infra && npx --no-install cdk deploy $(CONTEXT) --require-approval broadening

.PHONY: clean
clean: ## forget the local data and everything built
	rm -rf .local .build infra/cdk.out
