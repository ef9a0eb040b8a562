package catalog_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"govdata/catalog"
	"govdata/datasets"
)

func TestWhatPeopleTypeFindsWhatTheyMean(t *testing.T) {
	search := bundled(t)
	for _, q := range queries {
		found := search(catalog.Query{Text: q.text, Limit: 3})
		places := 1
		if q.among {
			places = 3
		}
		var got []catalog.ID
		for _, h := range found.Hits {
			got = append(got, h.Release.Dataset.ID)
		}
		if !slices.Contains(got[:min(places, len(got))], q.want) {
			t.Errorf("%q: %v, want %s among the first %d", q.text, got, q.want, places)
		}
	}
	if len(queries) < 80 {
		t.Errorf("only %d queries", len(queries))
	}
}

func TestAHitSaysWhereItWasFound(t *testing.T) {
	search := bundled(t)
	for text, want := range map[string]string{
		"行政处罚罚款":      "title 行政处罚 exact [[0 4]]; keyword 罚款 exact [[0 2]]",
		"处罚":          "title 行政处罚 word [[2 4]]",
		"xzcf":        "title 行政处罚 pinyin [[0 4]]",
		"行政處罰":        "title 行政处罚 pinyin [[0 4]]",
		"ＣＦ_XDR_mc":   "field_alias:party CF_XDR_MC exact [[0 9]]",
		"pealties":    "title Administrative penalties typo [[15 24]]",
		"administrat": "title Administrative penalties part [[0 11]]",
		"责令停产停业":      "value:kinds 责令停产停业 exact [[0 6]]",
	} {
		var got []string
		for _, h := range search(catalog.Query{Text: text}).Hits {
			if h.Release.Dataset.ID != "admin_penalties" {
				continue
			}
			for _, m := range h.Matched {
				in := m.In
				if m.Field != "" {
					in += ":" + m.Field
				}
				got = append(got, fmt.Sprint(in, " ", m.Text, " ", m.How, " ", m.Ranges))
			}
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%s: %s, want %s", text, s, want)
		}
	}
}

func TestSurenessAndPlaceMakeTheOrder(t *testing.T) {
	of := func(id, theme, title, keyword, field, description string) *catalog.Release {
		return &catalog.Release{Manifest: catalog.Manifest{Dataset: catalog.Dataset{ID: catalog.ID(id), Theme: theme, Title: catalog.Text{Zh: title, En: title}, Keywords: []string{keyword},
			Description: catalog.Text{Zh: description}, Fields: []catalog.Field{{Name: "x", Title: catalog.Text{Zh: field, En: field}}}}}}
	}
	for _, c := range []struct {
		text   string
		all    []*catalog.Release
		expect []catalog.ID
	}{
		{"水费", []*catalog.Release{of("a", "", "其他", "", "", "水费"), of("b", "", "其他", "", "水费", ""), of("c", "", "其他", "水费", "", ""), of("d", "", "水费", "", "", "")}, []catalog.ID{"d", "c", "b", "a"}},
		{"水费", []*catalog.Release{of("typed", "", "税费", "", "", ""), of("word", "", "城市水费标准", "", "", ""), of("prefix", "", "水费标准", "", "", ""), of("exact", "", "水费", "", "", "")}, []catalog.ID{"exact", "prefix", "word"}},
		{"shuifei", []*catalog.Release{of("typo", "", "shuifie", "", "", ""), of("pinyin", "", "水费", "", "", ""), of("word", "", "the shuifei", "", "", ""), of("exact", "", "shuifei", "", "", "")}, []catalog.ID{"exact", "word"}},
		{"shuifei", []*catalog.Release{of("letters", "", "上海与非洲", "", "", ""), of("pinyin", "", "水费", "", "", "")}, []catalog.ID{"pinyin"}},
		{"water", []*catalog.Release{of("a", "其他", "water", "", "", ""), of("b", "民生保障", "water", "", "", "")}, []catalog.ID{"a", "b"}},
	} {
		var got []catalog.ID
		for _, h := range catalog.SearchOver(c.all)(catalog.Query{Text: c.text}).Hits {
			got = append(got, h.Release.Dataset.ID)
		}
		if !slices.Equal(got, c.expect) {
			t.Errorf("%q: %v, want %v", c.text, got, c.expect)
		}
	}
}

func TestWhatNoDatasetAnswersIsSaid(t *testing.T) {
	search := bundled(t)
	for _, c := range []struct {
		text, missing, mean string
		none                bool
	}{
		{"兰州市行政处罚", "兰州市", "", false},
		{"penalties Lanzhou", "Lanzhou", "", false},
		{"行政處罰", "", "行政处罚", false},
		{"Administrative PEALTIES", "", "Administrative penalties", false},
		{"xingzehngchufa 罚款", "", "行政处罚 罚款", false},
		{"anvironmunts", "anvironmunts", "environment", true},
		{"zzzzqqqq", "zzzzqqqq", "", true},
		{"、。", "、。", "", true},
		{"的", "", "", false},
	} {
		found := search(catalog.Query{Text: c.text})
		if got := strings.Join(found.Missing, " "); got != c.missing || found.DidYouMean != c.mean || (found.Total == 0) != c.none {
			t.Errorf("%q: %d found, missing %q, did you mean %q; want missing %q, %q", c.text, found.Total, got, found.DidYouMean, c.missing, c.mean)
		}
	}
}

func TestAFilterDoesNotCountForItsOwnFacet(t *testing.T) {
	search := bundled(t)
	count := func(q catalog.Query, facet string) map[string]int {
		f := search(q).Facets
		return f[slices.IndexFunc(f, func(f catalog.Facet) bool { return f.Name == facet })].Counts()
	}
	all := search(catalog.Query{})
	if sum := count(catalog.Query{}, "theme"); sum["民生保障"]+sum["公共服务"]+sum["市场监管"]+sum["其他"] != all.Total {
		t.Errorf("themes %v of %d", sum, all.Total)
	}
	q := catalog.Query{Text: "收费", Theme: "公共服务", Item: "六"}
	found := search(q)
	for _, f := range []struct {
		facet string
		set   func(*catalog.Query, string)
	}{
		{"theme", func(q *catalog.Query, v string) { q.Theme = v }}, {"item", func(q *catalog.Query, v string) { q.Item = v }},
		{"update_frequency", func(q *catalog.Query, v string) { q.UpdateFrequency = v }}, {"openness", func(q *catalog.Query, v string) { q.Openness = v }},
		{"format", func(q *catalog.Query, v string) { q.Format = v }}, {"publisher", func(q *catalog.Query, v string) { q.Publisher = v }},
	} {
		counts := count(q, f.facet)
		if len(counts) == 0 {
			t.Errorf("%s: no values", f.facet)
		}
		for v, n := range counts {
			other := q
			f.set(&other, v)
			if got := search(other).Total; got != n {
				t.Errorf("%s=%s: counted %d, found %d", f.facet, v, n, got)
			}
		}
	}
	if count(q, "theme")["市场监管"] == 0 || found.Total == 0 {
		t.Errorf("the other themes are not counted: %v", count(q, "theme"))
	}
	chosen := 0
	for _, f := range found.Facets {
		for _, v := range f.Values {
			if v.Chosen {
				chosen++
			}
		}
	}
	if chosen != 2 {
		t.Errorf("%d values are chosen, want the theme and the item", chosen)
	}
}

func TestAPageOfHitsIsPartOfAll(t *testing.T) {
	search := bundled(t)
	for _, sort := range catalog.Sorts {
		all := search(catalog.Query{Text: "行政", Sort: sort, Lang: "zh"})
		var ids []catalog.ID
		for at := 0; at < all.Total+2; at += 7 {
			for _, h := range search(catalog.Query{Text: "行政", Sort: sort, Lang: "zh", Offset: at, Limit: 7}).Hits {
				ids = append(ids, h.Release.Dataset.ID)
			}
		}
		for i, h := range all.Hits {
			if len(ids) != all.Total || ids[i] != h.Release.Dataset.ID {
				t.Fatalf("order %q: %v", sort, ids)
			}
		}
	}
	titles := search(catalog.Query{Sort: "title", Lang: "zh"}).Hits
	if a, b := titles[0].Release.Dataset.Title.Zh, titles[len(titles)-1].Release.Dataset.Title.Zh; a != "部门公开考核指标" || !strings.HasPrefix(b, "重大") {
		t.Errorf("Chinese titles go by pinyin; they begin with %s and end with %s", a, b)
	}
}

// bundled searches the definitions that come with the program.
func bundled(t testing.TB) func(catalog.Query) *catalog.Found {
	t.Helper()
	return catalog.SearchOver(releases(t))
}

func releases(t testing.TB) []*catalog.Release {
	t.Helper()
	all, err := datasets.Load(datasets.Bundled())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b *catalog.Dataset) int {
		return cmp.Or(slices.Index(catalog.Themes, a.Theme)-slices.Index(catalog.Themes, b.Theme), cmp.Compare(a.ID, b.ID))
	})
	var rs []*catalog.Release
	for _, d := range all {
		rs = append(rs, &catalog.Release{Manifest: catalog.Manifest{Dataset: *d}})
	}
	return rs
}

// queries are what people type, and what should come first; with among, it is
// enough to be among the first three.
var queries = []struct {
	text  string
	want  catalog.ID
	among bool
}{
	// Chinese, with and without spaces.
	{"行政处罚", "admin_penalties", false},
	{"处罚", "admin_penalties", false},
	{"行政处罚罚款", "admin_penalties", false},
	{"处罚决定书文号", "admin_penalties", false},
	{"罚款金额", "admin_penalties", true},
	{"行政许可", "admin_permits", false},
	{"行政 许可机关", "admin_permits", false},
	{"许可证有效期", "admin_permits", true},
	{"权力清单", "power_list", false},
	{"责任清单", "responsibility_list", false},
	{"市场准入负面清单", "market_access_negative_list", false},
	{"政务公开负面清单", "disclosure_negative_list", false},
	{"收费目录", "fee_catalog", false},
	{"收费标准", "fee_site_notices", true},
	{"乱收费", "illegal_fee_cases", false},
	{"政府性基金", "government_fund_catalog", false},
	{"预算", "budgets", false},
	{"财政决算执行数", "budgets", false},
	{"扶贫资金", "poverty_fund_balance", true},
	{"扶贫资金使用", "poverty_fund_use", true},
	{"贫困退出", "poverty_exits", false},
	{"扶贫捐赠", "poverty_donations", false},
	{"低保", "social_assistance", false},
	{"空气质量", "environment_quality", false},
	{"学校医院", "education_health", false},
	{"学校收费", "education_health", true},
	{"就业培训", "employment", false},
	{"危房改造补助", "housing_renovation", false},
	{"行政区划代码", "regions", false},
	{"节假日", "working_days", false},
	{"规范性文件废止", "normative_documents", true},
	{"政策解读", "policy_interpretations", false},
	{"审计整改", "audit_results", false},
	{"招投标", "major_projects", true},
	{"土地出让", "public_resource_trading", false},
	{"政府购买服务合同", "government_purchases", false},
	{"社会资本合作", "ppp_projects", false},
	{"中介服务", "intermediary_services", false},
	{"办事指南", "service_items", false},
	{"人大代表建议", "proposal_outcomes", false},
	{"满意度", "decision_evaluations", true},
	{"村务公开", "grassroots_affairs", false},
	{"按时率", "disclosure_timeliness", true},
	{"有哪些行政处罚的数据", "admin_penalties", false},
	{"查询企业罚款情况", "admin_penalties", true},
	{"兰州市行政处罚", "admin_penalties", false},
	{"第六项 收费", "fee_catalog", true},
	// Full-width and mixed.
	{"ＰＰＰ项目", "ppp_projects", false},
	{"PM２.5", "environment_quality", false},
	{"GB/T 2260", "regions", false},
	// Traditional script, and characters that sound the same.
	{"行政處罰", "admin_penalties", false},
	{"規範性文件", "normative_documents", true},
	{"行政除罚", "admin_penalties", false},
	{"空气质粮", "environment_quality", false},
	// Pinyin.
	{"xingzhengchufa", "admin_penalties", false},
	{"xingzheng chufa", "admin_penalties", false},
	{"xing zheng chu fa", "admin_penalties", false},
	{"xíngzhèng chǔfá", "admin_penalties", false},
	{"XingZhengXuKe", "admin_permits", false},
	{"xingzhengchu", "admin_penalties", false},
	{"xzcf", "admin_penalties", false},
	{"xzxk", "admin_permits", false},
	{"qlqd", "power_list", false},
	{"kqzl", "environment_quality", false},
	{"zhengce jiedu", "policy_interpretations", false},
	{"shoufei", "fee_catalog", true},
	{"fakuan", "admin_penalties", true},
	{"yusuan", "budgets", false},
	{"dibao", "social_assistance", false},
	{"xuexiao", "education_health", false},
	{"xzchufa", "admin_penalties", false},
	{"xingzehngchufa", "admin_penalties", false},
	{"xingzhengchfua", "admin_penalties", false},
	{"kongqizhliang", "environment_quality", false},
	// English.
	{"penalties", "admin_penalties", false},
	{"penalty", "admin_penalties", false},
	{"ADMINISTRATIVE FEES", "fee_catalog", false},
	{"fee", "fee_catalog", true},
	{"fines", "admin_penalties", false},
	{"air quality", "environment_quality", false},
	{"list of powers", "power_list", false},
	{"budget", "budgets", false},
	{"school", "education_health", false},
	{"hospital beds", "education_health", false},
	{"unsafe housing", "housing_renovation", false},
	{"public-private partnership", "ppp_projects", false},
	{"negative list market", "market_access_negative_list", false},
	{"region codes", "regions", false},
	{"working days", "working_days", false},
	{"data on poverty donations", "poverty_donations", false},
	{"procurement contracts", "government_purchases", true},
	{"penal", "admin_penalties", false},
	// English with mistakes.
	{"penaltys", "admin_penalties", false},
	{"pealties", "admin_penalties", false},
	{"hosptial", "education_health", false},
	{"administartive permits", "admin_permits", false},
	{"goverment purchases", "government_purchases", true},
	{"enviroment", "environment_quality", true},
	{"license", "admin_permits", false},
	// Codes and names.
	{"CF_XDR_MC", "admin_penalties", false},
	{"cf_nr_fk", "admin_penalties", false},
	{"XK_WSH", "admin_permits", false},
	{"admin_penalties", "admin_penalties", false},
	{"admin-penalties", "admin_penalties", false},
	{"poverty_fund_use", "poverty_fund_use", false},
	{"CF_JDRQ", "admin_penalties", false},
	// Publishers, themes, openness.
	{"生态环境厅", "environment_quality", false},
	{"有条件开放", "ppp_projects", false},
}

func TestTheIndexFollowsWhatIsPublished(t *testing.T) {
	c, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f, err := c.Search(catalog.Query{Text: "水费"}); err != nil || f.Total != 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	for i, title := range []string{"水费", "电费"} {
		catalog.PublishForSearch(t, c, catalog.ID(fmt.Sprintf("d%d", i)), title)
		if f, err := c.Search(catalog.Query{Text: title}); err != nil || f.Total != 1 {
			t.Errorf("%s: %+v, %v", title, f, err)
		}
	}
	catalog.PublishForSearch(t, c, "d0", "气费")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for text, want := range map[string]int{"水费": 0, "qifei": 1, "dianfei": 1, "费": 2} {
				if f, err := c.Search(catalog.Query{Text: text}); err != nil || f.Total != want && (text != "水费" || len(f.Missing) == 0) {
					t.Errorf("%s: %d found, %v", text, f.Total, err)
				}
			}
		})
	}
	all.Wait()
	for _, q := range []catalog.Query{{Text: strings.Repeat("费", catalog.MaxQuery+1)}, {Text: strings.Repeat("ﷺ", 100)}, {Sort: "size"}} {
		if _, err := c.Search(q); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%.10q %q: %v", q.Text, q.Sort, err)
		}
	}
}

// many are n datasets made of the bundled ones.
func many(t testing.TB, n int) []*catalog.Release {
	bundled := releases(t)
	var all []*catalog.Release
	for i := range n {
		m := bundled[i%len(bundled)].Manifest
		d := m.Dataset
		if round := i / len(bundled); round > 0 {
			d.ID += catalog.ID(fmt.Sprintf("_%d", round))
			d.Title = catalog.Text{Zh: fmt.Sprintf("%s（第%d辑）", d.Title.Zh, round), En: fmt.Sprintf("%s, part %d", d.Title.En, round)}
			d.Description.Zh += fmt.Sprint(round)
			d.Description.En += fmt.Sprint(round)
		}
		m.Dataset = d
		all = append(all, &catalog.Release{Manifest: m})
	}
	return all
}

// Searching must not be what a page waits for: 5 ms at 2,000 datasets.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{57, 2000} {
		all := many(b, n)
		b.Run(fmt.Sprintf("index/%d", n), func(b *testing.B) {
			for b.Loop() {
				catalog.SearchOver(all)
			}
		})
		search := catalog.SearchOver(all)
		for _, text := range []string{"", "处罚", "行政处罚罚款", "xingzhengchufa", "xzcf", "penalties", "administartive permits", "CF_XDR_MC", "行政處罰", "xing zheng chu fa", "兰州市行政处罚"} {
			b.Run(fmt.Sprintf("%d/%s", n, text), func(b *testing.B) {
				for b.Loop() {
					search(catalog.Query{Text: text, Limit: 20, Lang: "zh"})
				}
			})
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, q := range queries {
		f.Add(q.text)
	}
	f.Add("行政处罚款 xing'an (PPP) 〇㈠ﷺ\x00\xff _ . ' 'a a' .5 5. __ zh chchch")
	f.Add(strings.Repeat("行政处罚", 50))
	f.Add(strings.Repeat("zhi ", 50))
	f.Add(strings.Repeat("zh", 30))
	f.Add(strings.Repeat("处", 200))
	search := bundled(f)
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.RuneCountInString(text) > catalog.MaxQuery || catalog.FoldedLength(text) > catalog.MaxQuery {
			t.Skip()
		}
		began := time.Now()
		found := search(catalog.Query{Text: text, Lang: "zh"})
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%q takes %v", text, took)
		}
		for _, h := range found.Hits {
			if strings.TrimSpace(text) != "" && len(h.Matched) == 0 {
				t.Errorf("%q finds %s for nothing", text, h.Release.Dataset.ID)
			}
			for _, m := range h.Matched {
				for i, r := range m.Ranges {
					if r[0] < 0 || r[1] <= r[0] || r[1] > utf8.RuneCountInString(m.Text) || i > 0 && r[0] <= m.Ranges[i-1][1] {
						t.Errorf("%q: ranges %v in %q", text, m.Ranges, m.Text)
					}
				}
			}
		}
	})
}

func TestWordsAreFoundWhereTheyMatter(t *testing.T) {
	fees := &catalog.Release{Manifest: catalog.Manifest{Dataset: catalog.Dataset{ID: "fee_catalog", Title: catalog.Text{Zh: "收费目录", En: "Catalogue of fees"}, Keywords: []string{"fee"},
		Fields: []catalog.Field{{Name: "rate", Title: catalog.Text{Zh: "收费标准", En: "Rate"}}}}}}
	feedback := &catalog.Release{Manifest: catalog.Manifest{Dataset: catalog.Dataset{ID: "consultation_feedback", Title: catalog.Text{Zh: "意见采纳", En: "Opinions and feedback"},
		Description: catalog.Text{En: "No fee is charged"}}}}
	search := catalog.SearchOver([]*catalog.Release{feedback, fees})
	for text, want := range map[string]catalog.ID{"fee": "fee_catalog", "收费": "fee_catalog", "feedback": "consultation_feedback", "opinions": "consultation_feedback", "标准": "fee_catalog"} {
		if found := search(catalog.Query{Text: text}); len(found.Hits) == 0 || found.Hits[0].Release.Dataset.ID != want {
			t.Errorf("%s: %+v, want %s first", text, found.Hits, want)
		}
	}
	if found := search(catalog.Query{}); found.Total != 2 {
		t.Errorf("no words find %d of 2", found.Total)
	}
	// One that has but one of the words is a hit only where the other is said to be missing.
	if found := search(catalog.Query{Text: "rate opinions"}); found.Total > 0 && len(found.Missing) == 0 {
		t.Errorf("nothing answers both words, and yet: %+v", found)
	}
}
