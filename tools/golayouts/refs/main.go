// refs writes the reference table of one unstripped amd64 Go binary to stdout.
//
//	refs [-symbols FILE] [-prefix LIST] [-max N] BINARY
//	refs -verify TABLE [-symbols FILE] BINARY
//
// Rows, tab separated, in text order of the functions and of the references in them:
//
//	function  N  k  symbol  addend
//
// function  name as in pclntab; assembly bodies (symbol name ends in .abi0), closures, go/defer wrappers and instances
//
//	of generic functions are left out
//
// N         how many instructions of the function have an operand disp(%rip) whose address lies in the writable
//
//	part of the image (the writable PT_LOAD segments without PT_GNU_RELRO, file part and zero part)
//
// k         0-based number of the reference among those N
// symbol    global (from symbols.txt) that contains the address
// addend    address - start of the symbol
//
// Per (function, symbol) only the first reference is kept and per symbol at most -max functions.
// The disassembler is objdump of GNU binutils; nothing else outside the standard library is used.
package main

import (
	"bufio"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

func die(v ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"refs:"}, v...)...)
	os.Exit(1)
}

var closure = regexp.MustCompile(`\.(func|gowrap|deferwrap)[0-9]`)

type sym struct {
	name       string
	start, end uint64
}

func find(s []sym, a uint64) *sym {
	i := sort.Search(len(s), func(i int) bool { return s[i].start > a }) - 1
	if i >= 0 && a < s[i].end {
		return &s[i]
	}
	return nil
}

func main() {
	symFile := flag.String("symbols", "tables/go-refs/symbols.txt", "file with the wanted globals: name in C, symbol; one a line")
	prefix := flag.String("prefix", "runtime.,sync.,internal/poll.runtime_,time.,reflect.", "only functions whose name starts with one of these")
	max := flag.Int("max", 40, "at most so many functions per symbol")
	all := flag.Bool("all", false, "keep every reference, not only the first of a symbol in a function")
	closures := flag.Bool("closures", false, "keep closures and defer/go wrappers (their numbers change easily)")
	generics := flag.Bool("generics", false, "keep instances of generic functions (they depend on the program)")
	verify := flag.String("verify", "", "check this table against BINARY (which must have symbols): votes per symbol")
	flag.Parse()
	raw, err := os.ReadFile(*symFile)
	if err != nil {
		die(err)
	}
	want := map[string]bool{}
	for _, l := range strings.Split(string(raw), "\n") {
		if c := strings.Fields(l); len(c) == 2 && c[0] != "#" {
			want[c[1]] = true
		}
	}
	f, err := elf.Open(flag.Arg(0))
	if err != nil {
		die(err)
	}
	if f.Machine != elf.EM_X86_64 {
		die("amd64 only")
	}
	type rng struct{ lo, hi uint64 }
	var wr, relro []rng
	for _, p := range f.Progs {
		if p.Type == elf.PT_GNU_RELRO {
			relro = append(relro, rng{p.Vaddr, p.Vaddr + p.Memsz})
		}
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_W != 0 {
			wr = append(wr, rng{p.Vaddr, p.Vaddr + p.Memsz})
		}
	}
	syms, err := f.Symbols()
	if err != nil {
		die(err)
	}
	var funcs, vars []sym
	for _, s := range syms {
		switch {
		case elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Size > 0:
			funcs = append(funcs, sym{s.Name, s.Value, s.Value + s.Size})
		case elf.ST_TYPE(s.Info) == elf.STT_OBJECT && want[s.Name]:
			n := s.Size
			if n == 0 {
				n = 1
			}
			vars = append(vars, sym{s.Name, s.Value, s.Value + n})
		}
	}
	sort.SliceStable(funcs, func(i, j int) bool { return funcs[i].start < funcs[j].start })
	sort.SliceStable(vars, func(i, j int) bool { return vars[i].start < vars[j].start })
	pre := strings.Split(*prefix, ",")

	cmd := exec.Command("objdump", "-d", "--no-show-raw-insn", "-j", ".text", flag.Arg(0))
	out, err := cmd.StdoutPipe()
	if err != nil {
		die(err)
	}
	if err := cmd.Start(); err != nil {
		die(err)
	}
	type ref struct{ at uint64 }
	refs := map[*sym][]ref{}
	var order []*sym
	sc := bufio.NewScanner(out)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		l := sc.Text()
		if !strings.Contains(l, "(%rip)") {
			continue
		}
		h := strings.LastIndex(l, "# ")
		c := strings.IndexByte(l, ':')
		if h < 0 || c < 0 {
			continue
		}
		pc, err1 := strconv.ParseUint(strings.TrimSpace(l[:c]), 16, 64)
		ts := l[h+2:]
		if i := strings.IndexByte(ts, ' '); i >= 0 {
			ts = ts[:i]
		}
		at, err2 := strconv.ParseUint(strings.TrimPrefix(ts, "0x"), 16, 64)
		if err1 != nil || err2 != nil {
			continue
		}
		in := false
		for _, r := range wr {
			in = in || r.lo <= at && at < r.hi
		}
		for _, r := range relro {
			in = in && (at < r.lo || r.hi <= at)
		}
		if !in {
			continue
		}
		fn := find(funcs, pc)
		if fn == nil {
			continue
		}
		if refs[fn] == nil {
			order = append(order, fn)
		}
		refs[fn] = append(refs[fn], ref{at})
	}
	if err := cmd.Wait(); err != nil {
		die("objdump:", err)
	}
	if *verify != "" {
		byName := map[string][]*sym{}
		for _, fn := range order {
			byName[fn.name] = append(byName[fn.name], fn)
		}
		raw, err := os.ReadFile(*verify)
		if err != nil {
			die(err)
		}
		type vote struct{ right, wrong, shape, absent int }
		votes := map[string]*vote{}
		var names []string
		at := map[string]uint64{}
		for _, v := range vars {
			at[v.name] = v.start
		}
		for _, l := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
			c := strings.Split(l, "\t")
			n, _ := strconv.Atoi(c[1])
			k, _ := strconv.Atoi(c[2])
			add, _ := strconv.ParseUint(c[4], 10, 64)
			v := votes[c[3]]
			if v == nil {
				v = new(vote)
				votes[c[3]] = v
				names = append(names, c[3])
			}
			switch f := byName[c[0]]; {
			case len(f) != 1:
				v.absent++
			case len(refs[f[0]]) != n:
				v.shape++
			case refs[f[0]][k].at-add == at[c[3]]:
				v.right++
			default:
				v.wrong++
			}
		}
		sort.Strings(names)
		sum := vote{}
		for _, n := range names {
			v := votes[n]
			fmt.Printf("%s right %d wrong %d other-N %d function-absent %d\n", n, v.right, v.wrong, v.shape, v.absent)
			sum.right, sum.wrong, sum.shape, sum.absent = sum.right+v.right, sum.wrong+v.wrong, sum.shape+v.shape, sum.absent+v.absent
		}
		fmt.Printf("SUM right %d wrong %d other-N %d function-absent %d\n", sum.right, sum.wrong, sum.shape, sum.absent)
		return
	}
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	count := map[string]int{}
	for _, fn := range order {
		ok := false
		if !*closures && closure.MatchString(fn.name) || !*generics && strings.Contains(fn.name, "[") || strings.HasSuffix(fn.name, ".abi0") {
			continue // .abi0: pclntab has the name without it, which the ABIInternal wrapper also bears
		}
		for _, p := range pre {
			ok = ok || strings.HasPrefix(fn.name, p)
		}
		if !ok {
			continue
		}
		seen := map[string]bool{}
		for k, r := range refs[fn] {
			v := find(vars, r.at)
			if v == nil || seen[v.name] && !*all || count[v.name] >= *max {
				continue
			}
			seen[v.name] = true
			count[v.name]++
			fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\n", fn.name, len(refs[fn]), k, v.name, r.at-v.start)
		}
	}
}
