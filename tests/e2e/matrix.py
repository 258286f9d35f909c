"""Every leak of the demo and its healthy twin, every Go release, plain and stripped, with its own names and with others:
each is started, left alone, diagnosed by its bare pid, and compared with its label. Writes docs/matrix.md.

    ./dev matrix                                        everything: about an hour on two cores
    ./dev matrix --go 1.27.4,1.26.11 --names own        a part of it
    ./dev matrix --cases DIR                            also real leaks and healthy programs (their README says how they score)
"""
import argparse, concurrent.futures, json, os, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import game, gobuild, verdict
from tap import WHYHEAP

LEAKS = [*game.DEFECTS, 'none']
STORE = os.path.join(gobuild.cache_folder(), 'matrix.json')


def one(job):
    """One program, one diagnosis -> its row."""
    row = {k: job[k] for k in ('go', 'form', 'names', 'leak')}
    try:
        with game.Game(job['binary'], job['defect']) as g:
            time.sleep(job['warm'])
            before = g.frames()['n']
            began = time.monotonic()
            d = verdict.Diagnosis(g.pid, '--for', f"{job['seconds']:g}s")
            row['seconds'] = round(time.monotonic() - began, 1)
            after = g.frames()
            row['hurt'] = '' if after['n'] - before > 30 * row['seconds'] else 'its frame loop stood still'
            row['longest_gap_ms'] = after['longest_gap_us'] // 1000
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
        return {**row, 'outcome': 'no verdict', 'says': ' '.join(str(e).split())[:200], 'good': False}
    if d.breach:
        return {**row, 'outcome': 'no verdict', 'says': d.breach, 'good': False}
    row['first'] = d.verdict['findings'][:2]
    row['limits'] = [x['what'] for x in d.verdict['limits']]
    if job['leak'] == 'none':
        row['outcome'], row['says'] = verdict.judge_healthy(d.verdict)
        row['good'] = row['outcome'] == 'clean' and not row['hurt']
    else:
        row['outcome'], row['says'] = verdict.judge_leak(d.verdict, job['label'])
        row['good'] = verdict.good_enough(job['label'], row['outcome']) and not row['hurt']
    return row


def jobs(opt):
    own = {leak: leak for leak in game.DEFECTS}
    for names in opt.names:
        source, defects, labels = game.renamed() if names == 'renamed' else (game.SOURCE, own, game.labels())
        for go in opt.go:
            for form in opt.forms:
                binary = gobuild.build(source, go, form)
                for leak in opt.leaks:
                    defect = defects.get(leak, 'none')
                    yield dict(go=go, form=form, names=names, leak=leak, defect=defect, label=labels.get(defect), binary=binary, seconds=opt.seconds, warm=opt.warm)


def cases(opt):
    """The scorer that lies beside the cases judges; its totals and rows are quoted."""
    out = []
    for go in opt.go[:2]:
        for form in opt.forms:
            with tempfile.TemporaryDirectory() as folder:
                args = [sys.executable, os.path.join(opt.cases, 'score.py'), WHYHEAP, '--go', go, '--for', f'{opt.seconds:g}', '--out', folder, '--jobs', str(opt.jobs)]
                env = dict(os.environ, PATH=os.path.dirname(gobuild.find_go()) + ':' + os.environ['PATH'])
                subprocess.run(args + (['--strip'] if form == 'stripped' else []), env=env, check=False)
                with open(folder + '/score.json') as f:
                    out.append({'go': go, 'form': form, **{k: v for k, v in json.load(f).items() if k in ('totals', 'rows')}})
    return out


def cell(row):
    if not row:
        return ' '
    worst = f" {row['first'][0]['severity']:g}" if row.get('first') and row['leak'] != 'none' else ''
    text = f"{row['outcome']}{worst}" + (' HURT' if row.get('hurt') else '')
    return text if row['good'] else f'**{text}**'


def markdown(state):
    rows = state['rows']
    lines = ['# Every leak, every Go release', '',
             'Made by `./dev matrix`. Each program is started, left alone for a few seconds and diagnosed by its bare pid; `demo/labels.json` says what is right.',
             '*top*: the first finding has a right kind, names a right function, and accuses; its severity follows. *first*: the same, but it does not accuse (growth of the',
             'heap may stay undecided; goroutine leaks may not). *lower*: a later finding. *clean*: nothing is accused. In bold: not what is asked for.',
             'Renamed: every name in the program was changed by `demo/rename` before it was built.', '']
    lines += [f"Last run: {state['when']}, window {state['seconds']:g} s. {sum(r['good'] for r in rows)} of {len(rows)} as asked.", '']
    for names in ('own', 'renamed'):
        for form in sorted({r['form'] for r in rows if r['names'] == names}):
            some = [r for r in rows if r['names'] == names and r['form'] == form]
            releases = [v for v in gobuild.VERSIONS if any(r['go'] == v for r in some)]
            lines += [f"## {form}, {'its own names' if names == 'own' else 'renamed'}", '', '| leak | ' + ' | '.join(releases) + ' |', '|---' * (len(releases) + 1) + '|']
            for leak in LEAKS:
                found = [next((r for r in some if r['leak'] == leak and r['go'] == v), None) for v in releases]
                if any(found):
                    lines.append(f'| {leak} | ' + ' | '.join(map(cell, found)) + ' |')
            lines.append('')
    wrong = [r for r in rows if not r['good']]
    if wrong:
        lines += ['## Not as asked', ''] + [f"- {r['leak']} ({r['go']}, {r['form']}, {r['names']}): {r['outcome']}: {r['says'] or r.get('hurt')}" for r in wrong] + ['']
    for c in state.get('cases', []):
        t = c['totals']
        lines += [f"## Real leaks and healthy programs, Go {c['go']}, {c['form']}", '',
                  f"Leaks: top {t['top']}, lower {t['lower']}, undecided {t['undecided']}, missed {t['missed']} of {t['leaky']}. Fixed: clean {t['fixed_clean']} of {t['fixed']}."
                  f" Healthy: clean {t['healthy_clean']} of {t['healthy']}. No verdict {t['no_verdict']}, hurt {t['hurt']}.", '', '| program | | outcome | what the first finding says |', '|---|---|---|---|']
        lines += [f"| {r['name']} | {r['what']} | {r['outcome']} | {str(r['says']).replace('|', '/')} |" for r in c['rows']] + ['']
    return '\n'.join(lines)


def save(state):
    """A run may be ended at any time: what was kept before stays whole."""
    with open(STORE + '.new', 'w') as f:
        json.dump(state, f, indent=1)
    os.replace(STORE + '.new', STORE)


def comma(text):
    return text.split(',')


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('--go', type=comma, default=gobuild.VERSIONS)
    a.add_argument('--forms', type=comma, default=['plain', 'stripped'])
    a.add_argument('--names', type=comma, default=['own', 'renamed'])
    a.add_argument('--leaks', type=comma, default=LEAKS)
    a.add_argument('--for', dest='seconds', type=float, default=25, help='seconds that whyheap may watch (25)')
    a.add_argument('--warm', type=float, default=5, help='seconds between READY and the diagnosis (5)')
    a.add_argument('--jobs', type=int, default=2, help='programs at a time (2)')
    a.add_argument('--cases', help='a folder of cases with a score.py')
    a.add_argument('--keep', action='store_true', help='keep the rows of earlier runs that this one does not repeat')
    a.add_argument('--out', default=os.path.join(gobuild.ROOT, 'docs', 'matrix.md'))
    opt = a.parse_args()

    state = {'rows': []}
    if opt.keep and os.path.exists(STORE):
        with open(STORE) as f:
            state = json.load(f)
    state.update(when=time.strftime('%Y-%m-%d'), seconds=opt.seconds)
    with concurrent.futures.ThreadPoolExecutor(opt.jobs) as pool:
        for row in pool.map(one, list(jobs(opt))):
            same = ('go', 'form', 'names', 'leak')
            state['rows'] = [r for r in state['rows'] if any(r[k] != row[k] for k in same)] + [row]
            print(f"{'' if row['good'] else '!! '}{row['leak']:13} {row['go']:8} {row['form']:9} {row['names']:8} {row['outcome']:11} {row.get('seconds', 0):5} s  {row['says']}", flush=True)
            save(state)
    if opt.cases:
        state['cases'] = cases(opt)
    save(state)
    with open(opt.out, 'w') as f:
        f.write(markdown(state))
    good = sum(r['good'] for r in state['rows'])
    print(f"{good} of {len(state['rows'])} as asked")
    return 0 if good == len(state['rows']) else 1


if __name__ == '__main__':
    sys.exit(main())
