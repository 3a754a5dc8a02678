"""`run_protocol`: an agent plays a protocol into a run folder; an interrupted run is resumed."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.engines.base import Engine, Job
from dataset_builder.engines.local import LocalEngine
from dataset_builder.simulator.simulator import Simulator
from eval_harness.protocols.protocol import EpisodeKey, Protocol, load_protocol
from eval_harness.results.records import EpisodeResult, RunResult, summarize
from eval_harness.rollout.jobs import AgentMaker, PlayElsewhere, PlayHere
from eval_harness.rollout.provenance import hardware, versions
from eval_harness.rollout.run_folder import RunFolder
from modeling.agents.base import Agent

DEFAULT_BATCH_SIZE = 32
"""Keeps every core busy to the end of a round; each world takes a few megabytes of Java memory."""


def run_protocol(
    agent: Agent,
    protocol: str | Path | Protocol = "paper",
    out: str | Path = "runs/eval",
    *,
    simulator: Simulator | None = None,
    tasks: str | Iterable[str] | None = None,
    max_variations: int | None = None,
    seed: int = 0,
    batch_size: int | str = "auto",
    retry_failed: bool = False,
    engine: Engine | None = None,
    maker: AgentMaker | None = None,
    progress: bool = True,
    wait: bool = False,
) -> RunResult:
    """Play a protocol and score it. Called again with the same arguments, it plays the missing episodes.

    Args:
        agent (`Agent`): the agent that plays.
        protocol (`str`, `Path` or `Protocol`, *optional*, defaults to `"paper"`): a name or a file.
        out (`str` or `Path`, *optional*, defaults to `"runs/eval"`): run folder. More tasks or
            variations of the same run may be added to it; another run is refused.
        simulator (`Simulator`, *optional*): a running one; by default one is started for the run.
        tasks (`str` or iterable, *optional*): play only these of the protocol's tasks.
        max_variations (`int`, *optional*): play at most this number of variations per task.
        seed (`int`, *optional*, defaults to 0): seed of the agents that sample.
        batch_size (`int` or `"auto"`, *optional*, defaults to `"auto"`): episodes that advance together;
            `auto` is `DEFAULT_BATCH_SIZE`.
        retry_failed (`bool`, *optional*, defaults to `False`): also play failed episodes again.
        engine (`Engine`, *optional*): runs the episodes; by default this process.
        maker (`AgentMaker`, *optional*): makes the agent in the workers; engines other than local need it.
        progress (`bool`, *optional*, defaults to `True`): show a bar on standard error.
        wait (`bool`, *optional*, defaults to `False`): wait for another process that uses the folder.

    Returns:
        `RunResult`: over all episodes in the folder, not only those played now.

    Raises:
        UsageError: for an unknown protocol or task, a bad batch size, or a folder that holds
            another run.
        SubgoalError: if another process uses the folder.

    Example:

    ```python
    from eval_harness import AgentOptions, make_agent, run_protocol

    agent = make_agent("flat", AgentOptions(flat="release/flat"))
    print(run_protocol(agent, "mini", "runs/flat").mean_score)
    ```
    """
    rules = load_protocol(protocol)
    units = rules.units(tasks, max_variations, seed)
    size = resolve_batch_size(batch_size)
    described = dict(agent.describe())
    identity = {
        "agent": described.pop("name", agent.name),
        "models": described.pop("models", {}),
        "agent_settings": described,
        "protocol": {"name": rules.name, "hash": rules.hash},
        "seed": seed,
    }
    facts = {"rules": rules.model_dump(mode="json"), "batch_size": size}
    with folder_lock(out, wait):
        folder = RunFolder(out, identity, {**facts, "versions": versions(), "hardware": hardware()})
        missing = folder.missing(units, retry_failed)
        if missing:
            with contextlib.ExitStack() as stack:
                # Registered first, so run last: an interrupted run keeps its time and its figures so far.
                stack.callback(folder.save, complete=False)
                runner = engine or LocalEngine()
                job: Job[EpisodeKey, EpisodeResult]
                if maker is None or runner.name == "local":
                    job = PlayHere(agent, rules, simulator or stack.enter_context(Simulator()), size)
                else:
                    job = PlayElsewhere(maker, identity["models"], rules, size)
                advance = stack.enter_context(_bar(folder, len(units), len(missing), progress))
                _play(runner, job, missing, folder, advance)
        return folder.save(complete=True)


def _play(
    runner: Engine,
    job: Job[EpisodeKey, EpisodeResult],
    missing: list[EpisodeKey],
    folder: RunFolder,
    advance: Callable[[], None],
) -> None:
    """Play the missing episodes and record each of them as soon as it is finished."""
    # batch=None: the rollout forms its own batches, so an engine must not cut the episodes into smaller ones.
    with contextlib.closing(runner.map(job, missing, batch=None)) as episodes:
        for _, episode in episodes:
            folder.append(episode)
            advance()


def resolve_batch_size(batch_size: int | str) -> int:
    """The number of episodes that advance together; `auto` is `DEFAULT_BATCH_SIZE`.

    Raises:
        UsageError: unless it is `auto` or a number from 1.
    """
    if str(batch_size) == "auto":
        return DEFAULT_BATCH_SIZE
    try:
        size = int(batch_size)
    except ValueError as error:
        raise UsageError(f"Batch size {batch_size!r}: use a number, or auto.") from error
    if size < 1:
        raise UsageError(f"Batch size {batch_size}: use at least 1.")
    return size


@contextlib.contextmanager
def _bar(folder: RunFolder, n_episodes: int, n_missing: int, show: bool) -> Iterator[Callable[[], None]]:
    """A progress bar over the episodes of the run, with the mean score so far."""
    bar = Progress(
        TextColumn("playing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("mean so far {task.fields[mean]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not show,
    )
    with bar:
        line = bar.add_task("", total=n_episodes, completed=n_episodes - n_missing, mean=_so_far(folder))
        yield lambda: bar.update(line, advance=1, mean=_so_far(folder))


def _so_far(folder: RunFolder) -> str:
    summary = summarize(folder.episodes.values())
    mean = "-" if summary["mean_score"] is None else f"{summary['mean_score']:.1f}"
    return mean + (f", {summary['failed']} failed" if summary["failed"] else "")
