"""Not yet in the list of meson.build: it has not been run as it stands.

Constructs: what the compiler's output and the machine code of the stripped binary say of 119 small functions, against a table
judged by hand (constructs.txt), release by release.

WHYHEAP_TABLE=FILE also writes the comparison as a table. WHYHEAP_ESCAPE=all takes every release, otherwise the newest and the oldest.
"""
import collections, json, os, re, subprocess, tempfile

import gobuild
from tap import WHYHEAP, check, run, test

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = 'tests/e2e/go/constructs'
EVERY = os.environ.get('WHYHEAP_ESCAPE') == 'all'
VERSIONS = gobuild.VERSIONS if EVERY else [gobuild.VERSIONS[0], gobuild.VERSIONS[-1]]
NAME = re.compile(r'^(?:main\.)?([cde]\d\d_\w+?)(?:\.|-|$)')
GROWTH = {'slice_growth', 'make_size_unknown'}
table = []

# What an older release does otherwise: function -> (last minor it holds for, compiler, machine code); None: as in the table.
OLDER = {
    'c28_errorf': (25, '-', '-'), 'c99_recover': (25, '-', '-'),  # fmt.Errorf is inlined from 1.26 on
    'c42_make_cap_local': (24, None, 'make_size_unknown,slice_growth'),
    'c45_var_200k': (23, '-', '-'),  # 10 MB until then
    'c94_funcvar': (26, 'stored_in_heap', 'stored_in_heap'), 'c95_funcvar_lit': (26, 'stored_in_heap', 'stored_in_heap'),
    'c98_recursive': (22, 'return_of_address', 'return_of_address'), 'd17_append_local_small': (24, None, 'slice_growth'),
}


def expected():
    for line in open(os.path.join(HERE, 'constructs.txt'), encoding='utf-8'):
        if line.strip() and not line.startswith('#'):
            yield [c.strip() for c in line.split('|')]


def words(s):
    return set() if s == '-' else set(s.split(','))


def lines_of():
    """(file, line) -> the construct's function."""
    at = {}
    folder = os.path.join(gobuild.ROOT, SOURCE)
    for name in sorted(os.listdir(folder)):
        function = None
        for n, line in enumerate(open(os.path.join(folder, name), encoding='utf-8'), 1):
            m = re.match(r'func ([cde]\d\d_\w+)', line)
            if m:
                function = m[1]
            elif line.startswith(('func ', 'type ', 'var ')):
                function = None
            if function:
                at[name, n] = function
    return at


def minor(version):
    return int(version.split('.')[1])


def source_for(version, tmp):
    """The module with the release's own language version: later files are left out by their build tags."""
    folder = os.path.join(tmp, 'constructs')
    subprocess.run(['cp', '-r', os.path.join(gobuild.ROOT, SOURCE), folder], check=True)
    open(os.path.join(folder, 'go.mod'), 'w').write(f'module constructs\n\ngo 1.{minor(version)}\n')
    return folder


def go(args, version, folder):
    env = dict(gobuild.environment(version), CGO_ENABLED='0')
    p = subprocess.run(['nice', gobuild.find_go(), 'build', '-p', '2', *args, '.'], cwd=folder, env=env, capture_output=True)
    check(p.returncode == 0, p.stderr[-500:])
    return p.stderr


def escape(*args):
    p = subprocess.run([WHYHEAP, 'escape', *args, '--json'], capture_output=True, timeout=120)
    check(p.returncode == 0, p.stderr[-500:])
    return json.loads(p.stdout or '[]')


@test(rows=VERSIONS)
def constructs_are_right_from_the_compiler_and_from_the_stripped_binary(version):
    with tempfile.TemporaryDirectory() as tmp:
        folder, exe, said = source_for(version, tmp), os.path.join(tmp, 'exe'), os.path.join(tmp, 'said')
        go(['-ldflags=-s -w', '-o', exe], version, folder)
        open(said, 'wb').write(go(['-gcflags=-m=2', '-o', '/dev/null'], version, folder))
        code, compiler, at = collections.defaultdict(set), collections.defaultdict(set), lines_of()
        linked = set()
        for s in escape(exe, '--site', 'main.'):
            m = NAME.match(s['function'])
            if m:
                code[m[1]].add(s['construct'])
                check(at.get((os.path.basename(s['file']), s['line'])) == m[1], s['place'], 'is not a line of', m[1])
        for i in escape(said):
            linked.add(os.path.basename(i['file']))
            function = at.get((os.path.basename(i['file']), i['line']))
            if function and not i.get('another_path'):
                compiler[function].add(i['construct'])
    right = {'compiler': 0, 'machine code': 0}
    rows = 0
    for function, want_compiler, want_code in expected():
        file = next(f for (f, _), name in at.items() if name == function)
        needs = re.match(r'f1(\d\d)\.go', file)
        if needs and minor(version) < int(needs[1]):
            continue
        last, c, m = OLDER.get(function, (0, None, None))
        old = minor(version) <= last
        want_c, want_m = words(c if old and c is not None else want_compiler), words(m if old and m is not None else want_code)
        got_c, got_m = compiler[function], code[function]
        if minor(version) < 25:  # appends are not reported, and a make that stays is
            want_c, got_c = want_c - GROWTH, got_c - GROWTH
        rows += 1
        right['compiler'] += got_c == want_c
        right['machine code'] += got_m == want_m
        check(got_c == want_c, version, function, 'compiler:', sorted(got_c), 'not', sorted(want_c))
        check(got_m == want_m, version, function, 'machine code:', sorted(got_m), 'not', sorted(want_m))
    check(rows > 90, rows, 'constructs compared')
    table.append(f'| {version} | {rows} | {right["compiler"]} | {right["machine code"]} |')


if __name__ == '__main__':
    try:
        run()
    finally:
        if os.environ.get('WHYHEAP_TABLE'):
            with open(os.environ['WHYHEAP_TABLE'], 'w', encoding='utf-8') as f:
                f.write('| Go | functions | right from the compiler | right from the stripped binary |\n|---|---|---|---|\n' + '\n'.join(table) + '\n')
