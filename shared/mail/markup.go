package mail

import (
	"fmt"
	"html"
	"strings"
)

// markup is HTML in the making. What is put into it is escaped, without exception.
//
// html/template would do more and double the function: it looks methods up by their names, so that the linker keeps
// every method of every type, all of the AWS SDK's operations among them.
type markup struct{ strings.Builder }

// add writes HTML in which each %s stands for a text, within an element or a quoted attribute.
func (m *markup) add(format string, texts ...string) {
	escaped := make([]any, len(texts))
	for i, text := range texts {
		escaped[i] = html.EscapeString(text)
	}
	fmt.Fprintf(&m.Builder, format, escaped...)
}

// html gives the mail as HTML. Its only address, the link, begins with that of the API.
func (p page) html() string {
	var m markup
	m.add(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1d2433;font:15px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<div style="max-width:640px;margin:0 auto;padding:24px 28px;background:#ffffff;border:1px solid #dfe3ea;border-radius:6px">
<p style="margin:0;color:#5b6577;font-size:13px">Leadline &middot; %s</p>
<h1 style="margin:4px 0 16px;font-size:20px;line-height:1.3">%s</h1>
<p style="margin:0 0 16px;white-space:pre-line">%s</p>
`, p.Title, p.Organization, p.Title, p.Text)
	if !p.Table.Empty() {
		m.add("<table role=\"table\" style=\"border-collapse:collapse;margin:0 0 16px;font-size:13px\">\n")
		if len(p.Table.Columns) > 0 {
			m.cells(`<th scope="col" style="padding:4px 12px 4px 0;border-bottom:1px solid #b9c0cc;text-align:left">%s</th>`, p.Table.Columns)
		}
		for _, row := range p.Table.Rows {
			m.cells(`<td style="padding:4px 12px 4px 0;border-bottom:1px solid #e8ebf0;text-align:left">%s</td>`, row)
		}
		m.add("</table>\n")
	}
	m.add("<p style=\"margin:0 0 16px\"><strong>What to do:</strong> %s</p>\n", p.Advice)
	if p.Link != "" {
		m.add("<p style=\"margin:0 0 16px\">It is about <a href=\"%s\" style=\"color:#1a56c4\">%s</a></p>\n", p.Link, p.Link)
	}
	m.add(`<p style="margin:24px 0 0;color:#5b6577;font-size:12px">Notice %s of %s. <code>leadline notices</code> lists all of them.<br>
You get this as an admin of %s in Leadline. To get no such mail: <code>leadline people mail %s none</code></p>
</div>
</body>
</html>
`, p.Notice, p.When, p.Organization, p.Person)
	return m.String()
}

// cells writes a row of a table.
func (m *markup) cells(format string, texts []string) {
	m.add("<tr>")
	for _, text := range texts {
		m.add(format, text)
	}
	m.add("</tr>\n")
}
