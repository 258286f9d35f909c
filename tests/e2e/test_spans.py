"""Spans counted from outside against the target's HeapObjects, HeapAlloc and HeapInuse."""
from oracle import Oracle
from stats import TARGETS, stats
from tap import check, equal, run, test


@test(rows=TARGETS)
def spans_hold_what_ReadMemStats_counts(version, form):
    with Oracle(version, form) as o:
        t = o.truth()
        got = stats(o.pid, '--spans')
        check(o.still_quiet(t), 'the target was not quiet')
        equal(got['limits'], [], 'limits')
        classes = got['spans']
        check(len(classes) > 20, 'size classes', len(classes))
        equal(sum(c['allocated'] for c in classes), t.stats['HeapObjects'], 'objects')
        equal(sum(c['allocated_bytes'] for c in classes), t.stats['HeapAlloc'], 'bytes')
        check(all(c['allocated'] <= c['slots'] for c in classes), 'more objects than slots')


run()
