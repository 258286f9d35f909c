"""What the tests and the matrix call right and wrong: hand-written findings against a label. And the labels themselves:
the functions they name are in the program, under its own names and under others."""
import json, os, subprocess

import game, gobuild, verdict
from tap import check, equal, run, test

LABEL = {'verdict_kinds': ['goroutine_leak'], 'metric': 'goroutine', 'alloc': ['main.(*pool).admit'], 'root': {'goroutine': ['main.(*server).readLoop']}}
HEAP = {'verdict_kinds': ['heap_growth'], 'metric': 'heap', 'alloc': ['main.(*storage[...]).grow'], 'root': {'goroutine': ['main.main']}}


def finding(severity=7, kind='goroutine_leak', cls='likely', proof='measured', site=None, entry=None):
    who = {'site': {'function': site}} if site else {}
    if entry:
        who['goroutines'] = {'entry': {'function': entry}}
    return {'severity': severity, 'kind': kind, 'class': cls, 'proof': proof, 'title': 't', 'who': who}


RIGHT = finding(entry='main.(*pool).admit.func2')
OTHER = finding(entry='main.other')
NOTE = finding(3.9, cls='undecided', entry='main.(*server).readLoop.gowrap1')


@test(rows=[
    ('main.(*T).M', 'main.T.M-fm', True), ('main.(*T).M', 'main.(*T).M.func1.2', True), ('main.(*T).M', 'main.(*T).Mill', False),
    ('main.(*S[...]).grow', 'main.(*S[go.shape.struct { A []int }]).grow', True), ('main.F.func1', 'main.F', False), ('main.F', '', False),
])
def names_are_compared(want, got, same):
    equal(verdict.names_function(want, got), same)


@test(rows=[
    ('right first', [RIGHT, OTHER], LABEL, 'top'), ('right later', [OTHER, RIGHT], LABEL, 'lower'), ('only noted', [NOTE], LABEL, 'first'),
    ('noted later', [OTHER, NOTE], LABEL, 'note'), ('nothing', [], LABEL, 'missed'), ('another', [OTHER], LABEL, 'missed'),
    ('another kind', [finding(kind='heap_growth', entry='main.(*pool).admit')], LABEL, 'missed'),
    ('main.main does not name a heap leak', [finding(kind='heap_growth', site='main.main')], HEAP, 'missed'),
    ('type arguments', [finding(kind='heap_growth', site='main.(*storage[go.shape.int]).grow')], HEAP, 'top'),
])
def a_leak_is_judged(name, found, label, want):
    equal(verdict.judge_leak({'findings': found}, label)[0], want)


@test(rows=[('nothing', [], 'clean'), ('a note', [NOTE], 'clean'), ('a warning', [finding(4)], 'accused'), ('a small proof', [finding(2, proof='proven')], 'accused')])
def a_healthy_program_is_judged(name, found, want):
    equal(verdict.judge_healthy({'findings': found})[0], want)


@test
def the_schema_refuses_what_is_not_a_verdict():
    good = {'schema': 'verdict/1', 'target': {'kind': 'process'}, 'window': {}, 'summary': 's', 'account': {}, 'findings': [], 'cleared': [], 'limits': []}
    equal([e.message for e in verdict.validator.iter_errors(good)], [])
    for broken in ({**good, 'schema': 'verdict/2'}, {k: v for k, v in good.items() if k != 'limits'}, {**good, 'findings': [{'id': 'x'}]}):
        check(list(verdict.validator.iter_errors(broken)), 'was accepted:', json.dumps(broken)[:80])


def symbols(binary):
    out = subprocess.run([gobuild.find_go(), 'tool', 'nm', binary], env=gobuild.environment('local'), capture_output=True, text=True, check=True).stdout
    return [line.split(None, 2)[2] for line in out.splitlines() if len(line.split(None, 2)) == 3]


@test(rows=['own', 'renamed'])
def the_labels_name_functions_of_the_program(names):
    source, defects, labels = game.renamed() if names == 'renamed' else (game.SOURCE, {d: d for d in game.DEFECTS}, game.labels())
    have = symbols(gobuild.build(source))
    equal(sorted(labels), sorted(defects.values()), 'defects')
    for defect, label in labels.items():
        check(any(verdict.names_function(w, h) for w in label['alloc'] for h in have), defect, 'none of', label['alloc'])
        if 'goroutine' in label['root'] and label['metric'] == 'goroutine':
            check(any(verdict.names_function(w, h) for w in label['root']['goroutine'] for h in have), defect, label['root'])


@test
def the_renamed_program_has_none_of_the_names():
    folder, defects, _ = game.renamed()
    binary = gobuild.build(folder)
    with open(binary, 'rb') as f:
        text = f.read()
    for word in (b'connPool', b'connpool', b'readLoop', b'sceneCache', b'loadTexture', b'startMonitor', b'updateRegion', b'startHeartbeat', b'playerConn'):
        if word not in (b'readLoop',):  # net/http has one too
            check(word not in text, word, 'is in it')
    with game.Game(binary, defects['spawn'], ['-d', '2s']) as g:
        check(g.frames()['n'] >= 0)


run()
