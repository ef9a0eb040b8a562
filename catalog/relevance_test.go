package catalog

import "testing"

func TestWordsAreFoundWhereTheyMatter(t *testing.T) {
	fees := &Dataset{ID: "fee_catalog", Title: Text{Zh: "收费目录", En: "Catalogue of fees"}, Keywords: []string{"fee"}, Fields: []Field{{Name: "rate", Title: Text{Zh: "收费标准", En: "Rate"}}}}
	feedback := &Dataset{ID: "consultation_feedback", Title: Text{Zh: "意见采纳", En: "Opinions and feedback"}, Description: Text{En: "No fee is charged"}}
	for _, c := range []struct {
		words         []string
		first, second *Dataset
	}{
		{[]string{"fee"}, fees, feedback}, {[]string{"收费"}, fees, feedback}, {[]string{"feedback"}, feedback, fees}, {[]string{"opinions"}, feedback, fees},
	} {
		if a, b := c.first.Relevance(c.words), c.second.Relevance(c.words); a <= b {
			t.Errorf("%v: %s has %d, %s %d", c.words, c.first.ID, a, c.second.ID, b)
		}
	}
	if n := fees.Relevance([]string{"fee", "opinions"}); n != 0 {
		t.Errorf("one word is missing, and yet %d", n)
	}
	if fees.Relevance(nil) != 1 || fees.Relevance([]string{"标准"}) == 0 {
		t.Error("no words find everything, a field's title its dataset")
	}
}
