package incentive

func clawStep(w *recordWork) {}
