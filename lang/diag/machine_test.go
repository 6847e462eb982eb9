package diag_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"apc/lang/diag"
)

func at(file string, line, column, endLine, endColumn int) diag.Range {
	return diag.Range{File: file, Start: diag.Pos{Byte: column - 1, Line: line, Column: column}, End: diag.Pos{Byte: endColumn - 1, Line: endLine, Column: endColumn}}
}

// sample holds what diagnostics can hold: places known and not, names that are
// no plain URI, a fix, related places, and characters that XML cannot hold.
var sample = diag.List{
	{
		Severity: diag.Error, Code: "broad-write", Summary: "writing is allowed too broadly", Detail: "`/etc/** rw,` & <more>.",
		Subject: at("dir/my file", 3, 1, 3, 9), Related: []diag.Related{{Range: at("dir/other", 1, 1, 1, 4), Message: "through it"}, {Message: "nowhere"}},
		Fix:   []diag.Edit{{Range: at("dir/my file", 3, 1, 4, 1)}, {Range: at("dir/my file", 9, 1, 9, 2), New: "x"}, {Range: at("other#2", 1, 1, 1, 1), New: "y"}},
		About: diag.About{Profile: "app", Text: "/etc/** rw,"},
	},
	{Severity: diag.Warning, Code: "broad-read", Summary: "read", Subject: at("./a:b", 1, 2, 2, 1)},
	{Severity: diag.Note, Code: "note", Summary: "\x01 and \x1b[31m", Subject: diag.Range{File: "/abs/päth %20"}},
	{Severity: diag.Error, Code: "usage", Summary: "of no file"},
}

var tool = diag.Tool{Version: "1.0", Rules: []diag.RuleInfo{
	{Code: "never", Group: "habit", Severity: diag.Note, Summary: "never found", Why: "Why not.", Help: "never"},
	{Code: "broad-write", Group: "breadth", Severity: diag.Error, Summary: "writing", Why: "Because.", Help: "A page."},
}}

// TestSARIF holds what WriteSARIF writes against the schema of SARIF 2.1.0, as
// OASIS published it and go-sarif carries it.
func TestSARIF(t *testing.T) {
	schema := sarifSchema(t)
	for name, list := range map[string]diag.List{"sample": sample, "nothing": nil} {
		var b bytes.Buffer
		if err := diag.WriteSARIF(&b, list, tool); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
	}
	// The schema is one that refuses things.
	for _, text := range []string{`{}`, `{"version": "2.1.0", "runs": [{}]}`, `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "color": 1}}}]}`} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}

// sarifSchema returns the schema that stands as a constant in go-sarif.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "pkg/report/v210/sarif/schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err = strconv.Unquote(lit.Value)
		}
		return true
	})
	if err != nil || !strings.Contains(text, "sarif-schema-2.1.0.json") {
		t.Fatalf("go-sarif holds the schema in another way: %v", err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("sarif.json")
}

// TestSARIFMeaning reads what WriteSARIF writes with another reader of SARIF.
func TestSARIFMeaning(t *testing.T) {
	var b bytes.Buffer
	if err := diag.WriteSARIF(&b, sample, tool); err != nil {
		t.Fatal(err)
	}
	report, err := sarif.FromBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	run := report.Runs[0]
	if len(run.Results) != len(sample) {
		t.Fatalf("%d results", len(run.Results))
	}
	uris := []string{"dir/my%20file", "./a:b", "file:///abs/p%C3%A4th%20%2520", ""}
	for i, r := range run.Results {
		if *r.RuleID != sample[i].Code || *run.Tool.Driver.Rules[r.RuleIndex].ID != sample[i].Code || r.Level != sample[i].Severity.String() {
			t.Errorf("result %d is of rule %s with index %d, level %s", i, *r.RuleID, r.RuleIndex, r.Level)
		}
		uri := ""
		if len(r.Locations) > 0 {
			uri = *r.Locations[0].PhysicalLocation.ArtifactLocation.URI
		}
		if uri != uris[i] {
			t.Errorf("result %d is at %q, want %q", i, uri, uris[i])
		}
	}
	first := run.Results[0]
	if got := *first.Locations[0].PhysicalLocation.Region; *got.StartLine != 3 || *got.StartColumn != 1 || *got.EndColumn != 9 {
		t.Errorf("the region is %v", got)
	}
	if n := len(first.Fixes[0].ArtifactChanges); n != 2 || len(first.Fixes[0].ArtifactChanges[0].Replacements) != 2 {
		t.Errorf("%d files are changed", n)
	}
	if len(first.RelatedLocations) != 1 || len(first.PartialFingerprints) != 1 {
		t.Errorf("related places %v, fingerprints %v", first.RelatedLocations, first.PartialFingerprints)
	}
	if r := run.Tool.Driver.Rules[1]; *r.Help.Text != "A page." || r.DefaultConfiguration.Level != "error" {
		t.Errorf("the rule is described as %v", r)
	}
}

// TestFingerprint holds that a finding is known again where it moved, and told
// from others.
func TestFingerprint(t *testing.T) {
	a, b := sample[0], sample[0]
	b.Subject, b.Detail = at("elsewhere", 90, 1, 90, 2), "other words"
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("a finding that moved has another fingerprint")
	}
	for _, change := range []func(*diag.Diagnostic){
		func(d *diag.Diagnostic) { d.Code = "x" }, func(d *diag.Diagnostic) { d.About.Profile = "x" }, func(d *diag.Diagnostic) { d.About.Text = "x" },
	} {
		c := a
		if change(&c); c.Fingerprint() == a.Fingerprint() {
			t.Errorf("%v has the fingerprint of another", c)
		}
	}
}

// TestJUnit reads the XML back: every file is a suite, and what fails is counted.
func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := diag.WriteJUnit(&b, sample, []string{"clean", "dir/my file"}, diag.Warning); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Type string `xml:"type,attr"`
					Text string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if got.Tests != 5 || got.Failures != 3 || len(got.Suites) != 5 {
		t.Errorf("%d tests, %d failures, %d suites\n%s", got.Tests, got.Failures, len(got.Suites), b.String())
	}
	for _, s := range got.Suites {
		switch s.Name {
		case "clean":
			if s.Failures != 0 || s.Cases[0].Failure != nil {
				t.Error("a file without findings fails")
			}
		case "dir/my file":
			if f := s.Cases[0].Failure; f == nil || f.Type != "error" || !strings.Contains(f.Text, "`/etc/** rw,` & <more>.") {
				t.Errorf("the failure is %v", f)
			}
		}
	}
}

// TestJSON holds that About and Fix are there where they say something.
func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := diag.WriteJSON(&b, sample); err != nil {
		t.Fatal(err)
	}
	var got struct{ Diagnostics []map[string]any }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for i, d := range got.Diagnostics {
		for _, key := range []string{"about", "fix", "related"} {
			if _, there := d[key]; there != (i == 0) {
				t.Errorf("diagnostic %d: %s is there: %v", i, key, there)
			}
		}
	}
}

// TestGitHub holds that lines stay one command, and that no control character of
// a name or a message comes through.
func TestGitHub(t *testing.T) {
	for _, c := range []struct {
		d    diag.Diagnostic
		want string
	}{
		{sample[0], "::error file=dir/my file,line=3,col=1,endLine=3,endColumn=9,title=broad-write::writing is allowed too broadly. `/etc/** rw,` & <more>.\n"},
		{sample[3], "::error title=usage::of no file\n"},
		{
			diag.Diagnostic{Severity: diag.Note, Code: "note", Summary: "100%\nof\r\x1b]0;x\x07 \u202e\t.", Subject: at("a\x1b[31m,b:c\n\xff", 1, 1, 1, 2)},
			"::notice file=a\ufffd[31m%2Cb%3Ac%0A\ufffd,line=1,col=1,endLine=1,endColumn=2,title=note::100%25%0Aof%0D\ufffd]0;x\ufffd \ufffd .\n",
		},
	} {
		var b bytes.Buffer
		if err := diag.WriteGitHub(&b, diag.List{c.d}); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("got  %q\nwant %q", b.String(), c.want)
		}
	}
}

// TestWithin places pieces of a text that has several lines and characters of
// several bytes.
func TestWithin(t *testing.T) {
	text := []byte("aä\nöb")
	r := diag.Range{File: "f", Start: diag.Pos{Byte: 10, Line: 4, Column: 7}, End: diag.Pos{Byte: 17, Line: 5, Column: 3}}
	for _, c := range []struct {
		from, to int
		want     diag.Range
	}{
		{0, len(text), r},
		{1, 3, diag.Range{File: "f", Start: diag.Pos{Byte: 11, Line: 4, Column: 8}, End: diag.Pos{Byte: 13, Line: 4, Column: 9}}},
		{4, 6, diag.Range{File: "f", Start: diag.Pos{Byte: 14, Line: 5, Column: 1}, End: diag.Pos{Byte: 16, Line: 5, Column: 2}}},
	} {
		if got := diag.Within(r, text, c.from, c.to); got != c.want {
			t.Errorf("Within(%d, %d) is %v, want %v", c.from, c.to, got, c.want)
		}
	}
}
