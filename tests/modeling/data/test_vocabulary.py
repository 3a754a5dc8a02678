"""Words of a vocabulary, and the verbs among them."""

from modeling.data.tokenizer import train_tokenizer
from modeling.data.vocabulary import BLANKS, verbs, vocabulary

ANSWERS = ["move glass cup to pot", "focus_on(glass cup)"]
TOKENIZER = train_tokenizer(ANSWERS * 3, vocab_size=400)


def test_every_token_id_has_its_word() -> None:
    words = vocabulary(TOKENIZER)
    assert len(words) == len(TOKENIZER)
    assert TOKENIZER.convert_tokens_to_ids(words[:50]) == list(range(50))


def test_verbs_are_first_words_of_actions_and_names_of_subgoals() -> None:
    words = vocabulary(TOKENIZER)
    found = {words[token].strip("".join(BLANKS)) for token in verbs(TOKENIZER(ANSWERS)["input_ids"], words)}
    assert {"move", "focus"} <= found
    assert not {"glass", "cup", "pot"} & found
