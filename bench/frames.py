"""What the target's frames look like under: nothing, whyheap watching it, and what an agent inside it does (ReadMemStats
and a heap profile every 100 ms). The demo's game server at 60 Hz, turns taken, medians over the rounds."""
import argparse, os, statistics, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'e2e'))
import game, gobuild
from tap import WHYHEAP

WAYS = ['nothing', 'whyheap', 'agent inside']
FIELDS = ['gap_p50_us', 'gap_p99_us', 'gap_max_us', 'work_p50_us', 'work_p99_us', 'work_max_us']


def turn(way, opt):
    args = ['-selfprofile', '100ms'] if way == 'agent inside' else []
    with game.Game(gobuild.build(game.SOURCE, opt.go, 'stripped'), opt.leak, args) as g:
        time.sleep(4)
        watcher = None
        if way == 'whyheap':
            watcher = subprocess.Popen([WHYHEAP, str(g.pid), '--json', '--for', f'{opt.seconds}s'], stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        g.reset_frames()
        time.sleep(opt.seconds - 1)
        frames = g.frames()
        if watcher and watcher.wait(120) not in (0, 1):
            raise RuntimeError(f'whyheap ended with {watcher.returncode}')
        return frames


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument('--seconds', type=int, default=20)
    a.add_argument('--rounds', type=int, default=3)
    a.add_argument('--go', default=gobuild.VERSIONS[0])
    a.add_argument('--leak', default='none')
    opt = a.parse_args()
    seen = {w: [] for w in WAYS}
    for _ in range(opt.rounds):
        for way in WAYS:
            seen[way].append(turn(way, opt))
    print(f'Go {opt.go}, -leak={opt.leak}, {opt.rounds} rounds of {opt.seconds} s; microseconds, median of the rounds (max: the worst)')
    print(f"{'':14}" + ''.join(f'{f.removesuffix("_us"):>11}' for f in FIELDS))
    for way in WAYS:
        pick = lambda f: max if 'max' in f else statistics.median
        print(f'{way:14}' + ''.join(f'{int(pick(f)(r[f] for r in seen[way])):>11}' for f in FIELDS))


main()
