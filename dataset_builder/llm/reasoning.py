"""The answer within what a model wrote: without its reasoning, and the JSON values that it holds."""

import json
import re
from typing import Any

MAX_ANSWER_CHARS = 200_000
"""Characters of an answer that are read: a hundred times those of a long path's annotation."""

_MARKS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|start_thinking|>": "<|end_thinking|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
}
_MARK = re.compile("|".join(map(re.escape, [*_MARKS, *_MARKS.values()])), re.IGNORECASE)
# gpt-oss writes messages into channels, and only those of the channel `final` are for the reader.
_CHANNEL = re.compile(r"<\|channel\|>")
_FINAL = re.compile(r"<\|channel\|>\s*final[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>")
# The same where the server dropped the special tokens: `analysis…assistantfinal…`.
_FLAT = re.compile(r"\s*(?:assistant)?analysis(?=[A-Z\"']|.*?assistantfinal)", re.DOTALL)
_FLAT_FINAL = "assistantfinal"
# What follows the end of a turn is a turn that the model made up.
_START = re.compile(r"\s*(?:(?:<s>|<bos>|<\|[a-z_]{1,30}\|>)\s*(?:assistant\s*\n)?)+", re.IGNORECASE)
_END = re.compile(
    r"</s>|<eos>|<end_of_turn>"
    r"|<\|(?:im_end|im_start|eot_id|eom_id|end|return|endoftext|end_of_text|end_response)\|>"
    r"|<\uff5cend\u2581of\u2581sentence\uff5c>",
    re.IGNORECASE,
)

_JSON_START = re.compile(r'\{\s*"|\[\s*\{')


def without_reasoning(text: str) -> str:
    r"""The answer without the reasoning before it; `""` if the text is only reasoning.

    Reasoning is the text between `<think>`, `<thinking>`, `<thought>`, `<reasoning>` or `[THINK]` and
    the closing mark, or the end of the text; what precedes a closing mark without an opening one, since
    some chat templates open it in the prompt; and all channels but `final` in the format of gpt-oss.

    Example:

    ```python
    >>> without_reasoning("<think>Action: jump? No.</think>\nAction: open door<|im_end|>")
    'Action: open door'
    ```
    """
    text = text[:MAX_ANSWER_CHARS]
    if _CHANNEL.search(text):
        # The last message counts: earlier ones of the same channel are drafts.
        *_, final = [None, *_FINAL.finditer(text)]
        text = text[final.end() :] if final else ""
    elif _FLAT.match(text):
        text = text.rpartition(_FLAT_FINAL)[2] if _FLAT_FINAL in text else ""
    text = _outside_of_tags(text)
    text = text[start.end() :] if (start := _START.match(text)) else text
    return _END.split(text, maxsplit=1)[0].strip()


def _outside_of_tags(text: str) -> str:
    """The text outside of reasoning marks, in one pass: a model can fill its context with them."""
    kept: list[str] = []
    closing = ""  # the mark that ends the reasoning in which we are
    position, end = 0, len(text.rstrip())
    for match in _MARK.finditer(text):
        mark = match[0].lower()
        if closing and mark != closing:
            continue
        if not closing and (mark in _MARKS or match.end() == end):
            # (Some models end their answer with a closing mark that closes nothing.)
            kept.append(text[position : match.start()])
        elif not closing:
            kept.clear()
        closing = _MARKS.get(mark, "")
        position = match.end()
    if not closing:
        kept.append(text[position:])
    return "".join(kept)


def json_values(text: str, tries: int = 100) -> tuple[list[Any], bool]:
    """The complete JSON objects, and lists of objects, that a text holds, in order.

    Args:
        text (`str`): an answer, perhaps with drafts, code fences or prose.
        tries (`int`, *optional*, defaults to 100): incomplete values that are passed over, at most: each
            takes time that grows with the text.

    Returns:
        `tuple[list, bool]`: the values, and whether an incomplete one comes before any of them. Then
        some may be parts of it.
    """
    decoder = json.JSONDecoder()
    values: list[Any] = []
    position = failures = 0
    broken_first = False
    while failures < tries and (start := _JSON_START.search(text, position)):
        try:
            value, position = decoder.raw_decode(text, start.start())
            values.append(value)
        except (ValueError, RecursionError):  # the latter by thousands of open brackets
            position = start.start() + 1
            failures += 1
            broken_first = broken_first or not values
    return values, broken_first
