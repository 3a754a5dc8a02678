"""Patches of the simulator's classes: a deterministic iteration order of sets, and a cache.

Neither changes the rules of the game. They are applied to copies of the class files when a world is
created; `scienceworld.jar` itself stays unchanged.
"""

import zipfile
from pathlib import Path

from dataset_builder.simulator.classfile import ClassFile

_OBJECT = "scienceworld/struct/EnvObject"
_PARSER = "scienceworld/input/InputParser$"
_MAP = "java/util/concurrent/ConcurrentHashMap"
_TOKENS = "(Ljava/lang/String;)[Ljava/lang/String;"


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


def remembered_tokens(data: bytes) -> bytes:
    """`InputParser.tokenize` caches its results in a map, the new field `cache`.

    The simulator compares each action with every name of every visible object, and splits each name into
    words by a regular expression each time, which takes a third of a step's time.
    """
    # The class itself becomes the function that fills the map: `cache.computeIfAbsent(text, this)` calls
    # `apply(text)`, which calls the original `tokenize` under its new name. The new code has no branches,
    # so the verifier does not require stack map frames.
    patched = ClassFile(data)
    patched.add_interface("java/util/function/Function")
    patched.add_field("cache", f"L{_MAP};")
    patched.rename_method("tokenize", _TOKENS, "tokenizeUncached")
    uncached = patched.method_ref(_PARSER, "tokenizeUncached", _TOKENS)
    # aload_0; aload_1; checkcast String; invokevirtual tokenizeUncached; areturn
    apply = b"\x2a\x2b\xc0" + patched.class_ref("java/lang/String") + b"\xb6" + uncached + b"\xb0"
    patched.add_method("apply", "(Ljava/lang/Object;)Ljava/lang/Object;", 2, 2, apply)
    compute = patched.method_ref(
        _MAP, "computeIfAbsent", "(Ljava/lang/Object;Ljava/util/function/Function;)Ljava/lang/Object;"
    )
    cache = patched.field_ref(_PARSER, "cache", f"L{_MAP};")
    # aload_0; getfield cache; aload_1; aload_0; invokevirtual computeIfAbsent; checkcast String[]; areturn
    look_up = b"\x2a\xb4" + cache + b"\x2b\x2a\xb6" + compute
    look_up += b"\xc0" + patched.class_ref("[Ljava/lang/String;") + b"\xb0"
    patched.add_method("tokenize", _TOKENS, 3, 2, look_up)
    return patched.to_bytes()


def write_patched_classes(jar: Path, folder: Path) -> list[str]:
    """Write patched copies of the jar's classes into a folder that precedes the jar on the class path.

    Returns:
        `list[str]`: names of the classes.
    """
    patches = {_OBJECT: ordered_sets, _PARSER: remembered_tokens}
    with zipfile.ZipFile(jar) as archive:
        for name, patch in patches.items():
            file = folder / f"{name}.class"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(patch(archive.read(f"{name}.class")))
    return [name.replace("/", ".") for name in patches]
