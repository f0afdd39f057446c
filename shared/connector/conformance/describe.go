package conformance

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/schema"
)

func (s *suite) checkDescribe() {
	if s.definition.Describe == nil {
		return
	}
	objects, cursors, err := s.describe(s.world(), "")
	if err != nil {
		s.fail(Describe, "the description fails: %v", err)
		return
	}
	s.checkDescribed(objects)
	again, _, _ := s.describe(s.world(), "")
	if !reflect.DeepEqual(objects, again) {
		s.fail(Describe, "described again, the objects are others")
	}
	for i, cursor := range cursors[1:] {
		rest, _, err := s.describe(s.world(), cursor)
		if err != nil || len(rest) > 0 && !slices.ContainsFunc(objects, func(o connector.DescribedObject) bool { return reflect.DeepEqual(o, rest[len(rest)-1]) }) {
			s.fail(Describe, "from its step %d on, in another process, the description says otherwise: %v", i+2, err)
		}
	}
}

func (s *suite) describe(w *world, cursor string) (objects []connector.DescribedObject, cursors []string, err error) {
	cursors, err = s.walk(Describe, "the description", w, cursor, func(ctx context.Context, c connector.Client, cursor string) (string, error) {
		d, err := w.definition.Describe(ctx, c, cursor)
		objects = append(objects, d.Objects...)
		return d.Next, err
	})
	return objects, cursors, err
}

// describedTypes are those that a source can say a field has.
func describedTypes() []schema.Type {
	return []schema.Type{schema.Text, schema.Number, schema.Money, schema.Boolean, schema.Date, schema.DateTime, schema.Choice, schema.MultiChoice,
		schema.Reference, schema.JSON}
}

func (s *suite) checkDescribed(objects []connector.DescribedObject) {
	if len(objects) == 0 {
		s.fail(Describe, "nothing is described")
	}
	named := func(name string) bool {
		p := s.definition.Pull
		return p == nil || slices.ContainsFunc(p.Objects, func(o connector.Object) bool { return o.Name == name })
	}
	var names []string
	for _, o := range objects {
		if slices.Contains(names, o.Name) || !named(o.Name) || strings.TrimSpace(o.Title) == "" {
			s.fail(Describe, "the object %q is described twice, cannot be read, or has no title", o.Name)
		}
		names = append(names, o.Name)
		var fields []string
		for _, f := range o.Fields {
			switch {
			case schema.CheckName(f.Name) != nil || slices.Contains(fields, f.Name):
				s.fail(Describe, "the field %q of %s has no name that can be one, or is there twice", f.Name, o.Name)
			case !slices.Contains(describedTypes(), f.Type):
				s.fail(Describe, "the field %s of %s has the unknown type %q", f.Name, o.Name, f.Type)
			case f.Refers != "" && !named(f.Refers):
				s.fail(Describe, "the field %s of %s refers to %q, which cannot be read", f.Name, o.Name, f.Refers)
			case f.Required:
				s.fail(Describe, "the field %s of %s is required: records of a source are taken as they are", f.Name, o.Name)
			}
			fields = append(fields, f.Name)
		}
	}
}

// checkNames sees that records carry what is described, by its name.
func (s *suite) checkNames() {
	if s.definition.Describe == nil || s.broken(Describe) {
		return
	}
	objects, _, _ := s.describe(s.world(), "")
	for _, o := range objects {
		w := s.world()
		if len(o.Fields) == 0 || len(w.provider.Rows(o.Name)) == 0 {
			continue
		}
		r := s.read(w, o.Name, connector.Scope{Kind: connector.All}, "", nil)
		carried := slices.ContainsFunc(r.all, func(c changeOf) bool {
			return slices.ContainsFunc(o.Fields, func(f schema.Field) bool { return c.Fields[f.Name] != nil })
		})
		if !carried {
			s.fail(Describe, "no record of %s has any of the fields that are described", o.Name)
		}
	}
}
