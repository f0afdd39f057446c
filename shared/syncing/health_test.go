package syncing_test

import (
	"slices"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

func TestHealth(t *testing.T) {
	well := func() syncing.State {
		return syncing.State{TendedAt: noon, Subscription: syncing.SubscriptionState{Active: true}, LastRunAt: noon.Add(-36 * time.Hour),
			Objects: map[string]syncing.ObjectState{"deal": {Drift: &syncing.Counts{Missing: 5}}, "user": {}}}
	}
	for name, c := range map[string]struct {
		status  tenant.Status
		listens bool
		change  func(*syncing.State)
		want    syncing.Health
		why     []string
	}{
		"well":                    {tenant.Active, false, func(*syncing.State) {}, syncing.Healthy, nil},
		"disabled, whatever else": {tenant.Disabled, false, func(s *syncing.State) { s.Problem = "Gone." }, syncing.Inactive, []string{"The connection is disabled."}},
		"paused, whatever else":   {tenant.Paused, false, func(s *syncing.State) { s.Problem = "Gone." }, syncing.Inactive, []string{"The connection is paused: what comes in is kept until it goes on."}},
		"in error":                {tenant.Active, false, func(s *syncing.State) { s.Problem = "CRM refuses the login." }, syncing.Error, []string{"CRM refuses the login."}},
		"it listens":              {tenant.Active, true, func(s *syncing.State) { *s = syncing.State{} }, syncing.Healthy, nil},
		"new":                     {tenant.Active, false, func(s *syncing.State) { *s = syncing.State{} }, syncing.Warning, []string{"It was not looked after yet."}},
		"not subscribed":          {tenant.Active, false, func(s *syncing.State) { s.Subscription = syncing.SubscriptionState{Problem: "CRM paused it."} }, syncing.Warning, []string{"CRM paused it."}},
		"deliveries fail":         {tenant.Active, false, func(s *syncing.State) { s.Subscription.Problem = "Deliveries fail." }, syncing.Warning, []string{"Deliveries fail."}},
		"that cannot subscribe":   {tenant.Active, false, func(s *syncing.State) { s.Subscription = syncing.SubscriptionState{} }, syncing.Healthy, nil},
		"quiet":                   {tenant.Active, false, func(s *syncing.State) { s.LastRunAt = noon.Add(-36*time.Hour - time.Second) }, syncing.Warning, []string{"Nothing was read since 2026-11-20 23:59."}},
		"a permission is missing": {tenant.Active, false, func(s *syncing.State) {
			s.Identity.Missing = []connector.MissingPermission{{Permission: "hooks", Needed: "Live changes."}}
		}, syncing.Warning, []string{"The login lacks the permission hooks: Live changes."}},
		"an object cannot be read": {tenant.Active, false, func(s *syncing.State) { s.Objects["deal"] = syncing.ObjectState{Problem: "It may not."} }, syncing.Warning, []string{"deal: It may not."}},
		"deletions wait":           {tenant.Active, false, func(s *syncing.State) { s.Objects["deal"] = syncing.ObjectState{Drift: &syncing.Counts{Held: 30}} }, syncing.Warning, []string{"deal: 30 records wait to be deleted."}},
		"several things, by object": {tenant.Active, false, func(s *syncing.State) {
			s.Objects = map[string]syncing.ObjectState{"z": {Problem: "2."}, "a": {Problem: "1."}}
			s.Subscription = syncing.SubscriptionState{Problem: "0."}
		}, syncing.Warning, []string{"0.", "a: 1.", "z: 2."}},
	} {
		t.Run(name, func(t *testing.T) {
			s := well()
			c.change(&s)
			got, why := syncing.HealthOf(tenant.Connection{Status: c.status}, !c.listens, s, noon)
			if got != c.want || !slices.Equal(why, c.why) {
				t.Errorf("got %s: %q", got, why)
			}
		})
	}
}
