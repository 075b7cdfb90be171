//go:build tools

// Package tools names the commands that go.mod pins.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
