"""Builds the Go programs of the tests: any release, plain, stripped, as PIE, with cgo. Results are kept and reused.

    build('tests/e2e/go/oracle', '1.27.4', 'stripped') -> path of the program
"""
import fcntl, hashlib, os, subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERSIONS = ['1.27.4', '1.26.11', '1.25.14', '1.24.13', '1.23.12', '1.22.12', '1.21.13']  # the newest patch of each, newest first
FORMS = {
    'plain': [],
    'stripped': ['-ldflags=-s -w'],
    'pie': ['-buildmode=pie'],
    'stripped-pie': ['-buildmode=pie', '-ldflags=-s -w'],
    'cgo': ['-tags=oraclecgo'],
    'stripped-cgo': ['-tags=oraclecgo', '-ldflags=-s -w'],
}


def cache_folder():
    """Outside the tree's versioned files; WHYHEAP_TEST_CACHE puts it elsewhere."""
    folder = os.environ.get('WHYHEAP_TEST_CACHE') or os.path.join(ROOT, '.cache')
    os.makedirs(folder, exist_ok=True)
    return folder


def find_go():
    """The path of a Go of 1.21 or later (tools/go.sh fetches one where there is none)."""
    p = subprocess.run([os.path.join(ROOT, 'tools', 'go.sh')], capture_output=True, text=True)
    if p.returncode:
        raise RuntimeError(p.stderr.strip())
    return p.stdout.strip()


def environment(version=None):
    env = dict(os.environ, GOFLAGS='-mod=readonly -buildvcs=false')
    if version:
        env['GOTOOLCHAIN'] = version if version in ('local', 'auto') else 'go' + version.removeprefix('go')
    return env


def sources_hash(folder):
    h = hashlib.sha256()
    for base, folders, files in os.walk(folder):
        folders.sort()
        for f in sorted(files):
            path = os.path.join(base, f)
            h.update(os.path.relpath(path, folder).encode() + b'\0' + open(path, 'rb').read() + b'\0')
    return h.hexdigest()[:16]


def build(source, version=None, form='plain', extra=(), go=None):
    """version None: the machine's own Go. A build that fails is an error of the test that wants it."""
    source = os.path.join(ROOT, source)
    go = go or find_go()
    env = environment(version or 'local')
    if version is None:
        version = subprocess.run([go, 'env', 'GOVERSION'], cwd='/', env=env, capture_output=True, text=True).stdout.strip().removeprefix('go')
    key = hashlib.sha256((sources_hash(source) + repr((go, form, tuple(extra)))).encode()).hexdigest()[:12]
    out = os.path.join(cache_folder(), 'bin', f'{os.path.basename(source)}-{version}-{form}-{key}')
    if os.path.exists(out):
        return out
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out + '.lock', 'w') as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(out):
            return out
        args = ['nice', go, 'build', '-trimpath', '-p', '2', *FORMS[form], *extra, '-o', out + '.new', '.']
        p = subprocess.run(args, cwd=source, env=env, capture_output=True, text=True)
        if p.returncode:
            raise RuntimeError(f'{" ".join(args)} in {source}: {p.stderr.strip()[-2000:]}')
        os.rename(out + '.new', out)
    os.unlink(out + '.lock')
    return out


if __name__ == '__main__':
    import sys
    print(build(sys.argv[1], *sys.argv[2:4]))
