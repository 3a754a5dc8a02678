"""The page in Chromium. SCREENSHOTS names a folder where what was seen is kept."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dataset_builder.simulator.simulator import Simulator
from eval_harness.rollout.replay import recorded_episodes, replay_episode
from space_app.session.backend import DemoBackend
from space_app.session.gallery import GALLERY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(1800)

WAIT = 120_000  # milliseconds; a slow machine is no failure
DESKTOP, PHONE = (1440, 1100), (390, 844)


@pytest.fixture
def tab(browser: "Browser", page: str) -> Iterator["Page"]:
    found = opened(browser, page)
    yield found
    found.close()


def opened(browser: "Browser", address: str, size: tuple[int, int] = DESKTOP, query: str = "") -> "Page":
    """A new visitor's tab, with the page loaded."""
    found = browser.new_page(viewport={"width": size[0], "height": size[1]})
    found.set_default_timeout(WAIT)
    found.goto(address + query)
    found.wait_for_selector(".sg-task p")
    return found


def shot(tab: "Page", name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=f"{folder}/{name}.png", full_page=True)


def press(tab: "Page", name: str) -> None:
    tab.click(f"#{name}")


def write(tab: "Page", field: str, text: str) -> None:
    """Into a steering field: what stands there is replaced."""
    tab.click(f"#{field} input")
    tab.keyboard.insert_text(text)
    tab.keyboard.press("Tab")


def played(tab: "Page", count: int) -> list[str]:
    """The actions on the page, once there are so many."""
    tab.wait_for_function(f"document.querySelectorAll('.sg-does').length >= {count}")
    return tab.locator(".sg-does b").all_inner_texts()


def begin(tab: "Page") -> None:
    press(tab, "step")
    tab.wait_for_selector(".sg-steps li.next")


def test_an_episode_runs_to_its_end_and_is_downloaded(
    tab: "Page", simulator: Simulator, tmp_path: Path
) -> None:
    assert "find a(n) animal" in tab.inner_text(".sg-task p")
    shot(tab, "desktop-start")
    tab.click("#speed label:has-text('fast')")
    press(tab, "run")
    tab.wait_for_selector(".sg-steps li.won")
    assert tab.inner_text("#sg-score") == "100"
    assert played(tab, 5)[-1] == "move baby beaver to orange box"
    tab.wait_for_selector("#run", state="visible")
    tab.click(".sg-does summary")
    assert tab.inner_text(".sg-does details li") == "pick up baby beaver with both hands"
    shot(tab, "desktop-end")
    tab.click("#files-fold button")
    with tab.expect_download() as download:
        press(tab, "download-json")
    file = tmp_path / "episode.json"
    download.value.save_as(file)
    (episode,), rules = recorded_episodes(file)
    assert replay_episode(simulator, episode, rules).same
    with tab.expect_download() as download:
        press(tab, "download-markdown")
    assert download.value.suggested_filename == "find-animal-159.md"


def test_the_visitor_edits_the_sub_goal_and_takes_over(tab: "Page") -> None:
    begin(tab)
    tab.click("#subgoal input")
    tab.keyboard.type("kit")
    tab.wait_for_selector("#subgoal [role=option]")
    assert tab.locator("#subgoal [role=option]").all_inner_texts() == ["navigate_to(kitchen)"]
    shot(tab, "desktop-suggestions")
    tab.keyboard.press("Enter")
    press(tab, "use-subgoal")
    tab.wait_for_selector("li.next.yours code:has-text('navigate_to(kitchen)')")
    press(tab, "step")
    assert played(tab, 1) == ["teleport to kitchen"]
    write(tab, "action", "teleport to outside")
    assert tab.evaluate("document.activeElement.id") == "act"  # Tab leads on, not into the list
    press(tab, "act")
    assert played(tab, 2)[1] == "teleport to outside"
    shot(tab, "desktop-steered")
    press(tab, "hand-back")
    assert played(tab, 3)[2] == "focus on baby beaver"
    press(tab, "pause")
    tab.wait_for_selector("#run", state="visible")


def user_message(tab: "Page", before: str = "") -> str:
    """What the page answers, once it is something else."""
    tab.wait_for_function(
        "said => { const n = document.querySelector('.sg-notice'); return n && n.innerText !== said; }",
        arg=before,
    )
    return tab.inner_text(".sg-notice")


def test_invalid_input_is_reported_on_the_page_and_the_episode_continues(tab: "Page") -> None:
    begin(tab)
    said = ""
    for button, text, says in (
        ("use-subgoal", "go to the kitchen", "Did you mean navigate_to(kitchen)"),
        ("use-subgoal", "<img src=x onerror=alert(1)>", "has the form"),
        ("pin-subgoal", "x" * 100_000, "100000 characters"),
        ("use-subgoal", "navigate\x07to(kitchen)", "control characters"),
        ("act", "<script>alert(1)</script>", "does not know '<script>alert(1)</script>'"),
        ("act", "x" * 100_000, "too long for an action"),
    ):
        write(tab, "action" if button == "act" else "subgoal", text)
        press(tab, button)
        said = user_message(tab, said)
        assert says in said
        assert len(said) < 300
    assert tab.locator(".sg-notice script, .sg-notice img").count() == 0
    assert tab.input_value("#subgoal input") == "navigate\x07to(kitchen)"  # to be set right
    shot(tab, "desktop-notice")
    for _ in range(10):
        tab.locator("#step").click()
    assert played(tab, 1)[0] == "teleport to outside"


@pytest.mark.slow
def test_a_killed_java_process_is_not_noticed(tab: "Page", backend: DemoBackend) -> None:
    begin(tab)
    press(tab, "step")
    played(tab, 1)
    assert backend.simulator.pid is not None
    os.kill(backend.simulator.pid, signal.SIGKILL)
    press(tab, "step")
    assert played(tab, 2) == ["teleport to outside", "focus on baby beaver"]
    assert tab.locator(".sg-notice").count() == 0


@pytest.mark.slow
def test_a_model_that_does_not_exist_is_reported_and_the_page_stays_usable(tab: "Page") -> None:
    tab.click("#models-fold button")
    tab.fill("#controller textarea, #controller input", "../../etc/passwd")
    tab.fill("#executor textarea, #executor input", "ns/executor")
    press(tab, "step")
    assert "is not a Hub id" in user_message(tab)
    for field in ("controller", "executor"):
        tab.fill(f"#{field} textarea, #{field} input", "")
    begin(tab)


@pytest.mark.slow
def test_the_expert_is_shown_beside_the_agent(tab: "Page") -> None:
    begin(tab)
    for count in (1, 2, 3):
        press(tab, "step")
        played(tab, count)
    tab.click("#expert-fold button")
    press(tab, "compare")
    tab.wait_for_selector(".sg-compare")
    titles = tab.locator(".sg-compare h4").all_inner_texts()
    assert [title.split()[0] for title in titles] == ["AGENT", "EXPERT"]
    assert "move baby beaver to orange box" in tab.inner_text(".sg-compare .sg-plan:last-child")
    shot(tab, "desktop-compare")


@pytest.mark.slow
def test_two_browsers_play_two_worlds_and_closing_a_tab_frees_one(
    browser: "Browser", page: str, backend: DemoBackend
) -> None:
    watcher = opened(browser, page)
    others = set(backend.sessions._open)  # tabs that are just being closed may be among them
    one, two = opened(browser, page), opened(browser, page)
    for each in (one, two):
        begin(each)
    assert len(set(backend.sessions._open) - others) == 2
    press(one, "step")
    assert played(one, 1) == ["teleport to outside"]
    assert two.locator(".sg-does").count() == 0
    for each in (one, two):
        each.close()
    while set(backend.sessions._open) - others:  # until the test's time is up
        watcher.wait_for_timeout(100)
    watcher.close()


@pytest.mark.slow
def test_a_link_opens_its_episode_and_a_wrong_one_is_reported(browser: "Browser", page: str) -> None:
    tab = opened(browser, page, query="?task=boil&variation=22&seed=7")
    assert tab.locator("#task input").input_value().endswith("boil")
    tab.click("#files-fold button")
    assert tab.inner_text("#link a") == "?task=boil&variation=22&seed=7"
    tab.close()
    tab = opened(browser, page, query="?task=boil&variation=9999")
    assert "no variation 9999" in tab.inner_text(".sg-notice")
    begin(tab)  # and another can be played
    tab.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_the_page_fits(browser: "Browser", page: str, name: str, size: tuple[int, int], scheme: str) -> None:
    tab = opened(browser, page, size, f"?__theme={scheme}")
    begin(tab)
    for count in (1, 2, 3):
        press(tab, "step")
        played(tab, count)
    too_wide = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert too_wide <= 0
    shot(tab, f"{name}-{scheme}")
    tab.close()


@pytest.mark.slow
def test_the_gallery_and_both_agents_side_by_side(tab: "Page") -> None:
    press(tab, "gallery-3")
    tab.wait_for_selector(".sg-task p:has-text('paint')")
    tab.wait_for_selector("#gallery-3.chosen")
    assert f"task={GALLERY[3].task}&variation={GALLERY[3].variation}" in tab.url
    press(tab, "gallery-0")
    tab.wait_for_selector(".sg-task p:has-text('animal')")
    tab.click("#kind label:has-text('side by side')")
    tab.wait_for_selector(".sg-boards.n2")
    press(tab, "step")
    played(tab, 2)
    shot(tab, "desktop-side-by-side")


@pytest.mark.slow
def test_without_an_episode_there_is_nothing_to_download(tab: "Page") -> None:
    tab.click("#files-fold button")
    press(tab, "download-json")
    assert "no open episode" in tab.inner_text(".sg-notice")
