"""The reference reader of traces, golang.org/x/exp/trace, with a file of ours added that prints what it holds.

    reference() -> path of a program: `traceref raw FILE`, `traceref count FILE`
"""
import json, os, re, shutil, subprocess, tempfile

from gobuild import ROOT, cache_folder, environment, find_go, sources_hash

MODULE = 'golang.org/x/exp'
REVISION = 'v0.0.0-20261113113407-e3970619a1a4'


def reference():
    source = os.path.join(ROOT, 'tests/e2e/go/traceref')
    out = os.path.join(cache_folder(), 'bin', f'traceref-{REVISION}-{sources_hash(source)}')
    if os.path.exists(out):
        return out
    os.makedirs(os.path.dirname(out), exist_ok=True)
    go, env = find_go(), dict(environment('go1.27.4'), GOFLAGS='-mod=mod -buildvcs=false')
    with tempfile.TemporaryDirectory() as work:
        p = subprocess.run([go, 'mod', 'download', '-json', f'{MODULE}@{REVISION}'], cwd=work, env=env, capture_output=True, text=True)
        if p.returncode:
            raise RuntimeError(f'{MODULE} is not to be had: {p.stderr.strip() or p.stdout.strip()}')
        module = json.loads(p.stdout)['Dir']
        shutil.copytree(os.path.join(module, 'trace'), os.path.join(work, 'xtrace'), copy_function=shutil.copyfile,
                        ignore=shutil.ignore_patterns('*_test.go', 'testdata', 'testgen', 'testtrace', 'raw', 'gen.bash'))
        for base, _, files in os.walk(work):
            os.chmod(base, 0o755)
            for f in files:
                path = os.path.join(base, f)
                text = open(path, encoding='utf-8').read()
                open(path, 'w', encoding='utf-8').write(re.sub(r'"golang.org/x/exp/trace', '"traceref/xtrace', text))
        shutil.copyfile(os.path.join(source, 'raw.go.txt'), os.path.join(work, 'xtrace', 'raw_lines.go'))
        shutil.copyfile(os.path.join(source, 'main.go.txt'), os.path.join(work, 'main.go'))
        open(os.path.join(work, 'go.mod'), 'w').write('module traceref\n\ngo 1.25\n')
        p = subprocess.run(['nice', go, 'build', '-p', '2', '-o', out, '.'], cwd=work, env=env, capture_output=True, text=True)
        if p.returncode:
            raise RuntimeError(p.stderr.strip())
    return out


if __name__ == '__main__':
    print(reference())
