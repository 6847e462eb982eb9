//go:build linux && amd64

package trial

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Types of audit messages (include/uapi/linux/audit.h).
const (
	auditGet     = 1000
	auditSet     = 1001
	auditUserAVC = 1107
	auditAVC     = 1400
)

// auditStatus is struct audit_status of the same header, as far as it is set or
// read here.
type auditStatus struct {
	Mask, Enabled, Failure, PID, RateLimit, BacklogLimit, Lost, Backlog, Features, WaitTime uint32
}

// setMask chooses Enabled, PID, RateLimit and BacklogLimit.
const setMask = 1 | 4 | 8 | 16

// markTimeout is how long a mark may take through the kernel's queue.
const markTimeout = 30 * time.Second

// collector takes every audit record from the kernel, as the audit daemon does,
// and sends the lines on as frames. The kernel's queue is made endless, and
// what is read waits in memory, so that a slow host loses nothing.
//
// A mark is a message to the kernel that comes back through the same queue:
// what is between two marks is between the records that they enclose.
type collector struct {
	fd    int
	nonce string
	out   *frameWriter

	marks   chan string
	status  chan auditStatus
	lost    uint32 // by the kernel before the first mark
	overrun atomic.Bool

	mu      sync.Mutex
	more    *sync.Cond
	lines   []byte
	sending bool
	taking  bool
	closed  bool
	flushed chan struct{}
}

// newCollector makes this process the audit daemon.
func newCollector(nonce string, out *frameWriter) (*collector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_AUDIT)
	if err != nil {
		return nil, fmt.Errorf("audit socket: %w", err)
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("audit socket: %w", err)
	}
	c := &collector{
		fd: fd, nonce: nonce, out: out,
		marks: make(chan string, 1), status: make(chan auditStatus, 1), flushed: make(chan struct{}),
	}
	c.more = sync.NewCond(&c.mu)
	set := auditStatus{Mask: setMask, PID: uint32(os.Getpid())}
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, set)
	if err := c.send(auditSet, b.Bytes()); err != nil {
		return nil, fmt.Errorf("becoming the audit daemon: %w", err)
	}
	go c.receive()
	go c.forward()
	return c, nil
}

func (c *collector) send(kind uint16, payload []byte) error {
	b := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(payload))
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], kind)
	binary.LittleEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	return unix.Sendto(c.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// pause is how long the collector lets messages gather. To be woken for each
// would have the guest's one processor go to and fro between the command and
// the collector, at several times the cost.
const pause = 5 * time.Millisecond

// receive reads messages for as long as the guest lives.
func (c *collector) receive() {
	buf := make([]byte, 64<<10)
	flags := 0
	for {
		n, _, err := unix.Recvfrom(c.fd, buf, flags)
		flags = unix.MSG_DONTWAIT
		switch err {
		case nil:
			if n >= unix.SizeofNlMsghdr { // one message at a time
				kind := binary.LittleEndian.Uint16(buf[4:])
				c.message(kind, buf[unix.SizeofNlMsghdr:n])
			}
		case unix.EAGAIN:
			c.more.Broadcast()
			d := unix.NsecToTimespec(int64(pause))
			unix.Nanosleep(&d, nil)
			flags = 0
		case unix.EINTR:
		case unix.ENOBUFS:
			c.overrun.Store(true)
		default:
			c.overrun.Store(true)
			return
		}
	}
}

func (c *collector) message(kind uint16, payload []byte) {
	text := bytes.TrimRight(payload, "\x00\n")
	switch kind {
	case auditAVC:
		c.record(text)
	case auditUserAVC:
		if _, mark, ok := bytes.Cut(text, []byte(c.nonce)); ok {
			c.marks <- string(bytes.TrimRight(mark, "'"))
		}
	case auditGet:
		var s auditStatus
		if _, err := binary.Decode(payload, binary.LittleEndian, &s); err == nil {
			c.status <- s
		}
	}
}

func (c *collector) record(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.taking {
		return
	}
	c.lines = append(c.lines, "audit: type=1400 "...)
	c.lines = append(c.lines, text...)
	c.lines = append(c.lines, '\n')
}

// forward sends what has come, as often as the host can take it.
func (c *collector) forward() {
	defer close(c.flushed)
	var spare []byte
	for {
		c.mu.Lock()
		c.sending = false
		c.more.Broadcast()
		for len(c.lines) == 0 && !c.closed {
			c.more.Wait()
		}
		lines := c.lines
		c.lines, c.sending = spare[:0], true
		c.mu.Unlock()
		if len(lines) == 0 || c.out.send(frameRecords, lines) != nil {
			return
		}
		spare = lines
	}
}

// flush sends all records that the kernel has made until now. What goes wrong
// will go wrong in stop too, which tells.
func (c *collector) flush() {
	_ = c.mark("flush")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.more.Broadcast()
	for len(c.lines) > 0 || c.sending {
		c.more.Wait()
	}
}

// start takes the records that come from now on.
func (c *collector) start() error {
	s, err := c.getStatus()
	if err != nil {
		return err
	}
	c.lost = s.Lost
	return c.leaveOut(func() error { return nil })
}

// leaveOut does something whose records are left out.
func (c *collector) leaveOut(do func() error) error {
	c.take(false)
	defer c.take(true)
	if err := do(); err != nil {
		return err
	}
	return c.mark("left out")
}

func (c *collector) take(yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taking = yes
}

// stop sends all records that the kernel has made until now, and says why some
// may be missing, or nothing.
func (c *collector) stop() (lost string) {
	switch err := c.mark("stop"); {
	case err != nil:
		lost = err.Error()
	case c.overrun.Load():
		lost = "the audit socket overran"
	default:
		lost = c.missing()
	}
	c.mu.Lock()
	c.closed = true
	c.more.Broadcast()
	c.mu.Unlock()
	<-c.flushed
	return lost
}

func (c *collector) missing() string {
	switch s, err := c.getStatus(); {
	case err != nil:
		return err.Error()
	case s.Lost != c.lost:
		return fmt.Sprintf("the kernel lost %d audit records", s.Lost-c.lost)
	case s.PID != uint32(os.Getpid()):
		return "something else became the audit daemon"
	}
	return ""
}

// mark sends a mark and waits until it is back.
func (c *collector) mark(name string) error {
	// The kernel takes the last byte for a NUL.
	if err := c.send(auditUserAVC, []byte(c.nonce+name+"\x00")); err != nil {
		return fmt.Errorf("audit mark: %w", err)
	}
	deadline := time.After(markTimeout)
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case got := <-c.marks:
			if got == name {
				return nil
			}
		case <-look.C: // the mark may be among what the kernel lost
			if why := c.missing(); why != "" {
				return errors.New(why)
			}
		case <-deadline:
			return errors.New("the audit queue did not come to its end")
		}
	}
}

func (c *collector) getStatus() (auditStatus, error) {
	if err := c.send(auditGet, nil); err != nil {
		return auditStatus{}, fmt.Errorf("audit status: %w", err)
	}
	select {
	case s := <-c.status:
		return s, nil
	case <-time.After(markTimeout):
		return auditStatus{}, errors.New("the audit status did not come")
	}
}
