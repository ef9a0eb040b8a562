package synthetic

var areaSamples = map[string]sampler{}
