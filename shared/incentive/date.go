package incentive

func dateStep(w *recordWork) {}
