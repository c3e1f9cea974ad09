module github.com/elk-mtls/elk-mtls/test/tools/goproxy

go 1.26.0

require golang.org/x/mod v0.37.0
