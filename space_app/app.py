"""What a Hugging Face Space runs."""

import os

from space_app.server import launch
from space_app.settings import chosen_settings

MODELS: dict[str, str] = {}
"""Variables of `space_app.settings`, filled in by `subgoal space push`; the Space's own come first."""

if __name__ == "__main__":
    for name, value in MODELS.items():
        os.environ.setdefault(name, value)
    _, table = launch(chosen_settings(), quiet=True)
    table.close()
