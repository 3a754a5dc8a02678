"""CTranslate2: the same best answers as from transformers, many times faster, for a T5 on CPUs.

No padding is computed, the search runs in C++, and every core has texts of its own. Two things keep
the searches few. Where the best answer is wanted and the greedy one leaves no other enough probability
(`greedy_is_optimal`), beams are not searched: they could find nothing better, though where answers are free
their search may end before they find it. And what answers may hold (`modeling.inference.grounding`) is told
as sequences that must not come, text by text, wherever the free answer holds one.

Its 8-bit weights are faster still, but a close decision may fall otherwise.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import Checkpoint
from modeling.inference.grounding import Grounding
from modeling.inference.search import Answer, Search, distinct
from modeling.runtime.device import cpu_threads
from modeling.runtime.quiet import quiet_libraries

if TYPE_CHECKING:
    from modeling.data.encoding import Fitter

_TEXTS_PER_BATCH = 8  # more of them pad each other and leave the other cores idle
_PATIENCE = 4
"""Where little may be said, poor answers end early: so many times the beams must end before a search does."""


class CTranslate2Backend:
    """The model converted for CTranslate2.

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
        self._fitter, self._longest, self._grounding = fitter, max_new_tokens, grounding
        self._threads = cpu_threads()
        # While one batch is decided, another's worlds move, and a third's next episodes are loaded.
        self.concurrent = 3 if self._threads > 1 else 1
        self._translator, self._words = _convert(checkpoint, compute_type, self._threads)
        self._ids = {word: token for token, word in enumerate(self._words)}
        self._end = checkpoint.tokenizer.eos_token_id

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
        ids, _ = self._fitter.encode(different)
        known = self._greedy(ids, search) if search.num_answers == 1 else {}
        known |= self._search({place: row for place, row in enumerate(ids) if place not in known}, search)
        answers = {}
        for place, (text, row) in enumerate(zip(different, ids, strict=True)):
            found = self._fitter.tokenizer.batch_decode(known[place], skip_special_tokens=True)
            answers[text] = Answer(distinct(found), read=len(row), written=sum(map(len, known[place])))
        return [answers[text] for text in texts]

    def _greedy(self, ids: Sequence[list[int]], search: Search) -> dict[int, list[list[int]]]:
        """Greedy answers to those of the inputs where they are what the search would find."""
        results = self._translate(ids, return_scores=True, length_penalty=0)
        found = {}
        for place, (row, result) in enumerate(zip(ids, results, strict=True)):
            answer, probability = self._tokens(result.hypotheses[0]), result.scores[0]
            best = search.num_beams == 1 or greedy_is_optimal(probability, len(answer), self._longest)
            if best and self._is_grounded(row, answer):
                found[place] = [answer]
        return found

    def _search(self, ids: dict[int, list[int]], search: Search) -> dict[int, list[list[int]]]:
        """What the search finds, best first."""
        options: dict[str, Any] = {"beam_size": search.num_beams, "num_hypotheses": search.num_answers}
        if not self._grounding:
            results = self._translate(list(ids.values()), **options)
        else:
            # Each input forbids other things, so each is a call of its own; the calls run side by side.
            options |= {"asynchronous": True, "patience": _PATIENCE if search.num_beams > 1 else 1}
            calls = [
                self._translate(
                    [row], suppress_sequences=self._grounding.forbidden(row, self._words), **options
                )
                for row in ids.values()
            ]
            results = [call.result() for (call,) in calls]
        return {
            place: [
                answer for answer in map(self._tokens, result.hypotheses) if self._is_grounded(row, answer)
            ]
            for (place, row), result in zip(ids.items(), results, strict=True)
        }

    def _is_grounded(self, row: Sequence[int], answer: Sequence[int]) -> bool:
        whole = [*answer, self._end][: self._longest]  # one that was cut at the limit has no end
        return not self._grounding or not any(self._grounding.breaks(row, whole))

    def _tokens(self, words: Sequence[str]) -> list[int]:
        return [self._ids[word] for word in words]

    def _translate(self, ids: Sequence[Sequence[int]], **options: Any) -> list[Any]:
        share = -(-len(ids) // self._threads)
        found: list[Any] = self._translator.translate_batch(
            [[self._words[token] for token in row] for row in ids],
            **{"beam_size": 1} | options,
            max_decoding_length=self._longest,
            max_input_length=0,
            max_batch_size=max(1, min(_TEXTS_PER_BATCH, share)),
        )
        return found


def greedy_is_optimal(log_probability: float, length: int, longest: int) -> bool:
    """Whether no other answer can have a higher mean log-probability per token than this one.

    All others together have what it leaves of the probability. At best one of them has all of that, and
    it counts for most at the greatest length.

    Args:
        log_probability (`float`): of the answer.
        length (`int`): its tokens, the end not counted.
        longest (`int`): most tokens an answer may have, the end not counted.
    """
    left = -math.expm1(log_probability)
    return left <= 0 or log_probability / (length + 1) > math.log(left) / (longest + 1)


def _convert(checkpoint: Checkpoint, compute_type: str, threads: int) -> tuple[Any, list[str]]:
    """The model for CTranslate2, and its vocabulary: token id → word."""
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
        words = json.loads((converted / "shared_vocabulary.json").read_text(encoding="utf-8"))
        translator = ctranslate2.Translator(
            str(converted), device="cpu", compute_type=compute_type, inter_threads=threads, intra_threads=1
        )
        return translator, words
