"""Batched rollouts: N episodes advance together, and a finished one makes room for the next.

In each round one `agent.act` decides for all episodes, then the simulator's worlds advance in threads.
An agent that can decide on several batches at a time gets that number of lanes: while one decides,
another advances. Each lane has its own episodes from the start. The next ones are loaded in the
background but enter in order, so that a run always forms the same batches. Batch size 1 is the plain
sequential loop.
"""

import errno
import logging
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from dataset_builder.common.errors import MachineError, SimulatorDied
from dataset_builder.simulator.retry import MAX_JVM_RESTARTS
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import HORIZONS, get_task
from eval_harness.episodes.game import Game
from eval_harness.protocols.protocol import EpisodeKey, Protocol
from eval_harness.results.records import EpisodeResult
from modeling.agents.base import Agent, Decision, RunAborted
from modeling.runtime.garbage import frozen_heap

_LOADED_AHEAD = 2

_EXHAUSTED = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE}

log = logging.getLogger(__name__)


@dataclass
class _Shared:
    """State that the lanes of a rollout share.

    Attributes:
        deaths: episode → number of times the Java process died while it was played.
        quarantined: episodes with two deaths; they are played alone at the end.
        stop: is set when all lanes must end.
        warned: is set when the warning about an agent that cannot decide for a batch has been logged.
    """

    deaths: Counter[EpisodeKey] = field(default_factory=Counter)
    quarantined: deque[EpisodeKey] = field(default_factory=deque)
    stop: threading.Event = field(default_factory=threading.Event)
    warned: threading.Event = field(default_factory=threading.Event)


class Rollout:
    """Plays episodes with an agent.

    Args:
        agent (`Agent`): `act` is called from up to `agent.concurrent` threads, from one if it has no such
            attribute; `begin` from several, even while it acts.
        protocol (`Protocol`): the rules.
        simulator (`Simulator`): plays the episodes.
        batch_size (`int`): number of episodes that advance together, over all lanes.

    Example:

    ```python
    for result in Rollout(agent, protocol, simulator, batch_size=8).run(protocol.units("boil")):
        print(result.key, result.score)
    ```
    """

    def __init__(self, agent: Agent, protocol: Protocol, simulator: Simulator, batch_size: int) -> None:
        self._agent = agent
        self._protocol = protocol
        self._simulator = simulator
        self._batch_size = batch_size

    def run(self, units: Sequence[EpisodeKey]) -> Generator[EpisodeResult, None, None]:
        """Play all episodes and yield their results as they finish, failed ones included.

        When the Java process dies, its episodes restart from their beginning. An episode with two deaths
        is quarantined and played alone at the end, so that an episode that kills the process each time does
        not take its neighbours with it. After the third death it is recorded as failed.
        """
        # Long episodes start first, in all lanes: a core without work at the end waits for a short one.
        units = sorted(units, key=lambda unit: HORIZONS.index(get_task(unit.task).horizon), reverse=True)
        # Episode i belongs to lane i modulo `count`, whatever happens to other episodes: so a run always
        # forms the same batches, and a model's answers do not depend on timing.
        count = max(1, min(getattr(self._agent, "concurrent", 1), self._batch_size, len(units)))
        size, larger = divmod(self._batch_size, count)
        shared = _Shared()
        lanes = [
            self._lane(shared).play(units[number::count], size + (number < larger), _LOADED_AHEAD)
            for number in range(count)
        ]
        with frozen_heap():
            yield from side_by_side(lanes, shared.stop)
            shared.stop.clear()
            yield from self._lane(shared).play(tuple(shared.quarantined), 1, ahead=0)

    def _lane(self, shared: _Shared) -> "_Lane":
        return _Lane(self._agent, self._protocol, self._simulator, shared)


class _Lane:
    """Episodes that advance together."""

    def __init__(self, agent: Agent, protocol: Protocol, simulator: Simulator, shared: _Shared) -> None:
        self._agent, self._protocol, self._simulator = agent, protocol, simulator
        self._shared = shared
        self._queue: deque[EpisodeKey] = deque()

    def play(
        self, units: Sequence[EpisodeKey], size: int, ahead: int
    ) -> Generator[EpisodeResult, None, None]:
        """Play episodes and yield their results as they finish.

        Args:
            units (`Sequence[EpisodeKey]`): the episodes, in order.
            size (`int`): number of episodes that advance together.
            ahead (`int`): number of further episodes that are loaded meanwhile.
        """
        self._queue = deque(units)
        threads = os.cpu_count() or 1
        games: list[Game] = []
        loading: deque[Future[Game]] = deque()
        loaders = ThreadPoolExecutor(threads, "load")
        movers = ThreadPoolExecutor(threads, "move")
        try:
            while (self._queue or loading or games) and not self._shared.stop.is_set():
                while self._queue and len(games) + len(loading) < size + ahead:
                    loading.append(loaders.submit(self._load, self._queue.popleft()))
                while loading and len(games) < size and not self._shared.stop.is_set():
                    games.append(self._enter(loading.popleft()))
                self._round([game for game in games if not game.over], movers)
                for game in games:
                    if game.over:
                        yield from self._finish(game)
                games = [game for game in games if not game.over]
        finally:
            loaders.shutdown(wait=True, cancel_futures=True)
            movers.shutdown(wait=True, cancel_futures=True)
            loaded = [future for future in loading if not future.cancelled() and not future.exception()]
            for game in [*games, *(future.result() for future in loaded)]:
                game.leave()

    def _load(self, unit: EpisodeKey) -> Game:
        game = Game(unit, self._simulator, self._agent, self._protocol)
        _attempt(game, game.load)
        return game

    def _enter(self, loading: Future[Game]) -> Game:
        """The next game, in the order of the queue."""
        # Waiting for this one, although a later one may be loaded already, keeps the batches the same.
        game = loading.result()
        game.start()
        return game

    def _round(self, games: list[Game], movers: ThreadPoolExecutor) -> None:
        """One decision and one move for every game."""
        if not games:
            return
        decisions = self._decide(games)
        # Games in the same Java world would block each other, so each world gets one thread.
        by_world: dict[int, list[Callable[[], None]]] = {}
        for game, decision in zip(games, decisions, strict=True):
            if decision is not None:
                moves = by_world.setdefault(id(game.episode.world), [])
                moves.append(partial(_attempt, game, partial(game.play, decision)))
        list(movers.map(_call_all, by_world.values()))

    def _decide(self, games: list[Game]) -> list[Decision | None]:
        """The agent's decisions; None where it failed, which ends that game only.

        If a batch fails, each of its games is asked alone, so that the others continue.
        """
        try:
            return list(self._act(games))
        except Exception as error:
            if _ends_the_run(error):
                raise
            if len(games) == 1:
                _mark_failed(games[0], error)
                return [None]
            if not self._shared.warned.is_set() and not isinstance(error, SimulatorDied):
                log.warning(
                    "The agent raised %r for a batch; it is now asked for one episode at a time.", error
                )
                self._shared.warned.set()
            return [decision for game in games for decision in self._decide([game])]

    def _act(self, games: list[Game]) -> Sequence[Decision]:
        decisions = self._agent.act([game.state for game in games])
        if len(decisions) != len(games) or not all(isinstance(decision, Decision) for decision in decisions):
            raise TypeError(f"act must return one Decision per state ({len(games)})")
        return decisions

    def _finish(self, game: Game) -> Iterator[EpisodeResult]:
        """The record of a game that is over; none if it is to be played again after a death of Java."""
        game.leave()
        if game.died:
            self._shared.deaths[game.unit] += 1
            deaths = self._shared.deaths[game.unit]
            if deaths < MAX_JVM_RESTARTS:
                again = self._queue if deaths == 1 else self._shared.quarantined
                again.appendleft(game.unit)
                return
            game.fail(f"The simulator's Java process died {deaths} times in this episode.")
        yield game.result()


def _attempt(game: Game, work: Callable[[], None]) -> None:
    """Do one part of a game; what goes wrong ends this game only, unless the machine is to blame."""
    try:
        work()
    except Exception as error:
        if _ends_the_run(error):
            raise
        _mark_failed(game, error)


def _ends_the_run(error: Exception) -> bool:
    """Whether no other episode could be played either; an episode is not recorded as failed for that."""
    return isinstance(error, (RunAborted, MachineError)) or (
        isinstance(error, OSError) and error.errno in _EXHAUSTED
    )


def _mark_failed(game: Game, error: Exception) -> None:
    if isinstance(error, SimulatorDied):
        game.died = True
    else:
        game.fail(error)


def _call_all(moves: Sequence[Callable[[], None]]) -> None:
    for move in moves:
        move()


T = TypeVar("T")


def side_by_side(
    streams: Sequence[Generator[T, Any, Any]], stop: threading.Event
) -> Generator[T, None, None]:
    """Yield the results of all streams as they come. A single stream needs no thread.

    Args:
        streams (`Sequence[Generator]`): each is used in one thread only.
        stop (`Event`): is set when a stream has failed or the caller stops: each stream must then end soon.
            What it still yields is passed on, because these episodes have been played.

    Raises:
        BaseException: the first error of a stream, once all have ended.
    """
    if len(streams) == 1:
        yield from streams[0]
        return
    # A result comes as a tuple, an error as itself; None says that a stream has ended.
    results: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()

    def follow(stream: Generator[T, Any, Any]) -> None:
        try:
            with closing(stream):
                for result in stream:
                    results.put((result,))
        except BaseException as error:
            results.put(error)
        finally:
            results.put(None)

    threads = [
        threading.Thread(target=follow, args=(stream,), name=f"lane{number}", daemon=True)
        for number, stream in enumerate(streams)
    ]
    failure: BaseException | None = None
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            while (result := results.get()) is not None:
                if isinstance(result, BaseException):
                    failure = failure or result
                    stop.set()
                else:
                    yield result[0]
    finally:
        stop.set()
        # Threads must not outlive the run: they hold games in a simulator that its owner will close.
        for thread in threads:
            if thread.ident is not None:
                thread.join()
    if failure:
        raise failure
