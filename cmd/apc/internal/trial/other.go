//go:build !linux || !amd64

package trial

import (
	"context"
	"errors"
)

// Run fails: user-mode Linux is there on Linux on x86-64 only.
func Run(context.Context, Options) (*Result, error) {
	return nil, errors.New("trials need user-mode Linux, which runs on Linux on x86-64 only")
}

// Main does nothing where there are no trials.
func Main() {}
