"""Options of a search, checked where they are given."""

import pytest

from dataset_builder.common.errors import UsageError
from modeling import Decoding
from modeling.inference.search import Search


def test_values_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(UsageError, match=r"5 candidates need as many beams: raise num_beams \(4\)"):
        Decoding(num_candidates=5)
    with pytest.raises(UsageError, match="must be 1 or more"):
        Decoding(num_beams=0, num_candidates=0)
    with pytest.raises(UsageError, match="Unknown backend 'onnx': use auto, transformers"):
        Decoding(backend="onnx")
    with pytest.raises(UsageError, match="Samples need --backend transformers"):
        Decoding(backend="ctranslate2", samples=8)
    with pytest.raises(UsageError, match="top_p above 0 and at most 1"):
        Decoding(top_p=1.5)


def test_the_first_search_is_greedy_unless_asked_otherwise() -> None:
    assert Decoding().first_search == Search()
    assert Decoding(greedy_first=False).first_search == Search(num_beams=4)
    assert Decoding(samples=5).first_search == Decoding(samples=5).full_search
    assert Decoding().full_search == Search(num_beams=4, num_answers=4)
    assert Decoding(controller_beams=3).subgoal_search == Search(num_beams=3)
