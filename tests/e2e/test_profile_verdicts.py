"""Profiles alone: what a verdict may say of them. Never proven, never likely; what would decide is named."""
import json, os, subprocess, tempfile

from tap import WHYHEAP, check, equal, run, test
import gobuild

VERSIONS = ['1.27.4', '1.26.11', '1.22.12', '1.21.13']
made = {}


def profiles(version):
    if version not in made:
        made[version] = tempfile.TemporaryDirectory()
        subprocess.run([gobuild.build('tests/e2e/go/profiles', version), made[version].name], check=True, timeout=60)
    return made[version].name


def verdict(cwd, *inputs):
    p = subprocess.run([WHYHEAP, 'diagnose', '--json', *inputs], capture_output=True, text=True, cwd=cwd, timeout=60)
    check(p.returncode in (0, 1), inputs, 'status', p.returncode, p.stderr.strip())
    return json.loads(p.stdout)


def honest(v, inputs):
    for f in v['findings']:
        check(f['class'] in ('undecided', 'bounded'), inputs, f['class'], f['title'])
        check(f['severity'] < 4, inputs, f['severity'], f['title'])
        check(f.get('decide_by'), inputs, 'says nothing that would decide', f['title'])


@test(rows=[(v,) for v in VERSIONS])
def one_heap_profile_says_who_holds_and_that_it_cannot_say_more(version):
    for name in ('heap.pb.gz', 'heap.txt'):
        v = verdict(profiles(version), name)
        honest(v, name)
        check(v['findings'] and v['findings'][0]['who']['site']['function'] == 'main.newSession', name, [f['title'] for f in v['findings']])


@test(rows=[(v,) for v in VERSIONS])
def two_heap_profiles_say_what_grew_in_either_order(version):
    for pair in (('heap-small.pb.gz', 'heap-after.pb.gz'), ('heap-after.pb.gz', 'heap-small.pb.gz')):
        v = verdict(profiles(version), *pair)
        honest(v, pair)
        top = v['findings'][0] if v['findings'] else {'title': 'nothing', 'who': {}}
        equal(top['who'].get('site', {}).get('function'), 'main.newSession', pair)
        check(top.get('when', {}).get('rate_bytes_per_second', 0) > 0, pair, 'no rate')


@test(rows=[(v,) for v in VERSIONS])
def a_profile_twice_shows_no_growth(version):
    v = verdict(profiles(version), 'heap.pb.gz', 'heap.pb.gz')
    check(not any('more live' in f['title'] for f in v['findings']), [f['title'] for f in v['findings']])


@test(rows=[('1.27.4',)])
def what_go_marked_as_leaked_is_told_as_its_word(version):
    for name in ('goroutineleak.pb.gz', 'goroutineleak.txt'):
        v = verdict(profiles(version), name)
        honest(v, name)
        check(v['findings'] and v['findings'][0]['who']['goroutines']['count'] == 30, name, [f['title'] for f in v['findings']])


run()
