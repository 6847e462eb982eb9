package compiled

import "testing"

const large = "/etc/apparmor.d/usr.sbin.smbd"

// largeProfile compiles Debian's profile of smbd.
func largeProfile(b *testing.B, args ...string) []byte {
	out, err := parser308(b, kernel61).run(b, "", append(args, large)...)
	if err != nil {
		b.Skipf("SKIPPED: %s: %v", large, err)
	}
	return out
}

func BenchmarkRead(b *testing.B) {
	raw := largeProfile(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPath(b *testing.B) {
	p := readAll(b, largeProfile(b), nil).Profiles[0]
	for b.Loop() {
		p.Path("/var/lib/samba/private/secrets.tdb", Others)
	}
}

// BenchmarkEqual compares two encodings of the same large profile, so that the
// bytes do not end it.
func BenchmarkEqual(b *testing.B) {
	x := readAll(b, largeProfile(b), nil)
	raw := largeProfile(b, "-O", "no-minimize")
	b.ReportAllocs()
	for b.Loop() {
		y := readAll(b, raw, nil)
		if found, err := Equal(x.Profiles[0], y.Profiles[0]); err != nil || len(found) > 0 {
			b.Fatal(said(found), err)
		}
	}
}
