#!/usr/bin/env python3
"""tables/words.yaml, tables/rules.yaml -> what judge and show include:
words.py keys|words WORDS OUT; words.py rule_ids|rules RULES OUT"""
import re
import sys
import yaml

kind, table, out = sys.argv[1:4]
rows = yaml.safe_load(open(table, encoding="utf-8"))
names = list(rows)
if names != sorted(names):
    sys.exit(f"{table}: rows are not in alphabetical order at {[a for a, b in zip(names, sorted(names)) if a != b][0]}")
RULE_KEYS = {"summary", "looks_for", "rules_out", "sure", "example", "kind"}


def c(text):
    return '"' + " ".join(str(text).split()).replace("\\", "\\\\").replace('"', '\\"') + '"'


with open(out, "w", encoding="utf-8") as f:
    for name, row in rows.items():
        up = name.upper()
        if kind == "keys":
            f.write(f"WORD(SAY_{up})\n")
        elif kind == "words":
            if set(re.findall(r"\{(.*?)\}", row)) - {"0", "1", "2", "3"}:
                sys.exit(f"{table}: {name}: only {{0}} to {{3}} can be put in")
            f.write(f"WORD(SAY_{up}, {c(row)})\n")
        elif kind == "rule_ids":
            f.write(f"RULE(RULE_{up}, rule_{name})\n")
        else:
            if set(row) != RULE_KEYS:
                sys.exit(f"{table}: {name}: {sorted(RULE_KEYS)} are wanted")
            f.write(f"RULE(RULE_{up}, {c(name)}, {c(row['kind'])}, {c(row['summary'])}, {c(row['looks_for'])}, {c(row['rules_out'])}, "
                    f"{c(row['sure'])}, {c(row['example'])})\n")
