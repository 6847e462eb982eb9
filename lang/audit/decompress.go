package audit

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
)

// decompress returns what r holds as text. What it is, its first bytes say.
func decompress(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	start, _ := b.Peek(10) // an error comes again when b is read
	switch {
	case bytes.HasPrefix(start, []byte("\x1f\x8b\x08")):
		return gzip.NewReader(b)
	case bytes.HasPrefix(start, []byte("\x28\xb5\x2f\xfd")):
		return newZstdReader(b)
	case bytes.HasPrefix(start, []byte("BZh")) && bytes.HasSuffix(start, []byte("1AY&SY")):
		return io.NopCloser(bzip2.NewReader(b)), nil
	case bytes.HasPrefix(start, []byte("\xfd7zXZ\x00")):
		return nil, errors.New("compressed by xz, which is not read: hand over the output of xzcat")
	case bytes.HasPrefix(start, []byte("LPKSHHRH")):
		return nil, errors.New("a journal's own file: hand over the output of journalctl --file=FILE -o json")
	}
	return io.NopCloser(b), nil
}
