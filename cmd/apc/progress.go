package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// progress shows on a terminal how much of some files has been read.
type progress struct {
	w     io.Writer
	total int64
	done  atomic.Int64
	stop  chan struct{}
	ended chan struct{}
}

// progressFrom is the size in bytes from which on progress is shown.
const progressFrom = 4 << 20

// newProgress starts to show progress over the named files, where standard
// error is a terminal, nobody runs apc in CI, and there is enough to read.
func (a *app) newProgress(names []string) *progress {
	p := &progress{w: a.stderr}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			p.total += info.Size()
		}
	}
	file, ok := a.stderr.(*os.File)
	inCI := slices.ContainsFunc(a.environ, func(v string) bool { return strings.HasPrefix(v, "CI=") && v != "CI=" && v != "CI=false" })
	if ok && isTerminal(file) && !inCI && p.total >= progressFrom {
		p.stop, p.ended = make(chan struct{}), make(chan struct{})
		go p.show()
	}
	return p
}

func (p *progress) show() {
	defer close(p.ended)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			fmt.Fprint(p.w, "\r\x1b[K")
			return
		case <-tick.C:
			p.draw()
		}
	}
}

// draw draws the bar: as many of 30 places as are done.
func (p *progress) draw() {
	done := min(p.done.Load(), p.total)
	filled := int(done * 30 / p.total)
	fmt.Fprintf(p.w, "\r[%s%s] %3d%% of %d MB", strings.Repeat("#", filled), strings.Repeat(" ", 30-filled), done*100/p.total, p.total>>20)
}

// end takes the bar away. It may be called more than once.
func (p *progress) end() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.ended
	p.stop = nil
}

// count returns a reader of r whose bytes count as done.
func (p *progress) count(r io.Reader) io.Reader { return &counter{r, &p.done} }

type counter struct {
	r    io.Reader
	done *atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.done.Add(int64(n))
	return n, err
}
