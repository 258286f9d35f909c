"""Runtimes the program does not know: a Go with a field added in front of others (same version string), and a release whose
tables are withheld. What describes itself is read rightly, the rest is refused by name, nothing is misread."""
import json

import forked, gobuild
from oracle import Oracle
from stats import stats
from tap import check, equal, run, test

VERSION = '1.27.4'
ALL = ('--buckets', '--spans', '--gcs', '--layouts')


def structs_from(got, source):
    return {l['struct'] for l in got['layouts'] if l['from'] == source}


def refused(got):
    return ' '.join(l['what'] + ': ' + l['because'] for l in got['limits'])


def nothing_misread(o, t, got):
    """Whatever is there is right."""
    check(o.still_quiet(t), 'the target was not quiet')
    if 'memstats' in got:
        m = got['memstats'][0]
        for ours, go in (('heap_alloc', 'HeapAlloc'), ('heap_objects', 'HeapObjects'), ('total_alloc', 'TotalAlloc'), ('sys', 'Sys'), ('num_gc', 'NumGC')):
            equal(m[ours], t.stats[go], go)
    if 'buckets' in got:
        ours = sum((b['published_allocs'] - b['published_frees']) * b['object_bytes'] for b in got['buckets'])
        equal(ours, sum(row[1] for row in t.buckets.values()), 'bytes in use of all buckets')
    if 'spans' in got:
        equal(sum(c['allocated'] for c in got['spans']), t.stats['HeapObjects'], 'objects in spans')


def described(got):
    own = structs_from(got, 'type descriptors')
    for s in ('g', 'm', 'p', 'mspan', 'mcache', 'sudog', 'hchan', 'timer', 'pollDesc'):
        check('runtime.' + s in own, s, 'did not describe itself')


@test
def a_changed_runtime_with_dwarf_is_read():
    with Oracle('local', 'plain', go=forked.toolchain(VERSION)) as o:
        t = o.truth()
        got = stats(o.pid, *ALL)
        nothing_misread(o, t, got)
        described(got)
        for section in ('memstats', 'buckets', 'spans'):
            check(section in got, section, refused(got))
        check({'runtime.mheap', 'runtime.bucket'} <= structs_from(got, 'dwarf'), structs_from(got, 'dwarf'))


@test
def a_changed_runtime_without_dwarf_describes_itself_and_the_rest_is_refused_by_name():
    with Oracle('local', 'stripped', go=forked.toolchain(VERSION)) as o:
        t = o.truth()
        got = stats(o.pid, *ALL)
        nothing_misread(o, t, got)
        described(got)
        for s in ('mheap', 'bucket'):
            check(f"the runtime's {s} cannot" in refused(got), s, 'is not refused:', refused(got))
        check('spans' not in got and 'buckets' not in got, 'read by an offset that is wrong')


@test(rows=[(s,) for s in forked.FIELDS])
def one_changed_struct_at_a_time(struct):
    with Oracle('local', 'stripped', go=forked.toolchain(VERSION, (struct,))) as o:
        t = o.truth()
        got = stats(o.pid, *ALL)
        nothing_misread(o, t, got)
        described(got)
        if struct in ('mheap', 'bucket'):
            check(f"the runtime's {struct} cannot" in refused(got), refused(got))


@test(rows=[('plain',), ('stripped',)])
def without_its_tables_a_release_is_read_as_far_as_it_describes_itself(form):
    with Oracle(VERSION, form) as o:
        t = o.truth()
        got = stats(o.pid, *ALL, env={'WHYHEAP_WITHHOLD_TABLES': '1.27'})
        nothing_misread(o, t, got)
        described(got)
        equal(structs_from(got, 'table'), set(), 'from a table')
        if form == 'stripped':
            for s in ('mheap', 'mstats', 'bucket'):
                check(f"the runtime's {s} cannot" in refused(got), s, 'is missing and not told:', refused(got))
        else:
            check('memstats' in got and 'buckets' in got and 'spans' in got, refused(got))


run()
