package incentive

func convertStep(w *recordWork) {}
