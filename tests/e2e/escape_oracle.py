#!/usr/bin/env python3
"""The sites of a linked, stripped binary against the compiler: escape_oracle.py WHYHEAP [--go VERSION] [--module DIR --packages P,...] [--out FILE.md]

Builds a program (net/http and encoding/json by default), then compares, for the packages named:
  1. entry and type of each allocation call with -S, function by function, in order of address
  2. each `escapes to heap` / `moved to heap` line of a linked function with the sites of that line; what has none, by class
  3. the construct from the machine code with the one from the compiler's flow (-m=2): the confusion table
Exit status 1 when an agreement is below its bound (99.5 %, -, 80 %)."""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

SERVER = """package main

import (
	"encoding/json"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var v map[string]any
		json.NewDecoder(r.Body).Decode(&v)
		json.NewEncoder(w).Encode(v)
	})
	http.ListenAndServe("127.0.0.1:0", nil)
}
"""
ENTRY = re.compile(r"runtime\.(newobject|mallocgc\w*|makeslice\w*|growslice\w*|moveSlice\w*|convT\w*|makemap\w*|mapassign\w*|makechan\w*|"
                   r"newproc|deferproc|deferprocat|concat\w+|slicebytetostring|stringtoslicebyte|slicerunetostring|stringtoslicerune|intstring)$")
TYPE_REG = {"newobject": "AX", "makeslice": "AX", "makeslicecopy": "AX", "convT": "AX", "convTnoptr": "AX", "makemap": "AX", "makechan": "AX",
            "moveSlice": "AX", "moveSliceNoCap": "AX"}


def type_reg(entry):
    e = entry[len("runtime."):]
    if e.startswith("mallocgc"):
        return "BX"
    if e.startswith("growslice"):
        return "SI"
    if e.startswith("mapassign"):
        return "AX"
    return TYPE_REG.get(e)


def plain(t):
    """-S has whole import paths and numbers local types; the binary's names have the last path element."""
    t = re.sub(r"·\d+", "", t.replace("noalg.", ""))
    return re.sub(r"(?:[\w.~%\-]+/)+", "", t)


def read_asm(text):
    """function -> [(pc, entry, type or None)]"""
    out, fn, insns = {}, None, []
    line = re.compile(r"^\t0x[0-9a-f]+ (\d+) \(([^)]*)\)\t(\S+)\t?(.*)$")

    def flush():
        if fn is None:
            return
        targets = {int(a) for _, op, a in insns if op.startswith("J") and a.isdigit()}
        regs, calls = {}, []
        for pc, op, args in insns:
            if pc in targets:
                regs = {}
            if op == "CALL":
                name = args[:-4] if args.endswith("(SB)") else ""
                if ENTRY.match(name):
                    calls.append((pc, name, regs.get(type_reg(name))))
                regs = {}
                continue
            if op in ("PCDATA", "FUNCDATA", "TEXT", "NOP") or op.startswith(("J", "CMP", "TEST", "BT")):
                continue
            src, _, dst = args.rpartition(", ")
            if dst in ("AX", "BX", "SI", "CX", "DX", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R15"):
                m = re.match(r"type:(.*)\(SB\)$", src) if op == "LEAQ" else None
                regs[dst] = plain(m[1]) if m else (regs.get(src) if op == "MOVQ" else None)
            else:
                regs.pop(args, None)
        out.setdefault(fn, calls)
    for l in text.splitlines():
        m = re.match(r"^(\S.*) STEXT ", l)
        if m:
            flush()
            fn, insns = m[1], []
            continue
        m = line.match(l)
        if m and fn is not None:
            insns.append((int(m[1]), m[3], m[4]))
        elif l and not l.startswith("\t"):
            flush()
            fn = None
    flush()
    return out


def kind_of(item):
    w = item["what"]
    if item["verdict"] == "moved":
        return "new"
    if w == "func literal":
        return "closure"
    if w.startswith("make(map"):
        return "makemap"
    if w.startswith("make("):
        return "makeslice"
    if w.startswith("append"):
        return "growslice"
    if item["construct"] == "string_conversion":
        return "string"
    if w.startswith(("&", "new(", "[]")) or w == "... argument":
        return "new"
    if w.startswith("map["):
        return "makemap"
    if re.fullmatch(r"[\w.]+\.\w+", w) and item["construct"] == "closure_capture":
        return "closure or box"
    return "box"


FITS = {"new": ("new", "malloc"), "closure": ("new",), "makemap": ("makemap",), "makeslice": ("makeslice", "malloc"), "growslice": ("growslice",),
        "string": ("string", "box"), "closure or box": ("new", "box"), "box": ("box", "new")}


def run(cmd, **kw):
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)
    if r.returncode:
        sys.exit(f"{' '.join(cmd)}: {r.stderr.decode()[-2000:]}")
    return r


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("whyheap")
    ap.add_argument("--go", default="1.27.4")
    ap.add_argument("--module")
    ap.add_argument("--main", default=".")
    ap.add_argument("--packages", default="net/http,encoding/json")
    ap.add_argument("--out")
    a = ap.parse_args()
    tmp = tempfile.TemporaryDirectory()
    module = a.module
    if not module:
        module = tmp.name
        minor = ".".join(a.go.split(".")[:2])
        open(os.path.join(module, "go.mod"), "w").write(f"module server\n\ngo {minor}\n")
        open(os.path.join(module, "main.go"), "w").write(SERVER)
    env = dict(os.environ, GOTOOLCHAIN="go" + a.go, CGO_ENABLED="0", GOFLAGS="-mod=mod")
    go = os.environ.get("GO", "go")
    binary = os.path.join(tmp.name, "binary")
    run([go, "build", "-p", "2", "-ldflags=-s -w", "-o", binary, a.main], cwd=module, env=env)
    sites = json.loads(run([a.whyheap, "escape", binary, "--json", "--all"]).stdout)
    asm, items = {}, []
    for p in a.packages.split(","):
        asm.update(read_asm(run([go, "build", "-p", "2", f"-gcflags={p}=-S", "-o", "/dev/null", a.main], cwd=module, env=env).stderr.decode()))
        text = run([go, "build", "-p", "2", f"-gcflags={p}=-m=2", "-o", "/dev/null", a.main], cwd=module, env=env).stderr
        said = os.path.join(tmp.name, "said")
        open(said, "wb").write(text)
        items += json.loads(run([a.whyheap, "escape", said, "--json"]).stdout)
    by_fn = collections.defaultdict(list)
    for s in sites:
        by_fn[s["function"]].append(s)

    # 1. -S
    same = wrong_entry = typed = wrong_type = unknown = functions = 0
    examples = []
    for fn, calls in asm.items():
        if "[" in fn or fn not in by_fn:
            continue
        have = [s for s in sorted(by_fn[fn], key=lambda s: s["pc"]) if ENTRY.match(s["entry"])]
        functions += 1
        if [c[1] for c in calls] != [s["entry"] for s in have]:
            wrong_entry += max(len(calls), len(have))
            examples.append(f"{fn}: {len(calls)} calls by -S, {len(have)} sites")
            continue
        for (_, entry, t), s in zip(calls, have):
            same += 1
            if t is None:
                continue
            typed += 1
            if "type" not in s or s["type_from"] == "unknown":
                unknown += 1
            elif plain(s["type"]) != t and plain(s["type"]).split(".", 1)[-1] != t.split(".", 1)[-1]:
                wrong_type += 1
                examples.append(f"{fn}: {entry} {t} by -S, {s['type']}")
    total = same + wrong_entry
    agree = 100 * same / total if total else 0
    agree_type = 100 * (typed - wrong_type - unknown) / typed if typed else 0

    # 2. and 3.
    by_line = collections.defaultdict(list)
    for s in sites:
        by_line[(os.path.basename(s["file"]), os.path.basename(os.path.dirname(s["file"])), s["line"])].append(dict(s, used=False))
    linked = set(by_fn)
    paths = collections.defaultdict(set)
    for i in items:
        paths[(i["file"], i["line"], i.get("column"), i["what"])].add(i["construct"])
    lines = matched = agreed = 0
    missing, confusion, odd = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    for i in items:
        if i.get("another_path"):
            continue
        # the function's symbol: its package's path before the name; only the linked ones have code
        fn = i["package"] + "." + i["function"] if i.get("function") else None
        if fn is not None and ("[" in fn or fn not in linked):
            continue
        lines += 1
        kind = kind_of(i)
        at = by_line[(os.path.basename(i["file"]), os.path.basename(os.path.dirname(os.path.abspath(os.path.join(module, i["file"])))), i["line"])]
        hit = next((s for s in at if not s["used"] and s["kind"] in FITS[kind] and (fn is None or s["function"] == fn)), None)
        if hit is None:
            w = i["what"]
            why = ("constant in an interface" if kind == "box" and re.match(r'^("|\d|-\d|true|false|nil|struct {}{}|\w+\.Err\w+$|~?\w*[Ee]rr)', w)
                   else "pointer, small or zero value in an interface: no copy made" if kind in ("box", "closure or box")
                   else "zero size or shared with a variable before it" if kind == "new" and i["verdict"] == "moved"
                   else "empty or in a static initialiser" if kind in ("new", "makemap", "makeslice")
                   else "string or append that the compiler turned into something else" if kind in ("string", "growslice")
                   else "other: " + kind)
            missing[why] += 1
            continue
        hit["used"] = True
        matched += 1
        c, b = i["construct"], hit["construct"]
        ok = b in paths[(i["file"], i["line"], i.get("column"), i["what"])]
        # the compiler's text cannot tell m[k] = v of a map from that of a slice
        ok = ok or (b == "map_insert" and c == "stored_in_heap" and "] = " in i.get("flow", ""))
        agreed += ok
        confusion[(c, b)] += 1
        if not ok:
            odd[(c, b)].append(f"{i['place']} {i['what']} | {i.get('flow', '')} | {hit.get('sinks', '')} {hit.get('flow', '')}")
    share = 100 * agreed / matched if matched else 0
    out = []
    out.append(f"### Go {a.go}, {a.packages}: {len(sites)} sites in the stripped binary\n")
    out.append(f"* -S, {functions} linked functions: {total} calls, function and entry agree for {same} ({agree:.2f} %); of {typed} types that a straight line "
               f"shows, {typed - wrong_type - unknown} agree ({agree_type:.2f} %), {unknown} not read, {wrong_type} different")
    out.append(f"* -m=2: {lines} values escape in linked functions, {matched} have their site; without one: "
               + (", ".join(f"{n} {w}" for w, n in missing.most_common()) or "none"))
    out.append(f"* construct from the machine code as from the compiler's flow: {agreed} of {matched} ({share:.1f} %)\n")
    names = sorted({c for c, _ in confusion} | {b for _, b in confusion})
    out.append("| compiler \\ machine code | " + " | ".join(names) + " |\n|---" * 1 + "|---" * len(names) + "|")
    for c in names:
        row = [confusion[(c, b)] for b in names]
        if any(row):
            out.append(f"| {c} | " + " | ".join(str(x) if x else "" for x in row) + " |")
    text = "\n".join(out) + "\n"
    print(text)
    for e in examples[:15]:
        print("#", e)
    if os.environ.get("ODD"):
        for k, v in sorted(odd.items(), key=lambda x: -len(x[1])):
            print("#", k, len(v))
            for x in v[:int(os.environ["ODD"])]:
                print("#    ", x[:300])
    if a.out:
        open(a.out, "a").write(text + "\n")
    return 0 if agree >= 99.5 and agree_type >= 99.5 and share >= 80 else 1


if __name__ == "__main__":
    sys.exit(main())
