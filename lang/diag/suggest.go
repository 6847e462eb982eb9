package diag

// Suggest returns the option that the given name most likely means, or ""
// where none is near: at most two edits away, or one for short names.
func Suggest(given string, options []string) string {
	if len(given) > 64 {
		return ""
	}
	best, bestDistance := "", 3
	if len(given) < 4 {
		bestDistance = 2
	}
	for _, o := range options {
		if d := distance(given, o); d < bestDistance {
			best, bestDistance = o, d
		}
	}
	return best
}

// DidYouMean returns a sentence with the nearest option and a space before
// it, or "".
func DidYouMean(given string, options []string) string {
	if s := Suggest(given, options); s != "" {
		return " Did you mean \"" + s + "\"?"
	}
	return ""
}

// distance is the number of bytes to insert, remove, replace or swap with
// their neighbour to get from a to b (optimal string alignment).
func distance(a, b string) int {
	var before []int // the row before last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = last[j]
			if a[i] != b[j] {
				row[j+1] = 1 + min(last[j], last[j+1], row[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
