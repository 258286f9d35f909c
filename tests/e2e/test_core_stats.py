"""A core says the same as the process did: statistics, buckets, spans."""
import glob, os, resource, signal, subprocess

from oracle import Oracle
from stats import stats
from tap import check, equal, run, test


def dump(o, by):
    """A core of the oracle, written by the kernel or by gcore (which the kernel's pattern may leave as the only way)."""
    if by == 'gcore' or open('/proc/sys/kernel/core_pattern').read().startswith('|'):
        subprocess.run(['gcore', '-o', o.folder.name + '/core', str(o.pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    else:
        resource.prlimit(o.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.kill(o.pid, signal.SIGABRT)
        o.process.wait()
    cores = glob.glob(o.folder.name + '/core*')
    if not cores:
        raise RuntimeError('no core was written: kernel.core_pattern is ' + open('/proc/sys/kernel/core_pattern').read().strip())
    return cores[0]


@test(rows=[('1.27.4', 'plain', 'kernel'), ('1.27.4', 'stripped-pie', 'gcore'), ('1.26.11', 'stripped', 'kernel'), ('1.26.11', 'plain', 'gcore'),
            ('1.23.12', 'plain', 'kernel'), ('1.21.13', 'stripped', 'kernel')])
def a_core_equals_its_process(version, form, by):
    with Oracle(version, form, env=dict(os.environ, GOTRACEBACK='crash')) as o:
        t = o.truth()
        live = stats(o.pid, '--buckets', '--spans', '--gcs')
        check(o.still_quiet(t), 'the target was not quiet')
        got = stats(dump(o, by), '--binary', o.binary, '--buckets', '--spans', '--gcs')
        equal(got['limits'], [], 'limits')
        for ours, go in (('heap_inuse', 'HeapInuse'), ('heap_sys', 'HeapSys'), ('num_gc', 'NumGC'), ('last_gc_unix_ns', 'LastGC'), ('frees', 'Frees')):
            equal(got['memstats'][0][ours], t.stats[go], go)
        check(abs(got['memstats'][0]['heap_alloc'] - t.stats['HeapAlloc']) < 65536, 'HeapAlloc', got['memstats'][0]['heap_alloc'], t.stats['HeapAlloc'])
        key = lambda b: (b['stack'], b['object_bytes'])
        equal({key(b): b['sampled_allocs'] for b in got['buckets']}.items() >= {key(b): b['sampled_allocs'] for b in live['buckets']}.items(), True, 'buckets')
        equal(sum(c['allocated'] for c in got['spans']), got['memstats'][0]['heap_objects'], 'objects in spans')
        equal(got['gcs'], live['gcs'], 'collections')


run()
