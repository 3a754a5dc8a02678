"""A checkpoint on the Hub: its card with the repository's id, and nothing that only training needed."""

import json
import tempfile
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.common.hub import DATASET_ID, Pushed, push_folder
from dataset_builder.common.hub_ids import is_folder
from modeling.checkpoints.load import weights_hash
from modeling.checkpoints.model_card import model_card, partner_of, placeholder
from modeling.checkpoints.play_results import read_results
from modeling.checkpoints.training_record import CHECKPOINTS, CURVE, LOGS, PLAN, RECORD, read_record

EVAL_RESULTS = ".eval_results"
"""Where the Hub looks for results in its own format; other hidden files are not sent."""

_IGNORED = (f"{CHECKPOINTS}/*", f"{LOGS}/*", PLAN, "*.part", "*.pt", "*.bin", "*.pth", ".*", "*/.*")


def check_push(repo_id: str, private: bool = False) -> None:
    """Make the repository, so that a token or a name that will not do is known before hours of training.

    Raises:
        UsageError: for a bad id, or a public repository that was to be private.
        SubgoalError: if there is no token, or the Hub refuses or cannot be reached.
    """
    with tempfile.TemporaryDirectory() as nothing:
        push_folder(nothing, repo_id, repo_type="model", private=private)


def push_checkpoint(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str | None = None,
    partner: str | None = None,
    results: str | Path | None = None,
) -> Pushed:
    """Publish a checkpoint that `subgoal train` made: one commit, which a second push does not repeat.

    Args:
        folder (`str` or `Path`): the checkpoint.
        repo_id (`str`): `NAMESPACE/NAME`.
        private (`bool`, *optional*, defaults to `False`): create it private.
        revision (`str`, *optional*): branch; created if it is not there.
        message (`str`, *optional*): the commit's.
        partner (`str`, *optional*): id of the other model of the pair; else one named alike.
        results (`str` or `Path`, *optional*): folder of a run that it played, for the card. Without
            one the folder's own card is sent, with the ids put in.

    Raises:
        UsageError: if the folder is no finished checkpoint, or the run none of its own; as `push_folder`.
        SubgoalError: as `push_folder`.
    """
    folder = Path(folder)
    return push_folder(
        folder,
        repo_id,
        repo_type="model",
        private=private,
        revision=revision,
        message=message or "Upload the checkpoint",
        contents={
            "README.md": _card(folder, repo_id, partner, results).encode(),
            RECORD: public_record(folder).encode(),
            **_play_results(folder, repo_id),
        },
        ignore=_IGNORED,
    )


def write_results_card(folder: str | Path, results: str | Path) -> None:
    """Write a checkpoint's `README.md` anew, with the results of a run that it played.

    Raises:
        UsageError: if the folder is no finished checkpoint, or the run none of its own.
    """
    from modeling.checkpoints.model_card import write_card

    folder = Path(folder)
    _check_whole(folder)
    record = read_record(folder)
    write_card(folder, record, read_results(Path(results), record))


def _card(folder: Path, repo_id: str, partner: str | None, results: str | Path | None) -> str:
    _check_whole(folder)
    record = read_record(folder)
    own = folder / "README.md"
    if results is not None or not own.is_file():
        played = None if results is None else read_results(Path(results), record)
        curve = (folder / CURVE).is_file()
        return model_card(record, repo_id, partner=partner, played=played, curve=curve)
    text = own.read_text(encoding="utf-8").replace(placeholder(record.role), repo_id)
    other = partner_of(record.role, placeholder(record.role))
    named = partner or partner_of(record.role, repo_id)
    return text.replace(other, named) if other and named else text


def _play_results(folder: Path, repo_id: str) -> dict[str, bytes]:
    """What `subgoal eval push` left in the folder for the Hub, with the namespace put in."""
    dataset = DATASET_ID.replace("NAMESPACE", repo_id.partition("/")[0])
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8").replace(DATASET_ID, dataset).encode()
        for path in sorted(folder.glob(f"{EVAL_RESULTS}/*.yaml"))
    }


def public_record(folder: Path) -> str:
    """The training's record; of a base that was a folder only its name."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    base = record["recipe"].get("base")
    if base and is_folder(base):
        record["recipe"]["base"] = Path(base).name
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _check_whole(folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"There is no checkpoint folder {folder}: `subgoal train` makes one.")
    record = read_record(folder)
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise UsageError(f"{folder} is not whole ({name} is missing): train it anew into another --out.")
    if weights_hash(folder) != record.weights:
        raise UsageError(
            f"The weights in {folder} are not those that its training.json tells of: train it anew into "
            "another --out."
        )
