package meta

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/catalog/croissant"
	"govdata/catalog/datapackage"
	"govdata/catalog/dcat"
	"govdata/catalog/dcatus"
	"govdata/catalog/feed"
	"govdata/catalog/schemaorg"
	"govdata/catalog/zhcatalog"
)

var update = flag.Bool("update", false, "write the golden files anew")

const base = "https://data.example"

var site = &catalog.Site{Title: catalog.Text{Zh: "示例站点", En: "Example site"}, Region: "620000", RegionName: catalog.Text{Zh: "甘肃省", En: "Gansu"},
	Contact: "某处 open@data.example，0931-1234567", MetadataLicence: "CC0-1.0"}

// release makes one of n rows that follows previous.
func release(id catalog.ID, day int, n int64, previous catalog.ReleaseID, openness catalog.Openness) *catalog.Release {
	at := time.Date(2026, 11, day, 8, 30, 0, 0, time.FixedZone("", 8*3600))
	content := fmt.Sprintf("%064x", day)
	r := &catalog.Release{Manifest: catalog.Manifest{
		Release: catalog.NewReleaseID(at, content[32:]+content[:32]), Previous: previous, PublishedAt: at, Rows: n, Content: content, Mode: catalog.Upsert,
		Counts: catalog.Counts{In: n + 3, Published: n, Rejected: 2, Withheld: 1},
		Stats:  map[string]catalog.FieldStats{"decided_on": {Min: "2026-01-05", Max: "2026-11-02"}},
		Dataset: catalog.Dataset{
			ID: id, Title: catalog.Text{Zh: "行政“处罚”\\", En: "Penalties <& more>"}, Description: catalog.Text{Zh: "处罚决定\n每条一项", En: "Decisions, one a row"},
			Publisher: catalog.Text{Zh: "某局", En: "An office"}, Theme: "市场监管", Disclosure: []string{"管理", "结果"}, LegalBasis: catalog.Text{Zh: "第六项", En: "Item 6"},
			Openness: openness, UpdateFrequency: "daily", Licence: "CC-BY-4.0", Keywords: []string{"罚款", "fine"}, Source: catalog.Text{Zh: "示例数据", En: "Synthetic"},
			Key: []string{"decision_no"}, Mode: catalog.Upsert,
			References: []catalog.Reference{{Fields: []string{"region_code"}, To: "regions", Key: []string{"code"}}, {Fields: []string{"document_no"}, To: "documents", Key: []string{"no"}, Keep: true}},
			Deadline:   &catalog.Deadline{Days: 7, From: "decided_on", Basis: catalog.Text{Zh: "第六项", En: "Item 6"}},
			Fields: []catalog.Field{
				{Name: "decision_no", Title: catalog.Text{Zh: "文号", En: "Number"}, Type: catalog.TypeText, Required: true, Pattern: "[0-9]+号", MaxLength: 40},
				{Name: "party", Title: catalog.Text{Zh: "相对人", En: "Party"}, Type: catalog.TypeText, Privacy: catalog.PrivacyParty, MaxLength: 20, Pattern: "[a-z]+"},
				{Name: "party_uscc", Title: catalog.Text{Zh: "代码", En: "Code"}, Type: catalog.TypeText, Semantic: catalog.USCC},
				{Name: "party_id", Title: catalog.Text{Zh: "证件号", En: "Identity"}, Type: catalog.TypeText, Privacy: catalog.PrivacyDrop},
				{Name: "kinds", Title: catalog.Text{Zh: "类别", En: "Kinds"}, Type: catalog.TypeText, Enum: []string{"罚款", "没收(所得)"}, Separator: "；"},
				{Name: "level", Title: catalog.Text{Zh: "层级", En: "Level"}, Type: catalog.TypeText, Enum: []string{"省", "市"}},
				{Name: "fine", Title: catalog.Text{Zh: "罚款金额", En: "Fine"}, Type: "decimal(18,2)", Unit: "元", Semantic: catalog.Money, Min: "0"},
				{Name: "count", Title: catalog.Text{Zh: "件数", En: "Count"}, Type: catalog.TypeInteger, Min: "1", Max: "99"},
				{Name: "open", Title: catalog.Text{Zh: "公开", En: "Open"}, Type: catalog.TypeBoolean},
				{Name: "at", Title: catalog.Text{Zh: "时间", En: "At"}, Type: catalog.TypeTimestamp},
				{Name: "decided_on", Title: catalog.Text{Zh: "日期", En: "Decided on"}, Type: catalog.TypeDate, Required: true, Min: "1996-10-01"},
				{Name: "region_code", Title: catalog.Text{Zh: "区划", En: "Region"}, Type: catalog.TypeText, Semantic: catalog.Region},
				{Name: "document_no", Title: catalog.Text{Zh: "依据", En: "Document"}, Type: catalog.TypeText},
			},
		},
	}}
	for i, f := range catalog.Formats {
		if f.Bulk {
			r.Artefacts = append(r.Artefacts, catalog.Artefact{Format: f.Ext, MediaType: f.MediaType, Bytes: int64(1000*day + i), SHA256: fmt.Sprintf("%064x", 100*day+i), Rows: n})
		}
	}
	return r
}

// fixed are two datasets: one open to everyone with two releases, of which the
// later one was taken back and published again, and one open on a condition.
func fixed() []catalog.History {
	public := catalog.Openness{Attribute: catalog.OpenUnconditional}
	closed := catalog.Openness{Attribute: catalog.OpenConditional, Condition: catalog.Text{Zh: "签订协议", En: "Sign an agreement"}}
	first := release("penalties", 3, 10, "", public)
	second := release("penalties", 4, 12, first.Release, public)
	second.References = []catalog.ReferenceCheck{{Fields: []string{"region_code"}, To: "regions", Release: "20261101-00000000000a"}}
	only := release("projects", 5, 7, "", closed)
	return []catalog.History{
		{Current: second, Releases: []*catalog.Release{second, first}, First: first.PublishedAt, Events: []catalog.Event{
			{At: first.PublishedAt, Kind: "publish", Release: first.Release}, {At: second.PublishedAt, Kind: "publish", Release: second.Release},
			{At: second.PublishedAt.Add(time.Hour), Kind: "rollback", Release: first.Release}, {At: second.PublishedAt.Add(2 * time.Hour), Kind: "publish", Release: second.Release}}},
		{Current: only, Releases: []*catalog.Release{only}, First: only.PublishedAt, Events: []catalog.Event{{At: only.PublishedAt, Kind: "publish", Release: only.Release}}},
	}
}

// regions is what the penalties refer to.
func regions(ref catalog.Ref) (*catalog.Release, error) {
	if ref.Dataset != "regions" {
		return nil, catalog.ErrNotFound
	}
	r := &catalog.Release{Manifest: catalog.Manifest{Release: ref.Release, Dataset: catalog.Dataset{ID: "regions", Openness: catalog.Openness{Attribute: catalog.OpenUnconditional}, Licence: "CC0-1.0", Key: []string{"code"},
		Fields: []catalog.Field{{Name: "code", Type: catalog.TypeText, Required: true}}}, Artefacts: []catalog.Artefact{{Format: "csv", Bytes: 5, SHA256: strings.Repeat("ab", 32)}}}}
	return r, nil
}

// documents writes every document about all, at an address.
func documents(t *testing.T, base string, all []catalog.History) map[string][]byte {
	t.Helper()
	docs := map[string][]byte{}
	keep := func(name string, body []byte, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		docs[name] = body
	}
	graph := dcat.Catalog(site, base, all, dcat.Page{Number: 1, Path: "/catalog.ttl"})
	keep("catalog.ttl", graph.Turtle(), nil)
	body, err := graph.JSONLD()
	keep("catalog.jsonld", body, err)
	body, err = dcatus.Catalog(site, base, all)
	keep("data.json", body, err)
	body, _, err = feed.Atom(site, base, all, feed.Page{Number: 1, Path: "/feed.atom", Lang: "en", Software: "govdata test"})
	keep("feed.atom", body, err)
	body, _, err = feed.Sitemap(base, all)
	keep("sitemap.xml", body, err)
	for _, h := range all {
		id := string(h.Current.Dataset.ID)
		body, err = schemaorg.Dataset(site, base, "zh", h)
		keep(id+".schema.jsonld", body, err)
		body, err = croissant.Dataset(base, h, []byte("field\n"))
		keep(id+".croissant.json", body, err)
		body, err = datapackage.Dataset(base, "zh", h, regions)
		keep(id+".datapackage.json", body, err)
		body, err = json.MarshalIndent(zhcatalog.Dataset(site, base, h), "", " ")
		keep(id+".catalog.zh.json", body, err)
	}
	return docs
}

func TestDocumentsAreAsTheyWere(t *testing.T) {
	for name, got := range documents(t, base, fixed()) {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not what it was; -update writes it anew\n%s", name, firstDifference(string(want), string(got)))
		}
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d: %q became %q", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines became %d", len(w), len(g))
}

func TestDocumentsAreTheSameEachTime(t *testing.T) {
	once, again := documents(t, base, fixed()), documents(t, base, fixed())
	for name := range once {
		if string(once[name]) != string(again[name]) {
			t.Errorf("%s: %s", name, firstDifference(string(once[name]), string(again[name])))
		}
	}
}

func TestNoDocumentLeadsToAFileThatIsNotForEveryone(t *testing.T) {
	download := regexp.MustCompile(`/d/projects[^"<> \n]*`)
	for name, body := range documents(t, base, fixed()) {
		for _, address := range download.FindAllString(string(body), -1) {
			if !strings.Contains(address, ".dictionary.csv") && !strings.Contains(address, ".manifest.json") {
				t.Errorf("%s names %s, which answers 403", name, address)
			}
		}
	}
}

func TestDroppedFieldsAreNamedNowhere(t *testing.T) {
	for name, body := range documents(t, base, fixed()) {
		if strings.Contains(string(body), "party_id") || strings.Contains(string(body), "证件号") {
			t.Errorf("%s names a field that is never public", name)
		}
	}
}

func TestEveryReleaseStandsOnOnePageOfTheCatalog(t *testing.T) {
	all := fixed()
	seen := map[string]int{}
	one := dcat.Page{Releases: 1, Path: "/catalog.ttl"}
	if n := one.Pages(all); n != 3 {
		t.Fatalf("%d pages of 3 releases, want 3", n)
	}
	for n := 1; n <= 3; n++ {
		one.Number = n
		text := string(dcat.Catalog(site, base, all, one).Turtle())
		for _, h := range all {
			for _, r := range h.Releases {
				seen[r.Ref().String()] += strings.Count(text, fmt.Sprintf("<%s/datasets/%s/releases/%s> a dcat:Dataset", base, r.Dataset.ID, r.Release))
			}
		}
		if next := fmt.Sprintf("hydra:next <%s/catalog.ttl?page=%d>", base, n+1); strings.Contains(text, next) != (n < 3) {
			t.Errorf("page %d: %q where it should not be, or not where it should", n, next)
		}
	}
	if len(seen) != 3 {
		t.Fatalf("releases on the pages: %v", seen)
	}
	for ref, n := range seen {
		if n != 1 {
			t.Errorf("%s stands on %d pages", ref, n)
		}
	}
}

func TestEntriesOfAFeedKeepTheirIDsElsewhere(t *testing.T) {
	ids := func(base, lang string) []string {
		body, newest, err := feed.Atom(site, base, fixed(), feed.Page{Number: 1, Path: "/feed.atom", Lang: lang})
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Updated time.Time `xml:"updated"`
			Entry   []struct {
				ID      string    `xml:"id"`
				Updated time.Time `xml:"updated"`
			} `xml:"entry"`
		}
		if err := xml.Unmarshal(body, &f); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for i, e := range f.Entry {
			if slices.Contains(ids, e.ID) {
				t.Errorf("two entries are called %s", e.ID)
			}
			if i > 0 && e.Updated.After(f.Entry[i-1].Updated) {
				t.Errorf("entry %d is newer than the one before it", i)
			}
			ids = append(ids, e.ID)
		}
		if len(f.Entry) != 5 || !f.Updated.Equal(newest) || !newest.Equal(f.Entry[0].Updated) {
			t.Errorf("%d entries of 5, updated %v, newest %v", len(f.Entry), f.Updated, newest)
		}
		return ids
	}
	if here, there := ids(base, "zh"), ids("http://mirror.example", "en"); !slices.Equal(here, there) {
		t.Errorf("ids %v became %v", here, there)
	}
}

func TestAnAddressThatIsNoneBreaksNoNotation(t *testing.T) {
	evil := "http://a\"b<c>{d}\\e f"
	docs := documents(t, evil, fixed())
	if text := string(docs["catalog.ttl"]); strings.Contains(text, evil) || !strings.Contains(text, "<http://a%22b%3Cc%3E%7Bd%7D%5Ce%20f/") {
		t.Errorf("Turtle holds the address as it is: %.600s", text)
	}
	for name, body := range docs {
		if strings.HasSuffix(name, "json") || strings.HasSuffix(name, "jsonld") {
			if !json.Valid(body) {
				t.Errorf("%s is no JSON", name)
			}
		}
	}
	if err := xml.Unmarshal(docs["sitemap.xml"], new(struct{})); err != nil {
		t.Error(err)
	}
}

func TestAWordForASearchEngineCannotEndAScript(t *testing.T) {
	h := fixed()[0]
	h.Current.Dataset.Description = catalog.Text{Zh: "</script><script>alert(1)</script>", En: "x"}
	body, err := schemaorg.Dataset(site, base, "zh", h)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(body), "<>&") {
		t.Errorf("it holds <, > or &: %s", body)
	}
	var back map[string]any
	if err := json.Unmarshal(body, &back); err != nil || !strings.HasPrefix(back["description"].(string), "</script>") {
		t.Errorf("the text is another one: %v, %v", back["description"], err)
	}
}

// Whatever number is asked for, a page past the last one is not there.
func TestAPageFarPastTheLastIsNotThere(t *testing.T) {
	for given, want := range map[string]error{"2": catalog.ErrNotFound, "23102178085165942543114670440448": catalog.ErrNotFound, "0": catalog.ErrInvalid,
		"-23102178085165942543114670440448": catalog.ErrInvalid, "x": catalog.ErrInvalid} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest("GET", "/catalog.ttl?page="+given, nil)
		if _, err := number(c, 1); !errors.Is(err, want) {
			t.Errorf("page %s: %v, want %v", given, err, want)
		}
	}
}
