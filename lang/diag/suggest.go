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

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
