"""What computes a model's answers: transformers for any model anywhere, CTranslate2 for a T5 on CPUs.

CTranslate2 in 32 bits gives the same answers several times faster: no padding is computed, the
search runs in C++, and every core has a batch of its own. Its 8-bit weights are faster still, but a
close decision may fall otherwise.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from dataset_builder.errors import UsageError
from modeling.checkpoint import Checkpoint
from modeling.device import cpu_threads
from modeling.generate import Answer, Search, answer_all, distinct
from modeling.grounding import Grounding
from modeling.quiet import quiet_libraries

if TYPE_CHECKING:
    from modeling.data import Fitter

BACKENDS = ("auto", "transformers", "ctranslate2", "ctranslate2-int8")
"""`auto` is ctranslate2 where it can be, else transformers."""

_TEXTS_PER_BATCH = 8  # more of them pad each other and leave the other cores idle


class Backend(Protocol):
    """Computes answers.

    Attributes:
        name: one of `BACKENDS`, not `auto`.
        dtype: what it computes in.
    """

    name: str
    dtype: str

    def answer(
        self, texts: Sequence[str], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Answers to each text; `seeds` are for draws."""
        ...


class TransformersBackend:
    """The model as it was loaded, on the device it is on.

    Args:
        checkpoint (`Checkpoint`): the model.
        fitter (`Fitter`): makes its inputs.
        max_new_tokens (`int`): longest answer in tokens.
        grounding (`Grounding`, *optional*): what answers may hold.
    """

    name = "transformers"

    def __init__(
        self,
        checkpoint: Checkpoint,
        fitter: "Fitter",
        max_new_tokens: int,
        grounding: Grounding | None = None,
    ) -> None:
        self._model, self._fitter, self._longest = checkpoint.model, fitter, max_new_tokens
        self._grounding = grounding
        self.dtype = str(checkpoint.model.dtype).removeprefix("torch.")

    def answer(
        self, texts: Sequence[str], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        return answer_all(self._model, self._fitter, texts, self._longest, search, seeds, self._grounding)


class CTranslate2Backend:
    """The model converted for CTranslate2, one thread per batch and a batch for every core it may use.

    It cannot be told what answers may hold. A greedy answer that is grounded anyway is the one that would
    be found; any other, and a search with beams, is left to transformers.

    Args:
        checkpoint (`Checkpoint`): a T5.
        fitter (`Fitter`): makes its inputs.
        max_new_tokens (`int`): longest answer in tokens.
        compute_type (`str`, *optional*, defaults to `"float32"`): or `"int8"`.
        grounding (`Grounding`, *optional*): what answers may hold.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        fitter: "Fitter",
        max_new_tokens: int,
        compute_type: str = "float32",
        grounding: Grounding | None = None,
    ) -> None:
        self.name = "ctranslate2" if compute_type == "float32" else f"ctranslate2-{compute_type}"
        self.dtype = compute_type
        self._fitter, self._longest = fitter, max_new_tokens
        self._threads = cpu_threads()
        self._translator = _translator(checkpoint, compute_type, self._threads)
        self._grounding = grounding
        self._slow = TransformersBackend(checkpoint, fitter, max_new_tokens, grounding)

    def answer(
        self, texts: Sequence[str], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Answers to each text.

        Raises:
            UsageError: if `search` wants samples: CTranslate2's draws cannot be repeated.
        """
        if search.samples:
            raise UsageError("Samples need --backend transformers: ctranslate2's draws cannot be repeated.")
        different = list(dict.fromkeys(texts))
        if self._grounding and search.num_beams > 1:
            return self._slow.answer(texts, search)
        ids, _ = self._fitter.encode(different)
        tokenizer = self._fitter.tokenizer
        results = self._translate(
            [list(map(str, tokenizer.convert_ids_to_tokens(row))) for row in ids], search
        )
        answers = {}
        again = []
        for text, row, result in zip(different, ids, results, strict=True):
            written: list[Any] = [tokenizer.convert_tokens_to_ids(tokens) for tokens in result.hypotheses]
            if self._grounding and any(self._grounding.breaks(row, written[0])):
                again.append(text)
            found = tokenizer.batch_decode(written, skip_special_tokens=True)
            answers[text] = Answer(distinct(found), read=len(row), written=sum(map(len, written)))
        if again:
            answers |= dict(zip(again, self._slow.answer(again, search), strict=True))
        return [answers[text] for text in texts]

    def _translate(self, inputs: list[list[str]], search: Search) -> Any:
        share = -(-len(inputs) // self._threads)
        return self._translator.translate_batch(
            inputs,
            beam_size=search.num_beams,
            num_hypotheses=search.num_answers,
            max_decoding_length=self._longest,
            max_input_length=0,
            max_batch_size=max(1, min(_TEXTS_PER_BATCH, share)),
        )


def _translator(checkpoint: Checkpoint, compute_type: str, threads: int) -> Any:
    import ctranslate2
    from ctranslate2.converters import TransformersConverter

    with TemporaryDirectory() as folder:
        source, converted = Path(folder, "source"), Path(folder, "converted")
        with quiet_libraries():
            checkpoint.model.save_pretrained(source)
            checkpoint.tokenizer.save_pretrained(source)
            TransformersConverter(str(source)).convert(str(converted), quantization=compute_type)
        config = converted / "config.json"
        values = json.loads(config.read_text(encoding="utf-8"))
        # A byte-level tokenizer knows every text; CTranslate2 wants a token for unknown ones all the same.
        values["unk_token"] = values["unk_token"] or checkpoint.tokenizer.pad_token
        config.write_text(json.dumps(values), encoding="utf-8")
        return ctranslate2.Translator(
            str(converted), device="cpu", compute_type=compute_type, inter_threads=threads, intra_threads=1
        )


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
