"""`whyheap stats --json` as data, for the differential tests of what is read from a live Go runtime."""
import json, os, subprocess

from gobuild import VERSIONS
from tap import WHYHEAP

# The newest two releases in every form, the others plain and stripped.
TARGETS = [(v, f) for v in VERSIONS[:2] for f in ('plain', 'stripped', 'pie', 'stripped-pie', 'cgo', 'stripped-cgo')] + \
          [(v, f) for v in VERSIONS[2:] for f in ('plain', 'stripped')] + [('1.24.13', 'stripped-pie'), ('1.21.13', 'pie'), ('1.21.13', 'stripped-pie')]


def stats(target, *options, env=None):
    """The parsed answer; a command that fails is an error of the test."""
    p = subprocess.run([WHYHEAP, 'stats', str(target), '--json', *options], capture_output=True, text=True, timeout=60,
                       env=dict(os.environ, **(env or {})))
    if p.returncode:
        raise RuntimeError(f'whyheap stats {target} {options}: status {p.returncode}: {p.stderr.strip()}')
    return json.loads(p.stdout)
