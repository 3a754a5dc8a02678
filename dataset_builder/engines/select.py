"""The choice of an engine: threads of this process, or the workers of a Ray cluster.

A `Job` says what to do with work items and which resources a worker needs for it (a Java process,
models); it does not know which engine runs it. An engine starts the workers, hands out the items in
batches, and yields the results as they come to the one process that writes the store.
"""

from importlib.util import find_spec

from dataset_builder.common.errors import UsageError
from dataset_builder.engines.base import ENGINES, Engine
from dataset_builder.engines.local import LocalEngine


def get_engine(name: str, *, workers: int | None = None, address: str | None = None) -> Engine:
    """The engine that a command line selects.

    Args:
        name (`str`): one of `ENGINES`.
        workers (`int`, *optional*): number of threads or of Ray workers; by default the engine decides.
        address (`str`, *optional*): address of a Ray cluster; by default Ray is started on this machine.

    Raises:
        UsageError: for an unknown engine, what does not go together, or if Ray is not installed.
        SubgoalError: if the cluster cannot be reached.
    """
    if name not in ENGINES:
        raise UsageError(f"Unknown engine {name!r}: use {' or '.join(ENGINES)}.")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: give 1 or more.")
    if name == "local":
        if address is not None:
            raise UsageError("--address is the address of a Ray cluster: add --engine ray, or omit it.")
        return LocalEngine(workers or 1)
    if find_spec("ray") is None:
        raise UsageError(
            "--engine ray needs ray, which is not installed: run `pip install ray`, or "
            '`pip install -e ".[ray]"` in the project.'
        )
    from dataset_builder.engines.ray import RayEngine

    return RayEngine(address, workers)
