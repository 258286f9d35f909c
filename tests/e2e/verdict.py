"""A diagnosis as a test sees it: run, checked against the contract, compared with a label.

A finding *accuses* when its severity is 4 or more or its proof is 'proven'. It is *right* when its kind is one of the
label's and one of its functions is one of the label's.
"""
import json, os, re, subprocess, urllib.parse

import jsonschema

from gobuild import ROOT
from tap import WHYHEAP

SEVERE = 4
SCHEMA = os.path.join(ROOT, 'docs', 'contract', 'verdict.schema.json')
with open(SCHEMA) as f:
    validator = jsonschema.Draft202012Validator(json.load(f))


class Diagnosis:
    """status, what it complained, and the verdict (None without one), with why it breaks the contract ('' if it does not)."""

    def __init__(self, target, *args, timeout=150):
        p = subprocess.run([WHYHEAP, str(target), '--json', *args], capture_output=True, text=True, timeout=timeout)
        self.status, self.complaint = p.returncode, p.stderr.strip()
        self.verdict, self.breach = None, ''
        if self.status not in (0, 1):
            self.breach = f'exit status {self.status}: {self.complaint[-200:]}'
            return
        try:
            self.verdict = json.loads(p.stdout)
        except ValueError as e:
            self.breach = f'standard output is no JSON: {e}'
            return
        errors = sorted(validator.iter_errors(self.verdict), key=lambda e: list(map(str, e.absolute_path)))
        self.breach = '; '.join(f'{"/".join(map(str, e.absolute_path)) or "document"}: {e.message[:160]}' for e in errors[:5])


def plain_name(function):
    """Without type arguments, pointer receivers, escapes and a vendor folder: releases and tools differ in them."""
    name = urllib.parse.unquote(function or '')
    while re.search(r'\[[^\[\]]*\]', name):
        name = re.sub(r'\[[^\[\]]*\]', '', name)
    name = re.sub(r'^(.*/)?vendor/', '', name)
    return re.sub(r'\(\*?([^()]*)\)', r'\1', name).removesuffix('-fm')


def names_function(want, got):
    """got is want, or a closure or wrapper the compiler made inside it."""
    want, got = plain_name(want), plain_name(got)
    return bool(want) and got.startswith(want) and bool(re.fullmatch(r'(\.(func|gowrap|deferwrap)?\d+|-range\d+)*', got[len(want):]))


def functions(finding):
    who = finding.get('who', {})
    goroutines = who.get('goroutines', {})
    places = [who.get('site'), *who.get('stack', []), *(goroutines.get(k) for k in ('blocked_at', 'entry', 'created_by'))]
    return [p['function'] for p in places if p]


def names_label(finding, label):
    want = list(label['alloc'])
    if label['metric'] in ('goroutine', 'fd'):
        want += label['root'].get('goroutine', [])
    return any(names_function(w, f) for w in want for f in functions(finding))


def accuses(finding):
    return finding['severity'] >= SEVERE or finding.get('proof') == 'proven'


def right(finding, label):
    return finding['kind'] in label['verdict_kinds'] and names_label(finding, label)


def short(finding):
    return f"{finding['severity']:g} {finding['class']} {finding['kind']}: {finding['title'][:100]}"


def judge_leak(verdict, label):
    """-> outcome, what the first finding says. 'top': the first finding is right and accuses; 'first': it is right and does
    not accuse (undecided); 'lower': a later accusing one is right; 'note': a later one is right; 'missed'."""
    found = verdict['findings']
    says = short(found[0]) if found else 'no finding'
    if found and right(found[0], label):
        return ('top' if accuses(found[0]) else 'first'), says
    if any(right(f, label) and accuses(f) for f in found):
        return 'lower', says
    return ('note' if any(right(f, label) for f in found) else 'missed'), says


def judge_healthy(verdict):
    bad = [f for f in verdict['findings'] if accuses(f)]
    return ('accused', short(bad[0])) if bad else ('clean', '')


def good_enough(label, outcome):
    """What issue and matrix ask for: the first finding is right; a goroutine leak may not stay undecided."""
    return outcome == 'top' or (outcome == 'first' and label['metric'] == 'heap')
