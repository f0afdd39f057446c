package view

import (
	"leadline/shared/record"
)

// Book is the user master by what links lead to it by. It is safe for concurrent use once it is made.
type Book struct {
	members []record.Record
	found   map[End]map[string]*record.Record
}

// NewBook makes a book of members for the links that some views take.
func NewBook(members []Member, links ...map[string]Link) *Book {
	b := &Book{found: map[End]map[string]*record.Record{}}
	for _, m := range members {
		b.members = append(b.members, record.Record{Key: record.Key{Object: masterObject, ID: m.ID}, Fields: m.fields()})
	}
	byID(b.members)
	for _, some := range links {
		for _, l := range some {
			if l.To.Source == Master() && b.found[l.To] == nil {
				b.found[l.To] = index(b.members, l.To)
			}
		}
	}
	return b
}

// Find gives the member that a link leads to by a key; nil if there is none, or the link was not named to NewBook.
func (b *Book) Find(to End, key string) *record.Record { return b.found[to][to.normal(key)] }
