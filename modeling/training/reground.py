"""Learning anew which words a checkpoint's answers may hold."""

import json
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.model_input import ROLES
from modeling.inference.grounding import Grounding, find_grounding


def ground_folder(folder: Path, dataset: str) -> Grounding:
    """Write into a checkpoint's config what the examples of its role say (see `find_grounding`).

    Those of the practice split count if there is one: in the training split alone, few things have to be
    looked for, and the rooms to look in would stay unsaid.

    Args:
        folder (`Path`): checkpoint that was trained before configs held it.
        dataset (`str`): the dataset it was trained on: folder, or Hub id with `@REVISION` if wanted.

    Raises:
        UsageError: if there is no such checkpoint or dataset, or they do not fit each other.
        SubgoalError: if the Hub cannot be reached.
    """
    from modeling.checkpoints.load import load_checkpoint
    from modeling.data.examples import load_role

    if not folder.is_dir():
        raise UsageError(f"There is no checkpoint folder {folder}: `subgoal train` makes one.")
    checkpoint = load_checkpoint(str(folder))
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    role = getattr(model.config, "subgoal_role", None)
    if role not in ROLES:
        raise UsageError(f"{folder} has no role: its config.json lacks subgoal_role.")
    held_out = getattr(model.config, "held_out_tasks", None) or ()
    version = getattr(model.config, "state_text_version", None)
    train = load_role(role, dataset, version, held_out, practice=None).train
    inputs, labels = (
        tokenizer(list(train[column]), verbose=False)["input_ids"] for column in ("input", "target")
    )
    found = find_grounding(inputs, labels, tokenizer)
    found.mark(model, tokenizer)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["grounding"] = model.config.grounding
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return found
