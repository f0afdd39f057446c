package incentive

func qualifyStep(w *recordWork) {}
