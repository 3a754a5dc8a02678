"""The changed classes: well-formed, and of lasting order in every Java process."""

import zipfile
from pathlib import Path

import pytest

from dataset_builder.simulator.classfile import ClassFile
from dataset_builder.simulator.jvm import JAR
from dataset_builder.simulator.patches import ordered_sets, write_patched_classes
from dataset_builder.simulator.simulator import Simulator

OBJECT = "scienceworld/struct/EnvObject"


@pytest.fixture(scope="module")
def env_object() -> bytes:
    with zipfile.ZipFile(JAR) as archive:
        return archive.read(f"{OBJECT}.class")


def test_a_changed_class_can_be_read_and_changed_again(env_object: bytes) -> None:
    patched = ordered_sets(env_object)
    assert b"hashCode" in patched
    assert ClassFile(patched).to_bytes() == patched
    again = ClassFile(patched)
    again.rename_method("hashCode", "()I", "oldHashCode")
    assert b"oldHashCode" in again.to_bytes()


def test_patched_classes_lie_where_java_looks_for_them(tmp_path: Path) -> None:
    names = write_patched_classes(JAR, tmp_path)
    files = sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.class"))
    assert files == sorted(name.replace(".", "/") + ".class" for name in names)


def test_every_java_process_lists_objects_in_the_same_order(simulator: Simulator) -> None:
    def seen(player: Simulator) -> list[str]:
        episode = player.episode()
        looks = [episode.load("chemistry-mix", 5)]
        for room in ("kitchen", "workshop", "greenhouse"):
            episode.step(f"teleport to {room}")
            looks.append(episode.look())
        return looks

    here = seen(simulator)
    with Simulator(worlds=1) as another:
        assert seen(another) == here
