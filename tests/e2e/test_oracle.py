"""The oracle itself: what the differential tests lean on must be true before they compare anything with it."""
import time

from tap import check, equal, run, test
from gobuild import VERSIONS
from oracle import Oracle


@test(rows=[(v, 'plain') for v in VERSIONS] + [('1.27.4', 'stripped-pie'), ('1.26.11', 'stripped')])
def tells_the_truth_and_stays_quiet(version, form):
    with Oracle(version, form) as o:
        t = o.truth()
        time.sleep(0.3)
        check(o.still_quiet(t), 'counted something while it was to be quiet')
        equal(t.json['go'], 'go' + version, 'release')
        by_id = {g['id']: g for g in t.goroutines}
        check(len(t.waiters) > 60, 'shapes', len(t.waiters))
        for w in t.waiters:
            check(w['goid'] in by_id, w['shape'], 'is not in the dump')
        deep = by_id[next(w['goid'] for w in t.waiters if w['shape'] == 'deep_stack')]
        equal((len(deep['frames']), deep['elided']), (100, 52), 'frames of the deep stack')
        check(len(t.buckets) > 600, 'allocation stacks', len(t.buckets))
        equal(t.rate, 4096, 'rate')
        o.ask('churn 20000')
        check(not o.still_quiet(t), 'churn was not counted')


run()
