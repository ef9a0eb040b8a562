package web

import (
	"fmt"

	"govdata/catalog"
)

// snippet is how to take a dataset with a tool.
type snippet struct {
	// ID is a word for addresses, Name what people call the tool.
	ID, Name, Note, Code string
}

// snippets are tried by a test as they stand on the page, but for what people do
// by hand.
func snippets(v *view, r *catalog.Release) []snippet {
	base, id := v.Base(), r.Dataset.ID
	file := fmt.Sprintf("%s/d/%s", base, id)
	return []snippet{
		{"curl", "curl", v.T("use_curl"), fmt.Sprintf("curl -fsS -o %[2]s.csv %[1]s.csv\ncurl -fsS '%[3]s/api/v1/datasets/%[2]s/rows?limit=5'", file, id, base)},
		{"python", "Python", v.T("use_python"), fmt.Sprintf("import pandas as pd\n\ndf = pd.read_csv(\"%[1]s.csv\", dtype=str)   # codes keep their zeros\ntyped = pd.read_parquet(\"%[1]s.parquet\")  # numbers and dates have their types\nprint(len(df), \"rows\", list(df.columns))", file)},
		{"duckdb", "DuckDB", v.T("use_duckdb"), fmt.Sprintf("-- curl -fsS -o %[2]s.parquet %[1]s.parquet\nSELECT count(*) AS n FROM '%[2]s.parquet';", file, id)},
		{"javascript", "JavaScript", v.T("use_javascript"), fmt.Sprintf("const answer = await fetch(\"%[1]s/api/v1/datasets/%[2]s/rows?limit=100\");\nconst { rows, total, truncated } = await answer.json();\nconsole.log(rows.length, total, truncated);", base, id)},
		{"r", "R", v.T("use_r"), fmt.Sprintf("df <- read.csv(\"%s.csv\", colClasses = \"character\", na.strings = \"\", encoding = \"UTF-8\")\nstr(df)", file)},
		{"excel", v.T("use_excel_name"), v.T("use_excel"), file + ".csv?bom=1"},
	}
}
