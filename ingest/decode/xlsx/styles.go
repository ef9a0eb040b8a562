package xlsx

import "govdata/ingest/decode/numfmt"

// readStyles reads what the cell styles make of numbers.
func (w *Workbook) readStyles() error {
	if w.parts[w.paths.styles] == nil {
		return nil
	}
	var s struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.unmarshal(w.paths.styles, &s); err != nil {
		return err
	}
	custom := map[int]*numfmt.Format{}
	for _, f := range s.Formats {
		custom[f.ID] = numfmt.Parse(f.Code)
	}
	for _, c := range s.Cells {
		format, ok := custom[c.Format]
		if !ok {
			format = numfmt.BuiltinFormat(c.Format)
		}
		if w.scales = w.scales || format.Scales(); format.Plain() {
			format = nil
		}
		w.formats = append(w.formats, format)
	}
	return nil
}
