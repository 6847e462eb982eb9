package glob

// realState walks along a path as far as it is one that the kernel may ask
// for: absolute, without an empty component, `.`, `..` or NUL. A directory's
// path ends in a slash.
type realState uint8

const (
	notReal   realState = iota
	realStart           // nothing yet
	realSlash           // behind a slash
	realDot             // behind /.
	realDots            // behind /..
	realName            // within a name
)

func (s realState) next(b byte) realState {
	switch {
	case s == notReal || b == 0 || s == realStart && b != '/':
		return notReal
	case b == '/':
		if s == realStart || s == realName {
			return realSlash
		}
		return notReal
	case b == '.' && s == realSlash:
		return realDot
	case b == '.' && s == realDot:
		return realDots
	}
	return realName
}

func (s realState) accepts() bool { return s == realSlash || s == realName }

// isReal tells whether a path can be one that the kernel asks for.
func isReal(path string) bool {
	s := realStart
	for i := 0; i < len(path) && s != notReal; i++ {
		s = s.next(path[i])
	}
	return s.accepts()
}
