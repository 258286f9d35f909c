"""Every view of `whyheap heap` against `go tool pprof` on the same files: profiles of every kind from seven releases.

WHYHEAP_PROFILE_VERSIONS=1.27.4,1.26.11 takes fewer releases; WHYHEAP_PROFILE_SHOW=1 prints the first difference of each row.
"""
import difflib, os, re, subprocess, sys, tempfile

from tap import check, equal, run, test
import gobuild

VERSIONS = os.environ.get('WHYHEAP_PROFILE_VERSIONS', '').split(',') if os.environ.get('WHYHEAP_PROFILE_VERSIONS') else gobuild.VERSIONS
WHYHEAP = os.environ['WHYHEAP']
SHOW = os.environ.get('WHYHEAP_PROFILE_SHOW')
HEAP_TYPES = ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space']
VIEWS = [['-top'], ['-top', '-cum'], ['-tree'], ['-tree', '-cum'], ['-peek=main'], ['-traces'], ['-tags']]
SHAPES = [['-lines'], ['-files'], ['-addresses'], ['-filefunctions'], ['-noinlines'], ['-addresses', '-noinlines'], ['-lines', '-showcolumns'],
          ['-nodecount=7'], ['-nodefraction=0.05'], ['-trim=false'], ['-unit=kB'], ['-unit=MB'], ['-divide_by=3'], ['-drop_negative'], ['-compact_labels'], ['-edgefraction=0.2']]
FILTERS = [['-focus=fan'], ['-ignore=main.fan$'], ['-hide=fan[AB]'], ['-show=main'], ['-show_from=main.grow'], ['-prune_from=main.fan'], ['-focus=main.go'],
           ['-focus=grow', '-ignore=leaf', '-hide=tree'], ['-focus=nothing.matches'], ['-focus=tree', '-relative_percentages'], ['-tagfocus=1kb:4kb'], ['-tagfocus=:256b'],
           ['-tagfocus=bytes=2kb:'], ['-tagignore=2048b'], ['-tagfocus=arena'], ['-tagfocus=room=arena-1'], ['-tagignore=room=arena-[12]'], ['-tagshow=room'], ['-taghide=room'],
           ['-tagroot=room'], ['-tagleaf=room,phase'], ['-tagroot=bytes']]


def find_pprof():
    """The program itself: `go tool` looks for it anew each time."""
    go = gobuild.find_go()
    subprocess.run([go, 'tool', 'pprof', '-help'], capture_output=True)  # built when first asked for
    return subprocess.run([go, 'tool', '-n', 'pprof'], capture_output=True, text=True, check=True).stdout.strip()


def pprof(tool, options, files, cwd):
    p = subprocess.run([tool, *options, *files], capture_output=True, text=True, cwd=cwd, errors='replace',
                       env=dict(os.environ, GOTOOLCHAIN='local', PPROF_BINARY_PATH='/nowhere', HOME=cwd))
    return p.returncode, p.stdout


def whyheap(options, files, cwd):
    p = subprocess.run([WHYHEAP, 'heap', '--columns=pprof', *options, *files], capture_output=True, text=True, cwd=cwd, errors='replace')
    return p.returncode, p.stdout


def compare(tool, options, files, cwd):
    """1 if both said the same, to the letter; a difference is told."""
    bad, theirs = pprof(tool, options, files, cwd)
    status, ours = whyheap(options, files, cwd)
    if bool(bad) != bool(status):
        check(False, options, files, 'pprof ends with', bad, 'whyheap with', status)
        return 0
    if '-files' in options:  # rows of one file but different functions: pprof leaves their order to chance
        theirs, ours = ('\n'.join(sorted(re.sub(r'^(\s*\S+\s+\S+%)\s+\S+%', r'\1', line) for line in x.splitlines())) for x in (theirs, ours))
    if theirs != ours and not bad:
        diff = list(difflib.unified_diff(theirs.splitlines(), ours.splitlines(), 'pprof', 'whyheap', lineterm='', n=0))
        check(False, ' '.join(options), ' '.join(files), f'{len(diff)} lines differ:', ' | '.join(diff[2:8] if SHOW else diff[2:5]))
        return 0
    return 1


made = {}


def profiles(version):
    if version not in made:
        program = gobuild.build('tests/e2e/go/profiles', version)
        folder = tempfile.TemporaryDirectory()
        subprocess.run([program, folder.name], check=True, timeout=60)
        made[version] = folder
    return made[version].name


@test(rows=[(v,) for v in VERSIONS])
def every_view_prints_what_pprof_prints(version):
    cwd, tool, same, all_ = profiles(version), find_pprof(), 0, 0
    files = sorted(f for f in os.listdir(cwd) if f.endswith('.pb.gz') and 'leak' not in f)
    check(len(files) >= 8, 'profiles made', files)
    for f in files:
        for view in VIEWS:
            all_ += 1
            same += compare(tool, view, [f], cwd)
    for f in ('heap.pb.gz', 'allocs.pb.gz', 'heap-after.pb.gz'):
        for t in HEAP_TYPES:
            for view in VIEWS[:5]:
                all_ += 1
                same += compare(tool, view + ['-sample_index=' + t], [f], cwd)
        for t in HEAP_TYPES:
            all_ += 1
            same += compare(tool, ['-top', '-' + t], [f], cwd)
    for f in ('mutex.pb.gz', 'block.pb.gz'):
        for o in ('-contentions', '-total_delay', '-mean_delay'):
            all_ += 1
            same += compare(tool, ['-top', o], [f], cwd)
    equal(same, all_, 'comparisons that agree')


@test(rows=[(v,) for v in VERSIONS[:3]])
def options_mean_what_they_mean_in_pprof(version):
    cwd, tool, same, all_ = profiles(version), find_pprof(), 0, 0
    for f in ('heap.pb.gz', 'cpu.pb.gz', 'goroutine.pb.gz'):
        for view in (['-top'], ['-tree'], ['-traces'], ['-tags'], ['-peek=main|runtime']):
            for o in SHAPES + FILTERS:
                all_ += 1
                same += compare(tool, view + o, [f], cwd)
    equal(same, all_, 'comparisons that agree')


@test(rows=[(v,) for v in VERSIONS])
def differences_and_sums_are_pprofs(version):
    cwd, tool, same, all_ = profiles(version), find_pprof(), 0, 0
    pairs = [('-base', 'heap.pb.gz', 'heap-after.pb.gz'), ('-diff_base', 'heap.pb.gz', 'heap-after.pb.gz'), ('-diff_base', 'heap-small.pb.gz', 'heap.pb.gz'),
             ('-base', 'heap-after.pb.gz', 'heap.pb.gz'), ('-diff_base', 'allocs.pb.gz', 'heap-after.pb.gz')]
    for option, before, after in pairs:
        for view in VIEWS:
            for extra in ([], ['-normalize'], ['-lines'], ['-drop_negative'], ['-sample_index=inuse_objects']):
                all_ += 1
                same += compare(tool, view + extra + [f'{option}={before}'], [after], cwd)
    for view in VIEWS:
        all_ += 1
        same += compare(tool, view, ['heap-small.pb.gz', 'heap.pb.gz', 'heap-after.pb.gz'], cwd)
    equal(same, all_, 'comparisons that agree')


@test(rows=[(v,) for v in VERSIONS])
def what_we_write_pprof_reads_with_the_same_figures(version):
    cwd, tool = profiles(version), find_pprof()
    for f in sorted(f for f in os.listdir(cwd) if f.endswith('.pb.gz') and 'leak' not in f):
        whyheap(['-proto', '-o', 'again.pb.gz'], [f], cwd)
        for view in (['-top'], ['-traces'], ['-tags'], ['-tree', '-lines']):
            equal(pprof(tool, view, ['again.pb.gz'], cwd), pprof(tool, view, [f], cwd), f'{view} of {f} written again')
    whyheap(['-proto', '-o', 'again.pb.gz', '-diff_base=heap-small.pb.gz'], ['heap-after.pb.gz'], cwd)
    equal(pprof(tool, ['-top'], ['again.pb.gz'], cwd), pprof(tool, ['-top', '-diff_base=heap-small.pb.gz'], ['heap-after.pb.gz'], cwd), 'a difference written')
    whyheap(['-proto', '-o', 'again.pb.gz'], ['heap-small.pb.gz', 'heap.pb.gz'], cwd)
    equal(pprof(tool, ['-top'], ['again.pb.gz'], cwd), pprof(tool, ['-top'], ['heap-small.pb.gz', 'heap.pb.gz'], cwd), 'a sum written')
    os.unlink(os.path.join(cwd, 'again.pb.gz'))


def rows(text):
    """Name -> figures; generic names cut at their brackets, as the text forms print them; equal names added up by pprof's own rows."""
    out = {}
    for line in text.splitlines():
        m = re.match(r'\s*(\S+)\s+\S+%\s+\S+%\s+(\S+)\s+\S+%\s+(\S+)', line)
        if m and '[' not in m.group(3):
            out[m.group(3)] = m.groups()[:2]
    return out


@test(rows=[(v,) for v in VERSIONS])
def text_forms_say_what_the_binary_form_says(version):
    cwd = profiles(version)
    for name in ('heap', 'heap-after', 'mutex', 'block', 'goroutine'):
        for extra in ([], ['-sample_index=0']):
            options = ['-unit=bytes', '-trim=false', *extra] if 'heap' in name else ['-unit=count', '-trim=false', *extra] if name == 'goroutine' else ['-contentions', '-trim=false']
            binary, text = rows(whyheap(options, [name + '.pb.gz'], cwd)[1]), rows(whyheap(options, [name + '.txt'], cwd)[1])
            skip = {'runtime.goexit', 'runtime.gopark'} if name == 'goroutine' else set()
            common = {k for k in binary if k in text and not k.startswith(('runtime.', 'runtime/', 'internal/', 'main.write', 'main.main'))} - skip
            check(len(common) >= 1, name, 'rows in common', len(common))
            for k in common:
                equal(text[k][1], binary[k][1], f'{name} {extra} {k} cum')


run()
