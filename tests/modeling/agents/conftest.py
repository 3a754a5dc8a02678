"""Checkpoints with other configs."""

import json
import shutil
from pathlib import Path


def edited_checkpoint(folder: Path, copy: Path, **values: object) -> str:
    """A copy of a checkpoint with other values in its config; None removes one."""
    shutil.copytree(folder, copy)
    path = copy / "config.json"
    config = json.loads(path.read_text()) | values
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return str(copy)
