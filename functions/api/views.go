package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
	"leadline/shared/view"
	"leadline/shared/view/standard"
)

// maxDefinitionBytes bounds the definition of a view that has all columns of a large object.
const maxDefinitionBytes = 1 << 20

// defining is how one of the three kinds goes through the API: what is sent of a new one, N, its fields F, and what is
// answered, V.
type defining[N, F, V any] struct {
	kind view.Kind
	// path is /v1/links ..., one its name in operation ids.
	path, one, many string
	// named tells the name of a new one from its fields.
	named func(N) (string, F)
	// read gives what fields define; show answers an item, whole or as in a list.
	read func(ctx context.Context, h *handler, c caller, fields F) (view.Definition, error)
	show func(i view.Item, whole bool) V
	// check finds what is wrong with a definition, and breaks what others lose by it.
	check  func(ctx context.Context, h *handler, c caller, d view.Definition) (view.Problems, error)
	breaks func(ctx context.Context, h *handler, c caller, i view.Item) (view.Problems, error)
	// uses names those that use one, for its deletion.
	uses func(ctx context.Context, h *handler, c caller, name string) ([]string, error)
}

func (h *handler) registerViews(api huma.API) {
	registerDefinitions(api, h, defining[NewLink, LinkFields, Link]{kind: view.KindLink, path: "/v1/links", one: "link", many: "links",
		named: func(n NewLink) (string, LinkFields) { return n.Name, n.LinkFields },
		read: func(_ context.Context, _ *handler, _ caller, f LinkFields) (view.Definition, error) {
			l := readLink(f)
			return view.Definition{Link: &l}, nil
		},
		show: func(i view.Item, whole bool) Link {
			out := Link{Definition: showDefinition(i), LinkFields: showLink(*i.Definition.Link)}
			if whole {
				out.Standard = standardOf(i, func(d *view.Definition) *view.Link { return d.Link }, showLink)
			}
			return out
		},
		check: checkLink, breaks: breaksViews, uses: viewsOver,
	})
	registerDefinitions(api, h, defining[NewView, ViewFields, View]{kind: view.KindView, path: "/v1/views", one: "view", many: "views",
		named: func(n NewView) (string, ViewFields) { return n.Name, n.ViewFields },
		read: func(ctx context.Context, h *handler, c caller, f ViewFields) (view.Definition, error) {
			v := readView(f)
			return view.Definition{View: &v}, h.fillColumns(ctx, c, &v)
		},
		show: func(i view.Item, whole bool) View {
			out := View{Definition: showDefinition(i), ViewFields: showView(*i.Definition.View)}
			if whole {
				out.Standard = standardOf(i, func(d *view.Definition) *view.View { return d.View }, showView)
			}
			if i.Origin == view.Edited {
				out.NewColumns = i.News()
			}
			return out
		},
		check: checkView, breaks: breaksVariables, uses: variablesOver,
	})
	registerDefinitions(api, h, defining[NewVariable, VariableFields, Variable]{kind: view.KindVariable, path: "/v1/variables", one: "variable", many: "variables",
		named: func(n NewVariable) (string, VariableFields) { return n.Name, n.VariableFields },
		read: func(_ context.Context, _ *handler, _ caller, f VariableFields) (view.Definition, error) {
			v := readVariable(f)
			return view.Definition{Variable: &v}, nil
		},
		show: func(i view.Item, whole bool) Variable {
			out := Variable{Definition: showDefinition(i), VariableFields: showVariable(*i.Definition.Variable)}
			if whole {
				out.Standard = standardOf(i, func(d *view.Definition) *view.Variable { return d.Variable }, showVariable)
			}
			return out
		},
		check: checkVariable, breaks: func(context.Context, *handler, caller, view.Item) (view.Problems, error) { return nil, nil },
		uses: func(context.Context, *handler, caller, string) ([]string, error) { return nil, nil },
	})
	h.registerEvaluation(api)
	register(api, h, route{
		id: "generate-views", method: http.MethodPost, path: "/v1/connections/{connection}/generate-views", tag: "views", needs: tenant.Admin,
		summary: "Generate the standard links, views and variables of a connection", text: "It happens by itself on connect and when the source changes its structure. What a person edited is left as it is, what a person deleted stays deleted.",
		errors: []int{404},
	}, h.generateViews)
}

// registerDefinitions adds the routes of one kind.
func registerDefinitions[N, F, V any](api huma.API, h *handler, d defining[N, F, V]) {
	item := d.path + "/{name}"
	register(api, h, route{
		id: "list-" + d.many, method: http.MethodGet, path: d.path, tag: "views", needs: tenant.Reader,
		summary: "List " + d.many, text: "By name: those that were generated and those that people made.", errors: []int{400},
	}, d.list(h))
	register(api, h, route{
		id: "get-" + d.one, method: http.MethodGet, path: item, tag: "views", needs: tenant.Reader, summary: "Get a " + d.one, errors: []int{404},
	}, d.get(h))
	register(api, h, route{
		id: "define-" + d.one, method: http.MethodPost, path: d.path, tag: "views", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Make a " + d.one, errors: []int{400, 404, 409, 413, 415},
	}, d.define(h))
	register(api, h, route{
		id: "update-" + d.one, method: http.MethodPut, path: item, tag: "views", needs: tenant.Admin,
		summary: "Change a " + d.one, text: "One that was generated is yours from then on: it is not kept in step any more, until it is restored.", errors: []int{400, 404, 409, 412, 413, 415}, body: maxDefinitionBytes,
	}, d.update(h))
	register(api, h, route{
		id: "delete-" + d.one, method: http.MethodDelete, path: item, tag: "views", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Delete a " + d.one, text: "One that was generated can be restored.", errors: []int{404, 409},
	}, d.remove(h))
	register(api, h, route{
		id: "restore-" + d.one, method: http.MethodPost, path: item + "/restore", tag: "views", needs: tenant.Admin,
		summary: "Give a " + d.one + " its standard form back", text: "Also one that was deleted. It is kept in step with its source again.", errors: []int{404, 409, 412},
	}, d.restore(h))
}

// DefinitionInput names a link, a view or a variable.
type DefinitionInput struct {
	Name string `path:"name" maxLength:"400" example:"close-user_close_lead_view"`
}

// DefinitionListInput is what lists of them take.
type DefinitionListInput struct {
	PageInput
	Removed string `query:"removed" enum:"exclude,include,only" default:"exclude" doc:"What to do with those that were generated and deleted."`
}

type definitionOutput[V any] struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     V
}

type definitionsOutput[V any] struct{ Body list[V] }

func (d defining[N, F, V]) answer(i view.Item) *definitionOutput[V] {
	return &definitionOutput[V]{ETag: etag(i.Rev), Body: d.show(i, true)}
}

func (d defining[N, F, V]) list(h *handler) func(context.Context, caller, *DefinitionListInput) (*definitionsOutput[V], error) {
	return func(ctx context.Context, c caller, in *DefinitionListInput) (*definitionsOutput[V], error) {
		body, err := page(ctx, h, c, in.PageInput, listing[view.Item, V]{
			scope: []string{d.many, in.Removed},
			read: func(ctx context.Context, p store.Page) ([]view.Item, string, error) {
				return h.Views.Definitions(ctx, c.organization, d.kind, p)
			},
			show: func(i view.Item) (V, int, bool) {
				shown := d.show(i, false)
				if removed := i.State == view.Removed; removed && in.Removed == "exclude" || !removed && in.Removed == "only" {
					return shown, 0, false
				}
				text, _ := json.Marshal(shown) // it is answered as JSON in any case
				return shown, escapedLength(text), true
			},
		})
		return &definitionsOutput[V]{body}, err
	}
}

func (d defining[N, F, V]) get(h *handler) func(context.Context, caller, *DefinitionInput) (*definitionOutput[V], error) {
	return func(ctx context.Context, c caller, in *DefinitionInput) (*definitionOutput[V], error) {
		i, err := h.definition(ctx, c, d.kind, in.Name)
		if err != nil {
			return nil, err
		}
		return d.answer(i), nil
	}
}

// definition reads one that is not deleted.
func (h *handler) definition(ctx context.Context, c caller, kind view.Kind, name string) (view.Item, error) {
	i, err := h.anyDefinition(ctx, c, kind, name)
	if err == nil && i.State == view.Removed {
		err = fault.New(fault.NotFound, "not_found", "The %s %q was deleted. It can be restored.", kind, name)
	}
	return i, err
}

func (h *handler) anyDefinition(ctx context.Context, c caller, kind view.Kind, name string) (view.Item, error) {
	i, err := h.Views.Definition(ctx, c.organization, kind, name)
	return i, notFound(err, "There is no %s %q.", kind, name)
}

type defineInput[N any] struct {
	ResendInput
	Body N
}

func (d defining[N, F, V]) define(h *handler) func(context.Context, caller, *defineInput[N]) (*definitionOutput[V], error) {
	return func(ctx context.Context, c caller, in *defineInput[N]) (*definitionOutput[V], error) {
		a, err := h.attempt(ctx, c, in.IdempotencyKey, "define-"+d.one, "", in.Body)
		if err != nil {
			return nil, err
		}
		made, err := once(ctx, h, c, a, http.StatusCreated, func() (created, func(*store.Receipt) error, error) {
			name, fields := d.named(in.Body)
			if err := view.CheckName(name); err != nil {
				return created{}, nil, err
			}
			definition, err := d.checked(ctx, h, c, fields)
			if err != nil {
				return created{}, nil, err
			}
			now := h.Now().UTC()
			i := view.Item{Organization: c.organization, Kind: d.kind, Name: name, Definition: definition, Origin: view.Own, State: view.Current,
				By: c.actor, CreatedAt: now, UpdatedAt: now, Rev: 1}
			return created{i}, func(receipt *store.Receipt) error {
				return taken(h.Views.CreateDefinition(ctx, i, receipt), d.kind, i.Name)
			}, nil
		})
		if err != nil {
			return nil, err
		}
		out := d.answer(made.Item)
		out.Location = d.path + "/" + url.PathEscape(made.Item.Name)
		return out, nil
	}
}

// created is what a receipt keeps of an item that was made.
type created struct{ Item view.Item }

// taken says that a name is another's, if err says so.
func taken(err error, kind view.Kind, name string) error {
	if f := fault.Of(err); f != nil && f.Code == store.CodeTaken {
		return fault.New(fault.Conflict, "name_taken", "There is a %s %q already.", kind, name)
	}
	return err
}

// checked gives what fields define, if nothing is wrong with it.
func (d defining[N, F, V]) checked(ctx context.Context, h *handler, c caller, fields F) (view.Definition, error) {
	definition, err := d.read(ctx, h, c, fields)
	if err != nil {
		return definition, err
	}
	problems, err := d.check(ctx, h, c, definition)
	if err != nil {
		return definition, err
	}
	return definition, wrong(problems, fault.New(fault.Invalid, view.CodeInvalid, "The %s is not right: %s.", d.kind, problems))
}

type updateDefinitionInput[F any] struct {
	DefinitionInput
	MatchInput
	Body F
}

func (d defining[N, F, V]) update(h *handler) func(context.Context, caller, *updateDefinitionInput[F]) (*definitionOutput[V], error) {
	return func(ctx context.Context, c caller, in *updateDefinitionInput[F]) (*definitionOutput[V], error) {
		i, err := h.definition(ctx, c, d.kind, in.Name)
		if err != nil {
			return nil, err
		}
		if err := checkMatch(in.IfMatch, i.Rev); err != nil {
			return nil, err
		}
		definition, err := d.checked(ctx, h, c, in.Body)
		if err != nil {
			return nil, err
		}
		return d.save(ctx, h, c, i.Edit(definition, c.actor, h.Now().UTC()), in.IfMatch)
	}
}

// save replaces an item, unless others that use it would not work any more.
func (d defining[N, F, V]) save(ctx context.Context, h *handler, c caller, i view.Item, ifMatch string) (*definitionOutput[V], error) {
	problems, err := d.breaks(ctx, h, c, i)
	if err != nil {
		return nil, err
	}
	if err := wrong(problems, fault.New(fault.Conflict, "in_use", "Others that use the %s would not work any more: %s.", d.kind, problems)); err != nil {
		return nil, err
	}
	if err := stale(h.Views.UpdateDefinition(ctx, i, nil), ifMatch); err != nil {
		return nil, err
	}
	return d.answer(i), nil
}

func (d defining[N, F, V]) remove(h *handler) func(context.Context, caller, *DefinitionInput) (*struct{}, error) {
	return func(ctx context.Context, c caller, in *DefinitionInput) (*struct{}, error) {
		i, err := h.definition(ctx, c, d.kind, in.Name)
		if err != nil {
			return nil, err
		}
		users, err := d.uses(ctx, h, c, i.Name)
		if err != nil {
			return nil, err
		}
		if len(users) > 0 {
			return nil, fault.New(fault.Conflict, "in_use", "It is used by %s. Delete or change that first.", shortList(users))
		}
		if removed, generated := i.Remove(c.actor, h.Now().UTC()); generated {
			return nil, stale(h.Views.UpdateDefinition(ctx, removed, nil), "")
		}
		return nil, h.Views.DeleteDefinition(ctx, c.organization, d.kind, i.Name)
	}
}

type restoreInput struct {
	DefinitionInput
	MatchInput
}

func (d defining[N, F, V]) restore(h *handler) func(context.Context, caller, *restoreInput) (*definitionOutput[V], error) {
	return func(ctx context.Context, c caller, in *restoreInput) (*definitionOutput[V], error) {
		i, err := h.anyDefinition(ctx, c, d.kind, in.Name)
		if err != nil {
			return nil, err
		}
		restored, generated := i.Restore(c.actor, h.Now().UTC())
		if !generated {
			return nil, fault.New(fault.Conflict, "no_standard", "The %s %q was made by a person: it has no standard form.", d.kind, in.Name)
		}
		if i.Origin == view.Generated && i.State != view.Removed { // a resend, or nothing to do
			return d.answer(i), nil
		}
		if err := checkMatch(in.IfMatch, i.Rev); err != nil {
			return nil, err
		}
		return d.save(ctx, h, c, restored, in.IfMatch)
	}
}

type generatedOutput struct {
	Body struct {
		Created  int `json:"created"`
		Changed  int `json:"changed" doc:"Those that were brought in step, and those that are outdated."`
		Outdated int `json:"outdated" doc:"Those that a person has edited: their standard form has changed, they have not."`
		Retired  int `json:"retired" doc:"Those that are no longer generated; they are kept."`
	} `nameHint:"GeneratedViews"`
}

func (h *handler) generateViews(ctx context.Context, c caller, in *ConnectionInput) (*generatedOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	keeper := standard.Keeper{Schemas: h.Schemas, Records: h.Records, Views: h.Views, Now: h.Now}
	done, err := keeper.Follow(ctx, conn)
	out := &generatedOutput{}
	out.Body.Created, out.Body.Changed, out.Body.Outdated, out.Body.Retired = done.Created, done.Changed, done.Outdated, done.Retired
	return out, err
}
