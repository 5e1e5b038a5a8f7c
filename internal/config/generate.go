package config

//go:generate go test . -run ^(TestGenerated|TestBadFiles|TestDocumentedExample|TestEnvironments|TestWarnings|TestLoaded)$ -update
