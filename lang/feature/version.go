package feature

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is the version of an apparmor_parser, as far as it decides what can
// be written.
type Version struct{ Major, Minor int }

// The versions that brought something to write.
var (
	V3_0 = Version{3, 0}
	V4_0 = Version{4, 0}
	V4_1 = Version{4, 1}
	V5_0 = Version{5, 0}
)

// ParseVersion reads "4.1", and "4.1.7" or "4.0.0~beta4", whose rest it drops.
func ParseVersion(s string) (Version, error) {
	major, rest, _ := strings.Cut(s, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	v := Version{}
	var errMajor, errMinor error
	v.Major, errMajor = strconv.Atoi(major)
	v.Minor, errMinor = strconv.Atoi(rest[:end])
	if errMajor != nil || errMinor != nil || v.Major < 0 {
		return Version{}, fmt.Errorf("%q is no version of AppArmor, such as 4.1", s)
	}
	return v, nil
}

// Compare returns -1, 0 or 1 as v is older than o, equal or newer.
func (v Version) Compare(o Version) int {
	return cmp.Or(cmp.Compare(v.Major, o.Major), cmp.Compare(v.Minor, o.Minor))
}

// Less says whether v is older than o.
func (v Version) Less(o Version) bool { return v.Compare(o) < 0 }

// String returns "4.1".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }
