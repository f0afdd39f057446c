package main

import (
	"context"
	"time"

	"leadline/shared/quota"
	"leadline/shared/store"
)

// rows counts the rows of files against the quotas of their organizations.
type rows struct {
	organizations store.Tenancy
	meter         *quota.Meter
}

// Take takes rows of what an organization may push in a day, all or none.
func (r rows) Take(ctx context.Context, organization string, n int64, now time.Time) error {
	org, err := r.organizations.Organization(ctx, organization)
	if err != nil {
		return err
	}
	_, err = r.meter.Take(ctx, organization, n, org.Quotas.RowsPerDay, now)
	return err
}

// GiveBack returns rows that were taken at a time.
func (r rows) GiveBack(organization string, n int64, taken time.Time) {
	r.meter.GiveBack(organization, n, taken)
}
