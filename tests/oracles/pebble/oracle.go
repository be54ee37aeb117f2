//go:build oracle

// Package oracle names what go.mod pins: an ACME authority for tests. It is built, never compiled in.
package oracle

import _ "github.com/letsencrypt/pebble/v2/cmd/pebble"
