"""Several streams of results as one: each is followed in a thread of its own."""

import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


def side_by_side(
    streams: Sequence[Generator[T, Any, Any]], stop: threading.Event
) -> Generator[T, None, None]:
    """The results of all streams, as they come. One stream alone is followed here, without a thread.

    Args:
        streams (`Sequence[Generator]`): each is used in one thread only.
        stop (`Event`): set when a stream has failed, or nobody wants more: each must then end soon. What
            it still yields counts.

    Raises:
        BaseException: the first that a stream raised, when all have ended.
    """
    if len(streams) == 1:
        yield from streams[0]
        return
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
        for thread in threads:
            if thread.ident is not None:
                thread.join()
    if failure:
        raise failure
