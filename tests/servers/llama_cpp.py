"""llama.cpp's own server with real weights, in a process of its own (package `xllamacpp`)."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_CONTEXT, _SLOTS = 4096, 2
"""Tokens of all requests together, and requests at a time."""


class LlamaCppServer:
    """Serves a GGUF file on loopback.

    Attributes:
        base_url: address for OpenAI clients.

    Example:

    ```python
    with LlamaCppServer(Path("model.gguf")) as server:
        print(server.base_url)
    ```
    """

    base_url: str

    def __init__(self, weights: Path) -> None:
        self._weights = weights

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._weights)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        address = self._process.stdout.readline().strip()
        if not address:
            _, said = self._process.communicate()
            raise RuntimeError(f"llama.cpp did not start: {said[-2_000:]}")
        self.base_url = f"{address}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def _serve(weights: str) -> None:
    """Print the server's address, and serve until the parent is gone."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = weights
    parameters.n_ctx, parameters.n_parallel = _CONTEXT, _SLOTS
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.verbosity = 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
