"""YAML files of settings: found by name or path, read, and their faults explained in one line."""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dataset_builder.common.errors import UsageError, clip, one_line

Schema = TypeVar("Schema", bound=BaseModel)


def nearest_hint(name: str, known: Iterable[str], otherwise: str, cutoff: float = 0.6) -> str:
    """`Did you mean boil?` if a known name is near, else another remedy."""
    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"Did you mean {nearest[0]}?" if nearest else otherwise


def config_file(name: str | Path, shipped: Iterable[str], error: str) -> Path | None:
    """The file that a name refers to; None if it is the name of a shipped configuration.

    Args:
        name (`str` or `Path`): a shipped name, or a path to a YAML file.
        shipped (`Iterable[str]`): names that come with the package.
        error (`str`): beginning of the message for an unknown name, such as `Unknown protocol`.

    Raises:
        UsageError: if it is neither; the message names the nearest shipped one.
    """
    names = list(shipped)
    if str(name) in names:
        return None
    if not os.path.isfile(name):  # Path.is_file() raises for a name that is too long
        hint = nearest_hint(str(name), names, f"Use {', '.join(names)}, or a YAML file.")
        raise UsageError(f"{error} {str(name)!r}. {hint}")
    return Path(name)


def read_mapping(path: Path, kind: str) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Args:
        path (`Path`): the file.
        kind (`str`): what it should hold, for the message, such as `recipe`.

    Raises:
        UsageError: if it is not YAML, or something else than `key: value` lines.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not a YAML file: {one_line(error)}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path} does not hold a {kind}: write `key: value` lines.")
    return values


def unknown_key(location: str, model: type[BaseModel]) -> str:
    """What is wrong with a key that a schema does not have, and the nearest that it has."""
    known = f"known keys: {', '.join(model.model_fields)}."
    hint = nearest_hint(location.rpartition(".")[2], model.model_fields, known, cutoff=0.5)
    return f"unknown key {location!r}: {hint[0].lower()}{hint[1:]}"


def first_fault(error: ValidationError, model: type[BaseModel]) -> str:
    """The first fault that pydantic found, as one sentence.

    Args:
        error (`ValidationError`): what `model_validate` raised.
        model (`type[BaseModel]`): the schema; keys are looked up in the nested one that they belong to.
    """
    first = error.errors(include_url=False)[0]
    location = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        if len(first["loc"]) == 1:
            return unknown_key(location, model)
        nested = _nested_schema(model.model_fields[str(first["loc"][0])].annotation)
        return unknown_key(location, nested) if nested else f"unknown key {location!r}."
    if first["type"] == "missing":
        return f"{location} is missing."
    reason = first["msg"].removeprefix("Value error, ")
    value = first["input"]
    if isinstance(value, dict | list | tuple):  # too long to be repeated
        return f"{location}: {reason}."
    return f"{location} is {clip(repr(value))}: {reason[0].lower()}{reason[1:]}."


def validated(model: type[Schema], fields: dict[str, Any], source: str) -> Schema:
    """Fields as an object of a schema.

    Args:
        model (`type[BaseModel]`): the schema.
        fields (`dict`): key → value.
        source (`str`): where they come from, for the message.

    Raises:
        UsageError: for the first fault, in one line.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise UsageError(f"{source}: {first_fault(error, model)}") from error
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from error


def _nested_schema(annotation: Any) -> type[BaseModel] | None:
    """The schema in a field's annotation, such as `LoraRecipe` in `LoraRecipe | None`."""
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next((part for part in candidates if isinstance(part, type) and issubclass(part, BaseModel)), None)
