//go:build linux && amd64

package trial

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

// try runs a trial that must come to its end.
func try(t *testing.T, o Options) *Result {
	t.Helper()
	if _, err := findKernel(""); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTrue(t *testing.T) {
	r := try(t, Options{Command: []string{"true"}})
	if r.ExitCode != 0 || r.Lost != "" || r.RecordCount != 0 || r.Unconfined || r.Kernel == "" {
		t.Errorf("%+v", r)
	}
	t.Logf("boot %v, load %v, run %v", r.Boot, r.Load, r.Run)
}

func TestMissingKernel(t *testing.T) {
	_, err := Run(context.Background(), Options{Command: []string{"true"}, Kernel: "/nonexistent/linux.uml"})
	if !errors.As(err, new(*MissingKernelError)) {
		t.Error(err)
	}
}
