package propose

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"apc/lang/diag"
)

// TestDraft makes random steps in random policies. The edits that come out must
// make the text that the steps made one after the other, stand at the places
// that they name, and not overlap.
func TestDraft(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		src := randomPolicy(r)
		d := NewDraft("service.hcl", src)
		bodies, denies := placesIn(t, src)
		r.Shuffle(len(denies), func(i, j int) { denies[i], denies[j] = denies[j], denies[i] })
		for range 1 + r.IntN(4) {
			switch {
			case r.IntN(2) == 0 && len(denies) > 0:
				n := 1 + r.IntN(len(denies))
				_ = d.Do(func(e *Editor, at []diag.Range) ([]diag.Edit, error) { return e.Remove(at...) }, denies[:n]...)
				denies = denies[n:]
			default:
				s := []Statement{Flag("x"), {Block: "file", Label: "/ä", Fields: []Field{{"access", []string{"read"}}}}, {Attribute: "config", Fields: []Field{{"path", "/é"}}}}[r.IntN(3)]
				_ = d.Do(func(e *Editor, at []diag.Range) ([]diag.Edit, error) { return e.Add(at[0], s) }, bodies[r.IntN(len(bodies))])
			}
		}
		edits := d.Edits()
		if got := Apply(src, edits); !bytes.Equal(got, d.Text()) {
			t.Fatalf("the edits make\n%s\nthe steps\n%s\nof\n%s", got, d.Text(), src)
		}
		if _, err := NewEditor("service.hcl", d.Text()); err != nil {
			t.Fatalf("no HCL any more:\n%s", d.Text())
		}
		at := 0
		for _, e := range edits {
			if e.Range.Start.Byte < at || e.Range.Start.Line != bytes.Count(src[:e.Range.Start.Byte], []byte("\n"))+1 {
				t.Fatalf("%+v overlaps, or is at another line\n%s", e, src)
			}
			at = e.Range.End.Byte
		}
	}
}

// randomPolicy writes a service with denies, a child and lists in some layout.
func randomPolicy(r *rand.Rand) []byte {
	var b strings.Builder
	list := func(n int) string {
		var entries []string
		for i := range n {
			entries = append(entries, fmt.Sprintf("\"/ü/%d\"", i))
		}
		if r.IntN(2) == 0 {
			return "[" + strings.Join(entries, ", ") + "]"
		}
		return "[\n    " + strings.Join(entries, ",\n    ") + ",\n  ]"
	}
	if r.IntN(5) == 0 {
		return []byte(`service "app" { attachment = "none" }`)
	}
	b.WriteString("# ä\nservice \"app\" {\n  attachment = \"none\"\n")
	for range r.IntN(3) {
		b.WriteString("  deny {\n    read = " + list(1+r.IntN(4)) + "\n")
		if r.IntN(2) == 0 {
			b.WriteString("    signal {\n      peer = \"x\"\n    }\n")
		}
		if r.IntN(2) == 0 {
			b.WriteString("    reason = \"why\"\n")
		}
		b.WriteString("  }\n\n")
	}
	if r.IntN(2) == 0 {
		b.WriteString("  flags = " + list(1) + "\n")
	}
	b.WriteString("  hat \"h\" {\n    config = " + list(2) + "\n  }\n}\n")
	return []byte(b.String())
}

// placesIn returns the heads of the bodies of a policy, and what may be taken
// out of its denies.
func placesIn(t *testing.T, src []byte) (bodies, denies []diag.Range) {
	e, err := NewEditor("service.hcl", src)
	if err != nil {
		t.Fatal(err)
	}
	at := func(from, to int) diag.Range { return e.edit(from, to, "").Range }
	var walk func(blocks hclsyntax.Blocks)
	walk = func(blocks hclsyntax.Blocks) {
		for _, b := range blocks {
			head := at(b.TypeRange.Start.Byte, b.TypeRange.End.Byte)
			switch b.Type {
			case "service", "hat":
				bodies = append(bodies, head)
			case "signal":
				denies = append(denies, head)
			case "deny":
				for _, x := range b.Body.Attributes["read"].Expr.(*hclsyntax.TupleConsExpr).Exprs {
					denies = append(denies, at(x.Range().Start.Byte, x.Range().End.Byte))
				}
			}
			walk(b.Body.Blocks)
		}
	}
	walk(e.body.Blocks)
	return bodies, denies
}
