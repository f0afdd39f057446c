package view

import (
	"cmp"
	"slices"
	"strings"

	"leadline/shared/record"
)

// ReadHints reads what the records of a connector's HintObjects tell the generator. The order of the records makes no
// difference.
func ReadHints(connector string, records map[string][]record.Record) Hints {
	t := templateOf(connector).hints
	h := Hints{Owners: map[string][]string{}, Stages: map[string][]Stage{}}
	for _, o := range t.owners {
		h.Owners[o.of] = append(h.Owners[o.of], readOwners(o, living(records[o.object]))...)
	}
	for _, s := range t.stages {
		pipelines := map[string]string{}
		for _, r := range living(records[s.pipelines]) {
			pipelines[r.ID] = valueText(r.Fields[s.pipelineLabel])
		}
		h.Stages[s.of] = append(h.Stages[s.of], readStages(s, living(records[s.object]), pipelines)...)
	}
	return h
}

func living(records []record.Record) []record.Record {
	return slices.DeleteFunc(slices.Clone(records), func(r record.Record) bool { return r.Deleted })
}

// readOwners lists fields by how many records name them.
func readOwners(o ownersHint, records []record.Record) []string {
	votes := map[string]int{}
	for _, r := range records {
		for _, field := range readKeys(r.Fields[o.field]) {
			votes[o.prefix+field]++
		}
	}
	var fields []string
	for field := range votes {
		fields = append(fields, field)
	}
	slices.SortFunc(fields, func(a, b string) int { return cmp.Or(cmp.Compare(votes[b], votes[a]), strings.Compare(a, b)) })
	return fields
}

func readStages(s stagesHint, records []record.Record, pipelines map[string]string) []Stage {
	var stages []Stage
	for _, r := range records {
		id := valueText(r.Fields[s.id])
		stages = append(stages, Stage{ID: cmp.Or(id, r.ID), Label: valueText(r.Fields[s.label]), Pipeline: pipelines[valueText(r.Fields[s.pipeline])]})
	}
	slices.SortFunc(stages, func(a, b Stage) int {
		return cmp.Or(strings.Compare(a.Pipeline, b.Pipeline), strings.Compare(a.Label, b.Label), strings.Compare(a.ID, b.ID))
	})
	return stages
}
