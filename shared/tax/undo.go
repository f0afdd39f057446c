package tax

// Undo takes an assessed payment back out of the tax years that it changed, as for a batch that was cancelled. years are all as they
// are now; it gives those that change, as they become: lay them over years. One that was not there before becomes the zero Year,
// which is the same.
//
// Where nothing came between, each year is again exactly what it was. Else the payment's part is taken out, and what later payments
// were taxed stays withheld: it counts for what comes after. Whether the threshold is crossed is then looked at anew.
func Undo(years map[string]Year, a Assessment) map[string]Year {
	back := make(map[string]Year, len(a.Years))
	for key, made := range a.Years {
		was, now := a.Was[key], years[key]
		if now == made {
			back[key] = was
			continue
		}
		y := Year{
			Base:     max(0, now.Base-(made.Base-was.Base)),
			Exempt:   max(0, now.Exempt-(made.Exempt-was.Exempt)),
			Withheld: max(0, now.Withheld-(made.Withheld-was.Withheld)),
			Assessed: max(0, now.Assessed-(made.Assessed-was.Assessed)),
			Crossed:  now.Crossed && (was.Crossed || !made.Crossed),
		}
		if due := now.due().Sub(made.due().Sub(was.due())); due.Sign() > 0 {
			y.Due = due.String()
		}
		// What is exempt and no longer in the base must not shield later payments.
		if over := y.Assessed + y.Exempt - y.Base; over > 0 {
			y.Exempt = max(0, y.Exempt-over)
		}
		back[key] = y
	}
	return back
}
