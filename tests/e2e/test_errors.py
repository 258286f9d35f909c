"""What cannot be diagnosed says so in one sentence and exits with 3; what can only in part is diagnosed, with limits."""
import os, re, shutil, signal, struct, subprocess, tempfile, time

import game, gobuild, verdict
from tap import WHYHEAP, check, equal, run, test

NEWEST = gobuild.VERSIONS[0]


def whyheap(*args, prefix=(), timeout=60):
    return subprocess.run([*prefix, WHYHEAP, *map(str, args)], capture_output=True, text=True, timeout=timeout)


def refuses(p, *words):
    """Exit status 3, nothing on standard output, one sentence that says all the words (each a regular expression)."""
    equal(p.returncode, 3, 'exit status')
    equal(p.stdout, '', 'standard output')
    equal(len(p.stderr.strip().splitlines()), 1, f'lines of {p.stderr!r}')
    for w in words:
        check(re.search(w, p.stderr), f'{p.stderr.strip()!r} does not say {w!r}')
    check('Assertion' not in p.stderr and 'Sanitizer' not in p.stderr, p.stderr)


def diagnosed(d):
    check(not d.breach, d.breach)
    check(d.status in (0, 1), 'exit status', d.status, d.complaint)
    return d.verdict or {'target': {}, 'limits': [], 'findings': []}


@test
def there_is_no_such_process():
    with open('/proc/sys/kernel/pid_max') as f:
        refuses(whyheap(int(f.read()) + 7), 'no process')


@test
def it_is_not_a_go_program():
    with subprocess.Popen(['sleep', '60']) as p:
        try:
            refuses(whyheap(p.pid), 'not a Go program|no Go build information')
        finally:
            p.kill()


def kernel_threads():
    """None in most containers."""
    for d in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{d}/status') as f:
                text = f.read()
        except OSError:
            continue
        if 'VmSize' not in text and 'State:\tZ' not in text:
            yield int(d)


@test(rows=sorted(kernel_threads())[:1])
def it_is_a_thread_of_the_kernel(pid):
    refuses(whyheap(pid), 'kernel')


@test
def it_may_not_be_read():
    """Root gives up its rights and looks at root's process; who is not root looks at process 1."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        if os.getuid() == 0:
            copy = shutil.copy(os.path.realpath(WHYHEAP), folder)
            os.chmod(copy, 0o755)
            with game.Game(gobuild.build(game.SOURCE, NEWEST)) as g:
                as_nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--no-new-privs']
                p = subprocess.run([*as_nobody, copy, str(g.pid)], capture_output=True, text=True, timeout=60, cwd='/')
        else:
            p = whyheap(1)
        refuses(p, 'not permitted|forbidden', 'another user|CAP_SYS_PTRACE|ptrace_scope|dumpable', 'sudo|root|setcap|sysctl')


@test
def it_ends_while_it_is_watched():
    with game.Game(gobuild.build(game.SOURCE, NEWEST, 'stripped'), 'spawn', ['-d', '6s']) as g:
        time.sleep(1)
        d = verdict.Diagnosis(g.pid, '--for', '20s')
        v = diagnosed(d)
        check(any(re.search('ended', x['what'] + x['because']) for x in v['limits']), 'no limit says that it ended:', v['limits'])


@test
def it_has_ended_and_nobody_took_notice():
    p = subprocess.Popen(['true'])
    time.sleep(0.3)  # a zombie now
    refuses(whyheap(p.pid), 'has ended')
    p.wait()


@test
def it_ends_before_the_first_sample():
    """Killed at many instants of the start: a sentence and 3, or a verdict; never a crash."""
    binary = gobuild.build(game.SOURCE, NEWEST)
    for delay in (0, 0.001, 0.003, 0.01, 0.03, 0.1):
        with game.Game(binary) as g:
            p = subprocess.Popen([WHYHEAP, str(g.pid), '--for', '1s'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(delay)
            os.kill(g.pid, signal.SIGKILL)
            out, complaint = p.communicate(timeout=60)
            check(p.returncode in (0, 1, 3), delay, 'exit status', p.returncode, complaint[-300:])
            check(p.returncode != 3 or re.search('ended|no process', complaint), delay, complaint)


@test(rows=['deleted', 'replaced'])
def its_executable_is_no_longer_there(how):
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(gobuild.build(game.SOURCE, NEWEST, 'stripped'), folder + '/server')
        with game.Game(path, 'spawn') as g:
            os.unlink(path)
            if how == 'replaced':
                shutil.copy(gobuild.build('tests/e2e/go/oracle', NEWEST), path)
            v = diagnosed(verdict.Diagnosis(g.pid, '--for', '8s'))
            check('gameserver' in v['target'].get('module', ''), 'module', v['target'])
            check(v['target'].get('stripped') is True, 'stripped', v['target'])


def child_of(pid, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            children = f.read().split()
        if children:
            return int(children[0])
        time.sleep(0.05)
    raise RuntimeError('no child')


@test(rows=[('mount', '--mount'), ('pid', '--pid --mount-proc'), ('time', '--time --boottime 86400 --monotonic 172800'),
            ('all', '--mount --pid --mount-proc --time --boottime 86400 --monotonic 172800 --net --uts --ipc')])
def it_lives_in_another_namespace(name, flags):
    """Its executable lies on a file system that only it sees; its pids and clocks are not ours."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(gobuild.build(game.SOURCE, NEWEST, 'stripped'), folder + '/server')
        start = 'exec "$0" -leak=spawn'
        if '--mount ' in flags + ' ':
            start = 'mount -t tmpfs none /mnt && cp "$0" /mnt/server && exec /mnt/server -leak=spawn'
        if '--net' in flags:
            start = 'ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null; ' + start
        become_root = [] if os.getuid() == 0 else ['--user', '--map-root-user']
        p = subprocess.Popen(['unshare', *become_root, '--fork', '--kill-child', *flags.split(), 'sh', '-c', start, folder + '/server'], stdout=subprocess.PIPE, text=True)
        try:
            while not p.stdout.readline().startswith('READY'):
                if p.poll() is not None:
                    raise RuntimeError('the server did not start in its namespace')
            pid = child_of(p.pid)
            time.sleep(3)
            began = time.time()
            v = diagnosed(verdict.Diagnosis(pid, '--for', '8s'))
            check('gameserver' in v['target'].get('module', ''), 'module', v['target'])
            equal(v['target'].get('pid'), pid, 'pid')
            check(any(f['kind'] == 'goroutine_leak' for f in v['findings']), [verdict.short(f) for f in v['findings']])
            started = v['target'].get('started', '')
            ours = time.strftime('%Y-%m-%dT%H', time.gmtime(began))
            check(started.startswith(ours) or time.gmtime(began).tm_min < 2, 'started', started, 'now', ours)
            for f in v['findings']:
                onset = f.get('when', {}).get('onset', ours)
                check(onset[:10] == ours[:10], 'onset', onset)
        finally:
            p.kill()
            p.wait()
            p.stdout.close()


def build_32bit():
    source = os.path.join(gobuild.ROOT, game.SOURCE)
    out = os.path.join(gobuild.cache_folder(), 'bin', 'server-386-' + gobuild.sources_hash(source))
    if not os.path.exists(out):
        subprocess.run([gobuild.find_go(), 'build', '-trimpath', '-o', out, '.'], cwd=source, env=dict(gobuild.environment('local'), GOARCH='386', CGO_ENABLED='0'), check=True)
    return out


def runs_32bit():
    """Some kernels cannot."""
    try:
        return subprocess.run([build_32bit(), '-d', '1ms'], stdout=subprocess.DEVNULL, timeout=60).returncode == 0
    except OSError:
        return False


@test(rows=['process'] if runs_32bit() else [])
def it_is_a_32_bit_program(what):
    with game.Game(build_32bit()) as g:
        refuses(whyheap(g.pid), '32-bit')


@test
def it_is_the_core_of_a_32_bit_program():
    note = struct.pack('<8I', 4, 52 + 32, 0, 0, 0, 0, 0, 4)
    head = b'\x7fELF' + bytes([1, 1, 1, 0]) + bytes(8) + struct.pack('<HHIIIIIHHHHHH', 4, 3, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + '/core', 'wb') as f:
            f.write(head + note)
        refuses(whyheap(folder + '/core'), '32-bit')


def bare_core(path, loads):
    """An ELF core of a 64-bit x86 process with one empty note and memory areas whose bytes were left out."""
    ph = [struct.pack('<IIQQQQQQ', 4, 0, 64 + 56 * (1 + len(loads)), 0, 0, 0, 0, 4)]
    ph += [struct.pack('<IIQQQQQQ', 1, 6, 4096, at, 0, 0, size, 4096) for at, size in loads]
    head = b'\x7fELF' + bytes([2, 1, 1, 0]) + bytes(8) + struct.pack('<HHIQQQIHHHHHH', 4, 62, 1, 0, 64, 0, 0, 64, 56, len(ph), 0, 0, 0)
    with open(path, 'wb') as f:
        f.write(head + b''.join(ph))


@test(rows=[('none at all', []), ('left out', [(0x400000, 0x100000), (0xc000000000, 0x400000)])])
def a_core_has_no_memory(name, loads):
    with tempfile.TemporaryDirectory() as folder:
        bare_core(folder + '/core', loads)
        refuses(whyheap(folder + '/core'), 'core', 'memory')


@test(rows=[('nothing', b''), ('text', b'hello\n' * 100), ('half a head', b'\x7fELF\x02\x01\x01')])
def a_file_is_nothing_it_knows(name, content):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + '/input', 'wb') as f:
            f.write(content)
        refuses(whyheap(folder + '/input'))


run()
