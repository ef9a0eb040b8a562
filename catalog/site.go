package catalog

import "time"

// Site is what one installation says of itself. Everything that is particular
// to a province or a city stands here or in the dataset definitions.
type Site struct {
	Title    Text `yaml:"title" json:"title"`
	Subtitle Text `yaml:"subtitle" json:"subtitle"`
	// Region is the GB/T 2260 code of the area that the site serves.
	Region string `yaml:"region" json:"region"`
	// RegionName is what the area is called.
	RegionName Text   `yaml:"region_name" json:"region_name,omitzero"`
	Contact    string `yaml:"contact" json:"contact"`
	// MetadataLicence is that of the catalog itself, an SPDX identifier. Each
	// dataset has its own.
	MetadataLicence string `yaml:"metadata_licence" json:"metadata_licence,omitempty"`
	Timezone        string `yaml:"timezone" json:"timezone"`
	// BaseURL is the public address without a trailing slash, for links in
	// files; empty: taken from each request.
	BaseURL string `yaml:"base_url" json:"base_url,omitempty"`
	// Notice is shown on every page; it says when the rows are made up.
	Notice Text `yaml:"notice" json:"notice,omitzero"`
	// About is shown on the about page.
	About Text `yaml:"about" json:"about,omitzero"`
	// Examples are questions that the SQL page offers.
	Examples []Example `yaml:"examples" json:"examples,omitempty"`
}

// Example is a question over datasets, and the SELECT that answers it. It is
// offered where all of them are published.
type Example struct {
	Title Text   `yaml:"title" json:"title"`
	Needs []ID   `yaml:"needs" json:"needs"`
	SQL   string `yaml:"sql" json:"sql"`
}

// Location returns the site's time zone.
func (s *Site) Location() (*time.Location, error) { return time.LoadLocation(s.Timezone) }
