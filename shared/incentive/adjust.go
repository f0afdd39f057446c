package incentive

func adjustStep(w *componentWork) {}
