package server

import (
	"encoding/json"
	"net/http"
	"strconv"

	"leadline/infra/sandbox/crm"
)

// export is a bulk export of leads. It gets one step further each time it is asked for.
type export struct {
	id         string
	step       int
	activities bool
	by         string
	search     *crm.Search
}

// exportStates are what an export goes through.
func exportStates() []string { return []string{"created", "started", "in_progress", "done"} }

// exports answers POST /export/lead/, GET /export/{id}/ and GET /export/.
func (c *call) exports(rest string) answer {
	switch {
	case rest == "lead" && c.method == http.MethodPost:
		return c.startExport()
	case rest == "" && c.method == http.MethodGet:
		var all []crm.Object
		for _, e := range c.s.jobs {
			all = append(all, c.exportObject(e))
		}
		return data(all, false)
	case c.method != http.MethodGet:
		return notAllowed()
	}
	e := c.s.jobs[rest]
	if e == nil {
		return notFound()
	}
	if c.get("download") == "1" {
		return c.download(e)
	}
	e.step = min(e.step+1, len(exportStates())-1)
	return ok(c.exportObject(e).JSON())
}

func (c *call) startExport() answer {
	if !c.m.May(c.user, "export") {
		return forbidden("export")
	}
	var in struct {
		Format     string          `json:"format"`
		Type       string          `json:"type"`
		Activities bool            `json:"include_activities"`
		Query      json.RawMessage `json:"s_query"`
		Sort       json.RawMessage `json:"sort"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return fail(http.StatusBadRequest, "The body is no export.")
	}
	if in.Format != "json" || in.Type != "leads" {
		return refuse(&crm.Wrong{Fields: map[string]string{"format": "The sandbox exports leads as JSON only."}})
	}
	if in.Query == nil {
		in.Query = json.RawMessage(`{"type":"object_type","object_type":"lead"}`)
	}
	search, err := c.m.ParseSearch(in.Query, in.Sort)
	if err != nil {
		return refuse(err)
	}
	e := &export{id: c.m.NewID("export_"), activities: in.Activities, by: c.user.ID, search: search}
	c.s.jobs[e.id] = e
	return ok(c.exportObject(e).JSON())
}

func (c *call) exportObject(e *export) crm.Object {
	o := crm.Object{}
	o.SetText("id", e.id)
	o.SetText("status", exportStates()[e.step])
	o.SetText("format", "json")
	o.SetText("type", "leads")
	o.SetText("organization_id", c.m.Team.OrganizationID)
	o.SetText("user_id", e.by)
	o.Set("include_activities", marshal(e.activities))
	o.Set("n_docs", json.RawMessage(strconv.Itoa(c.m.Count(crm.Lead))))
	o.SetText("download_url", "")
	if exportStates()[e.step] == "done" {
		o.SetText("download_url", apiRoot+"export/"+e.id+"/?download=1")
	}
	return o
}

// download gives all leads in one file. Close gives an address of its storage; this one is below the API.
func (c *call) download(e *export) answer {
	if exportStates()[e.step] != "done" {
		return notFound()
	}
	text := []byte{'['}
	page, _, _ := c.m.Find(e.search, c.user, nil, 1<<31)
	for i, l := range page {
		if i > 0 {
			text = append(text, ',')
		}
		text = c.m.Append(text, l, nil)
		if !e.activities {
			continue
		}
		text = append(text[:len(text)-1], `,"activities":[`...)
		for j, a := range c.m.Children(l, crm.Kind.Activity) {
			if j > 0 {
				text = append(text, ',')
			}
			text = c.m.Append(text, a, nil)
		}
		text = append(text, "]}"...)
	}
	return ok(append(text, ']'))
}
