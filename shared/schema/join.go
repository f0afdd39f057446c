package schema

// Join gives the narrowest type that takes everything that a and b take. It is the same for any order and grouping of
// its arguments, and Join(a, a) is a. Unknown is neutral: a null says nothing about a type.
//
// The types form a tree (see wider), so the join of two is the first one that lies above both: a date and a date with
// time are a date_time, a number and a text are a text, a text and a list are json.
func Join(a, b Type) Type {
	if a == b || b == Unknown {
		return a
	}
	if a == Unknown {
		return b
	}
	for t := a; t != JSON; t = wider(t) {
		for u := b; u != JSON; u = wider(u) {
			if t == u {
				return t
			}
		}
	}
	return JSON
}

// wider gives the next type that takes everything that t takes, and more. It is the whole table of widening:
//
//	unknown       anything
//	date          date_time      a day without a time
//	date_time     text
//	number        text           a text field takes numbers, and keeps their digits
//	boolean       text           a text field takes true and false
//	choice        text
//	reference     text
//	text          json
//	money         json           an amount without its currency is no money, nor is its object a text
//	multi_choice  json           a list and a single value have nothing else in common
//	json          json
func wider(t Type) Type {
	switch t {
	case Date:
		return DateTime
	case DateTime, Number, Boolean, Choice, Reference:
		return Text
	}
	return JSON
}

// Types lists all types.
func Types() []Type {
	return []Type{Text, Number, Money, Boolean, Date, DateTime, Choice, MultiChoice, Reference, JSON, Unknown}
}
