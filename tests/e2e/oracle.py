"""The oracle program (tests/e2e/go/oracle) as an object, and its text dumps as data.

    with Oracle(version='1.27.4', form='stripped') as o:
        t = o.truth()                   # t.stats, t.waiters, t.objects, t.goroutines, t.buckets
        ... read o.pid from outside ...
        assert o.still_quiet(t)         # nothing was counted in between

    oracle.py VERSION FORM [ARGS...]    starts one, prints its pid and the folder with its truth, ends with Enter
"""
import json, os, re, select, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gobuild

SOURCE = 'tests/e2e/go/oracle'
# Moved by asking: ReadMemStats itself stops the world.
COUNTED_BY_ASKING = {'PauseTotalNs'}


class Truth:
    def __init__(self, folder):
        read = lambda name: open(os.path.join(folder, name), encoding='utf8').read()
        self.json = json.loads(read('truth.json'))
        self.stats, self.waiters, self.objects = self.json['memstats'], self.json['waiters'], self.json['objects']
        self.goroutines = parse_goroutines(read('goroutines.txt'))
        self.goroutine_groups = read('goroutines1.txt')
        self.rate, self.buckets = parse_heap(read('heap.txt'))


class Oracle:
    def __init__(self, version=None, form='plain', args=(), go=None, env=None):
        self.binary = gobuild.build(SOURCE, version, form, go=go)
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([self.binary, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=self.folder.name)
        self.ready = self.line(60)
        self.pid = self.process.pid

    def line(self, seconds):
        out = b''
        while not out.endswith(b'\n'):
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                raise RuntimeError(f'the oracle did not answer within {seconds} s')
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise RuntimeError(f'the oracle ended: {self.process.wait()}')
            out += more
        return out.decode().strip()

    def ask(self, command, seconds=60):
        os.write(self.process.stdin.fileno(), command.encode() + b'\n')
        return self.line(seconds)

    def truth(self, nogc=False):
        answer = self.ask(f'truth {self.folder.name}' + (' nogc' if nogc else ''))
        if answer != f'TRUTH {self.folder.name}':
            raise RuntimeError(answer)
        return Truth(self.folder.name)

    def still_quiet(self, truth):
        now = json.loads(self.ask('check'))
        return all(now[k] == v for k, v in truth.stats.items() if k not in COUNTED_BY_ASKING)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def parse_goroutines(text):
    """A debug=2 dump -> [{'id', 'state', 'minutes', 'locked', 'annotations', 'frames': [{'function', 'file', 'line', 'offset'}],
    'elided', 'created_by': {'function', 'goroutine', 'file', 'line'} or None}]. Arguments are left out."""
    out = []
    for block in re.split(r'\n\n+', text.strip()):
        lines = block.splitlines()
        head = re.match(r'goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\]]*)\](.*):$', lines[0])
        if not head:
            raise ValueError(f'not the head of a goroutine: {lines[0]!r}')
        state, *notes = head.group(2).split(', ')
        g = {'id': int(head.group(1)), 'state': state, 'minutes': 0, 'locked': 'locked to thread' in notes, 'annotations': notes,
             'frames': [], 'elided': 0, 'created_by': None}
        for n in notes:
            m = re.match(r'(\d+) minutes', n)
            g['minutes'] = int(m.group(1)) if m else g['minutes']
        i = 1
        while i < len(lines):
            elided = re.match(r'\.\.\.(\d+) frames elided\.\.\.', lines[i])
            if elided:
                g['elided'] = int(elided.group(1))
                i += 1
                continue
            place = re.match(r'\t(.*):(\d+)(?: \+0x([0-9a-f]+))?(?: .*)?$', lines[i + 1]) if i + 1 < len(lines) else None
            if not place:
                raise ValueError(f'not a frame: {lines[i:i + 2]!r}')
            at = {'file': place.group(1), 'line': int(place.group(2))}
            made = re.match(r'created by (.*?)(?: in goroutine (\d+))?$', lines[i])
            if made:
                g['created_by'] = {'function': made.group(1), 'goroutine': int(made.group(2) or 0), **at}
            else:
                at['offset'] = int(place.group(3), 16) if place.group(3) else None
                g['frames'].append({'function': re.sub(r'\((?:[^()]|\([^()]*\))*\)$', '', lines[i]), **at})
            i += 2
        out.append(g)
    return out


def parse_heap(text):
    """A heap debug=1 profile -> rate, {stack (tuple of pcs, leaf first): [inuse objects, bytes, alloc objects, bytes]}.
    The numbers are the sampled ones as the runtime counts them, not scaled. Equal stacks of different sizes are added up."""
    head = re.match(r'heap profile: .* @ heap/(\d+)', text)
    buckets = {}
    for m in re.finditer(r'^(\d+): (\d+) \[(\d+): (\d+)\] @((?: 0x[0-9a-f]+)*)$', text, re.M):
        stack = tuple(int(x, 16) for x in m.group(5).split())
        row = buckets.setdefault(stack, [0, 0, 0, 0])
        for k in range(4):
            row[k] += int(m.group(k + 1))
    return int(head.group(1)) // 2, buckets


def main():
    version, form, *args = sys.argv[1:] or ['1.27.4', 'plain']
    with Oracle(None if version == 'own' else version, form, args) as o:
        t = o.truth()
        print(f'pid {o.pid}, truth in {o.folder.name}: {len(t.goroutines)} goroutines, {len(t.buckets)} allocation stacks, {t.stats["HeapObjects"]} objects; Enter ends', flush=True)
        sys.stdin.readline()
        print('quiet' if o.still_quiet(t) else 'NOT QUIET')


if __name__ == '__main__':
    main()
