package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"govdata/catalog"
)

// Dictionary writes what the columns of a release mean, one line a field, as
// CSV: also what stands for a missing value in each format, and whether empty
// texts, which are something else, can be told from it there. Figures over the
// values are left out where those are not open to everyone.
func Dictionary(w io.Writer, r *catalog.Release, lang string) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"position", "field", "title_zh", "title_en", "type", "unit", "required", "allowed_values", "masking", "computed",
		"missing_values", "min", "max", "missing_in_csv", "empty_text_in_csv", "missing_in_xlsx", "missing_in_jsonl", "missing_in_parquet_and_arrow", "description"}}
	computed := map[string]bool{}
	for _, f := range r.Dataset.Computed() {
		computed[f.Name] = true
	}
	for i, f := range r.Dataset.Public() {
		nulls, least, most := "", "", ""
		if s, ok := r.Stats[f.Name]; ok && r.Dataset.Queryable() {
			nulls, least, most = strconv.FormatInt(s.Nulls, 10), s.Min, s.Max
		}
		empty := ""
		if f.Type == catalog.TypeText {
			empty = `""`
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), f.Name, f.Title.Zh, f.Title.En, string(f.Type), f.Unit, strconv.FormatBool(f.Required),
			strings.Join(f.Enum, ";"), string(f.Privacy), strconv.FormatBool(computed[f.Name]), nulls, least, most,
			"(nothing between the commas)", empty, "(empty cell)", "null", "null", f.Description.In(lang)})
	}
	return out.WriteAll(rows)
}
