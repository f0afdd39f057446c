package main

import (
	"testing"

	"leadline/shared/approval"
	"leadline/shared/tenant"
)

// mint makes a key of a person, or of nobody, with another key.
func (s *system) mint(key, person string) string {
	s.t.Helper()
	return read[CreatedAPIKey](s.t, s.post(key, "/v1/keys", map[string]any{"name": "x", "role": "admin", "person": person}).want(s.t, 201)).Key
}

// TestNobodyApprovesTheirOwnByAKeyThatTheyMade: however many keys are made in between, and whosever they are. A key that the owner
// made, who keeps out of it, is as good as any.
func TestNobodyApprovesTheirOwnByAKeyThatTheyMade(t *testing.T) {
	y := newTreasury(t)
	mine := y.profiled("rep")
	ann, bob := y.mint(y.owner, y.people["ann"]), y.mint(y.owner, y.people["bob"])
	c := y.asks(ann, mine+"/tax-id", map[string]any{"tax_id": "abcde 1234f"})
	accept := y.change(c.ID) + "/accept"
	for name, key := range map[string]string{
		"another's":                         y.mint(ann, y.people["bob"]),
		"nobody's":                          y.mint(ann, ""),
		"another's, by nobody's":            y.mint(y.mint(ann, ""), y.people["bob"]),
		"nobody's, by another's":            y.mint(y.mint(ann, y.people["bob"]), ""),
		"another's, by one that they hold":  y.mint(y.mint(y.ann2, y.people["bob"]), y.people["bob"]),
		"one of her own, by one of another": y.mint(y.mint(ann, y.people["bob"]), y.people["ann"]),
	} {
		if a := y.post(key, accept, nil); a.status != 403 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		} else {
			a.want(t, 403, approval.CodeFourEyes)
		}
	}
	y.post(bob, accept, nil).want(t, 200)
}

// TestTheMakersOfAKey: one's own keys are one's own, whoever of one's keys made them.
func TestTheMakersOfAKey(t *testing.T) {
	y := newTreasury(t)
	ofAnn := y.mint(y.ann, y.people["ann"])
	key, err := y.tenancy.APIKey(t.Context(), tenant.HashToken(ofAnn))
	y.must(err)
	if len(key.Makers) != 0 {
		t.Errorf("the makers are %v", key.Makers)
	}
	c := y.asks(y.bob, y.profiled("rep")+"/tax-id", map[string]any{"tax_id": "abcde 1234f"})
	y.post(ofAnn, y.change(c.ID)+"/accept", nil).want(t, 200)
}
