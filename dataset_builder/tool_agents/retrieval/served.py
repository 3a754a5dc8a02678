"""`ServedRetriever`: passages from a retrieval server, such as that of Search-R1 (arXiv 2503.09516)."""

import json
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, proxy_bypass, urlopen

from dataset_builder.common.errors import SubgoalError, UsageError, clip, one_line
from dataset_builder.common.http_environment import check_http_environment
from dataset_builder.tool_agents.retrieval.base import TOP_K, Passage

_PATH = "/retrieve"
_TEMPORARY = {408, 425, 429, 500, 502, 503, 504}


class ServedRetriever:
    """Client of a server with `POST /retrieve {"queries": […], "topk": 3, "return_scores": true}`.

    The server answers `{"result": [[{"document": {"id": …, "contents": "TITLE\\nTEXT"}, "score": …}, …]]}`
    with one list for each query. Safe to use from threads.

    Args:
        url (`str`): the server's address, with or without `/retrieve`.
        timeout (`float`, *optional*, defaults to 30): seconds to wait for an answer.
        retries (`int`, *optional*, defaults to 3): how often a request is repeated that found the server
            busy, failing or unreachable.
        pause (`float`, *optional*, defaults to 1): seconds before the first repetition; each later pause is
            twice as long.

    Raises:
        UsageError: if this is not an address, or the environment's proxies or certificates cannot be used.

    Example:

    ```python
    retriever = ServedRetriever("http://127.0.0.1:8000/retrieve")
    print(retriever.search(["capital of Chad"])[0][0].title)
    ```
    """

    def __init__(self, url: str, *, timeout: float = 30.0, retries: int = 3, pause: float = 1.0) -> None:
        address = url.rstrip("/").removesuffix(_PATH)
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"{clip(url)!r} is not the address of a retrieval server: write http://host:port."
            )
        check_http_environment(proxies=not proxy_bypass(parts.netloc))
        # What precedes @ may be a password.
        self.server = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._url = address + _PATH
        self._timeout = timeout
        self._retries = retries
        self._pause = pause

    def search(self, queries: Sequence[str], top_k: int = TOP_K) -> list[list[Passage]]:
        """See `Retriever`.

        Raises:
            SubgoalError: if the server cannot be reached, fails, or answers something else.
        """
        if not queries:
            return []
        body = {"queries": list(queries), "topk": top_k, "return_scores": True}
        answer = self._repeated(lambda: self._post(body))
        results = answer.get("result") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(queries):
            raise SubgoalError(
                f"{self.server} did not answer with one list of passages for each query "
                f"({clip(one_line(answer), 80)}): is it a retrieval server with POST {_PATH}?"
            )
        return [[_passage(item) for item in result][:top_k] for result in results]

    def _repeated(self, post: Callable[[], Any]) -> Any:
        pause = self._pause
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                return post()
            except HTTPError as error:
                if error.code not in _TEMPORARY or last:
                    raise self._refusal(error) from error
            except (OSError, HTTPException) as error:
                if last:
                    reason = one_line(getattr(error, "reason", error), 100)
                    raise SubgoalError(
                        f"Cannot reach the retrieval server {self.server} ({reason}): start it, or check the "
                        "address."
                    ) from error
            time.sleep(pause)
            pause *= 2
        raise AssertionError("not reached")

    def _post(self, body: dict[str, Any]) -> Any:
        request = Request(self._url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urlopen(request, timeout=self._timeout) as response:
            text = response.read().decode("utf-8", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _refusal(self, error: HTTPError) -> SubgoalError:
        said = clip(one_line(error.read(500).decode("utf-8", "replace")), 120)
        if error.code in (404, 405):
            return UsageError(f"{self.server} has no POST {_PATH} ({error.code}): check the address.")
        return SubgoalError(
            f"The retrieval server {self.server} failed ({error.code}: {said}): try again later."
        )


def _passage(item: Any) -> Passage:
    """A passage of the answer; servers without scores give the documents themselves."""
    document = item.get("document", item) if isinstance(item, dict) else {"contents": item}
    if not isinstance(document, dict):
        document = {"contents": document}
    contents = str(document.get("contents") or document.get("text") or "")
    title = document.get("title")
    if title is None:
        title, line_break, text = contents.partition("\n")
        contents = text if line_break else contents
        title = title if line_break else ""
    return Passage(str(document.get("id", "")), str(title).strip(' "'), contents.strip())
