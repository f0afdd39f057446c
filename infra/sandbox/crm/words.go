package crm

import "strings"

// words are what names and texts are made of.
type words struct {
	adjectives, things, suffixes      []string
	first, last, titles               []string
	subjects, sentences, tasks, notes []string
	industries, products, regions     []string
	// custom holds the names of custom fields, such as custom.cf_x, by their numbers.
	custom              []string
	objectType          string
	pipelines, outcomes []string
	activityTypes       [2]string
	// cities are name, state, country, zip code, time zone.
	cities [][]string
}

func newWords(m *Model) words {
	lines := func(s string) []string { return strings.Split(s, "|") }
	var cities [][]string
	for _, c := range lines("San Francisco,CA,US,94105,America/Los_Angeles|Chicago,IL,US,60601,America/Chicago|Austin,TX,US,73301,America/Chicago|" +
		"New York,NY,US,10001,America/New_York|Berlin,BE,DE,10115,Europe/Berlin|London,LND,GB,EC1A,Europe/London|" +
		"Lyon,ARA,FR,69001,Europe/Paris|Toronto,ON,CA,M5H,America/Toronto") {
		cities = append(cities, strings.Split(c, ","))
	}
	custom := make([]string, fieldRegion+1)
	for i := range custom {
		custom[i] = "custom." + m.cf(i)
	}
	return words{
		custom: custom, objectType: m.objectType(), pipelines: []string{m.pipeline(0), m.pipeline(1)},
		outcomes: []string{m.outcome(0), m.outcome(1), m.outcome(2), m.outcome(3)}, activityTypes: [2]string{m.activityType(0), m.activityType(1)},
		industries: industries(), products: products(), regions: regions(),
		cities: cities,
		adjectives: strings.Fields("Northern Blue Alpine Golden Silver Harbor Summit Cedar Granite Coastal Prairie Redwood Copper Maple Ivory Crimson " +
			"Lakeside Evergreen Stone Willow Falcon Beacon Pioneer Atlas Orchard Juniper Cobalt Meadow Canyon Aurora"),
		things: strings.Fields("Logistics Robotics Foods Media Dental Freight Software Energy Textiles Clinics Analytics Motors Travel Brewing " +
			"Systems Furniture Optics Marine Security Farms Printing Studios Ceramics Insurance Packaging Cycles Roofing Labs"),
		suffixes: strings.Fields("Inc. GmbH Ltd. LLC Group AG Co. SARL"),
		first: strings.Fields("Anna Ben Carla David Elena Felix Grace Henry Ines Jonas Karen Louis Megan Nadia Oscar Paula Quinn Rosa Simon Tara " +
			"Umar Vera Will Ximena Yusuf Zara Björn Chloé Łukasz Çağla"),
		last: strings.Fields("Schmidt Garcia Brown Martin Jensen Müller Costa Wright Dubois Ivanov Nguyen Patel Kim O'Neill Hansen Lopez Weber Sato " +
			"Murphy Rossi Meyer Cohen Walsh Bauer Reyes Novotný Öztürk Lund"),
		titles:    lines("CEO|VP of Sales|Head of Procurement|Operations Manager|CTO|Buyer|Office Manager|Head of Marketing|Founder|Finance Director"),
		subjects:  lines("Proposal for the next season|Your order of tents|Re: pricing|Following up on our call|Contract draft|Renewal of your plan|Introduction|Quick question about delivery|Invoice 2231|Agenda for Thursday"),
		sentences: lines("Thanks for taking the time today.|I attach the revised offer with the volumes we spoke about.|Could you confirm the delivery window by Friday?|Our technicians can be on site within two weeks.|The discount stays valid until the end of the month.|Please find the summary of our meeting below.|Let me know who else should be involved.|We are looking forward to working with you. 👍|The total includes taxes & shipping < 20 kg.|\"As discussed\", the second phase starts in spring."),
		tasks:     lines("Call back|Send the proposal|Prepare the demo|Check the credit line|Follow up on the contract|Book a meeting|Ask for a reference|Update the forecast"),
		notes:     lines("Spoke with the buyer; budget is approved.|Wants to compare with their present supplier.|Asked for a longer trial.|Decision moves to next quarter.|Champion has left the company.|Needs a certificate before signing."),
	}
}
