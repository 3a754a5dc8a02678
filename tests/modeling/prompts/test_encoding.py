"""Chat messages as token ids, for tokenizers of three families."""

import pytest

from dataset_builder.common.errors import UsageError
from modeling.prompts.encoding import answer_ids, prompt_ids
from tests.modeling.tiny_models import FAMILIES, tiny_tokenizer

MESSAGES = [{"role": "system", "content": "You play."}, {"role": "user", "content": "room: kitchen"}]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_ends_where_the_answer_begins(family: str) -> None:
    tokenizer = tiny_tokenizer(family)
    text = tokenizer.decode(prompt_ids(tokenizer, MESSAGES))
    assert (
        text
        == {
            "llama": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou play.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nroom: kitchen<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
            "qwen2": "<|im_start|>system\nYou play.<|im_end|>\n<|im_start|>user\nroom: kitchen<|im_end|>\n"
            "<|im_start|>assistant\n<think>\n\n</think>\n\n",
            "gpt2": "You play.\n\nroom: kitchen\n",
        }[family]
    )
    assert tokenizer.decode(answer_ids(tokenizer, "open door")) == f"open door{tokenizer.eos_token}"


def test_reasoning_is_a_switch_of_the_chat_template() -> None:
    tokenizer = tiny_tokenizer("qwen2")
    assert tokenizer.decode(prompt_ids(tokenizer, MESSAGES, thinking=True)).endswith("assistant\n")


def test_a_system_role_that_is_refused_is_folded_into_the_users_message() -> None:
    tokenizer = tiny_tokenizer("qwen2")
    tokenizer.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "{% for message in messages %}{{ message.content }}{% endfor %}"
    )
    assert tokenizer.decode(prompt_ids(tokenizer, MESSAGES)) == "You play.\n\nroom: kitchen"
    tokenizer.chat_template = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(UsageError, match=r"chat template does not accept .*\(roles must alternate\)"):
        prompt_ids(tokenizer, MESSAGES)
