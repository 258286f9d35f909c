#!/usr/bin/env python3
"""Counts a meson testlog.json: every TAP line is a test, a program without TAP is one. Prints `PASSED FAILED`.
A skip counts as failed: nothing here may skip silently.
--failed: the names of the programs that failed instead; --but-failed: counts without these programs."""
import json
import re
import sys

option = sys.argv[1] if len(sys.argv) > 2 else ""
passed = failed = 0
names = []
try:
    lines = open(sys.argv[-1], encoding="utf-8").read().splitlines()
except OSError:
    lines = []
for line in lines:
    t = json.loads(line)
    out = t.get("stdout") or ""
    oks = len(re.findall(r"^ok ", out, re.M))
    bad = len(re.findall(r"^not ok ", out, re.M))
    if t["result"] == "OK":
        passed += max(oks, 1)
    else:
        names.append(t["name"].split(" / ")[-1])
        if option != "--but-failed":
            passed += oks
            failed += max(bad, 1)
if not lines:
    failed += 1
print(" ".join(names) if option == "--failed" else f"{passed} {failed}")
