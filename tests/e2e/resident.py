"""The program tests/e2e/go/account: its resident memory has a known part of every kind."""
import json, os, select, subprocess

import gobuild

MIB = 1 << 20
SOURCE = 'tests/e2e/go/account'


class Program:
    def __init__(self, version, form='plain', args=(), extra=(), folder='/'):
        binary = gobuild.build(SOURCE, version, form, extra=extra)
        self.process = subprocess.Popen([binary, *args], stdout=subprocess.PIPE, cwd=folder,
                                        stderr=None if folder == '/' else subprocess.DEVNULL)  # a crash there is meant
        self.pid = self.process.pid
        line = b''
        while not line.endswith(b'\n'):
            if not select.select([self.process.stdout], [], [], 60)[0]:
                raise RuntimeError('the program did not get ready')
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise RuntimeError('the program ended')
            line += more
        self.knows = json.loads(line.split(b' ', 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def rss(self):
        with open(f'/proc/{self.pid}/status') as f:
            return next(int(l.split()[1]) * 1024 for l in f if l.startswith('VmRSS'))
