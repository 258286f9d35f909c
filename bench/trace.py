#!/usr/bin/env python3
"""Traces: a full ordered pass and the summary against what people use today, side by side in one run.

    bench/trace.py [MB [v1|v2|viewer ...]]     size of the generated traces (default 320); all three parts without a name

Each figure is the best of three runs; CPU is user and system time of all threads. `viewer` takes 32 MB and needs 9 GB.
"""
import os, re, resource, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'e2e'))
from gobuild import ROOT, build, environment, find_go
from traceref import reference

WHYHEAP = os.environ.get('WHYHEAP', os.path.join(ROOT, 'build', 'whyheap'))
PASS = os.path.join(ROOT, 'build', 'bench', 'trace_pass')


def run(args, until=None, env=None):
    """(seconds, CPU seconds, peak MB of memory that no file backs, output)."""
    start = time.monotonic()
    p = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, start_new_session=True)
    peak = [0]

    def watch():
        while p.returncode is None:
            try:
                m = re.search(r'RssAnon:\s+(\d+)', open(f'/proc/{p.pid}/status').read())
            except OSError:
                return
            peak[0] = max(peak[0], int(m.group(1)) if m else 0)
            time.sleep(0.01)
    t = threading.Thread(target=watch, daemon=True)
    t.start()
    out = b''
    for line in p.stdout:
        out += line
        if until and until in line:
            break
    if until:
        seconds = time.monotonic() - start
        cpu = sum(float(x) for x in open(f'/proc/{p.pid}/stat').read().rsplit(')', 1)[1].split()[11:13]) / os.sysconf('SC_CLK_TCK')
        os.killpg(p.pid, 9)
        p.wait()
        return seconds, cpu, peak[0] / 1024, out.decode()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = status
    if status:
        sys.exit(f'{args}: wait status {status}: {out.decode()[-400:]}')
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, peak[0] / 1024, out.decode()


def best(args, times=3):
    runs = [run(args) for _ in range(times)]
    return min(r[0] for r in runs), min(r[1] for r in runs), max(r[2] for r in runs), runs[0][3]


def generate(folder, version, mb, name):
    """A busy trace of about that size: the program is run longer until it is reached."""
    path = os.path.join(folder, name)
    program = build('tests/e2e/go/tracework', version, 'plain')
    seconds = mb / 20
    while True:
        subprocess.run([program, '-out', path, '-load', '2', '-for', f'{seconds:.1f}s'], check=True, stdout=subprocess.DEVNULL)
        size = os.path.getsize(path) / 1e6
        if size >= mb:
            return path, size
        seconds *= mb / size * 1.15


def passes(folder, version, mb, name):
    path, size = generate(folder, version, mb, f'{name}.trace')
    s, cpu, anon, out = best([PASS, path])
    s1, cpu1, _, _ = best([PASS, path, '1'])
    rs, rcpu, ranon, rout = best([reference(), 'count', path], 1)
    events = int(re.search(r'events (\d+)', out).group(1))
    assert events == int(rout.split()[0]), (out, rout)
    print(f'{name}: {size:.0f} MB, {events} events')
    print(f'  ordered pass           {s:7.2f} s  CPU {cpu:7.2f} s  {size / s:6.0f} MB/s  {anon:6.0f} MB')
    print(f'  one thread             {s1:7.2f} s  CPU {cpu1:7.2f} s  {size / s1:6.0f} MB/s')
    print(f'  reference reader       {rs:7.2f} s  CPU {rcpu:7.2f} s  {size / rs:6.0f} MB/s  {ranon:6.0f} MB')
    print(f'  times less             {rs / s:7.1f}    CPU {rcpu / min(cpu, cpu1):7.1f}')
    ss, scpu, sanon, _ = best([WHYHEAP, 'trace', path])
    print(f'  whyheap trace summary  {ss:7.2f} s  CPU {scpu:7.2f} s  {size / ss:6.0f} MB/s  {sanon:6.0f} MB')
    os.unlink(path)
    half, half_size = generate(folder, version, mb / 2, f'{name}-half.trace')
    hs, hcpu, hanon, _ = best([WHYHEAP, 'trace', half])
    print(f'  of {half_size:.0f} MB              {hs:7.2f} s  CPU {hcpu:7.2f} s  per byte {ss / size / (hs / half_size):.2f} times the time, {scpu / size / (hcpu / half_size):.2f} the CPU')
    os.unlink(half)


def viewer(folder):
    path, size = generate(folder, '1.27.4', 32, 'viewer.trace')
    s, cpu, anon, _ = best([WHYHEAP, 'trace', path])
    env = environment('go1.27.4')
    vs, vcpu, vanon, _ = run([find_go(), 'tool', 'trace', '-http=127.0.0.1:0', path], until=b'listening', env=dict(env, BROWSER='true', DISPLAY=''))
    print(f'viewer: {size:.0f} MB\n  whyheap trace          {s:7.2f} s  CPU {cpu:7.2f} s  {anon:6.0f} MB\n  go tool trace ready    {vs:7.2f} s  times {vs / s:.0f}')


with tempfile.TemporaryDirectory(prefix='whyheap-bench-') as work:
    size = float(sys.argv[1]) if len(sys.argv) > 1 else 320
    parts = sys.argv[2:] or ['v2', 'v1', 'viewer']
    if 'v2' in parts:
        passes(work, '1.27.4', size, 'v2')
    if 'v1' in parts:
        passes(work, '1.21.13', size, 'v1')
    if 'viewer' in parts:
        viewer(work)
