"""What computes a model's answers: transformers for any model anywhere, CTranslate2 for a T5 on CPUs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import Checkpoint
from modeling.inference.ctranslate2_backend import CTranslate2Backend
from modeling.inference.grounding import Grounding
from modeling.inference.search import Answer, Search
from modeling.inference.transformers_backend import TransformersBackend

if TYPE_CHECKING:
    from modeling.data.encoding import Fitter

BACKENDS = ("auto", "transformers", "ctranslate2", "ctranslate2-int8")
"""`auto` is ctranslate2 where it can be, else transformers."""


class Backend(Protocol):
    """Computes answers.

    Attributes:
        name: one of `BACKENDS`, not `auto`.
        dtype: what it computes in.
        concurrent: how many threads may ask it at the same time, and gain by it.
    """

    name: str
    dtype: str
    concurrent: int

    def answer(
        self, texts: Sequence[str], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Answers to each text; `seeds` are for draws."""
        ...


def make_backend(
    name: str,
    checkpoint: Checkpoint,
    fitter: "Fitter",
    max_new_tokens: int,
    samples: int = 0,
    grounding: Grounding | None = None,
) -> Backend:
    """The backend of that name for a model.

    Args:
        name (`str`): one of `BACKENDS`.
        checkpoint (`Checkpoint`): the model.
        fitter (`Fitter`): makes its inputs.
        max_new_tokens (`int`): longest answer in tokens.
        samples (`int`, *optional*, defaults to 0): whether answers will be drawn, which `auto` minds.
        grounding (`Grounding`, *optional*): what answers may hold; None leaves them free.

    Raises:
        UsageError: for an unknown name, or a model that the backend cannot take.
    """
    if name not in BACKENDS:
        raise UsageError(f"Unknown backend {name!r}: use {', '.join(BACKENDS)}.")
    fits = checkpoint.model.config.model_type == "t5" and checkpoint.model.device.type == "cpu"
    if name == "transformers" or (name == "auto" and (samples or not fits)):
        return TransformersBackend(checkpoint, fitter, max_new_tokens, grounding)
    if not fits:
        raise UsageError(
            f"Backend {name} takes T5 models on a CPU; {checkpoint.id} is a "
            f"{checkpoint.model.config.model_type} on {checkpoint.model.device.type}: use --backend "
            "transformers."
        )
    compute_type = "int8" if name == "ctranslate2-int8" else "float32"
    return CTranslate2Backend(checkpoint, fitter, max_new_tokens, compute_type, grounding)
