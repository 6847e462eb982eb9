package audit

import (
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow bounds the memory that a compressed log can ask for; zstd's
// own limit without --long is 8 MiB, with --ultra 128 MiB.
const maxZstdWindow = 32 << 20

func newZstdReader(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}
