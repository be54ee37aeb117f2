//go:build oracle

// Package oracle names what go.mod pins: the official Pulumi CLI. It is built, never compiled in.
package oracle

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
