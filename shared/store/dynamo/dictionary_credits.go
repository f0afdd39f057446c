package dynamo

// creditFormat is the format of what there is of an edition. It is no other's: see newCreditCodec.
const creditFormat = 2

// newCreditCodec makes the codec of footprints, credits and standings.
func newCreditCodec() *codec {
	return codecOf(creditFormat, map[byte][]byte{creditFormat: []byte(dictionary2)})
}

// dictionary2 is the dictionary of format 2: the JSON of a standing, a footprint and a credit, the most frequent last. It is
// small, for each credit that is read pays for it. It is part of what is stored and never changes.
const dictionary2 = "" +
	`{"organization":"","program":"prg_","edition":"","participant":"","period":"","generation":0,"input_hash":"","result_hash":"",` +
	`"currency":"USD","earned":0,"payable":0,"base":0,"figures":[{"component":"","version":1,"credits":1,"measure":"0","quota":"0",` +
	`"attainment":"0.","amount":0,"why":"no_credit"},{"component":"","version":1,"credits":0,"measure":"0","amount":0,"why":"` +
	`"}],"after":{"period":"2026-","owed":[{"period":"2026-","number":1,"amount":1000}],"excess":{"":0},"holds":[{"component":"",` +
	`"credit":"","record":{"organization":"","connection":"conn_","object":"opportunity","id":"oppo_"},"period":"2026-","amount":0,` +
	`"release":"2026-"}],"to_date":{"":{"2026-Q":0,"2026":0}},"periods":1},"score":"0","reached":"2026-11-22T10:00:00Z","at":"2026-"}` +
	`{"record_rev":1,"credits":[{"participant":"mem_","date":"2026-11-22","id":""},{"participant":"mem_","date":"2026-","id":""}],` +
	`"hash":"","joined":[{"organization":"","connection":"conn_","object":"lead","id":"lead_"},{"organization":"","connection":"conn_",` +
	`"object":"contact","id":"cont_"}],"refusals":[{"component":"","step":"convert","code":"","detail":"","problem":true}]}` +
	`"release":"2026-","levels":1,"reversal":true,"of":"","take_back":true,"cell":{"":""},"weight":"1","key":"",` +
	`"kind":"rollup","kind":"overlay","kind":"split","kind":"team","share":"0.5","object":"activity.call","id":"acti_"` +
	`{"id":"","component":"","version":1,"participant":"","kind":"direct","date":"","at":"2026-11-22T10:30:00.000Z",` +
	`"record":{"organization":"","connection":"conn_","object":"opportunity","id":"oppo_"},"rev":1,"value":"1000","share":"1",` +
	`"worth":"1000","currency":"USD","rate":{"from":"EUR","to":"USD","value":"1.","span":{"From":"2026-11-01","Until":"2026-12-01"},` +
	`"rev":1},"company":true}`
