"""Cores of a real process, as gcore and as the kernel write them, say what the live process said."""
import json, os, resource, signal, subprocess, tempfile

import gobuild
import resident
from tap import WHYHEAP, check, equal, run, test

SMALL = ['-live=8', '-idle=8', '-goroutines=50', '-map=4']


def stats(what, *args):
    p = subprocess.run([WHYHEAP, 'stats', str(what), '--json', '--spans', *args], capture_output=True, text=True, timeout=120)
    check(p.returncode == 0, p.returncode, p.stderr)
    return json.loads(p.stdout) if p.returncode == 0 else None


def by_gcore(program, folder):
    subprocess.run(['gcore', '-o', f'{folder}/core', str(program.pid)], capture_output=True, timeout=120, check=True)
    return f'{folder}/core.{program.pid}'


def by_kernel(program, folder):
    os.kill(program.pid, signal.SIGABRT)
    program.process.wait()
    return next(os.path.join(folder, f) for f in os.listdir(folder) if f.startswith('core'))


with open('/proc/sys/kernel/core_pattern') as f:
    to_a_file = f.read().startswith('core')  # a pipe or another folder: no business of a test
WRITERS = {'gcore': by_gcore, **({'kernel': by_kernel} if to_a_file else {})}


def start(version, form, folder):
    """GOTRACEBACK=crash makes SIGABRT write a core; the working folder is where the kernel puts it."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    os.environ['GOTRACEBACK'] = 'crash'
    try:
        return resident.Program(version, form, SMALL, folder=folder)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
        os.environ.pop('GOTRACEBACK')


def core_of(version, form, writer, folder):
    with start(version, form, folder) as p:
        live = stats(p.pid)
        return live, WRITERS[writer](p, folder)


# What goes on while it ends: the signal's own stack and thread, and the statistics' clock.
CRASH_MOVES = 64 << 10


@test(rows=[(v, f, w) for v, f in [('1.27.4', 'plain'), ('1.27.4', 'stripped'), ('1.26.11', 'stripped'), ('1.21.13', 'plain')] for w in WRITERS])
def a_core_says_what_the_process_said(version, form, writer):
    with tempfile.TemporaryDirectory() as folder:
        live, core = core_of(version, form, writer, folder)
        dead = stats(core)
        if not live or not dead:
            return
        for key in ('heap_alloc', 'heap_objects', 'heap_inuse', 'num_gc', 'next_gc', 'last_gc_unix_ns', 'pause_total_ns'):
            a, b = live['memstats'][0].get(key), dead['memstats'][0].get(key)
            if key in ('heap_alloc', 'heap_inuse') and writer == 'kernel':
                check(abs(a - b) <= CRASH_MOVES, key, a, b)
            elif key == 'heap_objects' and writer == 'kernel':
                check(abs(a - b) <= 200, key, a, b)
            else:
                equal(b, a, key)


@test
def its_zeros_may_lie_in_holes():
    with tempfile.TemporaryDirectory() as folder:
        live, core = core_of('1.27.4', 'stripped', 'gcore', folder)
        subprocess.run(['cp', '--sparse=always', core, core + '.sparse'], check=True)
        check(os.stat(core + '.sparse').st_blocks * 512 < os.stat(core).st_size / 2, 'no holes were made')
        equal(stats(core + '.sparse'), stats(core), 'statistics')


@test(rows=[50, 90])
def a_core_that_was_cut_off_says_so(percent):
    with tempfile.TemporaryDirectory() as folder:
        _, core = core_of('1.27.4', 'plain', 'gcore', folder)
        os.truncate(core, os.stat(core).st_size * percent // 100)
        p = subprocess.run([WHYHEAP, core, '--json'], capture_output=True, text=True, timeout=120)
        if p.returncode == 3:
            check(p.stderr.strip(), 'no sentence')
        else:
            check(p.returncode in (0, 1), p.returncode, p.stderr)
            check(any('cut off' in x['because'] for x in json.loads(p.stdout)['limits']), json.loads(p.stdout)['limits'])


@test
def another_program_is_not_taken_for_its_own():
    with tempfile.TemporaryDirectory() as folder:
        _, core = core_of('1.27.4', 'plain', 'gcore', folder)
        other = gobuild.build(resident.SOURCE, '1.26.11')
        p = subprocess.run([WHYHEAP, 'stats', core, '--binary', other], capture_output=True, text=True, timeout=120)
        equal(p.returncode, 3, 'exit status')
        check('is not the program of this core' in p.stderr, p.stderr)


run()
