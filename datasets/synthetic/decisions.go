package synthetic

var decisionSamples = map[string]sampler{}
