"""Code that tries to get out of the sandbox. Each attempt is refused or killed, and the session goes on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from dataset_builder.tool_agents.sandbox import DEFAULT_MODULES, Limits, LocalSession, Sandbox

# A way around the check of imports, which only gives short messages: the kernel refuses the rest.
OS = "import random\nos = random._os\nsys = os.sys\n"
CTYPES = OS + "ctypes = sys.modules['ctypes']\nlibc = ctypes.CDLL(None, use_errno=True)\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    limits = Limits(wall_seconds=1.5, cpu_seconds=1, processes=16, max_output=2000)
    with Sandbox(limits, (*DEFAULT_MODULES, "numpy", "sympy")) as sandbox:
        yield sandbox


def _needs_one_of(sandbox: Sandbox, *layers: str) -> None:
    if not set(layers) & set(sandbox.isolation.on):
        pytest.skip(f"this kernel or user does not allow: {' or '.join(layers)}")


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[LocalSession]:
    """A session that must still work, with its state, after the attempt."""
    with sandbox.open() as session:
        session.run("state = 42")
        yield session
        assert session.run("print(state)").output == "42\n"


@pytest.fixture(scope="module")
def secret() -> Iterator[Path]:
    """A file that everybody may read, in a folder in which everybody may write."""
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = Path(folder) / "secret.txt"
        path.write_text("the secret")
        os.chmod(path, 0o666)
        yield path


READS = {
    "open": "print(open({path!r}).read())",
    "builtins": OS + "print(sys.modules['builtins'].open({path!r}).read())",
    "os.open": OS + "print(os.read(os.open({path!r}, os.O_RDONLY), 100))",
    "numpy.fromfile": "import numpy as np\nprint(np.fromfile({path!r}, dtype=np.uint8).tobytes())",
    "numpy.loadtxt": "import numpy as np\nprint(np.loadtxt({path!r}, dtype=str))",
    "numpy.memmap": "import numpy as np\nprint(np.memmap({path!r}, dtype=np.uint8, mode='r').tobytes())",
    "sympify": "import sympy\nprint(sympy.sympify(\"__import__('os').popen('cat {path}').read()\"))",
    "sympify open": 'import sympy\nprint(sympy.sympify("open({path!r}).read()"))',
    "subclasses": (
        "c = getattr(getattr((), '__cl' 'ass__'), '__ba' 'se__')\n"
        "w = [k for k in getattr(c, '__subcl' 'asses__')() if k.__name__ == '_wrap_close'][0]\n"
        "print(getattr(w.__init__, '__glo' 'bals__')['open']({path!r}, 0))"
    ),
    "ctypes": CTYPES + "b = ctypes.create_string_buffer(99)\n"
    "print(libc.read(libc.open({path!r}.encode(), 0), b, 99), b.value)",
    "parent directory": OS + "for _ in range(20): os.chdir('..')\nprint(open_ := os.open('.' + {path!r}, 0))",
    "chroot": CTYPES
    + "libc.unshare(0x10000000)\nlibc.chroot(b'.')\nprint(os.read(os.open({path!r}, 0), 100))",
    "proc": OS + "print(os.listdir('/proc/1/root'))",
    "shell": OS + "print(os.popen('cat {path}').read())",
    "exec": OS + "os.execv('/bin/cat', ['cat', {path!r}])",
}


@pytest.mark.parametrize("how", READS)
def test_host_files_are_not_read(sandbox: Sandbox, session: LocalSession, secret: Path, how: str) -> None:
    _needs_one_of(sandbox, "mount namespace", "Landlock")
    execution = session.run(READS[how].replace("{path!r}", repr(str(secret))).replace("{path}", str(secret)))
    assert execution.error or execution.output in ("", "\n", "-1 b''\n")
    assert "secret" not in execution.output


WRITES = {
    "numpy.tofile": "import numpy as np\nnp.zeros(9).tofile({path!r})",
    "numpy.save": "import numpy as np\nnp.save({path!r}, np.zeros(9))",
    "os.open": OS + "os.write(os.open({path!r}, os.O_CREAT | os.O_WRONLY), b'x')",
    "truncate": OS + "os.truncate({path!r}, 0)",
    "O_TRUNC": OS + "os.open({path!r}, os.O_RDONLY | os.O_TRUNC)",
    "mkdir": OS + "os.mkdir({path!r} + '.d')",
    "unlink": OS + "os.unlink({path!r})",
    "rename": OS + "os.rename({path!r}, {path!r} + '.new')",
    "shell": OS + "assert os.system('echo x > ' + {path!r}) == 0",
}


@pytest.mark.parametrize("how", WRITES)
@pytest.mark.parametrize("where", ["secret", "new", "own"])
def test_no_file_is_written(
    sandbox: Sandbox, session: LocalSession, secret: Path, how: str, where: str
) -> None:
    _needs_one_of(sandbox, "mount namespace", "Landlock", "seccomp")
    path = {"secret": str(secret), "new": str(secret.parent / "new"), "own": "new"}[where]
    assert session.run(WRITES[how].replace("{path!r}", repr(path))).error
    assert secret.read_text() == "the secret"
    assert [*secret.parent.iterdir()] == [secret]


def test_attributes_of_the_interpreter(session: LocalSession) -> None:
    assert session.run("().__class__").error == "AttributeError: __class__ is not allowed"
    # Through format they are text, not objects.
    assert "object" in session.run("print('{0.__class__.__mro__}'.format(()))").output


@pytest.mark.parametrize("module", ["os", "subprocess", "ctypes", "socket", "sys", "builtins", "importlib"])
def test_modules_are_refused(session: LocalSession, module: str) -> None:
    for code in (f"import {module}", f"from {module} import *", f"__import__({module!r})"):
        assert str(session.run(code).error).startswith(f"ImportError: {module} is not allowed; use: math, ")


REFUSED = {
    "kill the parent": OS + "os.kill(os.getppid(), 9)",
    "kill everything": OS + "os.kill(-1, 9)",
    "kill through ctypes": CTYPES + "assert libc.kill(1, 9) == 0",
    "socket": OS + "sys.modules['socket'].socket()",
    "socket pair": OS + "sys.modules['socket'].socketpair()",
    "thread": OS + "sys.modules['_thread'].start_new_thread(print, ())",
    "raise the limit of CPU time": OS + "sys.modules['resource'].setrlimit(0, (-1, -1))",
    "raise the limit of memory": OS + "sys.modules['resource'].setrlimit(9, (-1, -1))",
    "leave the session": OS + "os.setsid()",
    "user namespace": CTYPES + "assert libc.unshare(0x10000000) == 0",
    "mount": CTYPES + "assert libc.mount(b'none', b'/', b'tmpfs', 0, None) == 0",
    "trace": CTYPES + "assert libc.ptrace(16, os.getppid(), 0, 0) == 0",
    "memory of another process": OS + "os.open(f'/proc/{os.getppid()}/mem', 0)",
    "become root": OS + "os.setuid(0)",
    "keyring": CTYPES + "assert libc.syscall(250, 0, -3, 0) >= 0",
    "10 GB string": "'x' * 10**10",
    "10 GB in pieces": "parts = []\nwhile True: parts.append(bytes(10**6))",
    "10 GB of numpy": "import numpy as np\nnp.ones(10**10)",
    "recursion": "def f(): f()\nf()",
    "nested brackets": "(" * 10_000,
    "nested answer": "a = []\nfor _ in range(10**5): a = [a]\nfinal_answer(a)",
    "numbers without end": "final_answer(10**5000)",
    "exit": "raise SystemExit",
}


@pytest.mark.parametrize("how", REFUSED)
def test_it_is_refused(sandbox: Sandbox, session: LocalSession, how: str) -> None:
    _needs_one_of(sandbox, "seccomp")
    error = session.run(REFUSED[how]).error
    assert error
    assert not error.startswith("killed"), error


def _writes(data: bytes) -> str:
    """Code that writes to every open descriptor, the channel among them."""
    return OS + f"for fd in range(3, 64):\n    try: os.write(fd, {data!r})\n    except OSError: pass"


def _message(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


KILLED = {
    "endless loop": "while True: pass",
    "endless loop that catches": "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
    "endless loop of calls": "def one_more(n):\n    return n + 1\nn = 0\nwhile True:\n    n = one_more(n)",
    "endless loop in C": "10**10**8",
    "endless regular expression": "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
    "endless sleep": OS + "sys.modules['select'].select([], [], [])",
    "ignored signals": OS + "s = sys.modules['signal']\n"
    "for n in range(1, 32):\n    if n not in (9, 19): s.signal(n, s.SIG_IGN)\nwhile True: pass",
    "end of the process": OS + "os._exit(0)",
    "crash": CTYPES + "ctypes.string_at(0)",
    "closed descriptors": OS + "os.closerange(0, 64)",
    "garbage": _writes(b"garbage" * 100),
    "a long message": _writes(b"\x7f\xff\xff\xff" + bytes(100)),
    "not JSON": _writes(_message("{]")),
    "JSON without end": _writes(_message("[" * 10_000)),
    "not an object": _writes(_message("1")),
    "an unknown message": _writes(_message('{"output": 1}')),
    "an unknown tool": _writes(_message('{"tool": "x", "arguments": [], "keywords": {}}')),
    "a forged process": _writes(_message('{"ready": "x"}')),
    "a nested answer": _writes(_message(f'{{"output": "", "error": null, "answer": {"[" * 99 + "]" * 99}}}')),
}


@pytest.mark.parametrize("how", KILLED)
def test_it_is_killed(session: LocalSession, how: str) -> None:
    started = time.monotonic()
    assert str(session.run(KILLED[how]).error).startswith("killed: ")
    assert time.monotonic() - started < 60  # its limits are below 2 s; a busy machine takes longer


def test_the_environment_is_empty(session: LocalSession, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.run(OS + "print(dict(os.environ), sys.argv)").output == "{} ['']\n"
    assert session.run(
        CTYPES + "libc.getenv.restype = ctypes.c_char_p\nprint(libc.getenv(b'PATH'))"
    ).output == ("None\n")


def test_nothing_is_inherited(sandbox: Sandbox, session: LocalSession) -> None:
    """One descriptor beside /dev/null: the channel."""
    _needs_one_of(sandbox, "mount namespace")
    code = OS + (
        "fds = []\nfor fd in range(3, 64):\n    try: os.fstat(fd)\n    except OSError: continue\n"
        "    fds.append(fd)\nprint(len(fds), os.getcwd())"
    )
    assert session.run(code).output == "1 /\n"


def test_a_fork_bomb_is_limited(sandbox: Sandbox, session: LocalSession) -> None:
    _needs_one_of(sandbox, "process namespace")
    bomb = OS + "while True:\n    try: os.fork()\n    except OSError: pass"
    assert str(session.run(bomb).error).startswith("killed: ")
    # The zygote, the supervisor, the interpreter that still has the state, and at most its last copy.
    _wait_until(lambda: len(_processes(sandbox)) <= 4)


def test_the_processes_of_a_session_are_limited(sandbox: Sandbox) -> None:
    _needs_one_of(sandbox, "process namespace")
    with sandbox.open() as session:
        code = OS + "print([os.fork() and 1 for _ in range(99)])"
        assert session.run(code).error == "BlockingIOError: [Errno 11] Resource temporarily unavailable"


def test_nothing_runs_after_the_end_of_a_session(sandbox: Sandbox) -> None:
    _needs_one_of(sandbox, "process namespace")
    _wait_until(lambda: len(_processes(sandbox)) == 1)  # the zygote
    with sandbox.open() as session:
        session.run(OS + "if not os.fork(): sys.modules['select'].select([], [], [])")
        session.run(OS + "if not os.fork():\n    os.fork()\n    sys.modules['select'].select([], [], [])")
        _wait_until(lambda: len(_processes(sandbox)) == 6)
    _wait_until(lambda: len(_processes(sandbox)) == 1)


def test_nothing_runs_after_the_end_of_the_parent(tmp_path: Path) -> None:
    """A parent that is killed closes nothing; its sessions run endless loops."""
    program = (
        "from dataset_builder.tool_agents.sandbox import Limits, Sandbox\n"
        "sandbox = Sandbox(Limits(wall_seconds=100, cpu_seconds=100))\n"
        "print(sandbox._folder.name, flush=True)\n"
        "sandbox.open().run('while True: pass')"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        folder = parent.stdout.readline().strip()
        _wait_until(lambda: len(psutil.Process(parent.pid).children(recursive=True)) >= 4)
        processes = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
    os.rmdir(folder)
    _wait_until(lambda: not any(process.is_running() for process in processes))


@pytest.mark.parametrize("layer", ["mount namespace", "Landlock"])
def test_one_layer_against_reading_is_enough(secret: Path, layer: str) -> None:
    layers = ["network namespace", "unprivileged user", layer]
    with Sandbox(layers=layers) as sandbox, sandbox.open() as session:
        if layer not in sandbox.isolation.on:
            pytest.skip(f"this kernel or user does not allow: {layer}")
        assert session.run(READS["os.open"].replace("{path!r}", repr(str(secret)))).error
        assert session.run(WRITES["unlink"].replace("{path!r}", repr(str(secret)))).error
    assert secret.exists()


def test_without_isolation_the_limits_hold() -> None:
    """As on macOS, and in a container that allows nothing."""
    limits = Limits(wall_seconds=1, cpu_seconds=1)
    with Sandbox(limits, layers=["memory limit"]) as sandbox, sandbox.open() as session:
        assert str(sandbox.isolation).startswith(
            "on: memory limit; off: network namespace, mount namespace, "
        )
        session.run("n = 1")
        executions = session.run_candidates(["n += 1; print(n)", "while True: pass", "bytes(10**10)"])
        assert [execution.output for execution in executions] == ["2\n", "", ""]
        assert str(executions[1].error).startswith("killed: more than 1 s")  # whichever limit is first
        assert str(executions[2].error).startswith("MemoryError")
        session.keep(0)
        assert session.run("print(n)").output == "2\n"
        assert session.run(OS + "os.write(os.open('x', os.O_CREAT | os.O_WRONLY), b'x')").error


def _processes(sandbox: Sandbox) -> list[psutil.Process]:
    """Processes of the sandbox without the one that waits for the others."""
    return psutil.Process(sandbox._process.pid).children(recursive=True)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
