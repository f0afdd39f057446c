package sqs

import (
	"container/heap"
	"container/list"
	"time"
)

// backlog orders the messages of a queue: hidden ones by the time at which they become visible, visible ones in a line
// per message group. Groups take turns, one message each, so that a group with a long line does not delay the others.
type backlog struct {
	sleeping hiddenHeap
	groups   map[string]*group // those in turns
	turns    []*group          // next first
}

type group struct {
	id   string
	line list.List // of *message
}

// place puts a message where its VisibleAt says it belongs.
func (b *backlog) place(m *message, now time.Time) {
	if m.VisibleAt.After(now) {
		heap.Push(&b.sleeping, m)
	} else {
		b.enqueue(m)
	}
}

// enqueue puts a message at the end of its group's line.
func (b *backlog) enqueue(m *message) {
	g := b.groups[m.Group]
	if g == nil {
		g = &group{id: m.Group}
		b.groups[m.Group] = g
		b.turns = append(b.turns, g)
	}
	m.inLine = g.line.PushBack(m)
}

// withdraw takes a message out of its place, if it has one.
func (b *backlog) withdraw(m *message) {
	switch {
	case m.inLine != nil:
		b.groups[m.Group].line.Remove(m.inLine)
		m.inLine = nil
	case m.index < len(b.sleeping) && b.sleeping[m.index] == m:
		heap.Remove(&b.sleeping, m.index)
	}
}

// surface lines up the messages whose time has come.
func (b *backlog) surface(now time.Time) {
	for len(b.sleeping) > 0 && !b.sleeping[0].VisibleAt.After(now) {
		b.enqueue(heap.Pop(&b.sleeping).(*message))
	}
}

// next takes the message whose turn it is, nil if no line has any. pick chooses among the first n of the group's line.
func (b *backlog) next(pick func(n int) int) *message {
	for len(b.turns) > 0 {
		g := b.turns[0]
		b.turns = b.turns[1:]
		if g.line.Len() == 0 {
			delete(b.groups, g.id)
			continue
		}
		e := g.line.Front()
		for range pick(min(g.line.Len(), pickFrom)) {
			e = e.Next()
		}
		m := g.line.Remove(e).(*message)
		m.inLine = nil
		b.turns = append(b.turns, g)
		return m
	}
	return nil
}

// pickFrom is how many messages at the head of a line can be delivered out of order.
const pickFrom = 32

// waking gives when the next hidden message becomes visible.
func (b *backlog) waking() (time.Time, bool) {
	if len(b.sleeping) == 0 {
		return time.Time{}, false
	}
	return b.sleeping[0].VisibleAt, true
}

// hiddenHeap is a heap.Interface by VisibleAt, then by order of arrival.
type hiddenHeap []*message

func (h hiddenHeap) Len() int { return len(h) }
func (h hiddenHeap) Less(i, j int) bool {
	if !h[i].VisibleAt.Equal(h[j].VisibleAt) {
		return h[i].VisibleAt.Before(h[j].VisibleAt)
	}
	return h[i].Seq < h[j].Seq
}
func (h hiddenHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *hiddenHeap) Push(x any) {
	m := x.(*message)
	m.index = len(*h)
	*h = append(*h, m)
}
func (h *hiddenHeap) Pop() any {
	old := *h
	m := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return m
}
