package incentive

func measureStep(w *componentWork) {}
