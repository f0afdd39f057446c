package calendar

// Of gives the period of a kind that holds a day. It is the zero Period for what is no day, for a day outside of the years
// 0002 to 9997, whose neighbours have no name, and for an unknown kind. Who has many days of one period at hand asks what it
// Holds, which is much cheaper.
func (c Calendar) Of(kind Kind, d Date) Period {
	n, ok := d.serial()
	if !ok || d < "0002" || d >= "9998" {
		return Period{}
	}
	return c.at(kind, n)
}

func (c Calendar) at(kind Kind, day int) Period {
	switch kind {
	case Daily:
		return name(Daily, "", 0, 0, day, day+1)
	case Weekly:
		from := c.weekBegins(day)
		return c.week(c.weekYear(from), from)
	}
	size := months(kind)
	if size == 0 {
		return Period{}
	}
	year, month := c.month(day)
	return c.part(kind, year, month/size)
}

// week gives the week that begins on a day, in a year.
func (c Calendar) week(year, from int) Period {
	return name(Weekly, "-W", year, (from-c.weeksBegin(year))/7+1, from, from+7)
}

// part gives the period of one or more months that is the nth of its year, from 0.
func (c Calendar) part(kind Kind, year, nth int) Period {
	mark := ""
	switch {
	case kind == Monthly && c.plain():
		mark = "-"
	case kind == Monthly:
		mark = "-P"
	case kind == Quarterly:
		mark = "-Q"
	case kind == HalfYear:
		mark = "-H"
	}
	size := months(kind)
	return name(kind, mark, year, nth+1, c.monthBegins(year, nth*size), c.monthBegins(year, nth*size+size))
}

// months gives how many months a period has; 0 if it is not made of months.
func months(kind Kind) int {
	switch kind {
	case Monthly:
		return 1
	case Quarterly:
		return 3
	case HalfYear:
		return 6
	case Yearly:
		return 12
	}
	return 0
}

// plain tells whether the months of the calendar are those that everybody names: January is the first.
func (c Calendar) plain() bool { return c.Pattern == "" && c.yearStarts() == 1 }

func (c Calendar) yearStarts() int { return max(c.YearStarts, 1) }

func (c Calendar) weekStarts() int { return max(c.WeekStarts, 1) }

// month gives the year and the number in it, from 0, of the month that holds a day.
func (c Calendar) month(day int) (year, month int) {
	year, month = c.nominal(day)
	if c.Pattern == "" {
		return year, month
	}
	year = c.nudge(year, day, c.yearBegins)
	week := (day - c.yearBegins(year)) / 7
	quarter := min(week/13, 3)
	for month = range 2 {
		if week-quarter*13 < c.weeksBefore(month+1) {
			return year, quarter*3 + month
		}
	}
	return year, quarter*3 + 2
}

// nominal gives the year and month, from 0, of a day as they are without a Pattern.
func (c Calendar) nominal(day int) (year, month int) {
	year, month, _ = civil(day)
	if month -= c.yearStarts(); month < 0 {
		return year - 1, month + 12
	}
	return year, month
}

// nudge moves a year by one where it begins, by the weeks, some days earlier or later than its month.
func (c Calendar) nudge(year, day int, begins func(int) int) int {
	switch {
	case day < begins(year):
		return year - 1
	case day >= begins(year+1):
		return year + 1
	}
	return year
}

// weeksBefore counts the weeks of a quarter before its month, from 0 to 2.
func (c Calendar) weeksBefore(month int) int {
	if c.Pattern == "" || month == 0 {
		return 0
	}
	weeks := 4 * month
	if c.Pattern == FiveFourFour || c.Pattern == FourFiveFour && month == 2 {
		weeks++
	}
	return weeks
}

// monthBegins gives the first day of a month, from 0 to 12, of a year.
func (c Calendar) monthBegins(year, month int) int {
	switch {
	case c.Pattern == "":
		month += c.yearStarts() - 1
		return daysTo(year+month/12, month%12+1)
	case month == 12: // the 53rd week, if there is one, is in the last month
		return c.yearBegins(year + 1)
	}
	return c.yearBegins(year) + 7*(month/3*13+c.weeksBefore(month%3))
}

// yearBegins gives the first day of a year: of one of weeks, by the day on which the year before ends.
func (c Calendar) yearBegins(year int) int {
	first := daysTo(year, c.yearStarts())
	switch {
	case c.Pattern == "":
		return first
	case c.YearEnds == Nearest:
		return c.weekBegins(first + 3)
	}
	return c.weekBegins(first)
}

// weeksBegin gives the first day of the first week of a year: without a Pattern, of the first that has its fourth day in it.
func (c Calendar) weeksBegin(year int) int {
	if c.Pattern == "" {
		return c.weekBegins(daysTo(year, c.yearStarts()) + 3)
	}
	return c.yearBegins(year)
}

// weekYear gives the year that the week which begins on a day is counted in.
func (c Calendar) weekYear(from int) int {
	year, _ := c.nominal(from + 3)
	if c.Pattern == "" {
		return year
	}
	return c.nudge(year, from, c.yearBegins)
}

// weekBegins gives the first day of the week that holds a day.
func (c Calendar) weekBegins(day int) int {
	const thursday = 4 // 1970-01-01
	past := (day + thursday - c.weekStarts()) % 7
	if past < 0 {
		past += 7
	}
	return day - past
}

// name makes a period: its year, then a mark with its number. All texts share one piece of memory, for a period is made for
// every record.
func name(kind Kind, mark string, year, number, from, until int) Period {
	var room [32]byte
	text := appendDate(appendDate(room[:0], from), until)
	if kind != Daily { // a day is named as its From is written
		text = append(appendTwo(appendTwo(text, year/100), year%100), mark...)
	}
	switch kind {
	case Weekly, Monthly:
		text = appendTwo(text, number)
	case Quarterly, HalfYear:
		text = append(text, byte('0'+number))
	}
	all := string(text)
	p := Period{all[20:], kind, Span{Date(all[:10]), Date(all[10:20])}}
	if kind == Daily {
		p.Name = all[:10]
	}
	return p
}
