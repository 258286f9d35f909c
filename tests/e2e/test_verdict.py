"""The main job on a part of the matrix: the newest release, stripped, under its own names and others; the one before it,
plain. Each leak's first finding is the labelled one and the same program without it is clean; every answer keeps the contract."""
import concurrent.futures, time

import game, gobuild, verdict
from tap import check, run, test

ROWS = [(leak, '1.27.4', 'stripped', 'own') for leak in [*game.DEFECTS, 'none']]
ROWS += [(leak, '1.26.11', 'plain', 'own') for leak in ('connpool', 'texturecache', 'none')]
ROWS += [(leak, '1.27.4', 'stripped', 'renamed') for leak in ('monitor', 'ticker', 'none')]
ROWS += [(leak, '1.21.13', 'stripped', 'own') for leak in ('spawn', 'none')]
results = {}


def diagnose(row):
    leak, version, form, names = row
    source, defects, labels = game.renamed() if names == 'renamed' else (game.SOURCE, {d: d for d in game.DEFECTS}, game.labels())
    defect = defects.get(leak, 'none')
    with game.Game(gobuild.build(source, version, form), defect) as g:
        time.sleep(5)
        d = verdict.Diagnosis(g.pid, '--for', '25s')
        g.frames()  # it still plays
    return d, labels.get(defect)


def result(row):
    """All are started with the first question, two at a time."""
    if not results:
        pool = concurrent.futures.ThreadPoolExecutor(2)
        results.update({r: pool.submit(diagnose, r) for r in ROWS})
    return results[row].result()


@test(rows=ROWS)
def is_judged_as_labelled(leak, version, form, names):
    d, label = result((leak, version, form, names))
    check(not d.breach, d.breach)
    if d.verdict is None:
        return
    if leak == 'none':
        outcome, says = verdict.judge_healthy(d.verdict)
        check(outcome == 'clean', outcome, says)
        check(d.status == 0, 'exit status', d.status)
        return
    outcome, says = verdict.judge_leak(d.verdict, label)
    check(verdict.good_enough(label, outcome), outcome, says, [verdict.short(f) for f in d.verdict['findings']])
    check((d.status == 1) == any(f['severity'] >= 7 for f in d.verdict['findings']), 'exit status', d.status)


run()
