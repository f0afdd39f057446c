package formula

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"leadline/shared/view"
)

// rowTypes tells CEL the columns of a view, so that it knows their types when it compiles, and reads a value only where a
// formula asks for it. It is used by one compilation.
type rowTypes struct {
	*types.Registry
	view  *view.View
	found map[string]*column // what the formula reads, by its name for it
}

// FindIdent finds nothing: there are no names but the row's.
func (*rowTypes) FindIdent(string) (ref.Val, bool) { return nil, false }

// FindStructType knows the type of the row.
func (*rowTypes) FindStructType(name string) (*types.Type, bool) {
	return types.NewTypeTypeWithParam(types.NewObjectType(typeRow)), name == typeRow
}

// FindStructFieldType gives the type of a column, and how it is read.
func (t *rowTypes) FindStructFieldType(_, name string) (*types.FieldType, bool) {
	c := t.found[name]
	if c == nil {
		if c = find(t.view, name); c == nil {
			return nil, false
		}
		t.found[name] = c
	}
	return &types.FieldType{Type: c.typ, IsSet: func(of any) bool { return c.has(of.(*view.Row)) }, GetFrom: c.getFrom}, true
}

// getFrom reads the value as CEL has it.
func (c *column) getFrom(of any) (any, error) {
	row := of.(*view.Row)
	switch c.typ.Kind() {
	case types.StringKind:
		s, err := c.text(row)
		return types.String(s), err
	case types.BoolKind:
		b, err := c.bool(row)
		return types.Bool(b), err
	case types.TimestampKind:
		t, err := c.time(row)
		return types.Timestamp{Time: t}, err
	case types.ListKind:
		list, err := c.list(row)
		return types.NewStringList(types.DefaultTypeAdapter, list), err
	}
	n, err := c.number(row)
	return decimal{n}, err
}

// onRow is what a formula sees while it is evaluated.
type onRow struct{ row *view.Row }

// ResolveName gives the row.
func (o onRow) ResolveName(name string) (any, bool) { return o.row, name == varRow }

// Parent gives nil: nothing lies around the row.
func (onRow) Parent() cel.Activation { return nil }
