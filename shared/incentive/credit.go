package incentive

func creditStep(w *recordWork) {}
