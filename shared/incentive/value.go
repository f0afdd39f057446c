package incentive

func valueStep(w *recordWork) {}
