package main
import (
 _ "github.com/google/go-containerregistry/pkg/v1/empty"
 _ "github.com/google/go-containerregistry/pkg/v1/mutate"
 _ "github.com/google/go-containerregistry/pkg/v1/layout"
 _ "github.com/google/go-containerregistry/pkg/v1/tarball"
 _ "github.com/moby/buildkit/frontend/dockerfile/parser"
)
func main(){}
