"""All goroutines of a process with 100,000 of them: whyheap from outside, against the dump that the process makes of
itself (debug=2), for which its world stands still. And a process with 1 GiB of heap: how much memory whyheap needs."""
import os, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'e2e'))
from oracle import Oracle
from tap import WHYHEAP


def run(*args):
    """-> seconds, peak MiB, bytes of output, exit status"""
    began = time.monotonic()
    p = subprocess.Popen([WHYHEAP, *args], stdout=subprocess.PIPE)
    size = sum(iter(lambda: len(p.stdout.read(1 << 20)), 0))
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - began, usage.ru_maxrss / 1024, size, p.returncode


def census(version, count):
    with Oracle(version, 'stripped', ['-goroutines', str(count)]) as o:
        truth = o.truth()
        for _ in range(3):
            seconds, peak, size, status = run('goroutines', str(o.pid), '--json')
            print(f'{version:8} {count:7} goroutines: whyheap {seconds * 1000:6.0f} ms, {peak:4.0f} MiB peak, {size >> 10} KiB of JSON, status {status}, nobody stopped;'
                  f' dump inside {truth.json["dump_ns"] / 1e6:6.0f} ms, the world stopped')
        print('  still quiet:', o.still_quiet(truth))


def memory(version):
    with Oracle(version, 'stripped', ['-heap', '1024', '-buckets', '3600']) as o:
        truth = o.truth()
        for args in (['stats', str(o.pid)], ['account', str(o.pid)], [str(o.pid), '--json', '--for', '10s']):
            seconds, peak, _, status = run(*args)
            print(f'{version:8} {truth.stats["HeapAlloc"] >> 20} MiB heap, {len(truth.buckets)} stacks: whyheap {" ".join(args[:1] if args[0].isalpha() else ["PID", *args[1:]]):22} {seconds:6.2f} s, {peak:4.0f} MiB peak, status {status}')


for v in sys.argv[1:] or ['1.27.4', '1.26.11']:
    census(v, 100000)
    memory(v)
