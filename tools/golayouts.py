#!/usr/bin/env python3
# The tables of Go's runtime layouts, from dumps to compact rows to C.
#   golayouts.py make DUMPS...            layouts.tsv and refs.tsv of every row of releases.tsv whose dump lies in a folder DUMPS
#   golayouts.py add DUMPS...             the same, but keeps what is there for releases without a dump
#   golayouts.py release VERSION ARCH EXPERIMENT   makes its row in releases.tsv if there is none; prints its dump's name
#   golayouts.py types                    the structs whose rows a dump must have
#   golayouts.py moved VERSION ARCH EXPERIMENT     keys that it moved, lost or gained against the release before
#   golayouts.py keys|layouts|refs OUT    what Meson includes
import os, re, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAY, REFS = os.path.join(ROOT, 'tables', 'go-layouts'), os.path.join(ROOT, 'tables', 'go-refs')
ANY = 255 # patch: any later one

def rows(path):
    if not os.path.exists(path):
        return []
    return [l.rstrip('\n').split('\t') for l in open(path) if l.strip() and l[0] != '#']

def head(path):
    return ''.join(l for l in open(path) if l[0] == '#') if os.path.exists(path) else ''

def version(s):
    p = [int(x) for x in s.split('.')]
    return (p[1], p[2] if len(p) > 2 else ANY)

def spell(v):
    return f'1.{v[0]}' if v[1] == ANY else f'1.{v[0]}.{v[1]}'

def releases():
    r = []
    for c in rows(os.path.join(LAY, 'releases.tsv')):
        r.append(dict(lo=version(c[0]), hi=version(c[1]), arch=c[2], exp=c[3], dump=c[4], refs=c[5]))
    return r

def keys():
    return [l.strip() for l in open(os.path.join(LAY, 'keys.txt')) if l.strip() and l[0] != '#']

def split(key): # -> struct, field path ('' = its size), as in C
    if key.startswith('const '):
        return 'const', key[6:]
    if key.startswith('sizeof '):
        return key[7:], ''
    pkg, _, rest = key.rpartition('/')
    p = rest.split('.')
    return (pkg + '/' if pkg else '') + p[0] + '.' + p[1], '.'.join(p[2:])

def enum(key):
    s = key.replace('runtime._', 'runtime.').replace('runtime.', '')
    return 'K_' + re.sub('[^A-Za-z0-9]+', '_', s).upper()

def read_dump(path): # key -> (offset, size)
    d = {}
    for c in rows(path):
        if c[0] == 'CONST':
            d['const ' + c[1]] = (int(c[2]), 0)
        elif c[0] == 'S' and c[2] != 'MISSING':
            d['sizeof ' + c[1]] = (int(c[2]), 0)
        elif c[0] == 'F':
            d[c[1]] = (int(c[2]), int(c[3]))
    for k in list(d): # fixalloc's rows are only seen inside mheap
        if k.startswith('runtime.mheap.spanalloc.'):
            base = d['runtime.mheap.spanalloc'][0]
            d.setdefault('runtime.fixalloc.' + k.rsplit('.', 1)[1], (d[k][0] - base, d[k][1]))
    if 'sizeof runtime.finblock' in d: # its name up to 1.24
        d['sizeof runtime.finBlock'] = d['sizeof runtime.finblock']
    if 'sizeof runtime.semaRoot' in d: # older dumps leave it out: 251 slots, each padded to a cache line
        d.setdefault('sizeof runtime.semTable', (251 * (128 if '.arm64.' in path else 64), 0))
    return d

def find(dirs, name):
    for d in dirs:
        for base, _, files in os.walk(d):
            if name in files:
                return os.path.join(base, name)
    return None

def expand(path): # layouts.tsv -> {(key, arch, exp): [(lo, hi, value or None)]}
    t = {}
    for c in rows(path):
        v = None if c[5] == 'absent' else (int(c[5]), int(c[6]))
        t.setdefault((c[0], c[1], c[2]), []).append((version(c[3]), version(c[4]), v))
    return t

def at(t, key, arch, exp, v):
    for lo, hi, value in t.get((key, arch, exp), []):
        if lo <= v <= hi:
            return (True, value)
    return (False, None)

def make(dirs, keep):
    rel, ks = releases(), keys()
    out_path = os.path.join(LAY, 'layouts.tsv')
    old = expand(out_path) if keep else {}
    value = {} # (i, key) -> value or None
    for i, r in enumerate(rel):
        path = find(dirs, r['dump'])
        if path:
            d = read_dump(path)
            for k in ks:
                value[i, k] = d.get(k)
        elif keep:
            for k in ks:
                ok, v = at(old, k, r['arch'], r['exp'], r['lo'])
                if not ok and (r['arch'] != 'amd64' or r['exp'] != '-'):
                    ok, v = at(old, k, 'amd64', '-', r['lo'])
                value[i, k] = v
        else:
            sys.exit(f"no dump {r['dump']}")
    base = [i for i, r in enumerate(rel) if r['arch'] == 'amd64' and r['exp'] == '-']
    out = []
    def put(key, arch, exp, runs):
        for lo, hi, v in runs:
            out.append([key, arch, exp, spell(lo), spell(hi)] + (['absent', '-'] if v is None else [str(v[0]), str(v[1])]))
    def merge(pieces): # [(lo, hi, v)] neighbours with one value
        runs = []
        for lo, hi, v in pieces:
            if runs and runs[-1][2] == v and (runs[-1][1] == (lo[0] - 1, ANY) and lo[1] == 0 or runs[-1][1] == (lo[0], lo[1] - 1)):
                runs[-1] = (runs[-1][0], hi, v)
            else:
                runs.append((lo, hi, v))
        return runs
    def covering(i): # the base releases of release i's minor, with what amd64 has there
        return [b for b in base if rel[b]['lo'][0] == rel[i]['lo'][0]]
    for k in ks:
        put(k, 'amd64', '-', [r for r in merge([(rel[b]['lo'], rel[b]['hi'], value[b, k]) for b in base]) if r[2] is not None])
        other = {}
        for i, r in enumerate(rel):
            if i in base:
                continue
            mine = [b for b in covering(i) if r['lo'] <= rel[b]['hi'] and rel[b]['lo'] <= r['hi']]
            newest = mine[-1]
            if value[i, k] == value[newest, k]:
                continue
            # an earlier patch range without a dump of its own: what differs by cache-line padding differs there too
            for b in covering(i):
                if value[b, k] == value[newest, k] and (b in mine or r['arch'] == 'arm64'):
                    other.setdefault((r['arch'], r['exp']), []).append((rel[b]['lo'], rel[b]['hi'], value[i, k]))
        for (arch, exp), pieces in sorted(other.items()):
            put(k, arch, exp, merge(sorted(set(pieces))))
    out.sort(key=lambda c: (c[0], c[1], c[2], version(c[3])))
    title = head(out_path) or '#key\tarch\texperiment\tfrom\tto\toffset\tsize\n'
    open(out_path, 'w').write(title + ''.join('\t'.join(c) + '\n' for c in out))
    make_refs(dirs, keep, rel)
    print(f'{len(out)} rows of layouts for {len(ks)} keys')

def symbols():
    return [l.split()[1] for l in open(os.path.join(REFS, 'symbols.txt')) if l.strip() and l[0] != '#']

def make_refs(dirs, keep, rel):
    path, t, order = os.path.join(REFS, 'refs.tsv'), {}, []
    sets = list(dict.fromkeys(r['refs'] for r in rel if r['refs'] != '-'))
    wanted = symbols()
    def add(row, name):
        if row[3] not in wanted:
            return
        if row not in t:
            t[row] = []
            order.append(row)
        if name not in t[row]:
            t[row].append(name)
    old = rows(path) if keep else []
    for name in sets:
        found = [find(dirs, f'refs.{name}.tsv'), find(dirs, f'refs.{name}.extra.tsv')]
        if found[0]:
            for f in filter(None, found):
                for c in rows(f):
                    add(tuple(c), name)
        elif keep:
            for c in old:
                if name in c[5].split(','):
                    add(tuple(c[:5]), name)
        else:
            sys.exit(f'no refs.{name}.tsv')
    order.sort()
    title = head(path) or '#function\treferences\tk\tsymbol\taddend\tsets\n'
    open(path, 'w').write(title + ''.join('\t'.join(r) + '\t' + ','.join(t[r]) + '\n' for r in order))
    print(f'{len(order)} rows of references in {len(sets)} sets')

def row_of(rel, v, arch, exp):
    for r in rel:
        if r['lo'] <= v <= r['hi'] and r['arch'] == arch and r['exp'] == exp:
            return r
    return None

def release(version_text, arch, exp):
    rel, v = releases(), version(version_text)
    r = row_of(rel, v, arch, exp)
    if not r:
        name = f'{v[0]}' + ('' if exp == '-' else '.' + exp) + ('' if arch == 'amd64' else '.' + arch)
        path = os.path.join(LAY, 'releases.tsv')
        lines = open(path).read().splitlines()
        new = '\t'.join([f'1.{v[0]}.0', f'1.{v[0]}', arch, exp, f'layout.{name}.tsv', name if arch == 'amd64' else '-'])
        same = [i for i, l in enumerate(lines) if l and l[0] != '#' and l.split('\t')[2] == arch and (l.split('\t')[3] == '-') == (exp == '-')]
        lines.insert(same[-1] + 1, new)
        open(path, 'w').write('\n'.join(lines) + '\n')
        return name
    return re.match(r'layout\.(.*)\.tsv', r['dump'])[1]

def moved(version_text, arch, exp):
    t, v = expand(os.path.join(LAY, 'layouts.tsv')), version(version_text)
    def value(key, w):
        for a, e in ((arch, exp), (arch, '-'), ('amd64', '-')):
            ok, x = at(t, key, a, e, w)
            if ok:
                return x
        return None
    def show(x):
        return 'absent' if x is None else f'{x[0]}' + (f' ({x[1]} bytes)' if x[1] else '')
    if exp != '-':
        before, what = v, 'the same without ' + exp
    else:
        older = [r['hi'] for r in releases() if r['hi'] < v and r['arch'] == 'amd64' and r['exp'] == '-']
        before, what = older[-1], spell(older[-1])
    n = 0
    for k in keys():
        ok, a = (False, None) if exp != '-' else (True, value(k, before))
        a = at(t, k, 'amd64', '-', v)[1] if exp != '-' else a
        b = value(k, v)
        if a != b:
            print(f'{k}: {show(a)} -> {show(b)}')
            n += 1
    print(f'{n} of {len(keys())} keys differ from {what}')

def inc_keys():
    ks = keys()
    structs = list(dict.fromkeys(split(k)[0] for k in ks))
    s = ['#ifdef KEY']
    s += [f'KEY({enum(k)}, {structs.index(split(k)[0])}, "{split(k)[1]}")' for k in ks]
    s += ['#endif', '#ifdef STRUCT']
    s += [f'STRUCT({"S_" + re.sub("[^A-Za-z0-9]+", "_", n.replace("runtime.", "")).upper()}, "{n}")' for n in structs]
    return s + ['#endif']

def num(v):
    return f'{v[0]}, {v[1]}'

def inc_layouts():
    ks = set(keys())
    s = ['#ifdef LAYOUT']
    for c in rows(os.path.join(LAY, 'layouts.tsv')):
        if c[0] in ks:
            off, size = ('LAYOUT_ABSENT', '0') if c[5] == 'absent' else (c[5], c[6])
            exp = 'NULL' if c[2] == '-' else f'"{c[2]}"'
            s.append(f'LAYOUT({enum(c[0])}, GOBIN_{c[1].upper()}, {exp}, {num(version(c[3]))}, {num(version(c[4]))}, {off}, {size})')
    s += ['#endif', '#ifdef RELEASE']
    sets = list(dict.fromkeys(r['refs'] for r in releases() if r['refs'] != '-'))
    for r in releases():
        exp = 'NULL' if r['exp'] == '-' else f'"{r["exp"]}"'
        s.append(f'RELEASE(GOBIN_{r["arch"].upper()}, {exp}, {num(r["lo"])}, {num(r["hi"])}, {sets.index(r["refs"]) if r["refs"] != "-" else -1})')
    s += ['#endif', '#ifdef HARMLESS']
    s += [f'HARMLESS("{l.strip()}")' for l in open(os.path.join(LAY, 'experiments.txt')) if l.strip() and l[0] != '#']
    return s + ['#endif']

def inc_refs():
    sets = list(dict.fromkeys(r['refs'] for r in releases() if r['refs'] != '-'))
    names = symbols()
    s = ['#ifdef REF']
    for c in rows(os.path.join(REFS, 'refs.tsv')):
        if c[3] in names:
            mask = sum(1 << sets.index(x) for x in c[5].split(',') if x in sets)
            s.append(f'REF("{c[0]}", {c[1]}, {c[2]}, {names.index(c[3])}, {c[4]}, 0x{mask:x})')
    s += ['#endif', '#ifdef GLOBAL']
    s += [f'GLOBAL({l.split()[0]}, "{l.split()[1]}")' for l in open(os.path.join(REFS, 'symbols.txt')) if l.strip() and l[0] != '#']
    return s + ['#endif']

def main():
    cmd, args = sys.argv[1], sys.argv[2:]
    if cmd in ('make', 'add'):
        return make(args, cmd == 'add')
    if cmd == 'release':
        return print(release(*args))
    if cmd == 'types':
        return print('\n'.join(sorted({split(k)[0] for k in keys()} - {'const'} | {'runtime.finblock'})))
    if cmd == 'moved':
        return moved(*args)
    lines = {'keys': inc_keys, 'layouts': inc_layouts, 'refs': inc_refs}[cmd]()
    open(args[0], 'w').write('// made by tools/golayouts.py from tables/\n' + '\n'.join(lines) + '\n')

main()
