"""Chat messages as inputs that can be compared and cached."""

from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.prompts.chat_input import ChatInput

MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": st.text()}),
    max_size=4,
)


@given(MESSAGES)
@settings(deadline=None)
def test_messages_come_back_as_they_were(messages: list[dict[str, str]]) -> None:
    assert ChatInput.of(messages).messages() == messages


@given(MESSAGES, MESSAGES)
@settings(deadline=None)
def test_equal_messages_are_one_input(one: list[dict[str, str]], other: list[dict[str, str]]) -> None:
    assert len({ChatInput.of(one), ChatInput.of([dict(message) for message in one])}) == 1
    assert (ChatInput.of(one) == ChatInput.of(other)) == (one == other)


def test_keys_beside_role_and_content_do_not_count() -> None:
    assert ChatInput.of([{"role": "user", "content": "Hi", "name": "me"}]).messages() == [
        {"role": "user", "content": "Hi"}
    ]
