"""What a Hugging Face Space runs."""

import os

from space_app.settings import chosen_settings
from space_app.ui.server import launch

MODELS: dict[str, str] = {}
"""Variables of `space_app.settings`, filled in by `subgoal space push`; the Space's own come first."""

if __name__ == "__main__":
    for name, value in MODELS.items():
        os.environ.setdefault(name, value)
    _, table = launch(chosen_settings(), quiet=True)
    table.close()
