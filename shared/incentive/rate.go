package incentive

func rateStep(w *componentWork) {}
