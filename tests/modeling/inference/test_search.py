"""Ranking of answers."""

from modeling.inference.search import Search, distinct, ranked_by_votes


def test_votes_rank_answers_and_ties_keep_their_order() -> None:
    drawn = ["open door", "wait", "look", "wait ", "open door", "go"]
    assert ranked_by_votes(drawn) == ["open door", "wait", "look", "go"]


def test_equal_answers_are_kept_once() -> None:
    assert distinct([" wait", "look", "wait"]) == ["wait", "look"]


def test_rows_per_text_are_beams_or_samples() -> None:
    assert [Search(5).rows_per_text, Search(5, samples=7).rows_per_text] == [5, 7]
