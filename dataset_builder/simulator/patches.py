"""Patches of the simulator's classes: a deterministic iteration order of sets, and faster methods.

None changes the rules of the game. They are applied to copies of the class files when a world is created;
`scienceworld.jar` itself stays unchanged. The faster methods are written in Java (folder `java`, compiled
by `make java`): a patched method of the simulator only calls one of them.
"""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from dataset_builder.simulator.classfile import ClassFile

JAVA = Path(__file__).parent / "java"
"""Folder of the package `subgoal`: sources and compiled classes of the faster methods."""
_OBJECT = "scienceworld/struct/EnvObject"
_PORTAL = "scienceworld/objects/portal/Portal"
_SET = "scala/collection/immutable/Set"
_CONTENTS, _MATCHES, _TASKS = "subgoal/Contents", "subgoal/Matches", "subgoal/Tasks"
_PARSE = (
    f"(Ljava/lang/String;L{_OBJECT};L{_OBJECT};Lscienceworld/objects/agent/Agent;"
    f"Lscienceworld/tasks/goals/ObjMonitor;Lscienceworld/tasks/goals/GoalSequence;L{_OBJECT};)Lscala/Tuple4;"
)
# Instructions (The Java Virtual Machine Specification, §6.5)
_THIS, _NULL = b"\x2a", b"\x01"
_OBJECT_ARGUMENTS = (b"\x2b", b"\x2c", b"\x2d", b"\x19\x04", b"\x19\x05", b"\x19\x06", b"\x19\x07")
_INT_ARGUMENTS = (b"\x1b", b"\x1c")
_PUT_FIELD, _CALL, _CALL_STATIC = b"\xb5", b"\xb6", b"\xb8"
_RETURN, _RETURN_INT, _RETURN_OBJECT = b"\xb1", b"\xac", b"\xb0"


def ordered_sets(data: bytes) -> bytes:
    """`EnvObject.hashCode` returns the object's id, as `equals` compares ids.

    Without this method, Java draws a random hash for each object, and the hash determines the order in
    which a set of objects is listed, heated or updated: the same actions give different texts in each
    process.
    """
    patched = ClassFile(data)
    uuid = patched.field_ref(_OBJECT, "uuid", "J")
    # aload_0; getfield uuid; l2i; ireturn
    patched.add_method("hashCode", "()I", stack=2, variables=1, code=b"\x2a\xb4" + uuid + b"\x88\xac")
    return patched.to_bytes()


def kept_contents(data: bytes) -> bytes:
    """`EnvObject` keeps the sets of its contents and portals until they change (`Contents.java`).

    The simulator copies them for each of several questions per object and tick.
    """
    patched = ClassFile(data)
    patched.add_field("contentsCopy", f"L{_SET};")
    patched.add_field("portalsCopy", f"L{_SET};")
    for name, faster, arguments in (
        ("getContainedObjects", "objects", 1),
        ("getPortals", "portals", 1),
        ("getContainedObjectsAndPortalsRecursive", "tree", 2),
    ):
        flags = "Z" * arguments
        patched.rename_method(name, f"({flags})L{_SET};", f"{name}Uncached")
        call = patched.method_ref(_CONTENTS, faster, f"(L{_OBJECT};{flags})L{_SET};")
        code = _THIS + b"".join(_INT_ARGUMENTS[:arguments]) + _CALL_STATIC + call + _RETURN_OBJECT
        patched.add_method(name, f"({flags})L{_SET};", arguments + 1, arguments + 1, code)
    for name, argument, returned, copy in (
        ("addObject", _OBJECT, "V", "contentsCopy"),
        ("removeObjectFromContainer", _OBJECT, "Z", "contentsCopy"),
        ("addPortal", _PORTAL, "V", "portalsCopy"),
        ("removePortal", _PORTAL, "Z", "portalsCopy"),
    ):
        descriptor = f"(L{argument};){returned}"
        patched.rename_method(name, descriptor, f"{name}Uncached")
        call = patched.method_ref(_OBJECT, f"{name}Uncached", descriptor)
        field = patched.field_ref(_OBJECT, copy, f"L{_SET};")
        code = _THIS + _OBJECT_ARGUMENTS[0] + _CALL + call + _THIS + _NULL + _PUT_FIELD + field
        code += _RETURN if returned == "V" else _RETURN_INT
        patched.add_method(name, descriptor, 3, 2, code)
    return patched.to_bytes()


def faster_matches(data: bytes) -> bytes:
    """`InputParser` looks only at the names of objects that an action may mean (`Matches.java`).

    Composing and comparing all names of all visible objects takes two fifths of a step's time.
    """
    patched = ClassFile(data)
    rows = f"([[L{_OBJECT};)[[L{_OBJECT};"
    match = f"(Ljava/lang/String;[L{_OBJECT};L{_OBJECT};)Lscala/Tuple2;"
    for name, descriptor, arguments in (("matchObj", match, 3), ("removeDuplicates", rows, 1)):
        patched.rename_method(name, descriptor, f"{name}Slowly")
        call = patched.method_ref(_MATCHES, name, descriptor)
        code = b"".join(_OBJECT_ARGUMENTS[:arguments]) + _CALL_STATIC + call + _RETURN_OBJECT
        patched.add_method(name, descriptor, arguments, arguments + 1, code)
    patched.rename_method("parse", _PARSE, "parseRemembering")
    forget = _CALL_STATIC + patched.method_ref(_MATCHES, "forget", "()V")
    call = _CALL + patched.method_ref("scienceworld/input/InputParser", "parseRemembering", _PARSE)
    code = forget + _THIS + b"".join(_OBJECT_ARGUMENTS) + call + forget + _RETURN_OBJECT
    patched.add_method("parse", _PARSE, 8, 8, code)
    return patched.to_bytes()


def one_task(data: bytes) -> bytes:
    """`TaskMaker1` creates the variations of one task, not of all tasks (`Tasks.java`)."""
    patched = ClassFile(data)
    patched.rename_method("registerTasks", "()V", "registerAllTasks")
    call = patched.method_ref(_TASKS, "register", "(Lscienceworld/tasks/TaskMaker1;)V")
    patched.add_method("registerTasks", "()V", 1, 1, _THIS + _CALL_STATIC + call + _RETURN)
    return patched.to_bytes()


_PATCHES: dict[str, Callable[[bytes], bytes]] = {
    _OBJECT: lambda data: kept_contents(ordered_sets(data)),
    "scienceworld/input/InputParser": faster_matches,
    "scienceworld/tasks/TaskMaker1": one_task,
}


def write_patched_classes(jar: Path, folder: Path) -> list[str]:
    """Write patched copies of the jar's classes into a folder that precedes the jar on the class path.

    The classes of `JAVA`, which they call, are copied too.

    Returns:
        `list[str]`: names of the classes.
    """
    with zipfile.ZipFile(jar) as archive:
        for name, patch in _PATCHES.items():
            file = folder / f"{name}.class"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(patch(archive.read(f"{name}.class")))
    shutil.copytree(JAVA, folder, ignore=shutil.ignore_patterns("*.java"), dirs_exist_ok=True)
    return [
        ".".join(file.relative_to(folder).with_suffix("").parts) for file in sorted(folder.rglob("*.class"))
    ]
