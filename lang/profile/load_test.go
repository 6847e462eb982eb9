package profile

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// files makes a file system of names and texts.
func files(texts map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range texts {
		out[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// load reads /p and returns the names of all that it includes, and its faults.
func load(t *testing.T, texts map[string]string) (included []string, found string) {
	t.Helper()
	l := &Loader{FS: files(texts), Base: []string{"/base", "/more"}, Dir: "/dir"}
	p, diags, err := l.Load(context.Background(), "/p")
	if err != nil {
		t.Fatal(err)
	}
	for name := range p.Files {
		included = append(included, name)
	}
	slices.Sort(included)
	return included, faults(append(diags, Check(p)...).Sorted())
}

func TestIncludes(t *testing.T) {
	for _, c := range []struct {
		name, text, files string
		included, found   string
	}{
		{name: "magic", text: "include <a>\n", files: "/base/a", included: "/base/a"},
		{name: "first base wins", text: "include <a>\n", files: "/base/a /more/a", included: "/base/a"},
		{name: "second base", text: "include <a/b>\n", files: "/more/a/b", included: "/more/a/b"},
		{name: "absolute", text: `include "/x y"` + "\n", files: "/x_y", included: "/x y"},
		{name: "relative", text: `#include "a"` + "\n", files: "/dir/a", included: "/dir/a"},
		{name: "without quotes", text: "include ../a\n", files: "/a", included: "/a"},
		{name: "missing", text: "include <a>\ninclude \"b\"\n", found: "1:1 missing-include, 2:1 missing-include"},
		{name: "if exists", text: "include if exists <a>\ninclude if exists <b>\n", files: "/base/b", included: "/base/b"},
		{name: "empty", text: "include \"\"\n", found: "1:1 missing-include"},
		{name: "directory", text: "include <d>\n",
			files:    "/base/d/a /base/d/b.dpkg-old /base/d/.c /base/d/README /base/d/e~ /base/d/f.rpmnew /base/d/g.orig /base/d/h/i",
			included: "/base/d/a"},
		{name: "directory if exists", text: "include if exists <d/>\n", files: "/base/d/a /base/d/b", included: "/base/d/a /base/d/b"},
		{name: "in a body", text: "/x { include <a> }\n", files: "/base/a", included: "/base/a"},
		{name: "in blocks", text: "/x { owner { include <a> } if true { } else { ^h { include <b> } } }\n", files: "/base/a /base/b",
			included: "/base/a /base/b"},
		{name: "abi", text: "abi <abi/1>,\nabi \"x\",\nabi <kernel>,\n", files: "/base/abi/1", found: "2:1 missing-abi"},
		{name: "directory as abi", text: "abi <abi>,\n", files: "/base/abi/1", found: "1:1 missing-abi"},
		{name: "slash behind a file", text: "include if exists <a/>\ninclude <b/>\n", files: "/base/a /base/b", found: "2:1 missing-include"},
	} {
		texts := map[string]string{"/p": c.text}
		for _, f := range strings.Fields(c.files) {
			texts[strings.ReplaceAll(f, "_", " ")] = ""
		}
		included, found := load(t, texts)
		if strings.Join(included, " ") != c.included || found != c.found {
			t.Errorf("%s: includes %q, says %q", c.name, included, found)
		}
	}
}

// TestIncludeOrder holds that a file is read once for each body, that faults in
// included files are told with their own place and once, and that cycles end.
func TestIncludeOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts map[string]string
		found string
	}{
		{"variables come first", map[string]string{"/p": "include <t>\n/x { @{A}/b r, }\n", "/base/t": "@{A} = /a\n"}, ""},
		{"once in the preamble", map[string]string{"/p": "include <t>\ninclude <t>\n/x { }\n", "/base/t": "@{A} = /a\n"}, ""},
		{"again in a child", map[string]string{"/p": "/x { include <a> ^h { include <a> include <a> } }\n", "/base/a": "/a px,\n"}, ""},
		{"cycle", map[string]string{"/p": "/x { include <a> }\n", "/base/a": "include <b>\n", "/base/b": "include <a>\n/a q,\n"}, "2:4 syntax"},
		{"cycle through profiles", map[string]string{"/p": "include <a>\n", "/base/a": "profile a { ^b { include <a> } }\n"}, "1:18 include-cycle"},
		{"itself", map[string]string{"/p": "@{A} = a\ninclude \"/p\"\n"}, "1:1 redefined-variable"},
		{"faults once", map[string]string{"/p": "/x { include <a> }\n/y { include <a> }\n", "/base/a": "/a q,\n"}, "1:4 syntax"},
		{"faults for each profile", map[string]string{"/p": "/x { include <a> }\n/y { include <a> }\n", "/base/a": "@{A} r,\n"}, "1:1 undefined-variable"},
	} {
		if _, found := load(t, c.texts); found != c.found {
			t.Errorf("%s: says %q, not %q", c.name, found, c.found)
		}
	}
}

// TestRelated holds that a fault in an included file says how it came there.
func TestRelated(t *testing.T) {
	l := &Loader{FS: files(map[string]string{"/p": "/x {\n  include <a>\n}\n", "/base/a": "include <b>\n", "/base/b": "\n/@{A} r,\n"}), Base: []string{"/base"}}
	p, _, err := l.Load(context.Background(), "/p")
	if err != nil {
		t.Fatal(err)
	}
	diags := Check(p)
	if len(diags) != 1 || diags[0].Subject.String() != "/base/b:2:1" || len(diags[0].Related) != 2 {
		t.Fatalf("%+v", diags)
	}
	if a, b := diags[0].Related[0].Range.String(), diags[0].Related[1].Range.String(); a != "/base/a:1:1" || b != "/p:2:3" {
		t.Errorf("included from %s, %s", a, b)
	}
}

// TestLoader holds what a Loader says of files that it cannot read, that it
// parses a file once, and that several goroutines may use it.
func TestLoader(t *testing.T) {
	l := &Loader{FS: files(map[string]string{"/a": "/a { include <c> }\n", "/b": "/b { include <c> }\n", "/base/c": "/c r,\n"}), Base: []string{"/base"}}
	if _, _, err := l.Load(context.Background(), "/nope"); err == nil || err.Error() != "cannot read /nope: file does not exist" {
		t.Errorf("missing: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := l.Load(ctx, "/a"); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	var wait sync.WaitGroup
	policies := make([]*Policy, 16)
	for i := range policies {
		wait.Go(func() {
			p, diags, err := l.Load(context.Background(), []string{"/a", "/b"}[i%2])
			if err != nil || len(diags) > 0 {
				t.Errorf("%v %v", err, diags)
				return
			}
			Check(p)
			policies[i] = p
		})
	}
	wait.Wait()
	for _, p := range policies {
		if p != nil && p.Files["/base/c"] != policies[0].Files["/base/c"] {
			t.Error("an included file was parsed twice")
		}
	}
	p, diags, err := l.LoadText(context.Background(), "text", "/x { include <c> }\n")
	if err != nil || len(diags) > 0 || len(p.Files) != 1 {
		t.Errorf("text: %v %v %v", p, diags, err)
	}
	if files := p.Included(p.File.Nodes[0].(*Profile).Block.Nodes[0].(*Include)); len(files) != 1 || files[0].Name != "/base/c" {
		t.Errorf("included: %v", files)
	}
}
