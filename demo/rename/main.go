// rename writes a copy of the game server in which every name is another: functions, types, fields, variables, files,
// the module, the names of the defects; and the labels that fit it. Nothing that judges the copy can know a name.
//
//	rename -from demo/gameserver -labels demo/labels.json -to DIR -seed 7
//
// DIR has the copy, labels.json, and names.json (the old name of a defect, its new one).
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"unicode"
	"unicode/utf8"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "rename:", err)
		os.Exit(1)
	}
}

// namer gives each name one other name, the same each time.
type namer struct {
	random *rand.Rand
	given  map[string]string
	taken  map[string]bool
}

func (n *namer) word() string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	for {
		w := ""
		for i, k := 0, 3+n.random.Intn(2); i < k; i++ {
			w += string(consonants[n.random.Intn(len(consonants))]) + string(vowels[n.random.Intn(len(vowels))])
		}
		if !n.taken[w] {
			n.taken[w] = true
			return w
		}
	}
}

func (n *namer) name(old string) string {
	if w, ok := n.given[old]; ok {
		return w
	}
	w := n.word()
	if first, size := utf8.DecodeRuneInString(old); unicode.IsUpper(first) {
		w = string(unicode.ToUpper(rune(w[0]))) + w[size:]
	}
	n.given[old] = w
	return w
}

// ours says whether an object is one of the program's own names that may change.
func ours(o types.Object, pkg *types.Package) bool {
	if o == nil || o.Pkg() != pkg || o.Name() == "_" || o.Name() == "main" || o.Name() == "init" {
		return false
	}
	_, imported := o.(*types.PkgName)
	return !imported
}

func main() {
	from := flag.String("from", "demo/gameserver", "the program")
	labels := flag.String("labels", "demo/labels.json", "its labels")
	to := flag.String("to", "", "folder for the copy")
	seed := flag.Int64("seed", 1, "other seeds, other names")
	flag.Parse()

	fset := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(*from, "*.go"))
	must(err)
	var files []*ast.File
	for _, p := range paths {
		f, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution) // comments are left behind
		must(err)
		files = append(files, f)
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	pkg, err := config.Check("main", fset, files, info)
	must(err)

	var defects map[string]map[string]any
	text, err := os.ReadFile(*labels)
	must(err)
	must(json.Unmarshal(text, &defects))
	n := &namer{random: rand.New(rand.NewSource(*seed)), given: map[string]string{}, taken: map[string]bool{}}
	renamed := map[string]string{}
	names := make([]string, 0, len(defects))
	for name := range defects {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		renamed[name] = n.word()
	}

	for _, f := range files { // in the order of the source, so that a seed always gives the same
		ast.Inspect(f, func(node ast.Node) bool {
			switch x := node.(type) {
			case *ast.Ident:
				if ours(info.Defs[x], pkg) || ours(info.Uses[x], pkg) {
					x.Name = n.name(x.Name)
				}
			case *ast.BasicLit:
				if s, err := strconv.Unquote(x.Value); err == nil && renamed[s] != "" {
					x.Value = strconv.Quote(renamed[s])
				}
			}
			return true
		})
	}
	// The receiver of a type switch and the like have no object; the compiler tells if one was missed.

	must(os.MkdirAll(*to, 0o755))
	for i, f := range files {
		var out bytes.Buffer
		must((&printer.Config{Mode: printer.TabIndent, Tabwidth: 8}).Fprint(&out, fset, f))
		must(os.WriteFile(filepath.Join(*to, fmt.Sprintf("%s%d.go", n.word(), i)), out.Bytes(), 0o644))
	}
	must(os.WriteFile(filepath.Join(*to, "go.mod"), []byte("module example.org/"+n.word()+"\n\ngo 1.21\n"), 0o644))
	writeLabels(*to, defects, renamed, n)
}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9]*`)

// writeLabels changes the names in the labels; the prose of a label is left out.
func writeLabels(to string, defects map[string]map[string]any, renamed map[string]string, n *namer) {
	var change func(any) any
	change = func(x any) any {
		switch v := x.(type) {
		case string:
			return word.ReplaceAllStringFunc(v, func(w string) string {
				if other, ok := n.given[w]; ok {
					return other
				}
				return w
			})
		case []any:
			for i := range v {
				v[i] = change(v[i])
			}
		case map[string]any:
			for k := range v {
				v[k] = change(v[k])
			}
		}
		return x
	}
	out := map[string]map[string]any{}
	for name, label := range defects {
		for _, key := range []string{"alloc", "retains", "root", "holder_at"} {
			if label[key] != nil {
				label[key] = change(label[key])
			}
		}
		for _, key := range []string{"root_cause", "holder", "fix", "kind"} {
			delete(label, key)
		}
		label["name"] = renamed[name]
		out[renamed[name]] = label
	}
	for path, x := range map[string]any{"labels.json": out, "names.json": renamed} {
		text, err := json.MarshalIndent(x, "", " ")
		must(err)
		must(os.WriteFile(filepath.Join(to, path), append(text, '\n'), 0o644))
	}
}
