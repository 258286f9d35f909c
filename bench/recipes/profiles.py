"""Writes heap profiles as Go would: recipes/profiles.py OUT SAMPLES SEED [MEAN_DEPTH]. Stacks are walks through a call tree
that share their outer two thirds, as those of a server do. 500000 samples of the default depth inflate to about 100 MB.
"""
import gzip, random, sys

FUNCTIONS, FILES, LEVELS = 4000, 600, 40


def varint(n):
    out = bytearray()
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def num(field, x):
    return varint(field << 3) + varint(x & (1 << 64) - 1) if x else b''


def data(field, b):
    return varint(field << 3 | 2) + varint(len(b)) + b


def main(out, samples, seed, depth=70):
    r = random.Random(seed)
    shape = random.Random(7)  # the program is the same in all profiles; only the samples differ
    strings, ids = [b''], {}

    def string(s):
        if s not in ids:
            ids[s] = len(strings)
            strings.append(s.encode())
        return ids[s]

    functions = [(f'github.com/arena/server/pkg{i % 97}.(*Type{i % 311}).Method{i}', f'github.com/arena/server/pkg{i % 97}/file{i % FILES}.go') for i in range(FUNCTIONS)]
    locations = 30000
    of = [shape.randrange(FUNCTIONS) for _ in range(locations)]
    inlined = [shape.randrange(FUNCTIONS) if shape.random() < .2 else None for _ in range(locations)]
    callees = [[shape.randrange(locations) for _ in range(4)] for _ in range(locations)]
    encoded = [varint(i + 1) for i in range(locations)]

    def walk(rng, at, steps):
        path = []
        for _ in range(steps):
            path.append(encoded[at])
            at = callees[at][int(rng.random() * 4)]
        path.reverse()
        return b''.join(path), at

    paths = [walk(shape, shape.randrange(8), max(2, int(shape.gauss(depth * .7, depth / 6)))) for _ in range(5000)]
    pool = []  # a bucket is a stack and a size; the stacks are the program's
    for _ in range(max(200, min(samples, 200000))):
        outer, at = paths[int(shape.random() * len(paths))]
        pool.append(walk(shape, at, max(1, int(shape.gauss(depth * .3, depth / 12))))[0] + outer)
    with gzip.open(out, 'wb', compresslevel=1) as f:
        for kind, unit in (('alloc_objects', 'count'), ('alloc_space', 'bytes'), ('inuse_objects', 'count'), ('inuse_space', 'bytes')):
            f.write(data(1, num(1, string(kind)) + num(2, string(unit))))
        f.write(data(11, num(1, string('space')) + num(2, string('bytes'))) + num(12, 524288))
        label = string('bytes')
        chunk = []
        for n in range(samples):
            stack = pool[int(r.random() * len(pool))]
            size = 16 << (int(r.random() * 9))
            scale = 524288 / size
            allocs = int((1 + r.random() * 9) * scale)
            live = allocs if r.random() < .3 else 0
            values = b''.join(varint(v) for v in (allocs, allocs * size, live, live * size))
            chunk.append(data(2, data(1, stack) + data(2, values) + data(3, num(1, label) + num(3, size))))
            if len(chunk) == 20000:
                f.write(b''.join(chunk))
                chunk.clear()
        f.write(b''.join(chunk))
        f.write(data(3, num(1, 1) + num(2, 0x400000) + num(3, 0x4000000) + num(5, string('/opt/arena/server')) + num(6, string('c0ffee')) + num(7, 1)))
        for i in range(locations):
            lines = [of[i]] if inlined[i] is None else [inlined[i], of[i]]
            f.write(data(4, num(1, i + 1) + num(2, 1) + num(3, 0x400000 + 16 * i) + b''.join(data(4, num(1, fn + 1) + num(2, 10 + i % 500)) for fn in lines)))
        for i, (name, file) in enumerate(functions):
            f.write(data(5, num(1, i + 1) + num(2, string(name)) + num(3, string(name)) + num(4, string(file)) + num(5, 10)))
        f.write(b''.join(data(6, s) for s in strings))
        f.write(num(9, 1700000000 * 10**9 + seed * 60 * 10**9))


def dump(out, goroutines, seed):
    """A debug=2 dump of 1.27 with the same program's stacks."""
    r = random.Random(seed)
    with open(out, 'w') as f:
        for g in range(goroutines):
            depth = 2 + int(r.random() * 3)
            site = int(r.random() * 300)
            f.write(f'goroutine {g + 7} [{r.choice(("chan receive", "select", "IO wait", "sync.Mutex.Lock"))}, {int(r.random() * 600)} minutes]:\n')
            for d in range(depth):
                k = site * 7 + d
                f.write(f'github.com/arena/server/pkg{k % 97}.(*Type{k % 311}).Method{k}(0xc000{r.randrange(1 << 24):06x}, 0x1?)\n\t/build/src/github.com/arena/server/pkg{k % 97}/file{k % FILES}.go:{10 + k % 500} +0x{k % 4096:x}\n')
            f.write(f'created by github.com/arena/server/net.(*Listener).Accept in goroutine 1\n\t/build/src/github.com/arena/server/net/accept.go:{80 + site % 9} +0x1d\n\n')


if __name__ == '__main__':
    if sys.argv[1] == 'dump':
        dump(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *map(int, sys.argv[4:]))
