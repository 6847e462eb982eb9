package audit

import (
	"bytes"
	"math"
)

// stamp is what stands in audit( ): when the record was made, and its number.
type stamp struct {
	id     span  // "1279968846.035:77", empty where the line has none
	millis int64 // since 1970
	serial uint64
}

const (
	maxStamp   = 48   // more than the longest stamp takes
	maxSeconds = 1e12 // some ten thousands of years
)

// readStamp reads `SECONDS.MILLIS:SERIAL):` from i, and returns where it ends.
func readStamp(b []byte, i int) (s stamp, end int, ok bool) {
	seconds, dot := readNumber(b, i)
	if dot == i || !hasAt(b, dot, ".") || seconds > maxSeconds {
		return s, 0, false
	}
	fraction, colon := readNumber(b, dot+1)
	if colon != dot+4 || !hasAt(b, colon, ":") {
		return s, 0, false
	}
	serial, end := readNumber(b, colon+1)
	if end == colon+1 || !hasAt(b, end, "):") {
		return s, 0, false
	}
	s = stamp{span{i, end}, int64(seconds)*1000 + int64(fraction), uint64(serial)}
	return s, end + len("):"), true
}

// readNumber reads decimal digits from i, and returns where they end. A number
// too large for an int is the largest.
func readNumber(b []byte, i int) (n, end int) {
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		if n > (math.MaxInt-9)/10 {
			n = (math.MaxInt - 9) / 10
		}
		n = n*10 + int(b[i]-'0')
	}
	return n, i
}

func skipSpaces(b []byte, i int) int {
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return i
}

func wordEnd(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	if n := bytes.IndexByte(b[i:], ' '); n >= 0 {
		return i + n
	}
	return len(b)
}

// maxBracket is longer than what stands between the brackets of a stamp.
const maxBracket = 40

// skipStamps steps over the stamps that the kernel and dmesg put before a
// message: "[   69.827705] ", "[Mon Sep  6 11:23:47 2021] ", "[   T1234] ".
func skipStamps(b []byte, i int) int {
	for hasAt(b, i, "[") {
		n := bytes.IndexByte(b[i:min(len(b), i+maxBracket)], ']')
		if n < 0 || !isStamp(b[i+1:i+n]) {
			return i
		}
		i = skipSpaces(b, i+n+1)
	}
	return i
}

func isStamp(inside []byte) bool {
	inside = inside[skipSpaces(inside, 0):]
	if len(inside) < 2 {
		return false
	}
	switch inside[0] {
	case '+', 'T', 'C': // since the last message; the thread or CPU of the caller
		return inside[1] >= '0' && inside[1] <= '9' || isDate(inside)
	}
	return isDate(inside)
}

// readType reads the type of a record from i, as a number or a name, and the
// mode that it stands for in old kernels. It returns where the type ends.
func readType(b []byte, i int) (typ auditType, mode Mode, end int) {
	end = wordEnd(b, i)
	word := b[i:end]
	if rest, ok := bytes.CutPrefix(word, []byte("UNKNOWN[")); ok {
		word = bytes.TrimSuffix(rest, []byte("]"))
	}
	switch string(word) {
	case "AVC", "1400":
		return typeAVC, "", end
	case "USER_AVC", "1107":
		return typeUser, "", end
	case "APPARMOR", "1500":
		return typeOld, "", end
	case "APPARMOR_AUDIT", "1501":
		return typeLegacy, ModeAudit, end
	case "APPARMOR_ALLOWED", "1502":
		return typeLegacy, ModeAllowed, end
	case "APPARMOR_DENIED", "1503":
		return typeLegacy, ModeDenied, end
	case "APPARMOR_HINT", "1504":
		return typeLegacy, ModeHint, end
	case "APPARMOR_STATUS", "1505":
		return typeLegacy, ModeStatus, end
	case "APPARMOR_ERROR", "1506":
		return typeLegacy, ModeError, end
	case "APPARMOR_KILL", "1507":
		return typeLegacy, ModeKilled, end
	}
	return typeOther, "", end
}
