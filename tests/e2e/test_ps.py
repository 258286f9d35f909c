"""whyheap ps: who is there, from outside."""
import json, os, shutil, subprocess, tempfile

import gobuild
from tap import WHYHEAP, check, equal, run, test
from resident import MIB, SOURCE, Program


def ps(*args, prefix=(), program=WHYHEAP):
    p = subprocess.run([*prefix, program, 'ps', '--json', *args], capture_output=True, text=True, timeout=120, cwd='/')
    check(p.returncode == 0, p.returncode, p.stderr)
    decoder, at, looks = json.JSONDecoder(), 0, []
    while at < len(p.stdout.rstrip()):
        rows, end = decoder.raw_decode(p.stdout[at:])
        looks.append(rows)
        at += end
        at += len(p.stdout[at:]) - len(p.stdout[at:].lstrip())
    return looks


def row_of(rows, pid):
    found = [r for r in rows if r['pid'] == pid]
    equal(len(found), 1, f'rows of {pid}')
    return found[0] if found else {}


@test(rows=[('1.27.4', 'plain'), ('1.27.4', 'stripped'), ('1.26.11', 'plain'), ('1.21.13', 'stripped')])
def a_process_is_listed_with_what_it_is(version, form):
    with Program(version, form, ['-live=30', '-goroutines=100', '-listen=127.0.0.1:0']) as p:
        r = row_of(ps()[0], p.pid)
        equal(r.get('go_version'), 'go' + version, 'Go version')
        equal(r.get('stripped'), 'yes' if form == 'stripped' else 'no', 'stripped')
        equal(r.get('readable'), True, 'readable')
        equal(r.get('module'), 'account', 'module')
        check(abs(r['rss'] - p.rss()) < 4 * MIB, 'rss', r['rss'], p.rss())
        check(abs(r['heap_live'] - p.knows['alloc']) < 2 * MIB, 'live heap', r['heap_live'], p.knows['alloc'])
        check(abs(r['goroutines'] - p.knows['goroutines']) <= 2, 'goroutines', r['goroutines'], p.knows['goroutines'])
        check(r['endpoint'].startswith('linked in, listens on 127.0.0.1:'), r['endpoint'])
        check(0 < r['up_seconds'] < 300 and r['limit'] > 0 and r['limit_from'] in ('cgroup', 'machine'), r)


@test
def a_process_that_listens_nowhere_has_no_endpoint():
    with Program('1.27.4', 'plain', []) as p:
        equal(row_of(ps()[0], p.pid).get('endpoint'), 'linked in, listens nowhere', 'endpoint')


@test
def what_is_not_go_is_not_listed():
    with subprocess.Popen(['sleep', '60']) as p:
        try:
            check(all(r['pid'] not in (p.pid, os.getpid()) for r in ps()[0]))
        finally:
            p.kill()


@test(rows=['root' if os.getuid() == 0 else 'user'])
def what_may_not_be_read_is_listed_with_the_reason(who):
    """Only root can give up its rights; who is not root has nothing to look at that is not its own."""
    if who != 'root':
        return
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        reader, server = (shutil.copy(os.path.realpath(f), folder) for f in (WHYHEAP, gobuild.build(SOURCE, '1.27.4')))
        os.chmod(reader, 0o755)
        os.chmod(server, 0o755)
        with subprocess.Popen([server], stdout=subprocess.PIPE, cwd='/') as p:
            try:
                p.stdout.readline()
                nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--no-new-privs']
                r = row_of(ps(prefix=nobody, program=reader)[0], p.pid)
                equal(r.get('readable'), False, 'readable')
                check('another user' in r.get('because', '') and 'sudo' in r.get('because', ''), r)
            finally:
                p.kill()


@test
def watching_puts_what_grows_first():
    with Program('1.27.4', 'plain', ['-live=100']) as still, Program('1.27.4', 'stripped', ['-grow=20']) as grows:
        looks = ps('--watch', '--every', '1s', '--times', '3')
        equal(len(looks), 3, 'looks')
        pids = [r['pid'] for r in looks[-1]]
        check(pids.index(grows.pid) < pids.index(still.pid), pids, grows.pid, still.pid)
        check(row_of(looks[-1], grows.pid).get('growth_per_second', 0) > 5 * MIB, row_of(looks[-1], grows.pid))


@test(rows=[(['x'], 'ps takes no input'), (['--every', '1ms'], 'at least'), (['--bogus'], 'bogus')])
def wrong_use_is_refused(args, says):
    p = subprocess.run([WHYHEAP, 'ps', *args], capture_output=True, text=True, timeout=60)
    equal(p.returncode, 2, 'exit status')
    check(says in p.stderr, p.stderr)


run()
