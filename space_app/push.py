"""`subgoal space push`: the Space with the packages it needs, in one commit."""

import json
import tempfile
from importlib.resources import files
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.common.hub import DATASET_ID, Pushed, push_folder
from dataset_builder.common.hub_ids import check_hub_id
from modeling.checkpoints.model_card import placeholder

PACKAGES = ("dataset_builder", "modeling", "eval_harness", "space_app")
"""What the app imports; they travel as source, so that the Space needs no release on a package index."""

_NO_MODELS = "MODELS: dict[str, str] = {}"


def push_space(
    repo_id: str,
    *,
    controller: str | None = None,
    executor: str | None = None,
    flat: str | None = None,
    dataset: str | None = None,
    private: bool = False,
) -> Pushed:
    """Publish the Space.

    Args:
        repo_id (`str`): `NAMESPACE/NAME`.
        controller, executor (`str`, *optional*): the pair that plays; the released ones of the
            namespace if left out.
        flat (`str`, *optional*): a model without sub-goals, for the comparison.
        dataset (`str`, *optional*): the expert's paths; the released ones of the namespace if left out.
        private (`bool`, *optional*, defaults to `False`): create it private.

    Raises:
        UsageError: for what is no Hub id; as `push_folder`.
        SubgoalError: as `push_folder`.
    """
    namespace = repo_id.partition("/")[0]
    models = {
        "SUBGOAL_CONTROLLER": controller or placeholder("controller").replace("NAMESPACE", namespace),
        "SUBGOAL_EXECUTOR": executor or placeholder("executor").replace("NAMESPACE", namespace),
        "SUBGOAL_DATASET": dataset or DATASET_ID.replace("NAMESPACE", namespace),
    }
    if flat:
        models["SUBGOAL_FLAT"] = flat
    for name in models.values():
        try:
            check_hub_id(name)
        except UsageError as error:
            raise UsageError(f"A Space plays models of the Hub, and {name!r} is no id of one.") from error
    with tempfile.TemporaryDirectory() as nothing:
        return push_folder(
            nothing,
            repo_id,
            repo_type="space",
            space_sdk="gradio",
            private=private,
            message="Upload the Space",
            contents=space_files(models),
            replaces=[f"{package}/*" for package in PACKAGES],
        )


def space_files(models: dict[str, str]) -> dict[str, bytes]:
    """The files of the Space by path.

    Args:
        models (`dict[str, str]`): variables of `space_app.settings` with Hub ids.
    """
    found: dict[str, bytes] = {}
    for package in PACKAGES:
        home = Path(str(files(package)))
        for path in sorted(home.rglob("*")):
            name = f"{package}/{path.relative_to(home).as_posix()}"
            if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
                found[name] = path.read_bytes()
    for name in ("README.md", "requirements.txt", "app.py"):
        found[name] = found.pop(f"space_app/{name}")
    found["app.py"] = _with_models(found["app.py"], models)
    found["README.md"] = _with_ids(found["README.md"], models)
    return found


def _with_models(app: bytes, models: dict[str, str]) -> bytes:
    text = app.decode()
    assert _NO_MODELS in text
    return text.replace(_NO_MODELS, f"MODELS: dict[str, str] = {json.dumps(models, indent=4)}").encode()


def _with_ids(readme: bytes, models: dict[str, str]) -> bytes:
    text = readme.decode()
    for placeholder_id, name in (
        (placeholder("controller"), models["SUBGOAL_CONTROLLER"]),
        (placeholder("executor"), models["SUBGOAL_EXECUTOR"]),
        (DATASET_ID, models["SUBGOAL_DATASET"]),
    ):
        text = text.replace(placeholder_id, name.partition("@")[0])
    return text.encode()
