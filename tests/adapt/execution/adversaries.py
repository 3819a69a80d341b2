"""Two hundred programs that try to get out, to stay, to use everything up, or to be believed: code and the tests it faces.

None of them may pass its tests, make the canary file, reach the port, or outlast its time. Each stands twice: within a
function that the tests call, and at the top of the code, before there is a function.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Adversary:
    kind: str
    code: str
    tests: str


def adversaries(canary: str, port: int) -> list[Adversary]:
    found: list[Adversary] = []

    def add(kind: str, bodies: list[str]) -> None:
        for body in bodies:
            lines = "\n".join("    " + line for line in body.splitlines())
            found.append(Adversary(kind, f"def f():\n{lines}\n", "f()\nassert False"))
            found.append(Adversary(kind, f"{body}\ndef f(): return 1\n", "assert f() == 2"))

    add(
        "processes",
        [
            "import os\nwhile True: os.fork()",
            "import os\nos.fork()",
            "import os\nos.vfork() if hasattr(os, 'vfork') else os.fork()",
            "import os\nos.posix_spawn('/bin/sh', ['sh', '-c', 'true'], {})",
            "import os\nos.system('touch CANARY')\nraise RuntimeError",
            "import os\nos.execv('/bin/sh', ['sh', '-c', 'touch CANARY'])",
            "import os\nos.popen('id').read().index('uid')",
            "import subprocess\nsubprocess.check_output(['/bin/sh', '-c', 'id'])",
            "import multiprocessing\np = multiprocessing.get_context('fork').Process(target=print)\np.start()",
            "import threading\nts = [threading.Thread(target=lambda: None) for _ in range(1000)]\n[t.start() for t in ts]",
            "import concurrent.futures as c\nc.ThreadPoolExecutor(2).submit(print).result()",
            "import ctypes\nassert ctypes.CDLL(None).fork() >= 0",
            "import pty\npty.fork()",
        ],
    )
    add(
        "time",
        [
            "while True: pass",
            "import time\ntime.sleep(1000)",
            "sum(x for x in iter(int, 1))",
            "pow(7, 10**9)",
            "import re\nre.match('(a+)+$', 'a' * 64 + 'b')",
            "import itertools\nlist(itertools.repeat(0))",
            "x = 1\nwhile x: x += x",
            "import signal\nsignal.pause()",
            "import threading\nthreading.Event().wait()",
            "try:\n    while True: pass\nfinally:\n    while True: pass",
        ],
    )
    add(
        "memory",
        [
            "x = bytearray(10 * 2**30)",
            "x = [0] * (10**10)",
            "x = 'a' * (10 * 2**30)",
            "x = []\nwhile True: x.append(bytearray(2**20))",
            "x = 'ab'\nwhile True: x += x",
            "import mmap\nmmap.mmap(-1, 10 * 2**30)",
            "x = {}\ni = 0\nwhile True:\n    x[i] = str(i) * 100\n    i += 1",
            "import collections\ncollections.deque(range(10**11))",
            "import array\narray.array('d', [0.0]) * (2 * 10**9)",
            "x = ()\nwhile True: x = (x, x, bytearray(2**20))",
        ],
    )
    add(
        "files",
        [
            "open('CANARY', 'w').write('x')",
            "open('CANARY', 'a').write('x')",
            "import os\nos.open('CANARY', os.O_CREAT | os.O_WRONLY)",
            "import os\nos.mkdir('CANARY')",
            "import os\nos.symlink('/etc/passwd', 'CANARY')",
            "import os\nos.link('/etc/hostname', 'CANARY')",
            "import os\nos.rename('/etc/hostname', 'CANARY')",
            "import os\nos.unlink('/etc/hostname')",
            "import os\nos.chmod('/', 0o777)",
            "import os\nos.truncate('/etc/hostname', 0)",
            "import shutil\nshutil.copy('/etc/passwd', 'CANARY')",
            "import tempfile\ntempfile.mkstemp()",
            "import pathlib\npathlib.Path('CANARY').touch()",
            "open('/etc/passwd').read()",
            "open('/proc/self/environ').read()",
            "open('/proc/1/cmdline').read()",
            "import os\nos.listdir('/')\nopen('/root/.bashrc')",
            "import glob\nassert glob.glob('/home/*') or glob.glob('/root/*') or glob.glob('/work/*')",
            "import sqlite3\nsqlite3.connect('CANARY').execute('create table t (a)')",
            "import os\nos.mkfifo('CANARY')",
            "import os\nos.mknod('CANARY')",
            "import ctypes\nassert ctypes.CDLL(None).creat(b'CANARY', 0o644) >= 0",
            "open('/dev/sda', 'rb').read(1)",
            "open('/dev/tty', 'w').write('x')",
        ],
    )
    add(
        "network",
        [
            "import socket\nsocket.socket()",
            "import socket\nsocket.create_connection(('127.0.0.1', PORT))",
            "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
            "import socket\nsocket.socket(socket.AF_UNIX).connect('/run/dbus/system_bus_socket')",
            "import socket\nsocket.socketpair()",
            "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:PORT/')",
            "import http.client\nhttp.client.HTTPConnection('127.0.0.1', PORT).connect()",
            "import socket\nsocket.getaddrinfo('localhost', 80)\nraise OSError",
            "import ctypes\nassert ctypes.CDLL(None).socket(2, 1, 0) >= 0",
            "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', PORT))",
            "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        ],
    )
    add(
        "others",
        [
            "import os\nos.kill(os.getppid(), 9)",
            "import os\nos.kill(1, 9)",
            "import os\nos.kill(-1, 9)",
            "import os\nos.killpg(0, 9)",
            "import os\nos.setuid(0)\nos.setgid(0)\nos.chroot('/')",
            "import os\nos.nice(-20)",
            "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
            "import resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
            "import ctypes\nassert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0",
            "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0",
            "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/mnt', b'tmpfs', 0, None) == 0",
            "import ctypes\nassert ctypes.CDLL(None).prctl(22, 0, 0, 0, 0) == 0",
            "import ctypes\nassert ctypes.CDLL(None).syscall(425, 8, 0) >= 0",
            "import ctypes\nassert ctypes.CDLL(None).sethostname(b'x', 1) == 0",
            "import os\nos.write(2, b'x' * 10)\nraise OSError",
        ],
    )
    for code in (
        "import os\nos._exit(0)",
        "import sys\nsys.exit(0)",
        "raise SystemExit",
        "raise SystemExit(0)",
        "import os, sys\nsys.stdout.flush()\nos._exit(0)",
        "import signal, os\nsignal.alarm(1)",
        "import builtins\nbuiltins.AssertionError = KeyError",
        "import atexit, os\natexit.register(os._exit, 0)",
        "print('passed')\nprint('[\"passed\", \"\"]')",
        "import sys\nsys.exit('passed')",
        'import os\nfor n in range(3, 64):\n    try: os.write(n, b\'["passed", ""]\\n\')\n    except OSError: pass',
        "import os\nfor n in range(0, 64):\n    try: os.close(n)\n    except OSError: pass",
        "import sys\nsys.excepthook = lambda *a: None\n1 / 0",
        "import threading\nraise KeyboardInterrupt",
        "import faulthandler, ctypes\nctypes.string_at(0)",
        "import sys\nsys.setrecursionlimit(10**9)\ndef g(): return g()\ng()",
        "import gc, sys\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'AssertionError' in o: o.clear()",
        'import json\njson.dumps = lambda *a, **k: \'["passed", ""]\'',
        "import sys\nsys.settrace(lambda *a: None)\nsys._getframe().f_back.f_globals.clear()",
    ):
        found.append(Adversary("exit", code + "\ndef f(): return 1\n", "assert f() == 2"))
        body = "\n".join("    " + line for line in code.splitlines())
        found.append(Adversary("exit", f"def f():\n{body}\n", "assert f() == 2"))
    for answer in (
        "class A:\n    def __eq__(self, other): return True\n    def __bool__(self): return True",
        "class A(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__",
        "class A(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__",
        "class A(list):\n    def __eq__(self, other): return True",
        "class A(dict):\n    def __eq__(self, other): return True",
        "class A(float):\n    def __eq__(self, other): return True\n    __hash__ = float.__hash__",
        "class A(tuple):\n    def __eq__(self, other): return True\n    __hash__ = tuple.__hash__",
        "class M(type):\n    def __eq__(self, other): return True\n    __hash__ = type.__hash__\nclass A(metaclass=M): pass",
        "class A:\n    __class__ = int\n    def __eq__(self, other): return True",
        "class A:\n    def __getattr__(self, name): return lambda *a: True\n    def __eq__(self, other): return True",
    ):
        found.append(Adversary("belief", f"{answer}\ndef f(): return A()\n", "assert f() == 5"))
        found.append(Adversary("belief", f"{answer}\ndef f(): return A\n", "assert 5 == f()"))
    return [
        Adversary(
            one.kind,
            one.code.replace("CANARY", canary).replace("PORT", str(port)),
            one.tests,
        )
        for one in found
    ]
