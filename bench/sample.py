"""One full sample (memory statistics and about 3,600 allocation buckets) of a quiet and of an allocating process."""
import os, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'e2e'))
from oracle import Oracle

BUILD = os.path.dirname(os.path.realpath(os.environ.get('WHYHEAP', os.path.join(ROOT, 'build', 'whyheap'))))
if os.path.basename(BUILD) == 'cli':
    BUILD = os.path.dirname(os.path.dirname(BUILD))
subprocess.run(['ninja', '-C', BUILD, '--quiet', 'bench/sample_pid'], check=True)
for form in ('plain', 'stripped'):
    with Oracle('1.27.4', form, ['-buckets', '3600']) as o:
        print(f'{form}, quiet:', flush=True)
        subprocess.run([os.path.join(BUILD, 'bench', 'sample_pid'), str(o.pid)], check=True)
        os.write(o.process.stdin.fileno(), b'churn 20000000\n')
        print(f'{form}, allocating:', flush=True)
        subprocess.run([os.path.join(BUILD, 'bench', 'sample_pid'), str(o.pid)], check=True)
