"""`subgoal space push`: the Space and the packages it needs, in one commit."""

import json
import tempfile
from importlib.resources import files
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.ids import check_hub_id
from dataset_builder.hub.push_folder import DATASET_ID, Pushed, push_folder
from modeling.checkpoints.model_card import placeholder

PACKAGES = ("dataset_builder", "modeling", "eval_harness", "space_app")
"""What the app imports. They are uploaded as source, so the Space does not need a release on PyPI."""

_NO_MODELS = "MODELS: dict[str, str] = {}"


def push_space(
    repo_id: str,
    *,
    controller: str | None = None,
    executor: str | None = None,
    flat: str | None = None,
    dataset: str | None = None,
    tool_agent: str | None = None,
    tool_cot: str | None = None,
    tool_base: str | None = None,
    tool_passages: str | None = None,
    private: bool = False,
) -> Pushed:
    """Publish the Space.

    Args:
        repo_id (`str`): `NAMESPACE/NAME`.
        controller, executor (`str`, *optional*, defaults to the namespace's released ones): Hub ids.
        flat (`str`, *optional*): Hub id of a model without sub-goals, for the comparison.
        dataset (`str`, *optional*, defaults to the namespace's released one): Hub id of the expert paths.
        tool_agent (`str`, *optional*): Hub id of an agent with tools, which gets a page.
        tool_cot (`str`, *optional*): Hub id of the model that answers without tools beside it.
        tool_base (`str`, *optional*): Hub id of their base, if not the one that they name.
        tool_passages (`str`, *optional*): Hub id or server of the passages that it searches.
        private (`bool`, *optional*, defaults to `False`): create the Space private.

    Raises:
        UsageError: if a name is not a Hub id, or there is no agent for the passages; see also `push_folder`.
        SubgoalError: see `push_folder`.

    Example:

    ```python
    push_space("NAMESPACE/demo", private=True).url
    ```
    """
    namespace = repo_id.partition("/")[0]
    models = {
        "SUBGOAL_CONTROLLER": controller or placeholder("controller").replace("NAMESPACE", namespace),
        "SUBGOAL_EXECUTOR": executor or placeholder("executor").replace("NAMESPACE", namespace),
        "SUBGOAL_DATASET": dataset or DATASET_ID.replace("NAMESPACE", namespace),
    }
    if not tool_agent and (tool_cot or tool_base or tool_passages):
        raise UsageError("There is no agent with tools: add --tool-agent NAMESPACE/NAME.")
    models |= {
        variable: name
        for variable, name in (
            ("SUBGOAL_FLAT", flat),
            ("SUBGOAL_TOOL_AGENT", tool_agent),
            ("SUBGOAL_TOOL_COT", tool_cot),
            ("SUBGOAL_TOOL_BASE", tool_base),
            ("SUBGOAL_TOOL_PASSAGES", tool_passages),
        )
        if name
    }
    for variable, name in models.items():
        if variable == "SUBGOAL_TOOL_PASSAGES" and name.startswith(("http://", "https://")):
            continue
        try:
            check_hub_id(name)
        except UsageError as error:
            raise UsageError(f"A Space plays models of the Hub, and {name!r} is not a Hub id.") from error
    with tempfile.TemporaryDirectory() as empty:
        return push_folder(
            empty,
            repo_id,
            repo_type="space",
            space_sdk="gradio",
            private=private,
            message="Upload the Space",
            contents=space_files(models),
            replaces=[f"{package}/*" for package in PACKAGES],
        )


def space_files(models: dict[str, str]) -> dict[str, bytes]:
    """The content of each file of the Space, by path.

    Args:
        models (`dict[str, str]`): Hub ids by the environment variable of `space_app.settings`.
    """
    contents: dict[str, bytes] = {}
    for package in PACKAGES:
        root = Path(str(files(package)))
        for path in sorted(root.rglob("*")):
            name = f"{package}/{path.relative_to(root).as_posix()}"
            if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
                contents[name] = path.read_bytes()
    # A Space looks for these three at its root.
    for name in ("README.md", "requirements.txt", "app.py"):
        contents[name] = contents.pop(f"space_app/{name}")
    contents["app.py"] = _with_models(contents["app.py"], models)
    contents["README.md"] = _with_ids(contents["README.md"], models)
    return contents


def _with_models(app: bytes, models: dict[str, str]) -> bytes:
    text = app.decode()
    assert _NO_MODELS in text
    return text.replace(_NO_MODELS, f"MODELS: dict[str, str] = {json.dumps(models, indent=4)}").encode()


def _with_ids(readme: bytes, models: dict[str, str]) -> bytes:
    text = readme.decode()
    for placeholder_id, hub_id in (
        (placeholder("controller"), models["SUBGOAL_CONTROLLER"]),
        (placeholder("executor"), models["SUBGOAL_EXECUTOR"]),
        (DATASET_ID, models["SUBGOAL_DATASET"]),
    ):
        text = text.replace(placeholder_id, hub_id.partition("@")[0])
    return text.encode()
