"""The leaderboard's page: one row per run, notes, and nothing that a run could inject."""

from collections.abc import Callable
from pathlib import Path

from eval_harness.reports.html.leaderboard import html_leaderboard
from eval_harness.reports.leaderboard import HEADS, leaderboard
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult
from tests.eval_harness.reports.html.test_page import Page

MakeRun = Callable[..., Path]
EVIL = "</table><script>alert(1)</script>"
ADAPTER = {"flat": {"id": EVIL, "revision": "f" * 40, "parameters": 7_615_000_000, "kind": "adapter"}}


def test_the_page_has_a_row_per_run(make_run: MakeRun) -> None:
    board = leaderboard([read_played(make_run("a")), read_played(make_run("b", agent="flat"))])
    page = Page(html_leaderboard(board))
    assert len(page.of("tr")) == 1 + 2
    assert len(page.of("th")) == len(HEADS) + 2  # the first cell of a row is its head
    assert board.title in page.text
    assert all(" ".join(note.split()) in page.text for note in board.notes)


def test_the_page_escapes_what_runs_say(make_run: MakeRun) -> None:
    page = Page(html_leaderboard(leaderboard([read_played(make_run("a", models=ADAPTER))])))
    assert f"flat {EVIL}" in page.text
    assert not page.of("script")
    assert len(page.of("table")) == 1


def test_nothing_is_loaded_from_elsewhere(make_run: MakeRun) -> None:
    html = html_leaderboard(leaderboard([read_played(make_run("a"))]))
    assert "default-src 'none'" in html
    assert "src=" not in html
    assert "<link" not in html


def test_a_difference_of_the_runs_is_noted(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> None:
    runs = [read_played(make_run("a")), read_played(make_run("b", recorded_episodes[:3]))]
    assert "The runs played different episodes." in Page(html_leaderboard(leaderboard(runs))).text
