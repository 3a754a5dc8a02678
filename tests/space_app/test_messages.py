import pytest

from dataset_builder.common.errors import UsageError, clip
from space_app.messages import user_message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Cannot read /home/me/.cache/hub/models--a/config.json: broken", "Cannot read …: broken"),
        ("~/models/x and '/srv/app/release/controller'", "… and '…'"),
        ("ns/controller is an executor and ns/executor a controller", None),
        ("see https://huggingface.co/ns/name/tree/main", None),
        ("place(a pot, and/or a jar)", None),
    ],
)
def test_paths_of_the_server_are_removed(text: str, says: str | None) -> None:
    assert user_message(UsageError(text)) == (says or text)


def test_long_texts_are_cut() -> None:
    assert clip("x" * 100_000, 5) == "xxxxx…"
    assert clip(7) == "7"
