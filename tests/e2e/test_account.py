"""The resident account against what a program knows of itself, and against the kernel's own count."""
import json, os, subprocess, tempfile

import gobuild
from resident import MIB, Program
from tap import WHYHEAP, check, equal, run, test

PARTS = ['heap_live', 'heap_garbage', 'heap_free_slots', 'heap_idle', 'stacks', 'runtime', 'globals', 'code', 'c_heap',
         'thread_stacks', 'mapped_files', 'other']


def account(pid):
    p = subprocess.run([WHYHEAP, 'account', str(pid), '--json'], capture_output=True, text=True, timeout=120)
    check(p.returncode == 0, p.returncode, p.stderr)
    return json.loads(p.stdout)


def idle(pid):
    """The runtime's own figure, which its scavenger lowers as time goes on."""
    p = subprocess.run([WHYHEAP, 'stats', str(pid), '--json'], capture_output=True, text=True, timeout=120)
    m = json.loads(p.stdout)['memstats'][0]
    return m['heap_idle'] - m['heap_released']


def near(got, want, slack, what):
    check(abs(got - want) <= slack, f'{what}: {got / MIB:.2f} MiB, {want / MIB:.2f} wanted')


def adds_up(a, program):
    """Parts in the contract's order, their sum the account's resident set, and that within 1 % of the kernel's counter."""
    equal([p['name'] for p in a['parts']], PARTS, 'parts')
    equal(sum(p['bytes'] for p in a['parts']), a['rss'], 'the sum')
    rss = program.rss()
    check(abs(a['rss'] - rss) <= rss / 100, f"rss {a['rss']}, the kernel says {rss}")
    other = next(p['bytes'] for p in a['parts'] if p['name'] == 'other')
    check(other <= a['rss'] / 100 or any('resident' in x['what'] for x in a['limits']), 'other is above 1 % and is not told')
    return {p['name']: p['bytes'] for p in a['parts']}


@test(rows=[(v, f) for v in gobuild.VERSIONS for f in (['plain', 'stripped'] if v in ('1.27.4', '1.26.11', '1.23.12', '1.21.13') else ['plain'])])
def every_part_is_what_the_program_knows(version, form):
    with tempfile.NamedTemporaryFile() as f:
        f.write(os.urandom(1 << 16) * 256)  # 16 MiB
        f.flush()
        with Program(version, form, ['-live=60', '-idle=40', '-goroutines=500', '-map=24', f'-file={f.name}']) as p:
            before = idle(p.pid)
            part = adds_up(account(p.pid), p)
            after, k = idle(p.pid), p.knows
            near(part['heap_live'], k['alloc'], 2 * MIB, 'live objects')
            check(after - 3 * MIB <= part['heap_idle'] <= before + 3 * MIB, 'idle heap', before, part['heap_idle'], after)
            near(part['stacks'], k['stack'], 2 * MIB, 'stacks')
            near(part['c_heap'], 24 * MIB, 3 * MIB, 'mapped by the program')
            near(part['mapped_files'], 16 * MIB, 4 * MIB, 'mapped files')
            check(part['code'] > 0.5 * MIB and part['globals'] > 0, part)
            check(part['runtime'] < 12 * MIB, 'runtime', part['runtime'])
            check(part['heap_garbage'] < 2 * MIB and part['heap_free_slots'] < 4 * MIB, part)


@test(rows=['1.27.4', '1.26.11', '1.21.13'])
def what_c_holds_is_told_from_what_go_holds(version):
    with Program(version, 'plain', ['-live=30', '-c=40'], extra=['-tags=withc']) as p:
        part = adds_up(account(p.pid), p)
        near(part['heap_live'], p.knows['alloc'], 2 * MIB, 'live objects')
        near(part['c_heap'], 40 * MIB, 4 * MIB, 'C heap')
        check(0 < part['thread_stacks'] < 4 * MIB, 'thread stacks', part['thread_stacks'])
        check(part['runtime'] < 12 * MIB, 'runtime', part['runtime'])


@test
def looking_changes_nothing():
    """A look at a page that is not resident would make it so."""
    with Program('1.27.4', 'plain', ['-live=20', '-c=10'], extra=['-tags=withc']) as p:
        account(p.pid)
        before = p.rss()
        for _ in range(3):
            account(p.pid)
        check(abs(p.rss() - before) < MIB / 4, f'rss moved from {before} to {p.rss()}')


@test
def the_table_has_a_line_and_a_bar_a_part():
    with Program('1.27.4', 'stripped', ['-live=50']) as p:
        out = subprocess.run([WHYHEAP, 'account', str(p.pid)], capture_output=True, text=True, timeout=120)
        equal(out.returncode, 0, out.stderr)
        lines = out.stdout.splitlines()
        check(any(l.startswith('live objects') and '█' in l and '%' in l for l in lines), out.stdout)
        check(any('all together' in l for l in lines) and any(l.startswith('limit:') for l in lines), out.stdout)


@test
def a_program_that_is_not_go_has_one_too():
    with subprocess.Popen(['sleep', '60']) as p:
        try:
            a = account(p.pid)
            equal(sum(x['bytes'] for x in a['parts']), a['rss'], 'the sum')
            check(a['limits'], 'no limit says that there is no Go heap')
        finally:
            p.kill()


@test(rows=['no such process', 'a core'])
def what_has_no_account_says_so(what):
    if what == 'a core':
        with tempfile.NamedTemporaryFile() as f:
            f.write(b'\x7fELF\x02\x01\x01' + bytes(9) + b'\x04\x00\x3e\x00' + bytes(200))
            f.flush()
            p = subprocess.run([WHYHEAP, 'account', f.name], capture_output=True, text=True, timeout=60)
        check('does not say which pages were resident' in p.stderr, p.stderr)
    else:
        p = subprocess.run([WHYHEAP, 'account', '4194305'], capture_output=True, text=True, timeout=60)
        check('no process 4194305' in p.stderr, p.stderr)
    equal(p.returncode, 3, 'exit status')
    equal(p.stdout, '', 'standard output')


run()
