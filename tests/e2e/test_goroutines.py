"""whyheap goroutines on a quiet process, against what the process says of itself: its own debug=2 dump (ids, states, frames
with file and line, creators, labels), and the addresses it noted of what each goroutine waits on."""
import json, os, subprocess, time

from gobuild import VERSIONS
from oracle import Oracle, parse_goroutines
from tap import WHYHEAP, check, equal, run, test

ROWS = [(v, 'plain') for v in VERSIONS] + [(v, f) for v in ('1.27.4', '1.26.11', '1.23.12', '1.21.13') for f in ('stripped', 'stripped-pie')] + \
    [('1.27.4', 'pie')]  # cgo: goroutines in C calls and callbacks differ, see docs/formats/goroutines.md
INNER = 50 # a dump shows so many frames of each end of a long stack


def whyheap(*args):
    p = subprocess.run([WHYHEAP, 'goroutines', *args], capture_output=True, text=True, timeout=60)
    check(p.returncode == 0, 'status', p.returncode, p.stderr)
    return p.stdout


def ours(pid):
    out = json.loads(whyheap(str(pid), '--all', '--json'))
    equal(out['torn'], 0, 'torn on a quiet process')
    return {g['id']: g for g in out['goroutines']}


def name(function):
    return {'runtime.gopanic': 'panic'}.get(function, function)


def frames(g):
    return [(name(f['function']), f['file'], f['line']) for f in g['frames'] if not f.get('hidden')]


def dumped(g):
    return [(f['function'], f['file'], f['line']) for f in g['frames']]


def same_frames(got, want):
    mine, theirs = frames(got), dumped(want)
    if want['elided']:
        equal(len(mine), len(theirs) + want['elided'], f'frames of goroutine {want["id"]}')
        return equal(mine[:INNER] + mine[-INNER:], theirs, f'goroutine {want["id"]}')
    return equal(mine, theirs, f'goroutine {want["id"]}')


def same_creator(got, want):
    made = want['created_by']
    if not made:
        return
    by = got['created_by']
    equal((by['function'], by['file'], by['line'], by['goroutine']), (made['function'], made['file'], made['line'], made['goroutine']), f'creator of {want["id"]}')


@test(rows=ROWS)
def equals_the_dump(version, form):
    with Oracle(version, form) as o:
        truth, got = o.truth(), ours(o.pid)
        want = {g['id']: g for g in truth.goroutines}
        user = {i for i, g in got.items() if not g['system']}
        equal(user, set(want), 'ids')
        check(len(want) > 60, 'goroutines', len(want))
        for i in user & set(want):
            if i == 1: # it writes the dump in one place and waits for orders in another
                continue
            equal(got[i]['state'], want[i]['state'], f'state of {i}')
            equal(got[i]['locked'], want[i]['locked'], f'locked of {i}')
            same_frames(got[i], want[i])
            same_creator(got[i], want[i])
        check(o.still_quiet(truth), 'the target counted something')


@test(rows=[('1.27.4', 'stripped'), ('1.26.11', 'plain'), ('1.22.12', 'plain')])
def prints_a_dump_that_reads_like_one(version, form):
    with Oracle(version, form) as o:
        truth = o.truth()
        mine = {g['id']: g for g in parse_goroutines(whyheap(str(o.pid), '--all'))}
        want = {g['id']: g for g in truth.goroutines}
        equal(set(mine), set(want), 'ids')
        for i in set(mine) & set(want) - {1}:
            equal(mine[i]['state'], want[i]['state'], f'state of {i}')
            if not want[i]['elided']:
                equal(dumped(mine[i]), dumped(want[i]), f'frames of {i}')
            equal(mine[i]['created_by'], want[i]['created_by'], f'creator of {i}')


def due_matches(g, due_ns):
    return 'wake_in_s' in g and abs(time.time() + g['wake_in_s'] - due_ns / 1e9) < 5


@test(rows=ROWS)
def says_what_each_waits_on(version, form):
    with Oracle(version, form) as o:
        truth, got = o.truth(), ours(o.pid)
        for w in truth.waiters:
            g, shape = got.get(w['goid']), w['shape']
            if not check(g, shape, 'is missing'):
                continue
            addrs = {x['addr'] for x in g.get('waits_on', [])}
            timed = shape in ('timer', 'ticker', 'select_timer') # what they noted is the timer, not its channel
            if 'addr' in w and not (timed and shape != 'select_timer'):
                check(w['addr'] in addrs, shape, w['addr'], 'not in', addrs)
            if 'also' in w and not timed:
                check(w['also'] in addrs, shape, w['also'], 'not in', addrs)
            if 'fd' in w and shape != 'syscall':
                equal(g.get('fd'), w['fd'], shape)
            if 'due_ns' in w:
                check(due_matches(g, w['due_ns']), shape, 'wakes', g.get('wake_in_s'), 'not', w['due_ns'] / 1e9 - time.time())
                equal(g['wake'], 'ticker' if shape == 'ticker' else 'once', f'wake-up of {shape}')
            if 'labels' in w:
                equal(' '.join(f'{k}={v}' for k, v in sorted(g.get('labels', {}).items())), w['labels'], shape)
        equal(sum(w['shape'] == 'group' for w in truth.waiters), 25)


@test(rows=[('1.27.4', 'stripped'), ('1.27.4', 'stripped-cgo'), ('1.26.11', 'stripped-cgo'), ('1.24.13', 'plain')])
def groups_add_up(version, form):
    with Oracle(version, form, ['-goroutines', '4000']) as o:
        truth = o.truth()
        out = json.loads(whyheap(str(o.pid), '--json'))
        equal(sum(g['goroutines'] for g in out['groups']), out['count'], 'sum')
        equal(sum(g['goroutines'] for g in out['groups'] if not g['system']), len(truth.goroutines), 'of the program')
        many = {g['blocked_in']: g for g in out['groups'] if g['goroutines'] == 1000}
        equal({b: g['state'] for b, g in many.items()}, {'main.manyA': 'chan receive', 'main.manyB': 'chan send', 'main.manyC': 'select', 'time.Sleep': 'sleep'} if 'time.Sleep' in many
              else {'main.manyA': 'chan receive', 'main.manyB': 'chan send', 'main.manyC': 'select', 'main.manyD': 'sleep'}, 'groups')
        text = whyheap(str(o.pid))
        check('main.manyA' in text and '1,000' in text, text[:500])


@test(rows=[('1.27.4', 'stripped')])
def reads_them_while_they_run(version, form):
    """Under load nothing is made up: every stack that is whole ends where its goroutine began."""
    with Oracle(version, form, ['-goroutines', '2000']) as o:
        os.write(o.process.stdin.fileno(), b'churn 3000000\n')
        for _ in range(5):
            out = json.loads(whyheap(str(o.pid), '--all', '--json'))
            check(len(out['goroutines']) + out['torn'] >= 2060, len(out['goroutines']), out['torn'])
            check(out['torn'] <= 20, 'torn', out['torn'])
            for g in out['goroutines']:
                if not g['partial'] and g['frames']:
                    equal(g['frames'][-1]['function'], 'runtime.goexit', f'goroutine {g["id"]} {g["state"]}')


run()
