#!/usr/bin/env python3
"""Checks src/ against tools/layers.txt: who may include whom, through which header, no cycle; every room has its
contract header; every header compiles alone; no calls that bypass headers. Notes files that grow past 600 lines."""
import fnmatch
import os
import re
import subprocess
import sys

root = sys.argv[1]
gen = sys.argv[2:]  # folders of generated headers
src = os.path.join(root, "src")
LONG = 600
bad, allow, order = [], {}, []
for line in open(os.path.join(root, "tools/layers.txt"), encoding="utf-8"):
    line = line.split("#")[0].strip()
    if line:
        name, deps = line.split(":")
        allow[name] = deps.split()
        order.append(name)


def may(room, to):
    return any(fnmatch.fnmatchcase(to, d) for d in allow[room])


for room in order:
    if "*" in allow[room]:
        continue
    for d in allow[room]:
        for to in [r for r in order if fnmatch.fnmatchcase(r, d)] or [None]:
            if to is None or order.index(to) >= order.index(room):
                bad.append(f"layers.txt: {room} may not list {d}, which is not below it")
headers = []
for folder, _, files in sorted(os.walk(src)):
    sources = sorted(f for f in files if f.endswith((".c", ".h")))
    if not sources:
        continue
    room = os.path.relpath(folder, src)
    while room and room not in allow:
        room = os.path.dirname(room)
    if not room:
        bad.append(f"{folder}: not in layers.txt")
        continue
    if room not in ("cli", "base") and not os.path.exists(f"{src}/{room}/{os.path.basename(room)}.h"):
        bad.append(f"src/{room}: no contract header {os.path.basename(room)}.h")
    for f in sources:
        path = os.path.join(folder, f)
        text = open(path, encoding="utf-8").read().split("\n")
        if len(text) > LONG:
            print(f"note: {os.path.relpath(path, root)} has {len(text)} lines")
        if f.endswith(".h"):
            headers.append(os.path.relpath(path, src))
        for n, line in enumerate(text, 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m or m[1].endswith(".inc"):
                continue
            where = f"{os.path.relpath(path, root)}:{n}"
            to, _, h = m[1].rpartition("/")
            while to and to not in allow:  # a folder inside a room
                to, _, part = to.rpartition("/")
                h = f"{part}/{h}"
            if not to:
                bad.append(f'{where}: write "room/file.h", not "{m[1]}"')
            elif to == room:
                continue
            elif not may(room, to):
                bad.append(f"{where}: {room} may not use {to}")
            elif to != "base" and h != os.path.basename(to) + ".h":
                bad.append(f"{where}: {h} is private to {to}; use {to}/{os.path.basename(to)}.h")
unit = "".join(f'#include "{h}"\n' for h in headers if h != "base/banned.h")
args = ["cc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-xc", f"-I{src}"] + [f"-I{g}" for g in gen] + ["-"]
for h in headers:  # each header alone
    r = subprocess.run(args, input=f'#include "{h}"\n', text=True, capture_output=True)
    if r.returncode:
        bad.append(f"src/{h}: does not compile alone:\n{r.stderr}")
print("\n".join(bad))
sys.exit(bool(bad))
