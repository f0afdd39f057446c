package main

import (
	"context"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/store"
	"leadline/shared/view"
)

// wrong gives a fault with its places, if there are problems.
func wrong(problems view.Problems, f *fault.Error) error {
	if len(problems) == 0 {
		return nil
	}
	d := &problem.Detailed{Fault: f}
	for _, p := range problems[:min(len(problems), 100)] {
		d.Parts = append(d.Parts, problem.Part{Location: "body." + p.Place, Message: p.Message})
	}
	return d
}

// shortList names the first few of several.
func shortList(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// catalog reads the fields of data sources. An object that is not there is not in it; a connection that is not there is
// not found.
func (h *handler) catalog(ctx context.Context, c caller, sources ...view.Source) (view.Catalog, error) {
	catalog := view.Catalog{}
	seen := map[string]bool{}
	for _, s := range sources {
		if _, known := catalog[s]; known {
			continue
		}
		switch {
		case s == view.Master():
			connections, err := h.connectionIDs(ctx, c)
			if err != nil {
				return nil, err
			}
			catalog[s] = view.MasterFields(connections...)
			continue
		case s.Connection == "":
			continue // no other data source is without a connection
		case !seen[s.Connection]:
			if _, err := h.connection(ctx, c, s.Connection); err != nil {
				return nil, err
			}
			seen[s.Connection] = true
		}
		o, err := h.Schemas.Object(ctx, c.organization, s.Connection, s.Object)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		catalog[s] = o.Present.Fields
	}
	return catalog, nil
}

func (h *handler) connectionIDs(ctx context.Context, c caller) ([]string, error) {
	var ids []string
	for conn, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]string, string, error) {
		connections, next, err := h.Tenancy.Connections(ctx, c.organization, p)
		names := make([]string, len(connections))
		for i := range connections {
			names[i] = connections[i].ID
		}
		return names, next, err
	}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, conn)
	}
	return ids, nil
}

// linksOf reads the links that a view joins along. Those that are not there are left out.
func (h *handler) linksOf(ctx context.Context, c caller, v view.View) (map[string]view.Link, error) {
	links := map[string]view.Link{}
	for _, j := range v.Joins {
		if _, known := links[j.Link]; known {
			continue
		}
		i, err := h.definition(ctx, c, view.KindLink, j.Link)
		switch {
		case err == nil:
			links[j.Link] = *i.Definition.Link
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return links, nil
}

// surroundings reads what a view is checked against.
func (h *handler) surroundings(ctx context.Context, c caller, v view.View) (map[string]view.Link, view.Catalog, error) {
	links, err := h.linksOf(ctx, c, v)
	if err != nil {
		return nil, nil, err
	}
	sources := []view.Source{v.Base}
	for _, l := range links {
		sources = append(sources, l.To.Source)
	}
	catalog, err := h.catalog(ctx, c, sources...)
	return links, catalog, err
}

// fillColumns gives columns without a type that of their field.
func (h *handler) fillColumns(ctx context.Context, c caller, v *view.View) error {
	if !slices.ContainsFunc(v.Columns, func(col view.Column) bool { return col.Type == "" }) {
		return nil
	}
	links, catalog, err := h.surroundings(ctx, c, *v)
	if err != nil {
		return err
	}
	view.FillTypes(v, links, catalog)
	return nil
}

func checkLink(ctx context.Context, h *handler, c caller, d view.Definition) (view.Problems, error) {
	catalog, err := h.catalog(ctx, c, d.Link.From.Source, d.Link.To.Source)
	if err != nil {
		return nil, err
	}
	return view.CheckLink(*d.Link, catalog), nil
}

func checkView(ctx context.Context, h *handler, c caller, d view.Definition) (view.Problems, error) {
	links, catalog, err := h.surroundings(ctx, c, *d.View)
	if err != nil {
		return nil, err
	}
	return view.CheckView(*d.View, links, catalog), nil
}

func checkVariable(ctx context.Context, h *handler, c caller, d view.Definition) (view.Problems, error) {
	over, err := h.definition(ctx, c, view.KindView, d.Variable.View)
	if fault.Is(err, fault.NotFound) {
		return view.Problems{{Place: "view", Message: fault.Of(err).Message}}, nil
	}
	if err != nil {
		return nil, err
	}
	return view.CheckVariable(*d.Variable, *over.Definition.View), nil
}

// those lists the items of a kind that are not deleted and meet a condition.
func (h *handler) those(ctx context.Context, c caller, kind view.Kind, meets func(view.Item) bool) ([]view.Item, error) {
	var found []view.Item
	for i, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]view.Item, string, error) {
		return h.Views.Definitions(ctx, c.organization, kind, p)
	}) {
		if err != nil {
			return nil, err
		}
		if i.State != view.Removed && meets(i) {
			found = append(found, i)
		}
	}
	return found, nil
}

func alongLink(name string) func(view.Item) bool {
	return func(i view.Item) bool {
		return slices.ContainsFunc(i.Definition.View.Joins, func(j view.Join) bool { return j.Link == name })
	}
}

func overView(name string) func(view.Item) bool {
	return func(i view.Item) bool { return i.Definition.Variable.View == name }
}

func viewsOver(ctx context.Context, h *handler, c caller, link string) ([]string, error) {
	found, err := h.those(ctx, c, view.KindView, alongLink(link))
	return each(found, func(i view.Item) string { return "the view " + i.Name }), err
}

func variablesOver(ctx context.Context, h *handler, c caller, name string) ([]string, error) {
	found, err := h.those(ctx, c, view.KindVariable, overView(name))
	return each(found, func(i view.Item) string { return "the variable " + i.Name }), err
}

// breaksViews finds the views that work, and would not with another link. What is broken already is nobody's fault now.
func breaksViews(ctx context.Context, h *handler, c caller, link view.Item) (view.Problems, error) {
	views, err := h.those(ctx, c, view.KindView, alongLink(link.Name))
	if err != nil {
		return nil, err
	}
	var broken view.Problems
	for _, i := range views {
		v := *i.Definition.View
		links, catalog, err := h.surroundings(ctx, c, v)
		if err != nil {
			return nil, err
		}
		if len(view.CheckView(v, links, catalog)) > 0 {
			continue
		}
		links[link.Name] = *link.Definition.Link
		more, err := h.catalog(ctx, c, link.Definition.Link.To.Source)
		if err != nil {
			return nil, err
		}
		for of, fields := range more {
			catalog[of] = fields
		}
		for _, p := range view.CheckView(v, links, catalog) {
			broken = append(broken, view.Problem{Place: "views." + i.Name + "." + p.Place, Message: p.Message})
		}
	}
	return broken, nil
}

// breaksVariables finds the variables that work, and would not over another view.
func breaksVariables(ctx context.Context, h *handler, c caller, next view.Item) (view.Problems, error) {
	before, err := h.anyDefinition(ctx, c, view.KindView, next.Name)
	if err != nil {
		return nil, err
	}
	variables, err := h.those(ctx, c, view.KindVariable, overView(next.Name))
	if err != nil {
		return nil, err
	}
	var broken view.Problems
	for _, i := range variables {
		variable := *i.Definition.Variable
		if len(view.CheckVariable(variable, *before.Definition.View)) > 0 {
			continue
		}
		for _, p := range view.CheckVariable(variable, *next.Definition.View) {
			broken = append(broken, view.Problem{Place: "variables." + i.Name + "." + p.Place, Message: p.Message})
		}
	}
	return broken, nil
}
