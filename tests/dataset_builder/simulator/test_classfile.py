"""Class files: what is not changed stays as it is, and what is added can be read."""

import zipfile

import pytest

from dataset_builder.simulator.classfile import ClassFile
from dataset_builder.simulator.jvm import JAR

OBJECT = "scienceworld/struct/EnvObject"


@pytest.fixture(scope="module")
def env_object() -> bytes:
    with zipfile.ZipFile(JAR) as archive:
        return archive.read(f"{OBJECT}.class")


def test_an_unchanged_class_is_written_as_it_was_read(env_object: bytes) -> None:
    assert ClassFile(env_object).to_bytes() == env_object


def test_renaming_a_method_that_is_not_there_is_an_error(env_object: bytes) -> None:
    with pytest.raises(ValueError, match="no method fly"):
        ClassFile(env_object).rename_method("fly", "()V", "land")


def test_constants_are_added_once(env_object: bytes) -> None:
    patched = ClassFile(env_object)
    first = patched.field_ref(OBJECT, "uuid", "J")
    size = len(patched.to_bytes())
    assert patched.field_ref(OBJECT, "uuid", "J") == first
    assert len(patched.to_bytes()) == size
