package close

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/schema"
)

// describeSteps are the steps of describe, one or two requests each. Custom fields of leads, contacts and opportunities come
// by their schema, which has the shared ones in it; those of custom activities and custom objects come with their
// types, and of the list of shared fields, for their schemas are one for each type.
func describeSteps() []func(context.Context, connector.Client) ([]connector.DescribedObject, error) {
	return []func(context.Context, connector.Client) ([]connector.DescribedObject, error){
		describeStatic,
		describeSchema(objectLead),
		describeSchema(objectContact),
		describeSchema(objectOpportunity),
		describeTypes(objectCustomActivity, pathCustomActivityTypes, "custom_activity_type"),
		describeTypes(objectCustomObject, pathCustomObjectTypes, "custom_object_type"),
	}
}

// describe reads what Close's objects and their fields are. Its cursor is the number of the next step.
func describe(ctx context.Context, c connector.Client, cursor string) (connector.Description, error) {
	steps, n := describeSteps(), 0
	if cursor != "" {
		var err error
		if n, err = strconv.Atoi(cursor); err != nil || n < 1 || n >= len(steps) {
			return connector.Description{}, fault.New(fault.Invalid, "invalid_cursor", "The cursor is none of this connector, or of another version of it.")
		}
	}
	objects, err := steps[n](ctx, c)
	if err != nil {
		return connector.Description{}, err
	}
	d := connector.Description{Objects: objects}
	if n+1 < len(steps) {
		d.Next = strconv.Itoa(n + 1)
	}
	return d, nil
}

// described gives an object with its own fields and custom ones, sorted by name.
func described(object string, custom []schema.Field) connector.DescribedObject {
	k, _ := kindNamed(object)
	fields := ownFields(object)
	for _, f := range custom {
		if !slices.ContainsFunc(fields, func(o schema.Field) bool { return o.Name == f.Name }) {
			fields = append(fields, f)
		}
	}
	slices.SortFunc(fields, func(a, b schema.Field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return connector.DescribedObject{Name: object, Title: k.title, Fields: fields}
}

// describeStatic describes the objects that have no custom fields; it asks nothing.
func describeStatic(context.Context, connector.Client) ([]connector.DescribedObject, error) {
	var objects []connector.DescribedObject
	for _, k := range kinds() {
		switch k.name {
		case objectLead, objectContact, objectOpportunity, objectCustomActivity, objectCustomObject:
		default:
			objects = append(objects, described(k.name, nil))
		}
	}
	return objects, nil
}

// customField is the definition of a custom field: https://developer.close.com/api/resources/custom-fields.
type customField struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Multiple bool              `json:"accepts_multiple_values"`
	Choices  []json.RawMessage `json:"choices"`
	// Associations say where a shared field is used.
	Associations []struct {
		ObjectType string `json:"object_type"`
	} `json:"associations"`
}

func describeSchema(object string) func(context.Context, connector.Client) ([]connector.DescribedObject, error) {
	return func(ctx context.Context, c connector.Client) ([]connector.DescribedObject, error) {
		var answer struct {
			Fields []customField `json:"fields"`
		}
		if _, err := get(ctx, c, one(pathCustomFieldSchemas, object), nil, &answer); err != nil {
			return nil, err
		}
		if answer.Fields == nil {
			return nil, unreadable("There are no fields in Close's schema of %s.", object)
		}
		return []connector.DescribedObject{described(object, fieldsOf(answer.Fields))}, nil
	}
}

// describeTypes describes the object whose records are of types that the organization made: its fields are those of all
// types together, for the records of all are of one object.
func describeTypes(object, path, associated string) func(context.Context, connector.Client) ([]connector.DescribedObject, error) {
	return func(ctx context.Context, c connector.Client) ([]connector.DescribedObject, error) {
		var types struct {
			Data []struct {
				Fields []customField `json:"fields"`
			} `json:"data"`
		}
		if _, err := get(ctx, c, path, nil, &types); err != nil {
			return nil, err
		}
		var all []customField
		for _, t := range types.Data {
			all = append(all, t.Fields...)
		}
		var shared struct {
			Data []customField `json:"data"`
		}
		if _, err := get(ctx, c, pathCustomFields+"shared/", nil, &shared); err != nil {
			return nil, err
		}
		for _, f := range shared.Data {
			for _, a := range f.Associations {
				if a.ObjectType == associated {
					all = append(all, f)
					break
				}
			}
		}
		return []connector.DescribedObject{described(object, fieldsOf(all))}, nil
	}
}

// fieldsOf gives the fields that custom fields are in records.
func fieldsOf(all []customField) []schema.Field {
	var fields []schema.Field
	for _, f := range all {
		name := "custom." + f.ID
		if f.ID == "" || schema.CheckName(name) != nil || slices.ContainsFunc(fields, func(o schema.Field) bool { return o.Name == name }) {
			continue
		}
		fields = append(fields, f.field(name))
	}
	return fields
}

// field gives the type of a custom field's values. Several values are a list: of texts or ids a multi_choice, of numbers a
// json.
func (f customField) field(name string) schema.Field {
	out := schema.Field{Name: name, Title: f.Name, Type: schema.Text}
	switch f.Type {
	case "number":
		out.Type = schema.Number
	case "date":
		out.Type = schema.Date
	case "datetime":
		out.Type = schema.DateTime
	case "choices":
		out.Type, out.Choices = schema.Choice, f.choices()
	case "user":
		out.Type, out.Refers = schema.Reference, objectUser
	case "contact":
		out.Type, out.Refers = schema.Reference, objectContact
	case "custom_object":
		out.Type, out.Refers = schema.Reference, objectCustomObject
	}
	switch {
	case f.Multiple && out.Type == schema.Number:
		out.Type = schema.JSON
	case f.Multiple:
		out.Type = schema.MultiChoice
	}
	return out
}

// choices gives the values that a field takes; none, which is any, where they are more or longer than a field can name.
func (f customField) choices() []string {
	var all []string
	for _, raw := range f.Choices {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			var labelled struct {
				Label string `json:"label"`
			}
			if json.Unmarshal(raw, &labelled) != nil {
				return nil
			}
			text = labelled.Label
		}
		if len(text) > schema.MaxChoiceBytes {
			return nil
		}
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) > schema.MaxChoices {
		return nil
	}
	slices.Sort(all)
	return all
}
