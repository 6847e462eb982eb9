package policy

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"apc/lang/diag"
)

// Format returns the text of a policy file in its canonical layout. The name
// tells its language: HCL and JSON are laid out anew, YAML stays as it is,
// since its comments and quoting would be lost. Text that cannot be parsed
// stays as it is too, and the list says why.
func Format(name string, src []byte) ([]byte, diag.List) {
	u := (&Loader{}).newUnit("")
	if u.parseBody(name, src) == nil {
		return src, u.diags
	}
	switch {
	case strings.HasSuffix(name, ".json"):
		var out bytes.Buffer
		if err := json.Indent(&out, bytes.TrimSpace(src), "", "  "); err != nil {
			return src, diag.List{diag.Errorf(startOf(name), "syntax", "not valid JSON", "%s.", err)}
		}
		return append(out.Bytes(), '\n'), nil
	case strings.HasSuffix(name, ".yaml"):
		return src, nil
	}
	return hclwrite.Format(src), nil
}
