package profile

import (
	"context"
	"strings"
	"testing"
)

// seeds are the texts of the tables.
func seeds() []string {
	var out []string
	for _, c := range ruleCases {
		out = append(out, "/x {\n  "+c.text+"\n}\n")
	}
	for _, c := range statementCases {
		out = append(out, c.text+"\n")
	}
	for _, c := range faultCases {
		out = append(out, c.text)
	}
	for _, c := range checkCases {
		out = append(out, c.text)
	}
	for _, c := range groupCases {
		out = append(out, "/x { "+c.block+" }\n")
	}
	return out
}

// FuzzParse holds for any text that it prints back as it was; that its layout is
// a fixed point; that what is read without a fault reads back the same from its
// layout, and from apc's own spelling; and that checking it ends well.
func FuzzParse(f *testing.F) {
	for _, text := range seeds() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, diags := Parse("x", text)
		if got := Print(file); got != text {
			t.Fatalf("%q printed back as %q", text, got)
		}
		checkText(t, file)
		if !diags.HasErrors() {
			checkSpelling(t, file)
		}
		policy, diags, err := (&Loader{FS: files(nil)}).LoadText(context.Background(), "x", text)
		if err != nil {
			t.Fatal(err)
		}
		if !diags.HasErrors() && !Check(policy).HasErrors() {
			Meanings(policy)
		}
	})
}

// checkSpelling holds that a file says the same once all of it is spelled anew.
// A word whose escapes had to be quoted can be read and spelled without quotes.
func checkSpelling(t *testing.T, file *File) {
	t.Helper()
	var want, got strings.Builder
	spelled(file.Nodes, &want)
	again, _ := Parse("x", file.Text)
	forget(again.Nodes)
	text := Print(again)
	back, diags := Parse("x", text)
	spelled(back.Nodes, &got)
	bare := strings.NewReplacer(`"`, "")
	if diags.HasErrors() || bare.Replace(got.String()) != bare.Replace(want.String()) {
		t.Fatalf("%q\nspelled anew as %q\nsays %q\nnot  %q\n%v", file.Text, text, got.String(), want.String(), diags)
	}
}

// forget clears the text of statements.
func forget(nodes []Node) {
	for _, n := range nodes {
		if i, ok := n.(*If); ok {
			for _, branch := range i.Branches {
				branch.Raw = ""
			}
		} else {
			n.base().Raw = ""
		}
		for _, block := range n.blocks() {
			forget(block.Nodes)
		}
	}
}
