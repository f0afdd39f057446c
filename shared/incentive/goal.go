package incentive

func goalStep(w *componentWork) {}
