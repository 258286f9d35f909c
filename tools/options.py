#!/usr/bin/env python3
"""src/cli/options/*.yaml -> what the command line needs: options.py inc|scd|bash OUT YAML...

One file a verb (its name is the file's); _common.yaml holds what every verb has. A verb:
  summary: one line            args: what follows the options       function: cmd_heap
  hidden: true                 (not in the overview)
  about: a paragraph or more
  options: [{name, short, arg (none: a flag), type (string duration bytes number count), values, multi, help, conflicts}]
  examples: [{run, does}]
"""
import os
import sys
import yaml

TYPES = {"flag", "string", "duration", "bytes", "number", "count"}
KEYS = {"name", "short", "arg", "type", "values", "multi", "help", "conflicts", "hidden"}


def load(paths):
    verbs, common = {}, []
    for p in sorted(paths):
        name = os.path.splitext(os.path.basename(p))[0]
        y = yaml.safe_load(open(p, encoding="utf-8"))
        opts = y.get("options") or []
        for o in opts:
            o.setdefault("type", "string" if "arg" in o else "flag")
            if set(o) - KEYS or o["type"] not in TYPES or "help" not in o or (o["type"] == "flag") == ("arg" in o):
                sys.exit(f"{p}: option {o.get('name')}: keys {sorted(KEYS)}, types {sorted(TYPES)}; arg unless a flag")
        if name == "_common":
            common = opts
        else:
            verbs[name] = y
            for k in ("summary", "function"):
                if k not in y:
                    sys.exit(f"{p}: {k} is wanted")
    for y in verbs.values():
        own = {o["name"] for o in y.get("options") or []}
        y["options"] = (y.get("options") or []) + [o for o in common if o["name"] not in own]
    return verbs


def c(text):
    if text is None:
        return "NULL"
    return '"' + str(text).strip("\n").replace("\\", "\\\\").replace('"', '\\"').replace("\n", '\\n"\n\t"') + '"'


def inc(verbs, out):
    for name, y in verbs.items():
        ident = name.replace("-", "_")
        out.write(f"static const struct option_def options_{ident}[] = {{\n")
        for o in y["options"]:
            values = "|".join(str(v) for v in o["values"]) if "values" in o else None
            conflicts = "|".join(o["conflicts"]) if "conflicts" in o else None
            out.write(f"\t{{{c(o['name'])}, {c(o.get('short'))}, {c(o.get('arg'))}, OPTION_{o['type'].upper()}, {c(values)}, "
                      f"{c(conflicts)}, {'true' if o.get('multi') else 'false'}, {'true' if o.get('hidden') else 'false'}, "
                      f"{c(o['help'])}}},\n")
        out.write("};\n")
        out.write(f"static const struct example_def examples_{ident}[] = {{\n")
        for e in y.get("examples") or []:
            out.write(f"\t{{{c(e['run'])}, {c(e['does'])}}},\n")
        out.write("\t{NULL, NULL},\n};\n")
    for y in verbs.values():
        out.write(f"struct err *{y['function']}(const struct args *args, int *ret_status);\n")
    out.write("static const struct verb verbs[] = {\n")
    for name, y in verbs.items():
        ident = name.replace("-", "_")
        out.write(f"\t{{{c(name)}, {c(y['summary'])}, {c(y.get('args', ''))}, {c(y.get('about', ''))}, options_{ident}, "
                  f"countof(options_{ident}), examples_{ident}, {'true' if y.get('hidden') else 'false'}, {y['function']}}},\n")
    out.write("};\n")


def esc(text):
    return str(text).replace("\\", "\\\\").replace("_", "\\_").replace("*", "\\*")


def scd(verbs, out):
    out.write("whyheap(1)\n\n# NAME\n\nwhyheap - why a Go program's memory grows: who, since when, why, which line, what to change\n\n# SYNOPSIS\n\n")
    out.write("*whyheap* PID|CORE|FILE...++\n")
    shown = [(name, y) for name, y in verbs.items() if not y.get("hidden")]
    for name, y in shown:
        out.write(f"*whyheap* {name} {esc(y.get('args', ''))}" + ("++\n" if name != shown[-1][0] else "\n"))
    out.write("\n# DESCRIPTION\n\n")
    out.write("Diagnoses the memory growth of Go programs from outside: from a bare process id, from profiles, traces and core "
              "files. The target needs to be prepared in no way, and nothing in it is changed.\n\n")
    out.write("Options are written with one or two dashes. The first word may be left out: *whyheap 1234* is *whyheap diagnose 1234*.\n")
    for name, y in verbs.items():
        if y.get("hidden"):
            continue
        out.write(f"\n# {name.upper()}\n\n*whyheap {name}* {esc(y.get('args', ''))}\n\n{esc(y['summary'])}.\n\n")
        if y.get("about"):
            out.write(esc(y["about"]).strip() + "\n\n")
        for o in y["options"]:
            if o.get("hidden"):
                continue
            short = f"*-{o['short']}*, " if "short" in o else ""
            arg = f" {esc(o['arg'])}" if "arg" in o else ""
            out.write(f"{short}*--{esc(o['name'])}*{arg}\n\t{esc(o['help'])}\n\n")
        for e in y.get("examples") or []:
            out.write(f"Example: *{esc(e['run'])}*++\n{esc(e['does'])}\n\n")
    out.write("\n# EXIT STATUS\n\n0 nothing found; 1 something found (severity at or above the threshold, 7.0 by default); 2 usage; "
              "3 no fact could be had; 4 an error of the program itself; 130 interrupted.\n")


def bash(verbs, out):
    out.write("# bash completion for whyheap\n_whyheap()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]}\n")
    names = " ".join(n for n, y in verbs.items() if not y.get("hidden"))
    out.write(f'\tif [ "$COMP_CWORD" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W "{names}" -- "$cur") $(compgen -f -- "$cur"))\n\t\treturn\n\tfi\n')
    out.write('\tcase "$verb" in\n')
    for name, y in verbs.items():
        words = " ".join("--" + o["name"] for o in y["options"] if not o.get("hidden"))
        out.write(f'\t{name}) COMPREPLY=($(compgen -W "{words}" -- "$cur")) ;;\n')
    words = " ".join("--" + o["name"] for o in verbs["diagnose"]["options"] if not o.get("hidden")) if "diagnose" in verbs else ""
    out.write(f'\t*) COMPREPLY=($(compgen -W "{words}" -- "$cur")) ;;\n\tesac\n')
    out.write('\t[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$cur"))\n}\ncomplete -F _whyheap whyheap\n')


form, path = sys.argv[1:3]
with open(path, "w", encoding="utf-8") as f:
    {"inc": inc, "scd": scd, "bash": bash}[form](load(sys.argv[3:]), f)
