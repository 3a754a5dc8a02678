"""Causal models with transformers: batches, padding, early stops, beams and samples."""

from typing import Any

import pytest

from modeling.data.prompt_encoding import PromptFitter
from modeling.inference.causal import before_end, end_tokens, pad_left
from modeling.inference.grounding import Grounding
from modeling.inference.search import Search
from modeling.inference.transformers_backend import TransformersBackend, decode
from modeling.prompts.target import TargetPattern
from modeling.prompts.template import load_template
from tests.modeling.tiny_models import FAMILIES, tiny_model, tiny_tokenizer

TEXTS = [
    "task: boil water. | room: kitchen | see: stove (off), sink | past: ",
    "task: boil water. | room: kitchen | see: stove (off), sink, metal pot | past: open door ; pick up pot",
    "task: find a wolf. | room: outside | see: wolf, fire pit | past: ",
    "task: find a wolf. | room: hallway | see: picture | exits: kitchen, outside | past: look around",
    "room: a",
    "task: focus on the thermometer. | room: workshop | see: thermometer (10 degrees), battery | past: ",
    "task: boil water. | room: bathroom | see: sink (on), toilet, glass cup | been: kitchen | past: wait",
    "task: a",
]
LENGTH = 16


def make(family: str, target: str = "after:Action:", length: int = LENGTH) -> tuple[Any, PromptFitter]:
    """A model with random weights, whose answers never end by themselves at this target."""
    tokenizer = tiny_tokenizer(family)
    fitter = PromptFitter(
        tokenizer, load_template("state"), "compact-2", 900, "flat", TargetPattern.parse(target)
    )
    return tiny_model(family, tokenizer), fitter


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_writes_token_by_token_what_generate_writes_for_each_alone(family: str) -> None:
    import torch

    model, fitter = make(family)
    ids, _ = fitter.encode(TEXTS)
    assert len(set(map(len, ids))) > 4  # so that padding matters
    together = TransformersBackend(model, fitter, LENGTH)._generate([(t, 0) for t in TEXTS], ids, Search())
    for row, (answer,) in zip(ids, together, strict=True):
        alone = model.generate(torch.tensor([row]), max_new_tokens=LENGTH, do_sample=False)[0, len(row) :]
        assert answer == before_end(alone.tolist(), end_tokens(model, fitter.tokenizer))
    assert len({tuple(answer) for (answer,) in together}) > 4


@pytest.mark.parametrize("family", FAMILIES)
def test_batch_sizes_one_and_eight_give_the_same_answers(family: str) -> None:
    model, fitter = make(family)
    backend = TransformersBackend(model, fitter, LENGTH)
    for search in (Search(), Search(num_beams=3, num_answers=3)):
        together = backend.answer(TEXTS, search)
        assert [backend.answer([text], search)[0] for text in TEXTS] == together


def test_padding_is_masked_by_position() -> None:
    batch = pad_left([[7, 7, 5], [6]], pad=7)
    assert batch["input_ids"].tolist() == [[7, 7, 5], [7, 7, 6]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [0, 0, 1]]


def test_penalties_and_sampling_of_a_published_config_are_not_used() -> None:
    model, fitter = make("qwen2")
    plain = decode(model, fitter, TEXTS, LENGTH)
    config = model.generation_config
    config.do_sample, config.temperature, config.top_k, config.repetition_penalty = True, 5.0, 3, 2.0
    assert decode(model, fitter, TEXTS, LENGTH) == plain


def test_answers_end_at_any_end_mark_or_where_the_target_is_whole() -> None:
    model, fitter = make("llama")
    first = TransformersBackend(model, fitter, LENGTH).answer(TEXTS[:1], Search())[0]
    assert first.written == LENGTH
    ids, _ = fitter.encode(TEXTS[:1])
    ((answer,),) = TransformersBackend(model, fitter, LENGTH)._generate([(TEXTS[0], 0)], ids, Search())
    model.generation_config.eos_token_id = [fitter.tokenizer.eos_token_id, answer[3]]
    shorter = TransformersBackend(model, fitter, LENGTH).answer(TEXTS[:1], Search())[0]
    assert shorter.written == answer.index(answer[3]) <= 3

    model, lines = make("qwen2", "first-line", 64)
    for line in TransformersBackend(model, lines, 64).answer(TEXTS, Search()):
        assert lines.is_complete(line.raw) == ("\n" in line.raw.lstrip())
        assert line.written == 64 or lines.is_complete(line.raw)


def test_samples_are_ranked_by_votes_over_the_actions_and_can_be_repeated() -> None:
    model, fitter = make("qwen2")
    backend = TransformersBackend(model, fitter, 4)
    search = Search(samples=6, temperature=1.0, top_p=1.0)
    drawn = backend.answer(TEXTS[:3], search, seeds=[1, 2, 3])
    assert backend.answer(TEXTS[:3], search, seeds=[1, 2, 3]) == drawn
    assert backend.answer(TEXTS[:3], search, seeds=[4, 5, 6]) != drawn
    assert max(len(answer.texts) for answer in drawn) > 1


def test_grounded_answers_keep_the_constraint() -> None:
    model, fitter = make("gpt2", "first-line")
    end = fitter.tokenizer.eos_token_id
    ids, _ = fitter.encode(TEXTS)
    grounding = Grounding(frozenset({end}), frozenset({end}))
    for search in (Search(), Search(num_beams=3, num_answers=3), Search(samples=2)):
        backend = TransformersBackend(model, fitter, 8, grounding)
        for row, answers in zip(ids, backend._generate([(t, 0) for t in TEXTS], ids, search), strict=True):
            for answer in answers:
                assert not list(grounding.violations(row, answer))
