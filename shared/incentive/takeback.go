package incentive

func takeBackStep(w *componentWork) {}
