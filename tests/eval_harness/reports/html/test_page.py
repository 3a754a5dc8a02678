import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from eval_harness.reports.html.page import html_report
from eval_harness.results.outcomes import OUTCOMES
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult

MakeRun = Callable[..., Path]
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&<!--"


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, visible text, content of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(*folders: Path) -> Page:
    return Page(html_report([read_played(folder) for folder in folders]))


def test_the_page_shows_the_figures(make_run: MakeRun) -> None:
    shown = page(make_run("a"))
    assert "hierarchical on protocol paper" in shown.text
    # power-component 3.5, find-plant 100, find-living-thing 25, 100, 100, 0 and grow-plant 9
    assert "48.2 mean score of 100 no interval" in shown.text  # some tasks have one variation only
    assert "episodes solved 44.4%" in shown.text
    assert "Short tasks the expert needs fewer than 20 actions" in shown.text
    assert all(text in shown.text for text in ("Score over steps", "Cost", "Provenance", "sha256:1"))
    assert len(shown.of("details")) == 9
    assert len(shown.of("polyline")) == 1


def test_the_page_shows_intervals_if_they_exist(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    several = [e for e in recorded_episodes if e.task in ("power-component", "lifespan-longest-lived")]
    shown = page(make_run("a", several))
    assert "mean score of 100 95% interval" in shown.text
    assert "no interval" not in shown.text


def test_page_needs_nothing_but_itself(make_run: MakeRun) -> None:
    html = html_report([read_played(make_run("a"))])
    shown = Page(html)
    names = {tag for tag, _ in shown.elements}
    assert not names & {"link", "img", "iframe", "object", "embed", "base", "video", "audio"}
    assert not [attributes for _, attributes in shown.elements if "src" in attributes]
    assert all(str(link["href"]).startswith("#") for link in shown.of("a"))
    assert not re.search(r"@import|url\(|https?:", html)
    targets = {str(attributes.get("id")) for _, attributes in shown.elements}
    assert {str(link["href"])[1:] for link in shown.of("a")} <= targets
    assert "prefers-color-scheme: dark" in html
    assert "width=device-width" in html


def test_only_the_pages_own_script_may_run(make_run: MakeRun) -> None:
    shown = page(make_run("a"))
    policy = next(meta for meta in shown.of("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(shown.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in str(policy["content"])
    assert "default-src 'none'" in str(policy["content"])


def test_foreign_texts_are_escaped(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> None:
    evil = replace(
        recorded_episodes[0],
        actions=[EVIL, "b"],
        subgoals=[EVIL, EVIL],
        observations=[EVIL, "\u2028"],
        rejected=[[EVIL], []],
        stop_reason=EVIL,
        error=EVIL,
        score=None,
    )
    run = make_run(
        "a",
        [evil, *recorded_episodes[1:]],
        agent=EVIL,
        models={EVIL: {"id": EVIL}},
        agent_settings={EVIL: EVIL},
        protocol={"name": EVIL, "hash": EVIL},
        versions={EVIL: EVIL},
        hardware={EVIL: EVIL},
    )
    shown, harmless = page(run), page(make_run("b"))
    assert len(shown.scripts) == 2
    assert not shown.of("img")
    assert shown.scripts[1] == harmless.scripts[1]
    assert not any(name.startswith("on") for _, attributes in shown.elements for name in attributes)
    record = shown.data["episodes"]["power-component-11-0"][0]
    texts = shown.data["texts"]
    assert texts[record["actions"][0]] == texts[record["subgoals"][1]] == EVIL
    assert record["error"] == EVIL
    assert shown.data["runs"] == [EVIL]
    assert EVIL in shown.text


def test_runs_are_shown_side_by_side(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> None:
    other = [replace(episode, seed=5) for episode in recorded_episodes[:4]]
    shown = page(make_run("a"), make_run("b", other, agent="flat", seed=5))
    assert "hierarchical and flat" in shown.text
    assert "The runs played different episodes" in shown.text
    assert len(shown.of("details")) == 9
    assert shown.data["episodes"]["power-component-11-0"][1] is not None
    assert shown.data["episodes"]["grow-plant-62-0"][1] is None
    assert "not played" in shown.text
    assert "Paired with hierarchical" in shown.text
    assert "NOT COMPARABLE" not in shown.text


def test_every_chart_warns_about_different_protocols(make_run: MakeRun) -> None:
    shown = page(make_run("a"), make_run("b", agent="flat", protocol={"name": "own", "hash": "abc"}))
    assert shown.text.count("NOT COMPARABLE, the protocols differ") == 4
    assert "other protocol" in shown.text


def test_runs_without_common_episodes_are_not_compared(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    shown = page(make_run("a", recorded_episodes[:3]), make_run("b", recorded_episodes[3:]))
    assert "no scored episode in common" in shown.text


def test_unfinished_runs_and_failed_episodes_are_noted(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    failed = replace(recorded_episodes[0], score=None, raw_score=None, error="ValueError: x")
    shown = page(make_run("a", [failed, *recorded_episodes[1:]], complete=False))
    assert "Not finished: hierarchical." in shown.text
    assert "1 failed" in shown.text
    assert OUTCOMES["agent error"].meaning in shown.text
    assert "Tasks with one variation have no interval" in shown.text


def test_a_run_without_episodes_has_a_page(make_run: MakeRun) -> None:
    shown = page(make_run("a", [], complete=False, wall_seconds=0.0))
    assert "0 episodes" in shown.text
    assert not shown.of("details")


def test_held_out_tasks_are_shown_separately(make_run: MakeRun) -> None:
    models = {"flat": {"id": "f", "held_out_tasks": ["find-plant", "grow-plant"]}}
    shown = page(make_run("a", agent="flat", models=models))
    assert "unseen 2 tasks 54.5" in shown.text
    assert shown.text.count("held out") >= 2
    assert "find-plant, grow-plant" in shown.text
