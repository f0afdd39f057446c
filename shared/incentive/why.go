package incentive

func whyStep(w *componentWork) {}
