// dump writes the layout table of one Go binary (made with DWARF) to stdout.
//
//	dump [-types FILE] [-depth N] BINARY
//
// Rows, tab separated, sorted by byte order of the whole line:
//
//	CONST  package.name  value                         every DW_TAG_constant of packages runtime and internal/abi
//	F      type.field[.field...]  offset  size  type   every field of every wanted type, embedded structs opened
//	S      type  size|MISSING                          every wanted type
//
// offset counts from the start of the wanted type. Slices and strings are not opened; interfaces, typedefs and
// anonymous structs are. Only the standard library is used.
package main

import (
	"bufio"
	"debug/dwarf"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
)

func die(err error) {
	fmt.Fprintln(os.Stderr, "dump:", err)
	os.Exit(1)
}

func base(t dwarf.Type) dwarf.Type {
	for {
		td, ok := t.(*dwarf.TypedefType)
		if !ok {
			return t
		}
		t = td.Type
	}
}

var depth = flag.Int("depth", 5, "open embedded structs down to this many field names")

func opened(st *dwarf.StructType) bool {
	return st.StructName != "string" && !strings.HasPrefix(st.StructName, "[]")
}

func fields(emit func(string), prefix string, off int64, st *dwarf.StructType, level int) {
	for _, f := range st.Field {
		name := prefix + "." + f.Name
		emit(fmt.Sprintf("F\t%s\t%d\t%d\t%s", name, off+f.ByteOffset, f.Type.Size(), f.Type))
		if level < *depth {
			if sub, ok := base(f.Type).(*dwarf.StructType); ok && opened(sub) {
				fields(emit, name, off+f.ByteOffset, sub, level+1)
			}
		}
	}
}

func main() {
	types := flag.String("types", "types.txt", "file with the wanted type names, one a line")
	flag.Parse()
	raw, err := os.ReadFile(*types)
	if err != nil {
		die(err)
	}
	want := map[string]bool{}
	for _, l := range strings.Split(string(raw), "\n") {
		l = strings.TrimSpace(l)
		if l != "" && l[0] != '#' {
			want[l] = true
		}
	}
	f, err := elf.Open(flag.Arg(0))
	if err != nil {
		die(err)
	}
	d, err := f.DWARF()
	if err != nil {
		die(err)
	}
	rows := map[string]bool{}
	emit := func(s string) { rows[s] = true }
	found := map[string]bool{}
	r := d.Reader()
	for {
		e, err := r.Next()
		if err != nil {
			die(err)
		}
		if e == nil {
			break
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		switch e.Tag {
		case dwarf.TagConstant:
			if strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "internal/abi.") {
				if v, ok := e.Val(dwarf.AttrConstValue).(int64); ok {
					emit(fmt.Sprintf("CONST\t%s\t%d", name, v))
				}
			}
		case dwarf.TagSubprogram:
			r.SkipChildren()
		case dwarf.TagTypedef, dwarf.TagStructType, dwarf.TagBaseType:
			if !want[name] || found[name] {
				continue
			}
			t, err := d.Type(e.Offset)
			if err != nil {
				die(err)
			}
			found[name] = true
			emit(fmt.Sprintf("S\t%s\t%d", name, t.Size()))
			if st, ok := base(t).(*dwarf.StructType); ok {
				fields(emit, name, 0, st, 1)
			}
		}
	}
	for n := range want {
		if !found[n] {
			emit("S\t" + n + "\tMISSING")
		}
	}
	var out []string
	for s := range rows {
		out = append(out, s)
	}
	sort.Strings(out)
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	for _, s := range out {
		fmt.Fprintln(w, s)
	}
}
