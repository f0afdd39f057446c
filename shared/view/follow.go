package view

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Suffix gives what the names of a connection's generated items end with: what they end with already, or the first of
// none, _2, _3 ... that no other connection of the connector has. stored are all items of the organization.
func Suffix(stored []Item, connector, connection string) string {
	used := map[string]bool{}
	for _, i := range stored {
		if i.Key == "" || i.Kind == KindVariable || !strings.HasPrefix(i.Key, connector+"-") {
			continue
		}
		suffix := strings.TrimPrefix(i.Name, i.Key)
		if i.Connection == connection {
			return suffix
		}
		used[suffix] = true
	}
	suffix := ""
	for n := 2; used[suffix]; n++ {
		suffix = fmt.Sprintf("_%d", n)
	}
	return suffix
}

// Follow gives what is to be stored so that the items of a connection follow what is generated today, each with its next
// Rev (1 for new ones). What a person edited stays as it is, and is outdated if its standard form has changed; what a
// person deleted stays deleted. stored are all items of the organization.
func Follow(organization, connection string, stored, generated []Item, now time.Time) []Item {
	type place struct {
		kind Kind
		key  string
	}
	present, names := map[place]Item{}, map[[2]string]bool{}
	for _, i := range stored {
		names[[2]string{string(i.Kind), i.Name}] = true
		if i.Key != "" && i.Connection == connection {
			present[place{i.Kind, i.Key}] = i
		}
	}
	var changed []Item
	for _, standard := range generated {
		at := place{standard.Kind, standard.Key}
		before, there := present[at]
		delete(present, at)
		if !there {
			name := standard.Name
			for n := 2; names[[2]string{string(standard.Kind), standard.Name}]; n++ {
				standard.Name = fmt.Sprintf("%s_%d", name, n)
			}
			names[[2]string{string(standard.Kind), standard.Name}] = true
			standard.Organization, standard.CreatedAt, standard.UpdatedAt, standard.Rev = organization, now, now, 1
			changed = append(changed, standard)
			continue
		}
		if next, differs := before.follow(*standard.Standard); differs {
			changed = append(changed, next.next(now))
		}
	}
	var gone []Item
	for _, i := range present {
		if i.State != Removed && i.State != Retired {
			i.State = Retired
			gone = append(gone, i.next(now))
		}
	}
	slices.SortFunc(gone, func(a, b Item) int { return strings.Compare(string(a.Kind)+a.Key, string(b.Kind)+b.Key) })
	return append(changed, gone...)
}

// follow gives an item after its standard form became another, or came back.
func (i Item) follow(standard Definition) (next Item, differs bool) {
	news := i.Standard == nil || !i.Standard.same(standard)
	if !news && i.State != Retired {
		return i, false
	}
	copied := standard.clone()
	i.Standard = &copied
	switch {
	case i.Origin == Generated || i.Definition.same(standard):
		i.Origin, i.Definition = Generated, standard
		if i.State != Removed {
			i.State = Current
		}
	case i.State == Removed:
	case news:
		i.State = Outdated
	default:
		i.State = Current
	}
	return i, true
}

func (i Item) next(now time.Time) Item {
	i.By, i.UpdatedAt = "", now
	i.Rev++
	return i
}

// Edit gives an item as a person changed it. What says the same as the standard form is generated again.
func (i Item) Edit(d Definition, by string, now time.Time) Item {
	i.Definition = d
	switch {
	case i.Standard == nil:
	case i.Standard.same(d):
		i.Origin = Generated
	default:
		i.Origin = Edited
	}
	if i.State != Retired {
		i.State = Current
	}
	i = i.next(now)
	i.By = by
	return i
}

// Restore gives a generated item in its standard form, whether it was edited or deleted; false for what has none.
func (i Item) Restore(by string, now time.Time) (Item, bool) {
	if i.Standard == nil {
		return i, false
	}
	return i.Edit(i.Standard.clone(), by, now), true
}

// Remove gives a generated item as a person deleted it; false for what is to be deleted outright.
func (i Item) Remove(by string, now time.Time) (Item, bool) {
	if i.Standard == nil {
		return i, false
	}
	i.State = Removed
	i = i.next(now)
	i.By = by
	return i, true
}

// News lists what the standard form of an edited view has and the view lacks: columns, by name.
func (i Item) News() []string {
	if i.Standard == nil || i.Standard.View == nil || i.Definition.View == nil {
		return nil
	}
	var news []string
	for _, c := range i.Standard.View.Columns {
		if i.Definition.View.Column(c.Name) < 0 {
			news = append(news, c.Name)
		}
	}
	return news
}

// HintObjects lists the objects of a connector whose records ReadHints reads.
func HintObjects(connector string) []string {
	t := templateOf(connector).hints
	var objects []string
	for _, o := range t.owners {
		objects = append(objects, o.object)
	}
	for _, s := range t.stages {
		objects = append(objects, s.object)
		if s.pipelines != "" {
			objects = append(objects, s.pipelines)
		}
	}
	return objects
}
