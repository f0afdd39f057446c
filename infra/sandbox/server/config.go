package server

import (
	"encoding/json"
	"net/http"
	"strings"

	"leadline/infra/sandbox/crm"
)

// configList answers a list of config objects, or adds to it.
func (c *call) configList(path string) answer {
	list, _ := c.m.Config(path)
	switch c.method {
	case http.MethodGet:
		if path == "user" && c.get("_order_by") != "" && c.get("_order_by") != "last_name,first_name" && c.get("_order_by") != "first_name,last_name" {
			return refuse(&crm.Wrong{Fields: map[string]string{"_order_by": "Cannot order by this."}})
		}
		skip, limit, refused := c.page(1000)
		if refused != nil {
			return *refused
		}
		from, to := min(skip, len(list)), min(skip+limit, len(list))
		page := list[from:to]
		fields := c.fields()
		if path == "group" && fields == nil {
			fields = crm.ParseFields([]string{"id", "name", "organization_id"}) // members must be asked for
		}
		return data(chosen(page, fields), to < len(list))
	case http.MethodPost:
		if !c.m.May(c.user, "manage_organization") {
			return forbidden("manage_organization")
		}
		in, err := c.object()
		if err != nil {
			return refuse(err)
		}
		o, err := c.m.CreateConfig(path, in, c.change())
		if err != nil {
			return refuse(err)
		}
		a := ok(o.JSON())
		switch path {
		case "pipeline", "custom_activity", "custom_object_type", "outcome":
			a.status = http.StatusCreated
		}
		return a
	}
	return notAllowed()
}

// chosen projects objects to the fields that are asked for.
func chosen(list []crm.Object, f *crm.Fields) []crm.Object {
	if f == nil {
		return list
	}
	var all []crm.Object
	for _, o := range list {
		var few crm.Object
		for _, p := range o {
			if f.Has(p.Key) {
				few = append(few, p)
			}
		}
		all = append(all, few)
	}
	return all
}

func (c *call) configItem(path, id string) answer {
	o := c.m.FindConfig(path, id)
	if o == nil {
		return notFound()
	}
	if c.method == http.MethodGet {
		switch path { // these have no address of their own
		case "status/lead", "status/opportunity", "pipeline":
			return notAllowed()
		}
		return ok(chosen([]crm.Object{o}, c.fields())[0].JSON())
	}
	if !c.m.May(c.user, "manage_organization") {
		return forbidden("manage_organization")
	}
	switch c.method {
	case http.MethodPut:
		in, err := c.object()
		if err != nil {
			return refuse(err)
		}
		now, err := c.m.UpdateConfig(path, id, in, c.change())
		if err != nil {
			return refuse(err)
		}
		return ok(now.JSON())
	case http.MethodDelete:
		if err := c.m.DeleteConfig(path, id, c.change()); err != nil {
			return refuse(err)
		}
		return ok([]byte("{}"))
	}
	return notAllowed()
}

func (c *call) schema(on string) answer {
	o, there := c.m.Schema(on)
	if !there {
		return notFound()
	}
	return ok(o.JSON())
}

// me answers who asks, with membership and organization. This is what a connection is tested with.
func (c *call) me() answer {
	o := c.m.RenderUser(*c.user)
	member := c.m.Membership(*c.user, false)
	for _, k := range []string{"user_email", "user_first_name", "user_last_name", "user_full_name", "user_phone"} {
		member.Delete(k)
	}
	role := c.m.Role(c.user)
	member.SetText("role", strings.ToLower(role.Name))
	o.Set("memberships", list(member))
	o.Set("organizations", list(c.m.Organization()))
	o.SetText("phone", c.user.Phone)
	o.Set("email_accounts", json.RawMessage("[]"))
	o.Set("connected_accounts", json.RawMessage("[]"))
	phones, _ := c.m.Config("phone_number")
	var own []crm.Object
	for _, p := range phones {
		if p.Text("user_id") == c.user.ID {
			own = append(own, p)
		}
	}
	o.Set("phone_numbers", list(own...))
	return ok(chosen([]crm.Object{o}, c.fields())[0].JSON())
}

func list(objects ...crm.Object) json.RawMessage {
	b := []byte{'['}
	for i, o := range objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, o.JSON()...)
	}
	return append(b, ']')
}

// organization answers the organization with those who are in it and those who were.
func (c *call) organization() answer {
	o := c.m.Organization()
	expand := strings.Split(c.get("_expand"), ",")
	nested := func(name string) bool {
		for _, e := range expand {
			if e == name+"__user" {
				return true
			}
		}
		return false
	}
	var active, inactive []crm.Object
	for _, u := range c.m.Team.Users {
		if u.Active {
			active = append(active, c.m.Membership(u, nested("memberships")))
		} else {
			inactive = append(inactive, c.m.Membership(u, nested("inactive_memberships")))
		}
	}
	o.Set("memberships", list(active...))
	o.Set("inactive_memberships", list(inactive...))
	return ok(chosen([]crm.Object{o}, c.fields())[0].JSON())
}
