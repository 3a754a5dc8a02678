"""The Java part of the simulator: its compiled classes are those of the sources, for the stated version."""

import os
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.simulator import compile_java as module
from dataset_builder.simulator.compile_java import RELEASE, compile_java
from dataset_builder.simulator.jvm import JAR
from dataset_builder.simulator.patches import JAVA


def test_every_source_has_a_class_for_the_stated_version_of_java() -> None:
    sources = sorted(JAVA.rglob("*.java"))
    assert sources
    for source in sources:
        magic, _, major = struct.unpack(">IHH", source.with_suffix(".class").read_bytes()[:8])
        assert (magic, major) == (0xCAFEBABE, RELEASE + 44)


def test_all_sources_are_compiled_against_the_patched_classes_before_the_original_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    patched: list[Path] = []

    def run(command: list[str], **options: Any) -> None:
        assert patched[0].is_dir()
        assert options == {"check": True}
        commands.append(command)

    monkeypatch.setattr(module, "write_patched_classes", lambda jar, folder: patched.append(folder))
    monkeypatch.setattr(subprocess, "run", run)
    compile_java(tmp_path)
    (command,) = commands
    assert command[0] == "javac"
    assert command[command.index("--release") + 1] == str(RELEASE)
    assert command[command.index("-cp") + 1] == f"{patched[0]}{os.pathsep}{JAR}"
    assert command[command.index("-d") + 1] == str(tmp_path)
    assert {Path(name) for name in command if name.endswith(".java")} == set(JAVA.rglob("*.java"))
    assert not patched[0].exists()
