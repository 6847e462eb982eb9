//go:build linux && amd64

package trial

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The trees of Options.Write come as one tar stream, in which each name begins
// with the number of its Copy.

// unpacker unpacks what it is given piece by piece.
type unpacker struct {
	pieces  *io.PipeWriter
	done    chan error
	targets []Copy
}

func newUnpacker(targets []Copy) *unpacker { return &unpacker{targets: targets} }

// take takes a piece; an empty one ends the stream.
func (u *unpacker) take(piece []byte) error {
	if u.pieces == nil {
		r, w := io.Pipe()
		u.pieces, u.done = w, make(chan error, 1)
		go func() {
			err := unpack(r, u.targets)
			r.CloseWithError(err)
			u.done <- err
		}()
	}
	if len(piece) == 0 {
		return u.pieces.Close()
	}
	_, err := u.pieces.Write(piece)
	return err
}

// close returns once all is unpacked. A stream that did not end is an error.
func (u *unpacker) close() error {
	if u.pieces == nil {
		return nil
	}
	u.pieces.CloseWithError(io.ErrUnexpectedEOF) // nothing after Close
	return <-u.done
}

func unpack(r io.Reader, targets []Copy) error {
	roots := make([]*os.Root, len(targets))
	for i, c := range targets {
		if err := os.MkdirAll(c.To, 0o777); err != nil {
			return err
		}
		root, err := os.OpenRoot(c.To)
		if err != nil {
			return err
		}
		defer root.Close()
		roots[i] = root
	}
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, r) // the padding
			return err
		}
		if err != nil {
			return err
		}
		number, name, _ := strings.Cut(h.Name, "/")
		i, err := strconv.Atoi(number)
		if err != nil || i < 0 || i >= len(roots) {
			return fmt.Errorf("a file %q that nobody asked for", h.Name)
		}
		if err := unpackFile(roots[i], filepath.Clean(name), h, t); err != nil {
			return err
		}
	}
}

// unpackFile writes one file. The names are the guest's, so root resolves them:
// no link leads out of it.
func unpackFile(root *os.Root, name string, h *tar.Header, content io.Reader) error {
	mode := h.FileInfo().Mode()
	if mode.IsDir() {
		return root.MkdirAll(name, 0o777)
	}
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if mode.Type() == fs.ModeSymlink {
		return root.Symlink(h.Linkname, name)
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = root.Chtimes(name, h.ModTime, h.ModTime)
	}
	return err
}

// pack writes the trees, each at a path of its own, as the stream that unpack
// reads. What is not a file, a folder or a link stays behind.
func pack(w io.Writer, trees []string) error {
	t := tar.NewWriter(w)
	for i, tree := range trees {
		err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && path == tree {
				return nil // nothing was written there
			}
			if err != nil {
				return err
			}
			return packFile(t, path, strconv.Itoa(i)+strings.TrimPrefix(path, tree))
		})
		if err != nil {
			return err
		}
	}
	return t.Close()
}

func packFile(t *tar.Writer, path, name string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	link := ""
	switch info.Mode().Type() {
	case 0, fs.ModeDir:
	case fs.ModeSymlink:
		if link, err = os.Readlink(path); err != nil {
			return err
		}
	default:
		return nil
	}
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	h.Name = name
	if err := t.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(t, f)
	return err
}
