"""The demo's game server as an object: started with a defect, asked for its frame times, ended."""
import json, os, re, select, signal, subprocess, tempfile, time

import gobuild

SOURCE = 'demo/gameserver'
DEFECTS = ['connpool', 'texturecache', 'monitor', 'spawn', 'slicegrow', 'ticker']


def labels(path=os.path.join(gobuild.ROOT, 'demo', 'labels.json')):
    with open(path) as f:
        return json.load(f)


def renamed(seed=7):
    """A copy of the server in which every name is another -> its folder, {defect: its name there}, labels by that name."""
    key = gobuild.sources_hash(os.path.join(gobuild.ROOT, 'demo'))
    folder = os.path.join(gobuild.cache_folder(), 'renamed', f'{seed}-{key}')
    if not os.path.exists(folder + '/names.json'):
        tool = gobuild.build('demo/rename')
        root = subprocess.run([gobuild.find_go(), 'env', 'GOROOT'], env=gobuild.environment('local'), capture_output=True, text=True, check=True).stdout.strip()
        env = dict(gobuild.environment('local'), GOROOT=root, PATH=root + '/bin:' + os.environ['PATH'])
        subprocess.run([tool, '-from', SOURCE, '-labels', 'demo/labels.json', '-to', folder, '-seed', str(seed)], cwd=gobuild.ROOT, env=env, check=True)
    with open(folder + '/names.json') as f:
        return folder, json.load(f), labels(folder + '/labels.json')


class Game:
    def __init__(self, binary, defect='none', args=(), env=None):
        self.log = tempfile.TemporaryFile('w+')
        self.lines = []
        self.process = subprocess.Popen([binary, '-leak=' + defect, *args], stdout=subprocess.PIPE, stderr=self.log, cwd='/', env=env)
        self.pid = self.process.pid
        self.buffer = b''
        self.wait_for('READY')

    def wait_for(self, word, seconds=60):
        """The next line that begins with the word."""
        end = time.monotonic() + seconds
        while True:
            while b'\n' in self.buffer:
                line, self.buffer = self.buffer.split(b'\n', 1)
                self.lines.append(line.decode())
                if line.startswith(word.encode()):
                    return line.decode()
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise RuntimeError(f'no {word} within {seconds} s')
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                self.log.seek(0)
                raise RuntimeError(f'the game server ended: {self.process.wait()} {self.log.read()[-500:]}')
            self.buffer += more

    def frames(self):
        """What its main loop says of its frames since the last reset -> {'n': ..., 'gap_max_us': ..., ...}"""
        self.process.send_signal(signal.SIGUSR1)
        return {k: int(v) for k, v in re.findall(r'(\w+)=(\d+)', self.wait_for('FRAMES'))}

    def reset_frames(self):
        self.process.send_signal(signal.SIGUSR2)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
