package decode

func (s *Source) openWorkbook(c *content) error {
	return refuse(c, "a workbook", "save it as CSV")
}
