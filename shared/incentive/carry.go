package incentive

func carryStep(w *programWork) {}
