package verify

import (
	"bytes"
	"fmt"
	"os/exec"
	"sync"
	"testing"
)

// benchTexts are 50 small profiles such as services have.
func benchTexts() []Input {
	inputs := make([]Input, 50)
	for i := range inputs {
		text := fmt.Sprintf(`abi <abi/3.0>,
profile p%[1]d /usr/bin/p%[1]d {
 /usr/bin/p%[1]d mr,
 /usr/lib/p%[1]d/{,**} mr,
 /etc/p%[1]d/{,**} r,
 /var/lib/p%[1]d/{,**} rwk,
 /var/log/p%[1]d/*.log w,
 owner /tmp/p%[1]d-* rwk,
 /run/p%[1]d.pid rwk,
 capability net_bind_service,
 network inet stream,
 network inet6 stream,
 signal (receive) peer=unconfined,
 unix (connect, send, receive) type=stream peer=(addr=@p%[1]d),
}
`, i)
		inputs[i] = Input{Name: fmt.Sprint(i), Text: []byte(text)}
	}
	return inputs
}

// BenchmarkRunAll verifies them in the way of this package.
func BenchmarkRunAll(b *testing.B) {
	p, target, inputs := parsers(b)[0], target(b, "debian-12"), benchTexts()
	for b.Loop() {
		results, err := RunAll(b.Context(), p, target, inputs)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range results {
			if !r.Accepted {
				b.Fatal(r.Messages)
			}
		}
	}
}

// BenchmarkByHand is the measure for it: the parser alone on each of them, on
// one core and on two.
func BenchmarkByHand(b *testing.B) {
	for _, cores := range []int{1, 2} {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			s, err := openSession(parsers(b)[0], target(b, "debian-12"))
			if err != nil {
				b.Fatal(err)
			}
			defer s.close()
			inputs := benchTexts()
			for b.Loop() {
				var workers sync.WaitGroup
				for core := range cores {
					workers.Go(func() {
						for i := core; i < len(inputs); i += cores {
							byHand(b, s, inputs[i])
						}
					})
				}
				workers.Wait()
			}
		})
	}
}

func byHand(b *testing.B, s *session, in Input) {
	cmd := exec.Command(s.parser.Path, "-QK", "-j1", "--config-file", "/dev/null",
		"--kernel-features", s.kernel, "--policy-features", s.abi(), "-I", s.includes)
	cmd.Stdin = bytes.NewReader(in.Text)
	if err := cmd.Run(); err != nil {
		b.Error(err)
	}
}
