"""The heap profile read from outside against the target's own /debug/pprof/heap?debug=1, bucket by bucket."""
from oracle import Oracle
from stats import TARGETS, stats
from tap import check, equal, run, test


def published(got):
    """Rows of whyheap -> {stack: [inuse objects, bytes, alloc objects, bytes]}, as the text profile adds them up."""
    out = {}
    for b in got['buckets']:
        allocs, frees, size = b['published_allocs'], b['published_frees'], b['object_bytes']
        row = out.setdefault(tuple(int(x, 16) for x in b['stack'].split()), [0, 0, 0, 0])
        for i, x in enumerate((allocs - frees, (allocs - frees) * size, allocs, allocs * size)):
            row[i] += x
    return out


def without_empty(buckets):
    return {stack: row for stack, row in buckets.items() if any(row)}


@test(rows=TARGETS)
def buckets_equal_the_heap_profile(version, form):
    with Oracle(version, form) as o:
        t = o.truth()
        got = stats(o.pid, '--buckets')
        check(o.still_quiet(t), 'the target was not quiet')
        equal(got['limits'], [], 'limits')
        ours, theirs = without_empty(published(got)), without_empty(t.buckets)
        check(len(theirs) > 600, 'buckets', len(theirs))
        only = [hex(s[0]) for s in theirs if s not in ours][:3]
        check(not only, 'only in the profile', only, len(ours), len(theirs))
        equal([hex(s[0]) for s in ours if s not in theirs][:3], [], 'only read')
        different = [(hex(s[0]), ours[s], theirs[s]) for s in theirs if s in ours and ours[s] != theirs[s]]
        equal(different[:3], [], f'{len(different)} buckets')
        for b in got['buckets']:
            check(b['sampled_allocs'] >= b['published_allocs'], 'fewer now than published', b)


@test
def sites_are_named_in_a_stripped_program():
    with Oracle('1.27.4', 'stripped') as o:
        got = stats(o.pid, '--buckets')
        named = [b for b in got['buckets'] if b.get('function', '').startswith('main.') and b.get('at', '').split(':')[0].endswith('.go')]
        check(len(named) * 10 > len(got['buckets']) * 9, 'named', len(named), 'of', len(got['buckets']))


run()
