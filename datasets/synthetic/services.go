package synthetic

var serviceSamples = map[string]sampler{}
