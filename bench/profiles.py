"""Large profiles side by side: whyheap heap against go tool pprof, CPU seconds (user and system) and peak memory.

    profiles.py [--quick] [--rounds N]      --quick: a tenth of the size
Data is made once and kept in the test cache. Neighbours that are not to be had: their line says so.
"""
import argparse, os, statistics, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'tests', 'e2e'))
import gobuild
from tap import WHYHEAP


def find_pprof():
    try:
        go = gobuild.find_go()
        subprocess.run([go, 'tool', 'pprof', '-help'], capture_output=True)
        return subprocess.run([go, 'tool', '-n', 'pprof'], capture_output=True, text=True, check=True).stdout.strip()
    except (RuntimeError, OSError, subprocess.CalledProcessError):
        return None


def make(folder, name, *args):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        args = [str(a) for a in args]
        at = 1 if args[0] == 'dump' else 0
        subprocess.run([sys.executable, os.path.join(HERE, 'recipes', 'profiles.py'), *args[:at], path + '.new', *args[at:]], check=True)
        os.rename(path + '.new', path)
    return path


def cost(args, cwd):
    """CPU seconds and peak KiB of a command."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.chdir(cwd)
        os.environ['HOME'] = cwd
        os.execv(args[0], args)
    _, status, usage = os.wait4(pid, 0)
    os.close(r), os.close(w)
    if status:
        raise RuntimeError(f'{" ".join(args[:6])}: status {status}')
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def median(args, cwd, rounds):
    runs = [cost(args, cwd) for _ in range(rounds)]
    return statistics.median(c for c, _ in runs), statistics.median(m for _, m in runs)


def line(what, ours, theirs, want):
    text = f'{what:34} whyheap {ours[0]:7.2f} s {ours[1] / 1024:7.0f} MB'
    if theirs:
        text += f'   pprof {theirs[0]:7.2f} s {theirs[1] / 1024:7.0f} MB   ratio {theirs[0] / ours[0]:6.1f} x CPU {theirs[1] / ours[1]:6.1f} x memory'
    print(f'{text}   wanted: {want}', flush=True)


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument('--quick', action='store_true')
    a.add_argument('--rounds', type=int, default=3)
    opt = a.parse_args()
    n = 50000 if opt.quick else 500000
    folder = os.path.join(gobuild.cache_folder(), 'bench-profiles' + ('-quick' if opt.quick else ''))
    os.makedirs(folder, exist_ok=True)
    pprof = find_pprof()
    if not pprof:
        print('go tool pprof: not measured, no Go toolchain')
    one, two, twice = make(folder, 'a.pb.gz', n, 1), make(folder, 'b.pb.gz', n, 2), make(folder, 'double.pb.gz', 2 * n, 3)
    many = [make(folder, f'm{i:03}.pb.gz', n // 100, 100 + i, 40) for i in range(100)]
    dump = make(folder, 'goroutines.txt', 'dump', n // 5, 4)
    ours = lambda *args: median([WHYHEAP, 'heap', '--columns=pprof', *args], folder, opt.rounds)
    theirs = lambda *args: cost([pprof, *args], folder) if pprof else None
    top = ours(one)
    line('top, 100 MB, 500,000 samples', top, theirs('-top', one), '60 x CPU, 8 x memory')
    line('merging 100 profiles', ours(*many), theirs('-top', *many), '8 x CPU (aim 10), 40 x memory')
    line('-diff_base of two of 100 MB', ours('-diff_base=' + one, two), None, '3 s, 300 MB')
    double = ours(twice)
    line('top, 200 MB', double, None, f'2.2 x the 100 MB case; it is {double[0] / top[0]:.2f}')
    line(f'dump of 100,000 goroutines, {os.path.getsize(dump) / 1e6:.0f} MB', ours(dump), None, '0.5 s; pprof cannot read it')


main()
