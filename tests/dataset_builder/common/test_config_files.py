"""Settings in YAML: found by name or path, and their faults in one line."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from dataset_builder.common.config_files import config_file, first_fault, read_mapping
from dataset_builder.common.errors import UsageError


class Wheels(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = 4


class Car(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: str
    wheels: Wheels | None = None


def test_a_shipped_name_has_no_file_and_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("colour: red\n")
    assert config_file("paper", ["paper", "mini"], "Unknown protocol") is None
    assert config_file(str(path), ["paper"], "Unknown protocol") == path
    assert read_mapping(path, "car") == {"colour": "red"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("papper", "Unknown protocol 'papper'. Did you mean paper?"),
        ("xyz", "Unknown protocol 'xyz'. Use paper, mini, or a YAML file."),
        ("x" * 5000, "Unknown protocol 'xxx"),
    ],
)
def test_an_unknown_name_gets_the_nearest_or_all(name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        config_file(name, ["paper", "mini"], "Unknown protocol")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "mine.yaml is not a YAML file: "),
        (b"[" * 1200, "mine.yaml is not a YAML file: "),
        (b"\xff\xfe\x00", "mine.yaml is not a YAML file: "),
        (b"- a\n- b\n", "mine.yaml does not hold a car: write `key: value` lines."),
        (b"", "mine.yaml does not hold a car"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_mapping(path, "car")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read .*none\.yaml: No such file"):
        read_mapping(tmp_path / "none.yaml", "car")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "colour is missing."),
        ({"color": "red", "colour": "red"}, "unknown key 'color': did you mean colour?"),
        ({"colour": "red", "xyz": 1}, "unknown key 'xyz': known keys: colour, wheels."),
        ({"colour": "red", "wheels": {"cout": 3}}, "unknown key 'wheels.cout': did you mean count?"),
        ({"colour": "red", "wheels": {"count": "x"}}, "wheels.count is 'x': input should be a valid integer"),
        ({"colour": ["red"]}, "colour: Input should be a valid string."),
    ],
)
def test_the_first_fault_is_one_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Car.model_validate(values)
    assert first_fault(caught.value, Car).startswith(message)
