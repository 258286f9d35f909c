"""Execution traces: every event equals the reference reader's, on every release, whole, of many generations, cut, and
from the flight recorder; `-pprof` equivalents equal go tool trace's."""
import json, os, subprocess, tempfile

from tap import WHYHEAP, check, equal, run, test
from gobuild import VERSIONS, build, environment, find_go
from traceref import reference

WORK = tempfile.TemporaryDirectory(prefix='whyheap-trace-')
made = {}


def make(version, shape):
    """A trace of the program tracework, made once: plain, nocgo, many (20 ms generations), flight, alloc."""
    if (version, shape) not in made:
        program = build('tests/e2e/go/tracework', version, 'plain')
        path = os.path.join(WORK.name, f'{shape}-{version}.trace')
        env = dict(os.environ, GODEBUG={'many': 'traceadvanceperiod=20000000', 'alloc': 'traceallocfree=1'}.get(shape, ''))
        args = {'plain': ['-out', path, '-samples'], 'many': ['-out', path, '-load', '1', '-for', '600ms'],
                'alloc': ['-out', path, '-for', '200ms'], 'flight': ['-flight', path], 'nocgo': ['-out', path, '-callbacks=false']}[shape]
        subprocess.run(['timeout', '60', program, '-for', '1200ms', *args], env=env, check=True, stdout=subprocess.DEVNULL)
        made[version, shape] = path
    return made[version, shape]


def lines(args):
    p = subprocess.run(args, capture_output=True)
    return p.stdout.splitlines(), p.stderr.decode(errors='replace')


def ours(path):
    got, said = lines([WHYHEAP, 'trace', path, 'events', '--raw'])
    check(not said, 'stderr:', said[:200])
    return got


def same(got, want, what):
    if got == want:
        return check(len(want) > 100, what, 'has few events:', len(want))
    for i, (a, b) in enumerate(zip(got, want)):
        if a != b:
            return check(False, f'{what}: event {i} of {len(want)}: {a[:200]} instead of {b[:200]}')
    return check(False, f'{what}: {len(got)} events instead of {len(want)}')


V2 = [v for v in VERSIONS if not v.startswith('1.21')]
FLIGHT = [v for v in V2 if v.split('.')[1] >= '25']


@test(rows=[(v, 'plain') for v in V2] + [(v, 'many') for v in V2] + [(v, 'flight') for v in FLIGHT] + [(VERSIONS[0], 'alloc')])
def every_event_equals_the_reference(version, shape):
    path = make(version, shape)
    want, said = lines([reference(), 'raw', path])
    check(not said, 'the reference says', said[:200])
    same(ours(path), want, 'events')
    summary = json.loads(subprocess.run([WHYHEAP, 'trace', path, '--json'], capture_output=True).stdout)
    equal(summary['events'], len(want), 'events of the summary')
    equal(summary['limits'], [], 'limits')


@test(rows=['plain', 'many'])
def v1_equals_the_reference(shape):
    """Items of equal times come in the order of a hash map there: each processor's events are compared, times to 1 us."""
    path = make('1.21.13', shape)
    want, said = lines([reference(), 'raw', path])
    check(not said, 'the reference says', said[:200])
    got = ours(path)
    equal(len(got), len(want), 'events')

    def by_processor(events):
        of = {}
        for e in events:
            time, kind, m, p, g, *rest = e.split(b' ', 5)
            if kind == b'25' and m == b'-1' and g == b'-1':
                rest = [b'']  # those there at the beginning: in any order
            of.setdefault(p, []).append((int(time), kind, m, g, rest))
        return of
    a, b = by_processor(got), by_processor(want)
    equal(sorted(a), sorted(b), 'processors')
    for p in b:
        same([e[1:] for e in a[p]], [e[1:] for e in b[p]], f'processor {p.decode()}') if len(b[p]) > 100 else equal([e[1:] for e in a[p]], [e[1:] for e in b[p]], p)
        check(max((abs(x[0] - y[0]) for x, y in zip(a[p], b[p])), default=0) <= 1000, 'times differ on processor', p)


@test(rows=[(v, part) for v in ('1.27.4', '1.24.13', '1.22.12') for part in (0.3, 0.7, 0.99)])
def a_cut_file_gives_all_up_to_the_cut(version, part):
    whole = open(make(version, 'many'), 'rb').read()
    path = os.path.join(WORK.name, 'cut.trace')
    open(path, 'wb').write(whole[:int(len(whole) * part)])
    # The reference gives no event of the generation that was cut, or stops in it.
    want, _ = lines([reference(), 'raw', path])
    got = ours(path)
    check(len(want) > 100, 'the reference has events', len(want))
    same(got[:len(want)], want, 'events before the cut')
    summary = json.loads(subprocess.run([WHYHEAP, 'trace', path, '--json'], capture_output=True).stdout)
    check(summary['cut'] and any('missing' in l['what'] for l in summary['limits']), 'limits', summary['limits'])


def top(path, index):
    """Every function's flat and cumulative value, as go tool pprof prints them."""
    p = subprocess.run([find_go(), 'tool', 'pprof', '-top', '-nodecount=100000', '-nodefraction=0', '-edgefraction=0', '-unit=ns',
                        f'-sample_index={index}', path], capture_output=True, text=True, env=environment('local'))
    rows = [l.split(None, 5) for l in p.stdout.splitlines() if '%' in l and not l.startswith('Showing')]
    return sorted((r[5], r[0], r[3]) for r in rows if len(r) == 6)


@test(rows=[(v, kind) for v in ('1.27.4', '1.25.14', '1.23.12', '1.22.12', '1.21.13') for kind in ('net', 'sync', 'syscall', 'sched')])
def profiles_equal_go_tool_trace(version, kind):
    """Without callbacks from C: of a goroutine number that lives several times go tool trace counts the last life alone."""
    path = make(version, 'nocgo')
    mine, theirs = (os.path.join(WORK.name, f'{who}-{kind}.pb.gz') for who in ('mine', 'theirs'))
    with open(mine, 'wb') as f:
        subprocess.run([WHYHEAP, 'trace', path, '--pprof', kind], stdout=f, check=True)
    with open(theirs, 'wb') as f:
        subprocess.run([find_go(), 'tool', 'trace', f'-pprof={kind}', path], stdout=f, check=True, stderr=subprocess.DEVNULL, env=environment('go1.27.4'))
    for index in ('contentions', 'delay'):
        got, want = top(mine, index), top(theirs, index)
        check(len(want) > 3, kind, index, 'has few rows:', len(want))
        if version.startswith('1.21'):  # items of equal times come in another order, some ns apart: within 1 us a wait
            check(abs(len(got) - len(want)) <= 1, 'rows', len(got), len(want))
            continue
        equal([r for r in got if r not in want][:3], [r for r in want if r not in got][:3], f'{kind} {index}')


@test
def a_window_opens_in_the_timeline_viewer():
    p = subprocess.run([WHYHEAP, 'trace', make('1.27.4', 'plain'), '--perfetto', '--window', '0.2..0.5'], capture_output=True)
    events = json.loads(p.stdout)['traceEvents']
    check(len(events) > 500, 'events', len(events))
    times = [e['ts'] for e in events if e['ph'] != 'M']
    check(min(times) >= 200000 and max(times) <= 500001, 'window', min(times), max(times))
    check({'B', 'E', 'C', 'i'} <= {e['ph'] for e in events}, 'kinds of events')


@test(rows=['gzip', 'zstd'])
def compressed_files_read_the_same(tool):
    path = make('1.27.4', 'plain')
    packed = path + '.' + tool
    with open(packed, 'wb') as f:
        subprocess.run([tool, '-c', path], stdout=f, check=True)
    same(ours(packed), ours(path), 'events')


if __name__ == '__main__':
    run()
