"""Model descriptions: a small YAML that says what the config of a model does not say.

A description names the model (`mine.yaml`, written by `subgoal models describe`), or lies in the
model's folder as `subgoal.yaml`, with its prompt template beside it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from dataset_builder.common.config_files import read_mapping, validated
from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import write_atomically
from dataset_builder.trajectories.model_input import check_version
from modeling.prompts.target import TargetPattern
from modeling.prompts.template import load_template, template_names

DESCRIPTION_FILE = "subgoal.yaml"
PROMPT_FILE = "prompt.jinja"
SERVED = "openai:"
"""Beginning of the id of a model behind an OpenAI-compatible server."""


class ModelDescription(BaseModel):
    """What has to be known about a model before it can play. None: as the model's own files say.

    Example:

    ```python
    description = load_description("mine.yaml")
    description.merged(state_text="paper-1").save("folder")
    ```
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    id: str | None = None
    """Folder, Hub id, or openai:MODEL. None in the model's own folder."""
    revision: str | None = None
    """Branch, tag or commit on the Hub."""
    base: str | None = None
    """Base model of an adapter, if not the one that adapter_config.json names."""
    base_url: str | None = None
    """OpenAI-compatible server of a served model."""
    role: Literal["controller", "executor", "flat"] | None = None
    """Role of the model."""
    state_text: str | None = None
    """State-text version, such as compact-2 or paper-1."""
    prompt: str | None = None
    """Prompt template: a name, or a jinja file. Seq2seq models have none."""
    target: str | None = None
    """Where the action is in an answer: first-line, after:MARK or tag:NAME."""
    thinking: bool | None = None
    """Whether the model may reason before its answer, for chat templates with that switch."""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """Longest answer in tokens."""
    context: int | None = Field(default=None, ge=64)
    """Longest prompt and answer together, in tokens."""
    held_out_tasks: tuple[str, ...] | None = None
    """Tasks that an adapter was not trained on; other models say it in their config.json."""

    @field_validator("state_text")
    @classmethod
    def _known_state_text(cls, version: str | None) -> str | None:
        return None if version is None else check_version(version)

    @field_validator("target")
    @classmethod
    def _known_target(cls, target: str | None) -> str | None:
        return None if target is None else str(TargetPattern.parse(target))

    @property
    def served(self) -> bool:
        """Whether the model is behind a server."""
        return bool(self.id and self.id.startswith(SERVED))

    def merged(self, **values: Any) -> "ModelDescription":
        """A copy in which these values, except None, replace those of the description."""
        given = {name: value for name, value in values.items() if value is not None}
        return parse_description(self.model_dump() | given, "the options of the model")

    def over(self, other: "ModelDescription") -> "ModelDescription":
        """This description, with the values of another one where this one has None."""
        return other.merged(**self.model_dump())

    def filled_by(self, other: "ModelDescription") -> "ModelDescription":
        """This description, with the values of another one where this one has None.

        Raises:
            UsageError: if both have a value, and not the same.
        """
        for name, value in self.model_dump().items():
            given = getattr(other, name)
            if name != "id" and None not in (value, given) and value != given:
                option = name.replace("_", "-")
                raise UsageError(
                    f"{self.id} has {option} {value}, not {given}: drop --{option}, or correct the file."
                )
        return self.over(other)

    def to_yaml(self) -> str:
        """The values that are not None, each with a comment that explains it."""
        lines = []
        for name, field in type(self).model_fields.items():
            if (value := getattr(self, name)) is not None:
                lines += [f"# {field.description}", yaml.safe_dump({name: value}, width=1000).rstrip()]
        return "\n".join(lines) + "\n"

    def write(self, path: str | Path) -> None:
        """Write the YAML file. Folders and templates are named relative to it."""
        path = Path(path)
        names = {name: getattr(self, name) for name in ("id", "base", "prompt")}
        here = {
            name: os.path.relpath(value, path.parent)
            for name, value in names.items()
            if value and Path(value).exists() and not (name == "prompt" and value in template_names())
        }
        text = self.model_copy(update=here).to_yaml()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text)
        except OSError as error:
            raise UsageError(f"Cannot write {path}: {error.strerror}. Use another --out.") from error

    def save(self, folder: str | Path) -> None:
        """Write `subgoal.yaml`, and the template as `prompt.jinja`, into a model folder."""
        folder = Path(folder)
        description = self
        if self.prompt is not None:
            # A copy, so that the model keeps its prompt when the template of the package changes.
            (folder / PROMPT_FILE).write_text(load_template(self.prompt).source, encoding="utf-8")
            description = self.model_copy(update={"prompt": PROMPT_FILE})
        (folder / DESCRIPTION_FILE).write_text(
            description.model_copy(update={"id": None, "revision": None}).to_yaml(), encoding="utf-8"
        )


@dataclass(frozen=True)
class ModelSettings:
    """What a command line says about all models of an agent.

    Attributes:
        state_text, prompt, target: as in `ModelDescription`; a prompt and a target replace those of the
            models.
        base_url: server of the served models.
        ledger: folder in which the answers of servers are kept, so that none is paid for twice.

    Example:

    ```python
    >>> settings = ModelSettings(state_text="paper-1", base_url="http://127.0.0.1:8000/v1")
    >>> settings.description().state_text
    'paper-1'
    ```
    """

    state_text: str | None = None
    prompt: str | None = None
    target: str | None = None
    base_url: str | None = None
    ledger: str | Path | None = None

    def description(self) -> ModelDescription:
        """The part that a description holds."""
        return parse_description(
            {
                "state_text": self.state_text,
                "prompt": self.prompt,
                "target": self.target,
                "base_url": self.base_url,
            },
            "the options of the model",
        )


def parse_description(values: dict[str, Any], source: str) -> ModelDescription:
    """Validate values against the schema.

    Args:
        values (`dict`): key → value.
        source (`str`): where they come from, for errors.

    Raises:
        UsageError: for an unknown key, or a bad value.
    """
    return validated(ModelDescription, values, source)


def is_description(name: str) -> bool:
    """Whether the name of a model is that of a YAML file."""
    return name.endswith((".yaml", ".yml"))


def is_served(name: str) -> bool:
    """Whether the name of a model, or its description, is that of a model behind a server."""
    return load_description(name).served if is_description(name) else name.startswith(SERVED)


def load_description(name: str | Path) -> ModelDescription:
    """Read a description from a YAML file. Its paths are relative to the file.

    Args:
        name (`str` or `Path`): the file.

    Raises:
        UsageError: if there is none, it does not match the schema, or names no model.
    """
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"There is no model description {path}: `subgoal models describe` writes one.")
    description = parse_description(read_mapping(path, "model description"), str(path))
    if description.id is None:
        raise UsageError(
            f"{path} does not name its model: add `id:` with a folder, a Hub id or openai:MODEL."
        )
    beside = {key: _beside(path, getattr(description, key)) for key in ("id", "base")}
    if description.prompt not in (None, *template_names()):
        beside["prompt"] = str(path.parent / str(description.prompt))
    return description.merged(**beside)


def _beside(path: Path, value: str | None) -> str | None:
    """A folder's name relative to the file that names it; any other name as it is."""
    return str(path.parent / value) if value and (path.parent / value).is_dir() else value


def repository_description(path: Path) -> ModelDescription:
    """The description in a model's folder; its prompt becomes a path.

    Args:
        path (`Path`): its `subgoal.yaml`.

    Raises:
        UsageError: if it does not match the schema, or its prompt is a file outside of the folder.
    """
    description = parse_description(read_mapping(path, "model description"), str(path))
    if description.prompt in (None, *template_names()):
        return description
    if Path(str(description.prompt)).name != description.prompt:
        raise UsageError(f"{path}: prompt is {description.prompt!r}: name a template, or a file beside it.")
    return description.merged(prompt=str(path.parent / description.prompt))
