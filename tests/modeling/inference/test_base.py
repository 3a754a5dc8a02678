"""What all engines share: one computation per different request, answers in the order of the texts."""

from collections.abc import Sequence

import pytest

from modeling.agents.local_model import LocalModel
from modeling.inference.base import Request, TokenBackend
from modeling.inference.search import Search


class Echo(TokenBackend):
    """Answers with its input, and counts the requests."""

    name, dtype = "echo", "none"

    def __init__(self, model: LocalModel) -> None:
        super().__init__(model.fitter, 48)
        self.requests: list[Request] = []

    def _generate(
        self, requests: Sequence[Request], ids: Sequence[list[int]], search: Search
    ) -> list[list[list[int]]]:
        self.requests += requests
        return [[row, row] for row in ids]


@pytest.fixture
def echo(flat: LocalModel) -> Echo:
    return Echo(flat)


def test_answers_keep_the_order_of_the_texts(echo: Echo) -> None:
    answers = echo.answer(["open door", "wait", "open door"], Search())
    assert [answer.texts for answer in answers] == [["open door"], ["wait"], ["open door"]]
    assert echo.requests == [("open door", 0), ("wait", 0)]
    assert answers[1].written == 2 * answers[1].read


def test_seeds_only_affect_sampling(echo: Echo) -> None:
    echo.answer(["wait", "wait"], Search(samples=2), seeds=[1, 2])
    assert echo.requests == [("wait", 1), ("wait", 2)]
    echo.requests.clear()
    echo.answer(["wait", "wait"], Search(), seeds=[1, 2])
    assert echo.requests == [("wait", 0)]
