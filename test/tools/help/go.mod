module github.com/elk-mtls/elk-mtls/test/tools/help

go 1.26.0
