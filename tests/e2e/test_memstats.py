"""Memory statistics read from outside against the target's own runtime.ReadMemStats, to the byte."""
from gobuild import VERSIONS
from oracle import Oracle
from stats import TARGETS, stats
from tap import check, equal, run, test

# ours: Go's. The first thirteen are the promise; the others ride along.
SAME = {
    'heap_alloc': 'HeapAlloc', 'total_alloc': 'TotalAlloc', 'heap_objects': 'HeapObjects', 'mallocs': 'Mallocs', 'frees': 'Frees',
    'heap_inuse': 'HeapInuse', 'heap_idle': 'HeapIdle', 'heap_released': 'HeapReleased', 'heap_sys': 'HeapSys',
    'stack_inuse': 'StackInuse', 'num_gc': 'NumGC', 'pause_total_ns': 'PauseTotalNs', 'last_gc_unix_ns': 'LastGC',
    'sys': 'Sys', 'next_gc': 'NextGC', 'stack_sys': 'StackSys', 'mspan_sys': 'MSpanSys', 'mcache_sys': 'MCacheSys',
    'buckhash_sys': 'BuckHashSys', 'gc_sys': 'GCSys', 'other_sys': 'OtherSys', 'num_forced_gc': 'NumForcedGC',
}


def compare(o, t, got):
    m = got['memstats'][0]
    equal(got['limits'], [], 'limits')
    check(not m['torn'], 'torn on a quiet target')
    fields = [(ours, go) for ours, go in SAME.items() if go in t.stats]
    check(len(fields) >= 13, 'fields compared', len(fields))
    for ours, go in fields:
        equal(m.get(ours), t.stats[go], go)


@test(rows=TARGETS)
def statistics_equal_ReadMemStats(version, form):
    with Oracle(version, form) as o:
        t = o.truth()
        got = stats(o.pid, '--gcs')
        check(o.still_quiet(t), 'the target was not quiet')
        compare(o, t, got)
        equal(got['memstats'][0]['mem_profile_rate'], 4096, 'MemProfileRate')
        gcs = got['gcs']
        equal([g['cycle'] for g in gcs], list(range(t.stats['NumGC'] - len(gcs) + 1, t.stats['NumGC'] + 1)), 'cycles')
        check(len(gcs) == min(t.stats['NumGC'], 256), 'collections', len(gcs))


@test(rows=[(v,) for v in VERSIONS])
def and_also_with_caches_that_were_not_flushed(version):
    """Between two collections, with objects in the caches: what the target says comes after a flush that it makes itself."""
    with Oracle(version, 'plain') as o:
        o.ask('churn 30000')
        before = stats(o.pid)['memstats'][0]
        t = o.truth(nogc=True)
        got = stats(o.pid)
        check(o.still_quiet(t), 'the target was not quiet')
        compare(o, t, got)
        check(before['total_alloc'] <= got['memstats'][0]['total_alloc'], 'less than before')


run()
