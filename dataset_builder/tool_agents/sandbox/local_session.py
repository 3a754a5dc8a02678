"""A session of the local sandbox, as the parent sees it: candidates, their limits, their calls of tools."""

import contextlib
import json
import os
import selectors
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.tool_agents.sandbox.channel import (
    Channel,
    ChannelClosed,
    ChannelError,
    Message,
    channel_pair,
)
from dataset_builder.tool_agents.sandbox.limits import MAX_CODE, Execution, Limits
from dataset_builder.tool_agents.sandbox.plain_values import plain

_AT_ONCE = os.cpu_count() or 1
"""Candidates that run at the same time; more would only use up each other's wall clock."""

_RESERVED_PROCESSES = 3
"""Processes of a session that are not candidates: its supervisor, its interpreter, and one that is ending."""

MAX_CANDIDATES = Limits.processes - _RESERVED_PROCESSES
"""Candidates that can run at the same step with the default limits."""


@dataclass(eq=False)
class _Candidate:
    """A copy of the session's interpreter that runs one piece of code."""

    channel: Channel
    code: str = ""
    process: int | None = None
    started: float = 0.0
    deadline: float = 0.0
    calls: int = 0
    execution: Execution | None = None
    alive: bool = True


class LocalSession:
    """A state that code changes. `Sandbox.open` makes it; a session is used by one thread at a time.

    Example:

    ```python
    with Sandbox() as sandbox, sandbox.open({"search": search}) as session:
        session.run("text = search('capital of Chad')")
        print(session.run("final_answer(len(text))").answer)
    ```
    """

    def __init__(
        self,
        control: Channel,
        commands: Channel,
        process: int,
        limits: Limits,
        max_message: int,
        tools: Mapping[str, Callable[..., str]],
    ) -> None:
        self._control = control
        self._state = _Candidate(commands, process=process)
        self._limits = limits
        self._max_message = max_message
        self._tools = tools
        self._replies: dict[str, Message] = {}
        self._candidates: list[_Candidate] = []
        self._closed = False

    def run(self, code: str) -> Execution:
        """Runs code and keeps the state it leaves. If the code is killed, the state before it is kept."""
        (execution,) = self.run_candidates([code])
        self.keep(0)
        return execution

    def run_candidates(self, codes: Sequence[str]) -> list[Execution]:
        """Runs each code on its own copy of the state, which itself does not change.

        Args:
            codes (`Sequence[str]`): Python; at most `Limits.processes` - 3.

        Returns:
            `list[Execution]`: in the order of the codes.

        Raises:
            UsageError: there are more codes than processes.
            SubgoalError: the processes of the sandbox have died.
        """
        most = self._limits.processes - _RESERVED_PROCESSES
        if len(codes) > most:
            raise UsageError(f"{len(codes)} candidates at once: Limits(processes=…) allows {most}.")
        self._drop(self._candidates)
        self._candidates = [self._copy(code) for code in codes]
        try:
            self._run_all()
        except BaseException:
            self.close()
            raise
        if not all(candidate.alive for candidate in self._candidates):
            self._kill_remains()
        return [candidate.execution for candidate in self._candidates if candidate.execution]

    def keep(self, index: int) -> None:
        """Continues with the state of a candidate and drops the others. If it was killed, the state stays.

        Args:
            index (`int`): of the code in the last call of `run_candidates`.
        """
        kept = self._candidates[index]
        if kept.alive:
            self._candidates[index], self._state = self._state, kept
        self._drop(self._candidates)
        self._candidates = []

    def close(self) -> None:
        """Kills all processes of the session."""
        self._closed = True
        for candidate in (self._state, *self._candidates):
            candidate.channel.close()
        self._control.close()

    def _copy(self, code: str) -> _Candidate:
        channel, descriptor = channel_pair(self._max_message, self._limits.wall_seconds)
        candidate = _Candidate(channel, code)
        try:
            if len(code) > MAX_CODE:
                self._kill(candidate, f"code of more than {MAX_CODE} characters is not run")
            else:
                self._state.channel.send({}, (descriptor,))
        except ChannelError:
            self._kill(candidate, "killed: the interpreter of this session has ended")
        finally:
            os.close(descriptor)
        return candidate

    def _run_all(self) -> None:
        waiting = deque(candidate for candidate in self._candidates if candidate.alive)
        running: list[_Candidate] = []
        with selectors.DefaultSelector() as selector:
            while waiting or running:
                while waiting and len(running) < _AT_ONCE:
                    candidate = waiting.popleft()
                    selector.register(candidate.channel, selectors.EVENT_READ, candidate)
                    running.append(candidate)
                    self._start(candidate)
                first = min(candidate.deadline for candidate in running)
                for key, _ in selector.select(max(0.0, first - time.monotonic())):
                    spent = self._read(key.data)
                    for candidate in running:
                        candidate.deadline += spent
                for candidate in running:
                    if candidate.execution is None and candidate.deadline < time.monotonic():
                        self._kill(candidate, f"killed: more than {self._limits.wall_seconds:g} s")
                    if candidate.execution is not None:
                        selector.unregister(candidate.channel)
                running = [candidate for candidate in running if candidate.execution is None]

    def _start(self, candidate: _Candidate) -> None:
        candidate.started = time.monotonic()
        candidate.deadline = candidate.started + self._limits.wall_seconds
        # If the process is dead, reading says so.
        with contextlib.suppress(ChannelError):
            candidate.channel.send({"code": candidate.code})

    def _read(self, candidate: _Candidate) -> float:
        """Handles what a candidate has sent; returns the seconds that tools took."""
        started = time.monotonic()
        calls = candidate.calls
        try:
            for message in candidate.channel.read():
                self._handle(candidate, message)
        except ChannelClosed:
            self._kill(candidate, self._cause_of_death(candidate))
        except ChannelError:
            self._kill(candidate, "killed: it misused the channel of its tools")
        return time.monotonic() - started if candidate.calls > calls else 0.0

    def _handle(self, candidate: _Candidate, message: Message) -> None:
        match message:
            case {"ready": int(process)}:
                candidate.process = process
            case {"tool": str(name), "arguments": list(arguments), "keywords": dict(keywords)}:
                candidate.channel.send(self._call(candidate, name, arguments, keywords))
            case {"output": str(output), "answer": answer, "error": str() | None as error}:
                candidate.execution = self._execution(output, answer, error, candidate.calls)
            case _:
                raise ChannelError("unknown message")

    def _execution(self, output: str, answer: Any, error: str | None, calls: int) -> Execution:
        # The interpreter has seen to all this, unless the code has changed the interpreter.
        try:
            answer = plain(answer) if answer is not None else None
        except ValueError:
            raise ChannelError("an answer of too many levels") from None
        return Execution(output[: self._limits.max_output], answer, error and one_line(error, 300), calls)

    def _call(
        self, candidate: _Candidate, name: str, arguments: list[Any], keywords: dict[str, Any]
    ) -> Message:
        """The reply to a call of a tool; the same call of another candidate has the same reply."""
        candidate.calls += 1
        if name not in self._tools or candidate.calls > 2 * self._limits.tool_calls:
            raise ChannelError("unknown tool, or a repetition of what was refused")
        if candidate.calls > self._limits.tool_calls:
            return {"error": f"more than {self._limits.tool_calls} calls of tools"}
        key = json.dumps([name, arguments, keywords], sort_keys=True)
        if key not in self._replies:
            try:
                self._replies[key] = {"value": str(self._tools[name](*arguments, **keywords))}
            except (TypeError, ValueError) as error:
                self._replies[key] = {"error": one_line(error, 300)}
        return self._replies[key]

    def _cause_of_death(self, candidate: _Candidate) -> str:
        if candidate.process is None:
            return "killed: its process could not be started"
        # The kernel does not say why; a process that it killed for its CPU time has had that time.
        if time.monotonic() - candidate.started > 0.9 * self._limits.cpu_seconds:
            return f"killed: more than {self._limits.cpu_seconds} s of CPU time"
        return "killed: its process has died"

    def _kill(self, candidate: _Candidate, reason: str) -> None:
        candidate.execution = Execution("", None, reason, candidate.calls)
        candidate.alive = False
        self._drop([candidate])

    def _drop(self, candidates: Sequence[_Candidate]) -> None:
        for candidate in candidates:
            candidate.channel.close()
        processes = [candidate.process for candidate in candidates if candidate.process is not None]
        with contextlib.suppress(ChannelError):
            self._control.send({"kill": processes})

    def _kill_remains(self) -> None:
        """Kills what killed candidates may have left, such as processes that they have forked.

        Raises:
            SubgoalError: the supervisor is dead, which code cannot cause.
        """
        if self._closed:
            return
        alive = [candidate.process for candidate in (self._state, *self._candidates) if candidate.alive]
        try:
            self._control.send({"keep": alive})
            reply, _ = self._control.receive()  # a process that is forked before would be killed, too
        except ChannelError:
            self.close()
            raise SubgoalError("A session of the sandbox has died, perhaps for lack of memory.") from None
        if not reply["killed"]:
            self.close()  # there are too many to find them all

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
