package formula

// InCEL gives a formula that is evaluated with CEL, whatever it is made of.
func InCEL(f *Formula) *Formula {
	general := *f
	general.condition, general.amount, general.words = nil, nil, nil
	return &general
}

// Metered gives a formula that counts its cost on every row.
func Metered(f *Formula) *Formula {
	metered := InCEL(f)
	metered.general = &program{plain: f.general.metered, metered: f.general.metered}
	return metered
}

// Shortened tells whether a formula is evaluated without CEL on the usual row.
func Shortened(f *Formula) bool { return f.condition != nil || f.amount != nil || f.words != nil }
