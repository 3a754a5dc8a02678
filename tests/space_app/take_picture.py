"""The README's picture of the page: `python -m tests.space_app.take_picture [FILE]`.

The released pair plays, on a free port of this machine; a sub-goal is replaced on the way.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from space_app.session.gallery import GALLERY
from space_app.settings import find_settings
from space_app.ui.server import launch
from tests.space_app.conftest import chromium, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "demo.png"
SIZE = {"width": 1440, "height": 1000}
WAIT = 600_000  # milliseconds
ITEM = next(each for each in GALLERY if each.task == "use-thermometer")
STEPS, OWN, AFTER = 3, "navigate_to(bathroom)", 2
"""Steps of the agent, the visitor's sub-goal, and steps from there on."""


def step(tab: "Page", times: int) -> None:
    """Press Step so often, each time waiting for the action."""
    for _ in range(times):
        count = tab.locator(".sg-does").count()
        tab.click("#step")
        tab.wait_for_function(f"document.querySelectorAll('.sg-does').length > {count}")


def take(file: Path) -> None:
    """Play the beginning of the episode and keep what is seen."""
    app, backend = launch(find_settings(), server_port=free_port(), prevent_thread_lock=True, quiet=True)
    try:
        with chromium() as browser:
            tab = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            tab.set_default_timeout(WAIT)
            tab.goto(f"{app.local_url}?task={ITEM.task}&variation={ITEM.variation}&__theme=light")
            tab.wait_for_selector(".sg-gallery .chosen")
            tab.click("#step")
            tab.wait_for_selector(".sg-steps li.next")
            step(tab, STEPS)
            tab.click("#subgoal input")
            tab.keyboard.insert_text(OWN)
            tab.keyboard.press("Tab")
            tab.click("#use-subgoal")
            tab.wait_for_selector("li.next.yours")
            step(tab, AFTER)
            file.parent.mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=file)
    finally:
        app.close()
        backend.close()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    take(target)
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")
