// Package play lets time pass in the sandbox: leads come in, calls happen, deals move.
package play

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

// Player does what a sales team does, a step at a time. Which steps it takes depends on its seed and on what it finds.
type Player struct {
	s    *server.Server
	dice *crm.Dice
	step int
}

// New makes a player.
func New(s *server.Server, seed uint64) *Player {
	return &Player{s: s, dice: crm.NewDice(seed, 40)}
}

// Run takes a step every so often until ctx ends.
func (p *Player) Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_, _ = p.Step() // a step that the CRM refuses did not happen
		}
	}
}

// Step lets one thing happen and tells what.
func (p *Player) Step() (what string, err error) {
	p.s.Do(func(m *crm.Model) {
		p.step++
		leads := m.All(crm.Lead)
		roll := p.dice.N(20)
		switch {
		case len(leads) == 0 || roll < 2:
			what, err = "lead", p.lead(m)
		case roll < 8:
			what, err = "call", p.call(m, leads)
		case roll < 14:
			what, err = "deal", p.deal(m, leads)
		case roll < 16:
			what, err = "email", p.email(m, leads)
		case roll < 18:
			what, err = "task", p.task(m, leads)
		default:
			what, err = "note", p.note(m, leads)
		}
	})
	return what, err
}

// by is a rep at the web page.
func (p *Player) by(m *crm.Model) crm.Change {
	u := m.Team.Users[4+p.dice.N(12)]
	return crm.Change{Actor: crm.Actor{UserID: u.ID, Method: "POST", Path: "/graphql/", RequestID: m.NewID("req_")}}
}

func (p *Player) pick(all []*crm.Record) *crm.Record { return all[p.dice.N(len(all))] }

func field(key, value string) crm.Pair { return crm.Pair{Key: key, Value: crm.Quote(value)} }

func number(key string, value int) crm.Pair {
	return crm.Pair{Key: key, Value: json.RawMessage(strconv.Itoa(value))}
}

func (p *Player) lead(m *crm.Model) error {
	c := p.by(m)
	n := strconv.Itoa(p.step)
	l, err := m.Create(crm.Lead, crm.Object{
		field("name", "Walk-in "+n+" Trading"), field("description", "Wrote to us through the web site."),
		field("custom."+m.OwnerField(), c.Actor.UserID),
		{Key: "contacts", Value: json.RawMessage(`[{"name":"Robin Walker ` + n + `","title":"Buyer","emails":[{"email":"robin` + n + `@customer.example.com","type":"office"}]}]`)},
	}, c)
	if err != nil {
		return err
	}
	_, err = m.Create(crm.Opportunity, crm.Object{field("lead_id", l.ID), number("value", 100_000+1000*p.dice.N(900)), number("confidence", 20)}, c)
	return err
}

func (p *Player) call(m *crm.Model, leads []*crm.Record) error {
	l := p.pick(leads)
	in := crm.Object{field("lead_id", l.ID), number("duration", 20+p.dice.N(1500)), field("direction", []string{"outbound", "inbound"}[p.dice.N(2)]),
		field("status", "completed"), field("phone", "+12125550123"), field("note", "Talked about the next order.")}
	if contacts := m.Children(l, func(k crm.Kind) bool { return k == crm.Contact }); len(contacts) > 0 {
		in = append(in, field("contact_id", p.pick(contacts).ID))
	}
	_, err := m.Create(crm.Call, in, p.by(m))
	return err
}

// deal moves an open opportunity to the next status of its pipeline, raises its value, or begins a new one.
func (p *Player) deal(m *crm.Model, leads []*crm.Record) error {
	c := p.by(m)
	deals := m.All(crm.Opportunity)
	for range min(len(deals), 20) {
		r := p.pick(deals)
		now := m.Deal(r)
		if now.Status.Type != "active" {
			continue
		}
		if p.dice.One(4) {
			return m.Update(r, crm.Object{number("value", int(now.Value)+5000*(1+p.dice.N(20))), number("confidence", min(90, now.Confidence+10))}, c)
		}
		var next []crm.Status
		behind := false
		for _, s := range m.OpportunityStatuses() {
			if behind && s.Pipeline == now.Status.Pipeline {
				next = append(next, s)
			}
			behind = behind || s.ID == now.Status.ID
		}
		if len(next) == 0 {
			continue
		}
		return m.Update(r, crm.Object{field("status_id", next[p.dice.N(len(next))].ID)}, c)
	}
	_, err := m.Create(crm.Opportunity, crm.Object{field("lead_id", p.pick(leads).ID), number("value", 50_000)}, c)
	return err
}

func (p *Player) email(m *crm.Model, leads []*crm.Record) error {
	in := crm.Object{field("lead_id", p.pick(leads).ID), field("subject", "About our offer"), field("body_text", "Good morning,\nshall we speak on Thursday?"),
		field("status", "sent"), field("direction", "outgoing")}
	_, err := m.Create(crm.Email, in, p.by(m))
	return err
}

// task completes an open task, or adds one.
func (p *Player) task(m *crm.Model, leads []*crm.Record) error {
	tasks := m.All(crm.Task)
	for range min(len(tasks), 20) {
		if t := p.pick(tasks); string(m.Value(t, "is_complete")) == "false" {
			return m.Update(t, crm.Object{{Key: "is_complete", Value: json.RawMessage("true")}}, p.by(m))
		}
	}
	_, err := m.Create(crm.Task, crm.Object{field("lead_id", p.pick(leads).ID), field("text", "Call again"), field("date", m.Now().AddDate(0, 0, 2).Format(time.DateOnly))}, p.by(m))
	return err
}

func (p *Player) note(m *crm.Model, leads []*crm.Record) error {
	_, err := m.Create(crm.Note, crm.Object{field("lead_id", p.pick(leads).ID), field("note", "They ask for samples.")}, p.by(m))
	return err
}
