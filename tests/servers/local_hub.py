"""A Hugging Face Hub on loopback, in memory, for `huggingface_hub`, `datasets`, `transformers`.

The clients are the unmodified ones. They read their environment when they are imported, so a test runs
them in a process of its own:

    with LocalHub() as hub:
        subprocess.run([...], env=os.environ | hub.environment(tmp_path))
        assert hub.repo("tester/name").branches
"""

import re
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.servers.hub_api import TOKEN, HubApi
from tests.servers.hub_store import HubStore, Repo


class Call(NamedTuple):
    """A request that was answered; `status` 0 means that it was not."""

    method: str
    path: str
    status: int


@dataclass
class Fault:
    """Makes matching requests fail: answered with `status`, or never if that is None.

    Attributes:
        method: such as `PUT`.
        path: regular expression, searched for in the path.
        status: of the answer.
        skip: requests to let through first.
        times: how many fail.
        struck: set as soon as one does.
    """

    method: str
    path: str
    status: int | None = None
    skip: int = 0
    times: int = 1
    struck: threading.Event = field(default_factory=threading.Event)

    def strikes(self, method: str, path: str) -> bool:
        if not self.times or method != self.method or not re.search(self.path, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        self.struck.set()
        return True


class LocalHub:
    """The server: started by `with`, on a free port.

    Attributes:
        url: where it listens.
        store: repositories and blobs.
        log: every request, in order.
        faults: what is to fail, and when.
    """

    def __init__(self) -> None:
        self.store = HubStore()
        self.log: list[Call] = []
        self.faults: list[Fault] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            _Log(Starlette(routes=HubApi(self.store, self.url).routes()), self),
            log_level="warning",
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def environment(self, home: Path, token: str | None = TOKEN) -> dict[str, str]:
        """Variables that send a client here; `home` takes the place of its caches."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_TOKEN": token or "",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
        }

    def repo(self, repo_id: str, repo_type: str = "dataset") -> Repo:
        return self.store.repos[repo_type, repo_id]

    def files(self, repo_id: str, revision: str = "main", repo_type: str = "dataset") -> dict[str, bytes]:
        """Path → content of a repository's files, the one of its creation left out."""
        commit = self.repo(repo_id, repo_type).resolve(revision)
        assert commit is not None
        return {path: self.store.read(commit, path) for path in commit.files if path != ".gitattributes"}


class _Log:
    """ASGI middleware: writes the log, and lets faults strike."""

    def __init__(self, app: ASGIApp, hub: LocalHub) -> None:
        self.app = app
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, path, status = scope["method"], scope["path"], 0

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        fault = next((fault for fault in self.hub.faults if fault.strikes(method, path)), None)
        if fault is None:
            await self.app(scope, receive, sending)
        elif fault.status is not None:
            await JSONResponse({"error": "a fault, on demand"}, fault.status)(scope, receive, sending)
        else:
            while (await receive())["type"] != "http.disconnect":
                pass
        self.hub.log.append(Call(method, path, status))
