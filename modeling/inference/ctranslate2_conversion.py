"""A checkpoint converted for CTranslate2."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from modeling.checkpoints.load import Checkpoint
from modeling.runtime.garbage import frozen_heap
from modeling.runtime.quiet import quiet_libraries


@contextmanager
def converted(checkpoint: Checkpoint, compute_type: str) -> Iterator[Path]:
    """The folder of the converted model, which exists within the `with` block.

    Args:
        checkpoint (`Checkpoint`): a model of a type that CTranslate2 knows.
        compute_type (`str`): `"float32"` or `"int8"`.
    """
    from ctranslate2.converters import TransformersConverter

    with TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "converted")
        with quiet_libraries(), frozen_heap():
            checkpoint.model.save_pretrained(source)
            checkpoint.tokenizer.save_pretrained(source)
            TransformersConverter(str(source)).convert(str(target), quantization=compute_type)
        yield target
