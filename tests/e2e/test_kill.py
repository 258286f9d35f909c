"""whyheap is killed at random instants while it diagnoses: the target's frame loop goes on, nothing stays attached to it
and nothing in it was changed. KILLS sets how often (200)."""
import hashlib, os, random, signal, subprocess, time

import game, gobuild
from tap import WHYHEAP, check, equal, run, test

KILLS = int(os.environ.get('KILLS', '200'))


def status(pid, field, task=''):
    with open(f'/proc/{pid}/{task}status') as f:
        return next(line.split(':', 1)[1].strip() for line in f if line.startswith(field + ':'))


def code(pid):
    """The executable's own read-only parts, as they are in memory."""
    h = hashlib.sha256()
    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as mem:
        for line in maps:
            span, rights, *_ = line.split()
            if 'w' in rights or not line.rstrip().endswith('gameserver') and '/bin/gameserver-' not in line:
                continue
            lo, hi = (int(x, 16) for x in span.split('-'))
            h.update(f'{span} {rights}'.encode())
            mem.seek(lo)
            h.update(mem.read(hi - lo))
    return h.hexdigest()


def frames_go_on(g, seen, what):
    """True when it counted further frames; waits for them, however slow the machine is."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        n = g.frames()['n']
        if n > seen:
            return n
        time.sleep(0.02)
    check(False, what, 'its frame loop stands still')
    return seen


@test(rows=[('spawn', 'stripped', '1.27.4'), ('none', 'plain', '1.26.11')])
def killed_at_random_instants(defect, form, version):
    instants = random.Random(20261124)
    with game.Game(gobuild.build(game.SOURCE, version, form), defect) as g:
        time.sleep(1)
        before, signals = code(g.pid), [status(g.pid, f) for f in ('SigBlk', 'SigIgn', 'SigCgt')]
        check(before != hashlib.sha256().hexdigest(), 'no code was read')
        seen, killed = g.frames()['n'], 0
        for i in range(KILLS // 2):
            p = subprocess.Popen([WHYHEAP, str(g.pid), '--json', '--for', '10s'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(instants.choice([instants.uniform(0, 0.05), instants.uniform(0, 0.4), instants.uniform(0, 1.2)]))
            killed += p.poll() is None
            p.send_signal(signal.SIGKILL)
            p.wait()
            equal(status(g.pid, 'TracerPid'), '0', f'kill {i}: tracer')
            for t in os.listdir(f'/proc/{g.pid}/task'):
                try:
                    state = status(g.pid, 'State', f'task/{t}/')
                except (FileNotFoundError, ProcessLookupError, StopIteration):
                    continue  # a thread that ended meanwhile
                check(state[0] not in 'Tt', f'kill {i}: thread {t} is {state}')
            seen = frames_go_on(g, seen, f'kill {i}:')
        check(killed >= KILLS // 2 * 0.9, 'only', killed, 'of', KILLS // 2, 'were killed while they diagnosed')
        equal(code(g.pid), before, 'code')
        equal([status(g.pid, f) for f in ('SigBlk', 'SigIgn', 'SigCgt')], signals, 'signals')
        check(g.process.poll() is None, 'it is no longer there')


run()
