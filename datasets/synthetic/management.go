package synthetic

var managementSamples = map[string]sampler{}
