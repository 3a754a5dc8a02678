"""An OpenAI-compatible server on loopback, for tests: what it answers is up to a function.

def behave(request: ChatRequest) -> Reply:
    return Reply("hello") if request.number else Reply(status=429, headers={"retry-after": "0.1"})

with OpenAIServer(behave) as server:
    client = openai.OpenAI(base_url=server.base_url, api_key="none")
"""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass(frozen=True)
class ChatRequest:
    """A request for a chat completion.

    Attributes:
        body: as it was sent.
        key: the key it came with.
        number: requests that came before it.
    """

    body: dict[str, Any]
    key: str | None
    number: int

    @property
    def messages(self) -> list[dict[str, str]]:
        return self.body["messages"]

    @property
    def wanted(self) -> str | None:
        """Type of the response format asked for."""
        return self.body.get("response_format", {}).get("type")


@dataclass(frozen=True)
class Reply:
    """What the server does with a request.

    Attributes:
        text: the model's answer.
        status: 200, or an error's.
        error: message of an error.
        headers: of the response.
        delay: seconds before it is sent.
        counted: whether the tokens are counted.
        raw: sent as it is, in place of a completion or of an error's body.
        die: whether the server dies, with every connection it has, instead of answering.
        finish: why the model stopped.
        reasoning: given beside the text, in `reasoning_content`.
        usage: in place of the tokens that the server counts.
        stream: whether it comes as server-sent events.
    """

    text: str = ""
    status: int = 200
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    counted: bool = True
    raw: str | None = None
    die: bool = False
    finish: str = "stop"
    reasoning: str | None = None
    usage: dict[str, int] | None = None
    stream: bool = False


class OpenAIServer:
    """Serves `/v1/chat/completions` and `/v1/models` on a free port, in a thread.

    Args:
        behave (`Callable[[ChatRequest], Reply]`): decides on each request, one at a time.
        models (`Sequence[str]`, *optional*): models it has; a request for another is a 404.
        counted (`bool`, *optional*, defaults to `True`): whether it counts tokens at all.

    Attributes:
        requests: what came, in order.
        answered: requests that got a completion, with it.
        most: requests that were under way at the same time, at most.
    """

    def __init__(
        self,
        behave: Callable[[ChatRequest], Reply],
        models: Sequence[str] = ("teacher",),
        counted: bool = True,
    ) -> None:
        self.requests: list[ChatRequest] = []
        self.answered: list[tuple[ChatRequest, Reply]] = []
        self.most = 0
        self._open = 0
        self._behave = behave
        self._models = models
        self._counted = counted
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        routes = [
            Route("/v1/chat/completions", self._complete, methods=["POST"]),
            Route("/v1/models", self._list, methods=["GET"]),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> "OpenAIServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self._socket.close()

    def _die(self) -> None:
        for listening in self._server.servers:
            listening.close()
        self._socket.close()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        self._server.should_exit = self._server.force_exit = True

    async def _list(self, request: Request) -> Response:
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "tests"} for name in self._models]
        return JSONResponse({"object": "list", "data": data})

    async def _complete(self, http: Request) -> Response:
        key = http.headers.get("authorization", "").removeprefix("Bearer ") or None
        try:
            request = ChatRequest(await http.json(), key, len(self.requests))
        except ClientDisconnect:
            return Response(status_code=499)  # killed while it was asking
        self.requests.append(request)
        self._open += 1
        self.most = max(self.most, self._open)
        try:
            return await self._reply(request)
        except asyncio.CancelledError:
            # The server has died. uvicorn would log this, to the stderr that a test reads if another test of
            # the process has set up uvicorn's loggers.
            return Response(status_code=499)
        finally:
            self._open -= 1

    async def _reply(self, request: ChatRequest) -> Response:
        if request.body["model"] not in self._models:
            return _error(404, f"The model {request.body['model']} does not exist.", {})
        reply = self._behave(request)
        if reply.die:
            self._die()
            await asyncio.sleep(60)
        await asyncio.sleep(reply.delay)
        if reply.raw is not None:
            return Response(reply.raw, reply.status, headers=reply.headers)
        if reply.status != 200:
            return _error(reply.status, reply.error, reply.headers)
        self.answered.append((request, reply))
        completion = _completion(request, reply, self._counted and reply.counted)
        if reply.stream:
            return Response(_events(completion), headers=reply.headers, media_type="text/event-stream")
        return JSONResponse(completion, headers=reply.headers)


def _events(completion: dict[str, Any]) -> str:
    """A completion as a stream: a few words in each part, the tokens in the last one."""
    choice = completion["choices"][0]
    message = choice["message"]
    parts: list[dict[str, Any]] = [{"role": "assistant"}]
    if message.get("reasoning_content"):
        parts.append({"reasoning_content": message["reasoning_content"]})
    text = message["content"] or ""
    parts += [{"content": text[start : start + 20]} for start in range(0, len(text), 20)]
    head = {"id": completion["id"], "object": "chat.completion.chunk", "model": completion["model"]}
    events = [{**head, "choices": [{"index": 0, "delta": part, "finish_reason": None}]} for part in parts]
    last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    events.append({**head, "choices": [last]})
    if usage := completion.get("usage"):
        events.append({**head, "choices": [], "usage": usage})
    return (
        ": keep-alive\n\n"
        + "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        + "data: [DONE]\n\n"
    )


def _completion(request: ChatRequest, reply: Reply, counted: bool) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    completion: dict[str, Any] = {
        "id": f"chatcmpl-{request.number}",
        "object": "chat.completion",
        "created": 0,
        "model": request.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
    }
    if reply.usage is not None:
        completion["usage"] = reply.usage
    elif counted:
        read = sum(len(message["content"].split()) for message in request.messages)
        written = len(reply.text.split())
        completion["usage"] = {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }
    return completion


def _error(status: int, text: str, headers: dict[str, str]) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    body = json.dumps({"error": {"message": text, "type": kind}})  # escaped, for it may hold half a character
    return Response(body, status, headers=headers, media_type="application/json")
