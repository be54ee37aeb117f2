//go:build oracle

// Package oracle names what go.mod pins: an S3 server with object lock. It is built, never compiled in.
package oracle

import _ "github.com/versity/versitygw/cmd/versitygw"
