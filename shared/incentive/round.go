package incentive

func roundStep(w *componentWork) {}
