package main

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// kept is an answer, or an item of one, as it came: what is shown of it, and all of it for --json.
type kept[T any] struct {
	is   T
	text json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (k *kept[T]) UnmarshalJSON(text []byte) error {
	k.text = append(k.text[:0], text...)
	return json.Unmarshal(text, &k.is)
}

// MarshalJSON implements json.Marshaler.
func (k kept[T]) MarshalJSON() ([]byte, error) { return k.text, nil }

// list reads pages of a list until it ends or has limit items; 0 reads all.
func list[T any](ctx context.Context, c *client, limit int, query url.Values, parts ...string) (page[T], error) {
	const most = 200 // of one page
	all := page[T]{Items: []T{}}
	for {
		q := url.Values{"limit": {strconv.Itoa(most)}}
		if limit > 0 {
			q.Set("limit", strconv.Itoa(min(most, limit-len(all.Items))))
		}
		for name, values := range query {
			q[name] = values
		}
		if all.Next != "" {
			q.Set("cursor", all.Next)
		}
		var p page[T]
		if err := c.get(ctx, &p, q, parts...); err != nil {
			return all, err
		}
		all.Items, all.Next = append(all.Items, p.Items...), p.Next
		if p.Next == "" || limit > 0 && len(all.Items) >= limit {
			return all, nil
		}
	}
}

// shown is how the items of a list are shown.
type shown[T any] struct {
	head  []string
	cells func(T) []cell
}

// print writes items as a table.
func (s shown[T]) print(c *command, items ...T) {
	t := table{head: s.head}
	for _, item := range items {
		t.add(s.cells(item)...)
	}
	c.printf("%s", t.format(c.paint, ""))
}

// show lists what is at a path as a table.
func show[T any](cmd *cobra.Command, c *command, limit int, query url.Values, s shown[T], parts ...string) error {
	if limit < 0 {
		return usagef("--limit cannot be negative")
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	all, err := list[kept[T]](cmd.Context(), api, limit, query, parts...)
	if err != nil || c.asJSON {
		return c.orJSON(all, err)
	}
	items := make([]T, len(all.Items))
	for i, item := range all.Items {
		items[i] = item.is
	}
	s.print(c, items...)
	c.more(all.Next)
	return nil
}

// fetch shows what is at a path.
func fetch[T any](cmd *cobra.Command, c *command, query url.Values, show func(T), parts ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var a kept[T]
	if err := api.get(cmd.Context(), &a, query, parts...); err != nil || c.asJSON {
		return c.orJSON(a, err)
	}
	show(a.is)
	return nil
}

// submit posts in to a path and shows the answer.
func submit[T any](cmd *cobra.Command, c *command, in any, show func(T), parts ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var a kept[T]
	if err := api.post(cmd.Context(), in, &a, parts...); err != nil || c.asJSON {
		return c.orJSON(a, err)
	}
	show(a.is)
	return nil
}

// queryOf gives a query of the values that are not empty.
func queryOf(values map[string]string) url.Values {
	query := url.Values{}
	for name, value := range values {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// verbCommands makes one command for each verb that takes the id of a thing and nothing else.
func (c *command) verbCommands(what string, do func(cmd *cobra.Command, id, verb string) error, verbs ...[2]string) []*cobra.Command {
	var all []*cobra.Command
	for _, v := range verbs {
		all = append(all, &cobra.Command{
			Use: v[0] + " " + what, Short: v[1], Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return do(cmd, args[0], v[0]) },
		})
	}
	return all
}
