#!/usr/bin/env python3
"""tables/gaps.yaml -> gap_codes.inc (codes) or gap_words.inc (their words): gaps.py codes|words TABLE OUT"""
import sys
import yaml

kind, table, out = sys.argv[1:4]
rows = yaml.safe_load(open(table, encoding="utf-8"))
names = list(rows)
if names != sorted(names):
    sys.exit(f"{table}: rows are not in alphabetical order: {[a for a, b in zip(names, sorted(names)) if a != b][0]}")


def c(text):
    return "NULL" if text is None else '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


with open(out, "w", encoding="utf-8") as f:
    for name, row in rows.items():
        if set(row) - {"what", "because", "remedy"} or not {"what", "because"} <= set(row):
            sys.exit(f"{table}: {name}: what, because and perhaps remedy are wanted")
        if kind == "codes":
            f.write(f"GAP(GAP_{name.upper()})\n")
        else:
            f.write(f"GAP(GAP_{name.upper()}, {c(row['what'])}, {c(row['because'])}, {c(row.get('remedy'))})\n")
