"""Choosing an engine: transformers runs any model anywhere, CTranslate2 runs a T5 on CPUs."""

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import Checkpoint
from modeling.inference.base import Backend, TokenFitter
from modeling.inference.ctranslate2_backend import CTranslate2Backend
from modeling.inference.grounding import Grounding
from modeling.inference.transformers_backend import TransformersBackend

BACKENDS = ("auto", "transformers", "ctranslate2", "ctranslate2-int8")
"""`auto` is ctranslate2 if it supports the model and the search, else transformers."""


def make_backend(
    name: str,
    checkpoint: Checkpoint,
    fitter: TokenFitter,
    max_new_tokens: int,
    samples: int = 0,
    grounding: Grounding | None = None,
) -> Backend:
    """Create the engine of that name for a model.

    Args:
        name (`str`): one of `BACKENDS`.
        checkpoint (`Checkpoint`): the model.
        fitter (`TokenFitter`): turns texts into token ids that fit the model.
        max_new_tokens (`int`): longest answer in tokens.
        samples (`int`, *optional*, defaults to 0): above 0 if answers will be sampled, which only
            transformers can do.
        grounding (`Grounding`, *optional*): constraint on the answers; None for unconstrained decoding.

    Raises:
        UsageError: for an unknown name, or a model that the engine does not support.
    """
    if name not in BACKENDS:
        raise UsageError(f"Unknown backend {name!r}: use {', '.join(BACKENDS)}.")
    model = checkpoint.model
    supported = model.config.model_type == "t5" and model.device.type == "cpu"
    if name == "transformers" or (name == "auto" and (samples or not supported)):
        return TransformersBackend(model, fitter, max_new_tokens, grounding)
    if not supported:
        raise UsageError(
            f"Backend {name} takes T5 models on a CPU; {checkpoint.id} is a {model.config.model_type} on "
            f"{model.device.type}: use --backend transformers."
        )
    compute_type = "int8" if name == "ctranslate2-int8" else "float32"
    return CTranslate2Backend(checkpoint, fitter, max_new_tokens, compute_type, grounding)
