"""The client of retrieval servers, over real HTTP."""

import socket
from typing import Any

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.served import ServedRetriever
from tests.servers.retrieval_server import RetrievalServer

DOCUMENT = {"id": "7", "contents": '"Chad"\nThe capital is N\'Djamena.'}
CHAD = Passage("7", "Chad", "The capital is N'Djamena.")


def _found(body: dict[str, Any]) -> tuple[int, Any]:
    hit = {"document": DOCUMENT, "score": 0.9}
    return 200, {"result": [[hit] * body["topk"] for _ in body["queries"]]}


def _client(server: RetrievalServer, timeout: float = 5.0) -> ServedRetriever:
    return ServedRetriever(server.url, retries=2, pause=0.01, timeout=timeout)


def test_the_published_request_and_answer() -> None:
    with RetrievalServer(_found) as server:
        assert ServedRetriever(server.url + "/retrieve").search(["a", "b"], 2) == [[CHAD, CHAD], [CHAD, CHAD]]
        assert ServedRetriever(server.url).search([]) == []
    assert server.bodies == [{"queries": ["a", "b"], "topk": 2, "return_scores": True}]


@pytest.mark.parametrize(
    ("item", "passage"),
    [
        (DOCUMENT, CHAD),
        ({"document": {"id": 7, "title": "Chad", "text": "A country."}}, Passage("7", "Chad", "A country.")),
        ({"document": {"contents": "one line"}, "score": 1}, Passage("", "", "one line")),
        ("plain text", Passage("", "", "plain text")),
    ],
)
def test_other_forms_of_a_document(item: Any, passage: Passage) -> None:
    with RetrievalServer(lambda body: (200, {"result": [[item]]})) as server:
        assert _client(server).search(["chad"]) == [[passage]]


def test_a_busy_server_is_asked_again() -> None:
    answers = iter([(503, {"detail": "busy"}), (429, {}), (200, {"result": [[DOCUMENT]]})])
    with RetrievalServer(lambda body: next(answers)) as server:
        assert _client(server).search(["chad"]) == [[CHAD]]
    assert len(server.bodies) == 3


@pytest.mark.parametrize(
    ("status", "answer", "message", "requests"),
    [
        (500, {"detail": "the index is gone"}, r"failed \(500: .*the index is gone", 3),
        (422, {"detail": "no topk"}, r"failed \(422: .*no topk", 1),
        (200, {"result": []}, "did not answer with one list of passages for each query", 1),
        (200, b"<html>hello</html>", r"one list of passages for each query \(<html>hello", 1),
    ],
)
def test_a_failure_is_one_line(status: int, answer: Any, message: str, requests: int) -> None:
    with (
        RetrievalServer(lambda body: (status, answer)) as server,
        pytest.raises(SubgoalError, match=message),
    ):
        _client(server).search(["chad"])
    assert len(server.bodies) == requests


def test_a_wrong_address_is_one_line() -> None:
    with (
        RetrievalServer(_found) as server,
        pytest.raises(UsageError, match=r"/v1 has no POST /retrieve \(404\)"),
    ):
        ServedRetriever(server.url + "/v1").search(["chad"])
    with pytest.raises(UsageError, match="is not the address of a retrieval server"):
        ServedRetriever("ftp://host")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(SubgoalError, match="Cannot reach the retrieval server http://127"):
        ServedRetriever(f"http://user:secret@127.0.0.1:{port}", retries=0).search(["chad"])
