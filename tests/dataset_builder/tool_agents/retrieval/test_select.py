"""The retriever that an option names."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.passages import PASSAGES, write_passages
from dataset_builder.tool_agents.retrieval.select import open_retriever
from tests.servers.retrieval_server import RetrievalServer

CHAD = Passage("td", "Chad", "The capital of Chad is N'Djamena.")
OSLO = Passage("no", "Oslo", "Oslo is the capital of Norway.")


def test_an_address_is_a_server() -> None:
    document = {"id": "td", "title": CHAD.title, "text": CHAD.text}
    with RetrievalServer(lambda body: (200, {"result": [[document]]})) as server:
        assert open_retriever(server.url).search(["Chad"], 1) == [[CHAD]]
    assert [body["queries"] for body in server.bodies] == [["Chad"]]


def test_a_folder_of_passages_is_indexed(tmp_path: Path) -> None:
    write_passages(tmp_path / PASSAGES, [CHAD, OSLO])
    assert open_retriever(str(tmp_path)).search(["capital of Norway", "N'Djamena"], 1) == [[OSLO], [CHAD]]


def test_an_address_that_is_a_name_is_a_dataset() -> None:
    with pytest.raises(UsageError, match="There is no dataset folder"):
        open_retriever("./nowhere")
