"""The game server's trace alone tells which go statement leaks and since when, within half a second of the truth that the
server logs; of its healthy twin it says nothing."""
import datetime, json, os, re, signal, subprocess, tempfile, time, urllib.request

from tap import WHYHEAP, check, equal, run, test
from gobuild import ROOT, build

PORT = 18340
SECONDS = 13


def record(leak, folder, port):
    """Starts the server, fetches a trace from second 2 on; the defect is switched on at second 7."""
    program = build('demo/gameserver', None, 'stripped')
    log = open(os.path.join(folder, leak + '.log'), 'w+')
    server = subprocess.Popen([program, f'-leak={leak}', '-leak-after', '7s', '-pprof', f'127.0.0.1:{port}'], stdout=log, stderr=log)
    try:
        time.sleep(2)
        path = os.path.join(folder, leak + '.trace')
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/debug/pprof/trace?seconds={SECONDS}', timeout=SECONDS + 20) as r:
            open(path, 'wb').write(r.read())
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    log.seek(0)
    on = re.search(r'LEAK \S+ on at_ns=(\d+)', log.read())
    return path, int(on.group(1)) / 1e9 if on else None


def diagnose(path):
    p = subprocess.run([WHYHEAP, path, '--json'], capture_output=True, text=True)
    check(p.returncode in (0, 1), 'exit status', p.returncode, p.stderr[:200])
    return json.loads(p.stdout)


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


@test(rows=[('spawn', 'main.(*world).draw', 'main.(*world).loop'), ('monitor', 'main.(*session).startMonitor.func1', 'main.(*session).startMonitor')])
def goroutines_since_when_and_from_where(leak, blocked, created_by):
    with tempfile.TemporaryDirectory(prefix='whyheap-onset-') as folder:
        path, on = record(leak, folder, PORT)
        f = diagnose(path)['findings'][0]
    equal((f['rule'], f['kind'], f['class']), ('spawn_leak', 'goroutine_leak', 'likely'), 'finding')
    equal(f['who']['goroutines']['blocked_at']['function'], blocked, 'blocked at')
    equal(f['who']['goroutines']['created_by']['function'], created_by, 'created by')
    check(f['who']['goroutines']['created_by']['line'] > 0, 'line of the go statement')
    check(abs(seconds_of(f['when']['onset']) - on) < 0.5, 'onset', f['when']['onset'], 'the truth', on)


@test
def a_growing_heap_since_when():
    with tempfile.TemporaryDirectory(prefix='whyheap-onset-') as folder:
        path, on = record('texturecache', folder, PORT + 1)
        found = [f for f in diagnose(path)['findings'] if f['kind'] == 'heap_growth']
    if check(found, 'the heap grows'):
        check(abs(seconds_of(found[0]['when']['onset']) - on) < 0.5, 'onset', found[0]['when']['onset'], 'the truth', on)


@test
def of_the_healthy_twin_nothing():
    with tempfile.TemporaryDirectory(prefix='whyheap-onset-') as folder:
        path, _ = record('none', folder, PORT + 2)
        verdict = diagnose(path)
    equal([f['title'] for f in verdict['findings'] if f['severity'] >= 4], [], 'findings')


if __name__ == '__main__':
    run()
