package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"govdata/catalog"
)

// view is what every page has: the reader's language and what is said in it.
type view struct {
	p        *Portal
	c        *gin.Context
	say      *i18n.Localizer
	tell     *message.Printer
	location *time.Location

	Lang string
	Site *catalog.Site
	// Nav is the section of the page.
	Nav, Title, Description string
	// Scheme is light or dark where the reader chose one, else "".
	Scheme string
	// Wide pages use more of a large screen.
	Wide bool
}

// page is what a template gets: a view and what the page shows.
type page interface{ shown() *view }

func (v *view) shown() *view { return v }

func (p *Portal) view(c *gin.Context, nav string) *view {
	lang := c.Query("lang")
	if lang != "zh" && lang != "en" {
		_, i := language.MatchStrings(languages, c.GetHeader("Accept-Language"))
		lang = []string{"zh", "en"}[i]
	}
	v := &view{p: p, c: c, Lang: lang, Site: p.Site, Nav: nav, location: p.location,
		say: i18n.NewLocalizer(p.bundle, lang), tell: message.NewPrinter(language.Make(lang))}
	if scheme, err := c.Cookie(schemeCookie); err == nil && (scheme == "light" || scheme == "dark") {
		v.Scheme = scheme
	}
	return v
}

var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English})

// T gives the text of a key in the reader's language. Names and values fill
// the places of the text, as {{.Name}}.
func (v *view) T(id string, pairs ...any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		value := pairs[i+1]
		switch n := value.(type) {
		case int:
			value = v.Number(n)
		case int64:
			value = v.Number(n)
		}
		data[fmt.Sprint(pairs[i])] = value
	}
	return v.say.MustLocalize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
}

// N gives a text about n things, which stands in it as {{.N}}.
func (v *view) N(id string, n any) string {
	count, err := strconv.Atoi(fmt.Sprint(n))
	if err != nil {
		return v.T(id, "N", n)
	}
	return v.say.MustLocalize(&i18n.LocalizeConfig{MessageID: id, PluralCount: count, TemplateData: map[string]any{"N": v.Number(count)}})
}

// HTMLLang is the language as pages declare it.
func (v *view) HTMLLang() string {
	if v.Lang == "zh" {
		return "zh-CN"
	}
	return "en"
}

// In gives the reader's language of a text.
func (v *view) In(t catalog.Text) string { return t.In(v.Lang) }

// Number writes n with separators.
func (v *view) Number(n any) string { return v.tell.Sprintf("%d", n) }

// Size writes a number of bytes for people.
func (v *view) Size(n int64) string {
	const unit = 1024.0
	f, units := float64(n), []string{"B", "KB", "MB", "GB", "TB"}
	i := 0
	for f >= unit && i < len(units)-1 {
		f /= unit
		i++
	}
	if i == 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + units[i]
}

// Percent writes a share of 0 to 1.
func (v *view) Percent(share float64) string {
	s := strconv.FormatFloat(100*share, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0") + "%"
}

// Date writes the day of t.
func (v *view) Date(t time.Time) string {
	if t = t.In(v.location); v.Lang == "zh" {
		return t.Format("2006年1月2日")
	}
	return t.Format("2 January 2006")
}

// Minute writes the day and minute of t.
func (v *view) Minute(t time.Time) string { return v.Date(t) + " " + t.In(v.location).Format("15:04") }

// MonthName writes 2026-03 for people.
func (v *view) MonthName(month string) string {
	t, err := time.Parse("2006-01", month)
	if err != nil {
		return month
	}
	if v.Lang == "zh" {
		return t.Format("2006年1月")
	}
	return t.Format("January 2006")
}

// Machine writes t for programs.
func (v *view) Machine(t time.Time) string { return t.Format(time.RFC3339) }

// Millis writes a duration in milliseconds.
func (v *view) Millis(d time.Duration) int64 { return d.Milliseconds() }

// Frequency gives the label of an update frequency.
func (v *view) Frequency(key string) string { return catalog.Frequencies[key].In(v.Lang) }

// Place says where in a query something is.
func (v *view) Place(line, col int) string { return v.T("place", "Line", line, "Col", col) }

// labels are the English names of the definitions' Chinese values.
var labels = map[string]string{
	catalog.OpenUnconditional: "Open to everyone", catalog.OpenConditional: "Open on a condition", catalog.OpenNot: "Not open",
	"民生保障": "People's livelihood", "公共服务": "Public services", "市场监管": "Market regulation", "其他": "Other",
	"决策": "decisions", "执行": "execution", "管理": "management", "服务": "services", "结果": "results",
	catalog.OnTime: "on time", catalog.Late: "late", catalog.Unknown: "unknown",
	"三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "十": "10", "十一": "11",
	"省": "province", "市": "prefecture", "县": "county",
}

// Label gives the reader's name of a value of the definitions: a theme, an open
// attribute, a kind of disclosure, the number of an item.
func (v *view) Label(value string) string {
	if v.Lang == "en" && labels[value] != "" {
		return labels[value]
	}
	return value
}

// Openness gives the label of an open attribute.
func (v *view) Openness(attribute string) string { return v.Label(attribute) }

// ThemeName gives the label of a theme.
func (v *view) ThemeName(name string) string { return v.Label(name) }

// Item is the name of an item of the document.
func (v *view) Item(number string) string { return v.T("item_number", "Number", v.Label(number)) }

// With gives the address of this page in another language.
func (v *view) With(lang string) string { return v.Here("lang", lang) }

// Here gives the address of this page with parameters changed: names and
// values in turn. An empty value takes the parameter away.
func (v *view) Here(pairs ...string) string {
	q := v.c.Request.URL.Query()
	q.Del("fragment")
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return v.c.Request.URL.Path
	}
	return v.c.Request.URL.Path + "?" + q.Encode()
}

// Chosen is the language that the reader chose explicitly, or "".
func (v *view) Chosen() string {
	if v.c.Query("lang") != v.Lang {
		return ""
	}
	return v.Lang
}

// Link keeps an explicit choice of language on the way to another page.
func (v *view) Link(path string) string {
	if v.Chosen() == "" {
		return path
	}
	path, anchor, _ := strings.Cut(path, "#")
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	if anchor != "" {
		anchor = "#" + anchor
	}
	return path + join + "lang=" + v.Lang + anchor
}

// To is a link to a page with parameters, names and values in turn.
func (v *view) To(path string, pairs ...any) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := fmt.Sprint(pairs[i+1]); value != "" {
			q.Set(fmt.Sprint(pairs[i]), value)
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return v.Link(path)
}

// Ask is the address of the SQL page with a question.
func (v *view) Ask(sql string) string { return v.To("/sql", "q", sql) }

// OtherScheme is the colour scheme that the switch leads to.
func (v *view) OtherScheme() string {
	if v.Scheme == "dark" {
		return "light"
	}
	return "dark"
}

// Base is the site's public address.
func (v *view) Base() string { return v.p.Base(v.c) }

// Card is a dataset in a list, for the template of that name.
func (v *view) Card(r *catalog.Release) any {
	return struct {
		*view
		Release *catalog.Release
	}{v, r}
}

// Path is the path of this page.
func (v *view) Path() string { return v.c.Request.URL.Path }
