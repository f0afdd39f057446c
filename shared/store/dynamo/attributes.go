package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/tenant"
)

// encodeList gives a list of maps as an attribute.
func encodeList[T any](values []T, encode func(T) item) types.AttributeValue {
	list := &types.AttributeValueMemberL{}
	for _, v := range values {
		list.Value = append(list.Value, &types.AttributeValueMemberM{Value: encode(v)})
	}
	return list
}

// decodeList reads what encodeList wrote.
func decodeList[T any](r *reader, name string, decode func(*reader) T) []T {
	list, ok := attribute[*types.AttributeValueMemberL](r, name)
	if !ok {
		return nil
	}
	var values []T
	for _, e := range list.Value {
		m, ok := e.(*types.AttributeValueMemberM)
		if !ok {
			r.fail(name, fmt.Errorf("holds a %T", e))
			return nil
		}
		in := &reader{item: m.Value}
		values = append(values, decode(in))
		r.fail(name, in.err)
	}
	return values
}

// setTexts keeps texts in their order.
func (i item) setTexts(name string, values []string) {
	if len(values) == 0 {
		return
	}
	list := &types.AttributeValueMemberL{}
	for _, v := range values {
		list.Value = append(list.Value, text(v))
	}
	i[name] = list
}

// texts reads what setTexts wrote.
func (r *reader) texts(name string) []string {
	list, ok := attribute[*types.AttributeValueMemberL](r, name)
	if !ok {
		return nil
	}
	var values []string
	for _, e := range list.Value {
		s, ok := e.(*types.AttributeValueMemberS)
		if !ok {
			r.fail(name, fmt.Errorf("holds a %T", e))
			return nil
		}
		values = append(values, s.Value)
	}
	return values
}

// setMap keeps a part of an item under one name; an empty part is absent.
func (i item) setMap(name string, part item) {
	if len(part) > 0 {
		i[name] = &types.AttributeValueMemberM{Value: part}
	}
}

// part begins to read what setMap wrote. What is wrong in it is to be handed on with fail.
func (r *reader) part(name string) *reader {
	if m, ok := attribute[*types.AttributeValueMemberM](r, name); ok {
		return &reader{item: m.Value}
	}
	return &reader{}
}

// role reads a role. The roles that were called operator and viewer are stored under those names, too.
func (r *reader) role(name string) tenant.Role {
	switch role := r.text(name); role {
	case "operator":
		return tenant.Manager
	case "viewer":
		return tenant.Reader
	default:
		return tenant.Role(role)
	}
}
