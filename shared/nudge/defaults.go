package nudge

// ours gives our own wording of a rule's kind in a language that has them. By Slack, which others read, no amounts are told.
func ours(r Rule, language string, c Channel) (Wording, bool) {
	says, found := defaults(r.Kind)[language]
	if !found {
		return Wording{}, false
	}
	w := Wording{Rule: r.ID, Language: language, Channel: c, Subject: says.Subject, Text: says.Text}
	if c == Slack {
		w.Text = "{mention}: " + w.Text
		if public, different := forSlack(r.Kind)[language]; different {
			w.Text = public.Text
		}
	}
	return w, true
}

// defaults are our own wordings of a kind, by language.
func defaults(k Kind) map[string]Says {
	switch k {
	case NearTier:
		return map[string]Says{
			"en": {"{left} to the next tier of {program}", "Only {left} to the next tier of {component} in {program}: it begins at {tier}, and you are at {reached}. {period} has {days_left} days left."},
			"de": {"Noch {left} bis zur nächsten Stufe in {program}", "Nur noch {left} bis zur nächsten Stufe von {component} in {program}: Sie beginnt bei {tier}, erreicht sind {reached}. {period} hat noch {days_left} Tage."},
			"es": {"{left} para el siguiente nivel de {program}", "Solo {left} para el siguiente nivel de {component} en {program}: empieza en {tier} y llevas {reached}. A {period} le quedan {days_left} días."},
		}
	case Overtaken:
		return map[string]Says{
			"en": {"You are number {rank} of {program} now", "{by} went past you in {program}: you were number {was} and are number {rank} of {ranked}. {period} has {days_left} days left."},
			"de": {"Du bist jetzt auf Rang {rank} in {program}", "{by} hat dich in {program} überholt: von Rang {was} auf Rang {rank} von {ranked}. {period} hat noch {days_left} Tage."},
			"es": {"Ahora eres el número {rank} de {program}", "Te ha adelantado {by} en {program}: eras el número {was} y ahora eres el {rank} de {ranked}. A {period} le quedan {days_left} días."},
		}
	case QuotaReached:
		return map[string]Says{
			"en": {"Quota reached in {program}", "You are at {attainment} of your quota for {component} in {program}, {period}: {reached} of {quota}."},
			"de": {"Quote erreicht in {program}", "Du hast {attainment} deiner Quote für {component} in {program}, {period}: {reached} von {quota}."},
			"es": {"Cuota alcanzada en {program}", "Llevas el {attainment} de tu cuota de {component} en {program}, {period}: {reached} de {quota}."},
		}
	case PrizeWon:
		return map[string]Says{
			"en": {"You won a prize in {program}", "In {program}, {period}, you won {prizes}."},
			"de": {"Du hast einen Preis in {program} gewonnen", "In {program}, {period}, hast du gewonnen: {prizes}."},
			"es": {"Has ganado un premio en {program}", "En {program}, {period}, has ganado {prizes}."},
		}
	case GoalMissed:
		return map[string]Says{
			"en": {"{period} of {program} is over", "{period} of {program} ended at {attainment} of your quota for {component}: {reached} of {quota}. {missing} were missing."},
			"de": {"{period} von {program} ist vorbei", "{period} von {program} endete bei {attainment} deiner Quote für {component}: {reached} von {quota}. Es fehlten {missing}."},
			"es": {"{period} de {program} ha terminado", "{period} de {program} terminó con el {attainment} de tu cuota de {component}: {reached} de {quota}. Faltaron {missing}."},
		}
	case NothingLogged:
		return map[string]Says{
			"en": {"Nothing counted for {days} days", "No deal has counted for you for {days} days. If you closed one, see whether it is in your CRM as it should be."},
			"de": {"Seit {days} Tagen zählt nichts", "Seit {days} Tagen hat kein Abschluss für dich gezählt. Falls es einen gab, sieh nach, ob er richtig im CRM steht."},
			"es": {"Nada ha contado en {days} días", "Ninguna venta ha contado para ti en {days} días. Si cerraste alguna, comprueba que esté bien en tu CRM."},
		}
	case StatementReady:
		return map[string]Says{
			"en": {"Your statement of {period} is ready", "Your statement of {program} for {period} is final: {amount}."},
			"de": {"Deine Abrechnung für {period} ist da", "Deine Abrechnung von {program} für {period} steht fest: {amount}."},
			"es": {"Tu liquidación de {period} está lista", "Tu liquidación de {program} de {period} es definitiva: {amount}."},
		}
	case Paid:
		return map[string]Says{
			"en": {"{period} of {program} is paid", "{amount} of {program} for {period} are paid out, less tax. How long a transfer takes is up to the banks."},
			"de": {"{period} von {program} ist ausgezahlt", "{amount} von {program} für {period} sind ausgezahlt, abzüglich Steuern. Wie lange eine Überweisung dauert, liegt an den Banken."},
			"es": {"{period} de {program} está pagado", "Se han pagado {amount} de {program} de {period}, menos impuestos. Lo que tarde la transferencia depende de los bancos."},
		}
	}
	return nil
}

// forSlack are those that differ in Slack, for they would tell amounts to everybody who reads along.
func forSlack(k Kind) map[string]Says {
	texts := map[string]Says{}
	add := func(en, de, es string) map[string]string { return map[string]string{"en": en, "de": de, "es": es} }
	var said map[string]string
	switch k {
	case QuotaReached:
		said = add("{mention} reached the quota for {component} in {program}, {period}: {attainment}.",
			"{mention} hat die Quote für {component} in {program}, {period}, erreicht: {attainment}.", "{mention} ha alcanzado la cuota de {component} en {program}, {period}: {attainment}.")
	case PrizeWon:
		said = add("{mention} won a prize in {program}, {period}.", "{mention} hat einen Preis in {program}, {period}, gewonnen.", "{mention} ha ganado un premio en {program}, {period}.")
	case GoalMissed, StatementReady, Paid:
		said = add("{mention}: there is something new about {program}, {period}, in your inbox.",
			"{mention}: Zu {program}, {period}, liegt etwas Neues in deinem Posteingang.", "{mention}: hay algo nuevo sobre {program}, {period}, en tu bandeja.")
	case NearTier:
		said = add("{mention}: only {left} to the next tier of {component} in {program}. {period} has {days_left} days left.",
			"{mention}: nur noch {left} bis zur nächsten Stufe von {component} in {program}. {period} hat noch {days_left} Tage.",
			"{mention}: solo {left} para el siguiente nivel de {component} en {program}. A {period} le quedan {days_left} días.")
	}
	for language, text := range said {
		texts[language] = Says{Text: text}
	}
	return texts
}
