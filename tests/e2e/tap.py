"""Tests in Python, table first: @test registers, check prints and goes on, run() writes TAP for Meson.

A test function may be given rows: @test(rows=[...]) runs it once a row, each its own line.
"""
import os, sys, traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

WHYHEAP = os.environ.get('WHYHEAP') or os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'build', 'whyheap')
registered = []
bad = []


def test(f=None, *, rows=None):
    def add(g):
        for row in rows if rows is not None else [()]:
            args = row if isinstance(row, tuple) else (row,)
            registered.append((' '.join([g.__name__.replace('_', ' '), *(str(a) for a in args if isinstance(a, (str, int)))]), g, args))
        return g
    return add(f) if f else add


def check(ok, *what):
    if not ok:
        bad.append(' '.join(map(str, what)))
        frame = sys._getframe(1)
        print(f'# {os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}: {bad[-1]}', flush=True)
    return bool(ok)


def equal(got, want, what=''):
    return check(got == want, f'{what}: {got!r}, not {want!r}')


def run():
    """Runs those whose name contains one of the arguments, or all."""
    chosen = [t for t in registered if not sys.argv[1:] or any(a in t[0] for a in sys.argv[1:])]
    print(f'1..{len(chosen)}', flush=True)
    failed = 0
    for number, (name, f, args) in enumerate(chosen, 1):
        bad.clear()
        try:
            f(*args)
        except Exception:
            bad.append('exception')
            print('# ' + traceback.format_exc().strip().replace('\n', '\n# '))
        failed += bool(bad)
        print(f'{"not ok" if bad else "ok"} {number} - {name}', flush=True)
    sys.exit(1 if failed or not chosen else 0)
