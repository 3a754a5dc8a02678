"""Citations are complete BibTeX entries, and the metrics, which stand alone, cite the same works."""

import re

import pytest

from dataset_builder.common.citations import BIBTEX, SCIENCEWORLD, SUBGOAL_DISTILLATION
from eval_harness.metrics.scienceworld_score import scienceworld_score
from eval_harness.metrics.subgoal_match import subgoal_match


def fields(entry: str) -> dict[str, str]:
    """Fields of a BibTeX entry, with blanks in their values made equal."""
    pairs = re.findall(r"^  (\w+) *= \{(.*?)\},?$", entry, re.MULTILINE | re.DOTALL)
    return {name: " ".join(value.split()) for name, value in pairs}


@pytest.mark.parametrize("entry", [SUBGOAL_DISTILLATION, SCIENCEWORLD])
def test_an_entry_is_whole(entry: str) -> None:
    assert entry in BIBTEX
    assert entry.count("{") == entry.count("}")
    assert {"title", "author", "booktitle", "year", "eprint"} <= fields(entry).keys()


@pytest.mark.parametrize(
    ("copy", "entry"),
    [(subgoal_match._CITATION, SUBGOAL_DISTILLATION), (scienceworld_score._CITATION, SCIENCEWORLD)],
)
def test_the_metrics_cite_the_same(copy: str, entry: str) -> None:
    assert copy.partition("\n")[0] == entry.partition("\n")[0]
    assert {"title", "author", "booktitle", "year"} <= fields(copy).keys()
    assert fields(copy).items() <= fields(entry).items()
