package incentive

func toDateStep(w *componentWork) {}
