"""Pushing a checkpoint to the Hub: its model card with the repository's id, and no training leftovers."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.ids import is_path
from dataset_builder.hub.push_folder import DATASET_ID, Pushed, push_folder
from dataset_builder.tool_agents.retrieval.passages import PASSAGES
from modeling.checkpoints.adapters import ADAPTER_CONFIG
from modeling.checkpoints.load import weights_hash
from modeling.checkpoints.model_card import model_card, partner_of, placeholder, write_card
from modeling.checkpoints.play_results import read_results
from modeling.checkpoints.tool_model_card import tool_model_card, tool_placeholder
from modeling.checkpoints.training_record import CHECKPOINTS, CURVE, LOGS, PLAN, TrainingResult, read_record

EVAL_RESULTS = ".eval_results"
"""Folder where the Hub looks for results in its own format. Other hidden files are not uploaded."""

_IGNORED = (f"{CHECKPOINTS}/*", f"{LOGS}/*", PLAN, "*.part", "*.pt", "*.bin", "*.pth", ".*", "*/.*")


def check_push(repo_id: str, private: bool = False) -> None:
    """Create the repository, so that a bad token or id is reported before hours of training.

    Raises:
        UsageError: for a bad id, or a public repository if `private` is set.
        SubgoalError: if there is no token, or the Hub refuses or cannot be reached.
    """
    with tempfile.TemporaryDirectory() as empty:
        push_folder(empty, repo_id, repo_type="model", private=private)


def push_checkpoint(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str | None = None,
    partner: str | None = None,
    results: str | Path | Sequence[str | Path] = (),
) -> Pushed:
    """Publish a checkpoint of `subgoal train` in one commit. Pushing it again makes no second commit.

    Args:
        folder (`str` or `Path`): the checkpoint.
        repo_id (`str`): `NAMESPACE/NAME`.
        private (`bool`, *optional*, defaults to `False`): create a private repository.
        revision (`str`, *optional*): branch; created if it does not exist.
        message (`str`, *optional*): commit message.
        partner (`str`, *optional*): other model of the pair; by default `partner_of(role, repo_id)`.
        results (`str`, `Path` or a sequence of them, *optional*): folders of runs that the checkpoint
            played, for the card. Without them the folder's own card is published, with its placeholder ids
            replaced.

    Raises:
        UsageError: if the folder is not a finished checkpoint, or another one played the run; as
            `push_folder`.
        SubgoalError: as `push_folder`.

    Example:

    ```python
    push_checkpoint("executor", "me/scienceworld-executor", results="runs/paper").url
    ```
    """
    folder = Path(folder)
    runs = [results] if isinstance(results, str | Path) else results
    record = check_finished(folder)
    _check_base(folder)
    return push_folder(
        folder,
        repo_id,
        repo_type="model",
        private=private,
        revision=revision,
        message=message or "Upload the checkpoint",
        contents={
            "README.md": _card(folder, record, repo_id, partner, runs).encode(),
            **_eval_results(folder, repo_id),
        },
        ignore=_IGNORED,
    )


def write_tool_card(folder: str | Path, results: str) -> None:
    """Rewrite the `README.md` of an agent with tools, or of a baseline, with its scores.

    Args:
        folder (`str` or `Path`): folder of `subgoal tools train`.
        results (`str`): scores as Markdown.

    Raises:
        UsageError: if the folder is not such a checkpoint, or is not finished.
    """
    folder = Path(folder)
    record = check_finished(folder)
    if record.recipe.get("purpose") != "tools":
        raise UsageError(f"{folder} is not an agent with tools: `subgoal models card` writes its card.")
    card = tool_model_card(record, results=results, passages=(folder / PASSAGES).is_file())
    (folder / "README.md").write_text(card, encoding="utf-8")


def write_results_card(folder: str | Path, results: Sequence[str | Path]) -> None:
    """Rewrite a checkpoint's `README.md` with the results of runs that it played.

    Args:
        folder (`str` or `Path`): the checkpoint.
        results (`Sequence[str | Path]`): run folders, such as one for each protocol.

    Raises:
        UsageError: if the folder is not a finished checkpoint, or another one played a run.
    """
    record = check_finished(Path(folder))
    write_card(Path(folder), record, [read_results(Path(run), record) for run in results])


def _card(
    folder: Path, record: TrainingResult, repo_id: str, partner: str | None, results: Sequence[str | Path]
) -> str:
    local = folder / "README.md"
    if record.recipe.get("purpose") == "tools":
        if results:
            raise UsageError(
                f"{folder} is an agent with tools: write its scores into the card with `subgoal eval "
                "tools-report RUN… --card FOLDER`, then push without --results."
            )
        text = local.read_text(encoding="utf-8") if local.is_file() else tool_model_card(record)
        return text.replace(tool_placeholder(record.role), repo_id)
    if results or not local.is_file():
        played = [read_results(Path(run), record) for run in results]
        curve = (folder / CURVE).is_file()
        return model_card(record, repo_id, partner=partner, played=played, curve=curve)
    # The local card may have been edited or hold scores, so it is not generated again.
    text = local.read_text(encoding="utf-8").replace(placeholder(record.role), repo_id)
    partner_placeholder = partner_of(record.role, placeholder(record.role))
    partner = partner or partner_of(record.role, repo_id)
    return text.replace(partner_placeholder, partner) if partner_placeholder and partner else text


def _eval_results(folder: Path, repo_id: str) -> dict[str, bytes]:
    """Path → content of the files that `subgoal eval push` wrote, with the dataset's namespace filled in."""
    dataset = DATASET_ID.replace("NAMESPACE", repo_id.partition("/")[0])
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8").replace(DATASET_ID, dataset).encode()
        for path in sorted(folder.glob(f"{EVAL_RESULTS}/*.yaml"))
    }


def check_finished(folder: Path) -> TrainingResult:
    """The record of a checkpoint folder that is complete and unchanged since its training."""
    if not folder.is_dir():
        raise UsageError(f"There is no checkpoint folder {folder}: `subgoal train` makes one.")
    record = read_record(folder)
    adapter = (folder / ADAPTER_CONFIG).is_file()
    for name in (ADAPTER_CONFIG if adapter else "config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise UsageError(f"{folder} is incomplete ({name} is missing): train again into another --out.")
    if weights_hash(folder) != record.weights:
        raise UsageError(
            f"The weights in {folder} are not those of its training.json: train again into another --out."
        )
    return record


def _check_base(folder: Path) -> None:
    """Raise `UsageError` for an adapter of a base that only this machine has."""
    if not (folder / ADAPTER_CONFIG).is_file():
        return
    base = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))["base_model_name_or_path"]
    if is_path(base):
        raise UsageError(
            f"{folder} is an adapter of the local folder {base}, which nobody else has: name its base on the "
            f"Hub with `subgoal models rebase {folder} ID`, or publish the base and train on that."
        )
