"""The entry point of the Hugging Face Space."""

import os

from space_app.settings import find_settings
from space_app.ui.server import launch

MODELS: dict[str, str] = {}
"""Environment variables that `subgoal space push` fills in; variables set in the Space override them."""

if __name__ == "__main__":
    for name, value in MODELS.items():
        os.environ.setdefault(name, value)
    _, backend = launch(find_settings(), quiet=True)
    backend.close()
