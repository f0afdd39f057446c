package program_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"leadline/shared/program"
)

func TestTemplatesMakeProgramsThatAreRight(t *testing.T) {
	items := world(t)
	for _, template := range program.Templates() {
		for _, connection := range []string{"conn_1", "conn_2"} {
			t.Run(template.Name+" "+connection, func(t *testing.T) {
				if len(template.Questions) > 3 || template.Connector != "close" || template.Title == "" || template.Description == "" {
					t.Errorf("a template asks at most three questions, and says what it is: %+v", template)
				}
				d, wrong := template.Build(nil, program.Setting{Connection: connection, Items: items, Currency: "EUR", Zone: "Europe/Berlin"})
				if len(wrong) > 0 {
					t.Fatal(wrong)
				}
				sources, wrong := program.Resolve(d, items)
				wrong = append(wrong, program.Check(d, "2026-01-01", sources, nil)...)
				if len(wrong) > 0 {
					t.Errorf("%v", wrong)
				}
				for name, source := range sources {
					if source.View.Base.Connection != connection {
						t.Errorf("%s reads the connection %s", name, source.View.Base.Connection)
					}
				}
				if d.Kind != template.Kind || d.Currency != "EUR" || d.Zone != "Europe/Berlin" {
					t.Errorf("made %+v", d)
				}
				text, err := json.Marshal(d)
				if err != nil {
					t.Fatal(err)
				}
				if _, wrong := program.Decode(text); len(wrong) > 0 {
					t.Errorf("it cannot be read again: %v", wrong)
				}
			})
		}
	}
}

// TestTemplatesTakeAllAnswers that they offer.
func TestTemplatesTakeAllAnswers(t *testing.T) {
	items := world(t)
	for _, template := range program.Templates() {
		for _, q := range template.Questions {
			answers := q.Choices
			switch q.Type {
			case program.AnswerPercent:
				answers = []string{"12.5%", "12.5", "12.5 %"}
			case program.AnswerMoney:
				answers = []string{"1234.50"}
			case program.AnswerNumber:
				answers = []string{"3.5"}
			case program.AnswerWhole:
				answers = []string{"7"}
			}
			if q.Zero {
				answers = append(answers, "0")
			}
			for _, answer := range answers {
				d, wrong := template.Build(map[string]string{q.Name: answer}, program.Setting{Connection: "conn_1", Items: items})
				sources, more := program.Resolve(d, items)
				if all := append(append(wrong, more...), program.Check(d, "2026-01-01", sources, nil)...); len(all) > 0 {
					t.Errorf("%s, %s %s: %v", template.Name, q.Name, answer, all)
				}
				if d.Currency != "USD" || d.Zone != "UTC" {
					t.Errorf("without another setting: %s, %s", d.Currency, d.Zone)
				}
			}
		}
	}
}

func TestPercentsAreRead(t *testing.T) {
	template, _ := program.TemplateNamed("percent_of_won_deals")
	for _, answer := range []string{"12.5%", "12.5", "12.5 %", " 12.5% "} {
		d, wrong := template.Build(map[string]string{"rate": answer}, program.Setting{Connection: "conn_1", Items: world(t)})
		if len(wrong) > 0 || d.Components[0].Rate.Tiers[0].Pay.String() != "0.125" {
			t.Errorf("%q: %v, %v", answer, d.Components, wrong)
		}
	}
}

func TestTemplatesRefuse(t *testing.T) {
	for _, c := range []struct {
		template, question, answer, path, code string
	}{
		{"percent_of_won_deals", "rate", "ten", "answers.rate", program.CodeWrongType},
		{"percent_of_won_deals", "rate", "0", "answers.rate", program.CodeRange},
		{"percent_of_won_deals", "rate", "-5%", "answers.rate", program.CodeRange},
		{"percent_of_won_deals", "value", "weekly", "answers.value", program.CodeUnknownName},
		{"percent_of_won_deals", "color", "red", "answers.color", program.CodeUnknownField},
		{"team_override", "levels", "1.5", "answers.levels", program.CodeRange},
		{"team_override", "levels", "21", "answers.levels", program.CodeRange},
		{"demo_kicker", "status", strings.Repeat("x", 101), "answers.status", program.CodeRange},
		{"mbo", "objective", "win_rate", "answers.objective", program.CodeUnknownName},
	} {
		template, found := program.TemplateNamed(c.template)
		if !found {
			t.Fatalf("there is no %s", c.template)
		}
		d, wrong := template.Build(map[string]string{c.question: c.answer}, program.Setting{Connection: "conn_1", Items: world(t)})
		if len(wrong) == 0 || wrong[0].Path != c.path || wrong[0].Code != c.code || len(d.Components) > 0 {
			t.Errorf("%s, %s %q: %v", c.template, c.question, c.answer, wrong)
		}
	}
	if _, found := program.TemplateNamed("none"); found {
		t.Error("there is a template that there is not")
	}
}

func TestATemplateNeedsItsVariables(t *testing.T) {
	template, _ := program.TemplateNamed("percent_of_won_deals")
	_, wrong := template.Build(nil, program.Setting{Connection: "conn_9", Items: world(t)})
	if len(wrong) != 1 || wrong[0].Code != program.CodeUnknownName || !strings.Contains(wrong[0].Message, "value_won_annualized") {
		t.Errorf("%v", wrong)
	}
}

// TestHowADemoIsKnown by its status, and without one by the meetings that were held.
func TestHowADemoIsKnown(t *testing.T) {
	template, _ := program.TemplateNamed("demo_kicker")
	for word, want := range map[string]string{"demo": "close-stage_entered_demo_completed", "QUALI": "close-stage_entered_qualified", "trial": "close-meetings_held"} {
		d, wrong := template.Build(map[string]string{"status": word}, program.Setting{Connection: "conn_1", Items: world(t)})
		if len(program.Errors(wrong)) > 0 || d.Components[0].Source.Variable != want || (len(wrong) > 0) != (word == "trial") {
			t.Errorf("%s: %+v, %v", word, d.Components, wrong)
		}
	}
}

func TestTemplatesOverRecordedClose(t *testing.T) {
	items := recorded(t)
	for _, name := range []string{"percent_of_won_deals", "tiers_on_quota", "call_blitz", "team_override", "quarterly_accelerator"} {
		template, _ := program.TemplateNamed(name)
		answers := map[string]string{}
		if name == "percent_of_won_deals" {
			answers["value"] = "one_time"
		}
		d, wrong := template.Build(answers, program.Setting{Connection: "conn_1", Items: items})
		sources, more := program.Resolve(d, items)
		if all := append(append(wrong, more...), program.Check(d, "2026-01-01", sources, nil)...); len(all) > 0 {
			t.Errorf("%s: %v", name, all)
		}
	}
}

// TestPrizesCanBePaid in whole minor units, whatever the first one is.
func TestPrizesCanBePaid(t *testing.T) {
	template, _ := program.TemplateNamed("call_blitz")
	for currency, want := range map[string]string{"USD": "10.01 5.01 2.5", "JPY": "10 5 3"} {
		d, wrong := template.Build(map[string]string{"prize": "10.01"}, program.Setting{Connection: "conn_1", Items: world(t), Currency: currency})
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		var got []string
		for _, p := range d.Standing.Prizes {
			got = append(got, fmt.Sprint(*p.Amount))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", currency, got)
		}
	}
}
