package xlsx

import "govdata/ingest/decode/numfmt"

// readStyles finds the cell styles that show numbers as dates.
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
	custom := map[int]numfmt.Kind{}
	for _, f := range s.Formats {
		custom[f.ID] = numfmt.KindOf(f.Code)
	}
	for _, c := range s.Cells {
		kind, ok := custom[c.Format]
		if !ok {
			kind = numfmt.Builtin(c.Format)
		}
		w.dates = append(w.dates, kind)
	}
	return nil
}
