"""Which folders are models, and what their identity covers."""

import errno
import json
import shutil
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling import FlatAgent
from modeling.checkpoints.load import load_checkpoint
from modeling.checkpoints.transformers_models import explain
from modeling.recipes.recipe import Recipe
from modeling.training.train import train

RELEASE = Path(__file__).parents[3] / "release"
SMALLER = (RELEASE / "flat" / "config.json").read_bytes().replace(b'"d_ff": ', b'"d_ff": 1')
WEIGHTS = ("config.json", "generation_config.json", "model.safetensors")


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """A copy of a released model, to be changed."""
    return shutil.copytree(RELEASE / "flat", tmp_path / "flat")


def _only(folder: Path, *names: str) -> None:
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()


def test_a_folder_without_tokenizer_files_is_refused_at_play_and_in_training(
    flat: Path, recipe: Recipe, dataset: Path, tmp_path: Path
) -> None:
    _only(flat, *WEIGHTS)
    with pytest.raises(UsageError, match="does not know the words of a state text: its files"):
        FlatAgent.from_pretrained(str(flat))
    with pytest.raises(UsageError, match="does not know the words"):
        train("flat", recipe, dataset, tmp_path / "out", base=str(flat))


def test_an_incomplete_model_is_one_line_with_the_remedy(flat: Path) -> None:
    _only(flat, *WEIGHTS)
    (flat / "spiece.model").write_bytes(b"damaged")
    with pytest.raises(UsageError, match=r"pip install sentencepiece protobuf`, or .*\[sentencepiece\]"):
        load_checkpoint(str(flat))
    (flat / "model.safetensors").rename(flat / "pytorch_model.bin")
    with pytest.raises(UsageError, match=r"no weights in model.safetensors. If you trust its pytorch_model"):
        load_checkpoint(str(flat))
    _only(flat)
    (flat / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    with pytest.raises(UsageError, match=r"adapter_config\.json does not name its base"):
        load_checkpoint(str(flat))


@pytest.mark.parametrize(("key", "value"), [("subgoal_role", 7), ("state_text_version", ["compact-2"])])
def test_keys_of_the_config_are_text(flat: Path, key: str, value: object) -> None:
    config = json.loads((flat / "config.json").read_text())
    (flat / "config.json").write_text(json.dumps(config | {key: value}))
    with pytest.raises(UsageError, match=f"{key} in its config.json must be text"):
        FlatAgent.from_pretrained(str(flat))


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("model.safetensors", b"", r"The weights of .* \(model\.safetensors\) are damaged"),
        ("model.safetensors", b"\xff" * 5000, r"are damaged"),
        ("tokenizer.json", b"[]", "is not a model that can be loaded"),
        ("tokenizer.json", b"{}", "is not a model that can be loaded"),
        ("tokenizer.json", b"{", "is not a model that can be loaded"),
        ("tokenizer_config.json", b"[]", "is not a model that can be loaded"),
        ("config.json", SMALLER, "do not have the sizes that its config.json names"),
        ("config.json", b"[]", "is not a model that can be loaded"),
        ("config.json", b"\xff\xfe", "is not a model that can be loaded"),
        ("generation_config.json", b'{"max_new', r"its generation_config\.json is damaged .*: copy that"),
        ("generation_config.json", b"\xff\xfe", r"its generation_config\.json is damaged"),
        ("generation_config.json", b"[]", r"its generation_config\.json is damaged"),
        ("generation_config.json", b'{"max_new_tokens": "48"}', r"is damaged \(max_new_tokens: '48'\)"),
        ("generation_config.json", b'{"max_new_tokens": 0}', r"is damaged \(max_new_tokens: 0\)"),
    ],
)
def test_damaged_files_are_one_line(flat: Path, name: str, content: bytes, line: str) -> None:
    (flat / name).write_bytes(content)
    with pytest.raises(UsageError, match=line) as caught:
        load_checkpoint(str(flat))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [[], "free", {"free": [17]}, {"free": [17], "joints": None}, {"free": ["go"], "joints": []}],
)
def test_a_damaged_grounding_entry_is_one_line_with_the_remedy(flat: Path, entry: object) -> None:
    config = json.loads((flat / "config.json").read_text())
    (flat / "config.json").write_text(json.dumps(config | {"grounding": entry}))
    with pytest.raises(UsageError, match=r"flat: the entry grounding in its config\.json .* or add --free"):
        FlatAgent.from_pretrained(str(flat))
    agent = FlatAgent.from_pretrained(str(flat), grounded=False)
    assert agent.describe()["decoding"]["grounded"] is False


def test_grounding_with_unknown_tokens_is_damaged(flat: Path) -> None:
    config = json.loads((flat / "config.json").read_text())
    config["grounding"]["joints"].append(config["vocab_size"])
    (flat / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="the entry grounding in its config"):
        FlatAgent.from_pretrained(str(flat))


def test_the_decoding_says_whether_answers_were_grounded(flat: Path) -> None:
    assert FlatAgent.from_pretrained(str(flat)).describe()["decoding"]["grounded"] is True
    config = json.loads((flat / "config.json").read_text())
    del config["grounding"]
    (flat / "config.json").write_text(json.dumps(config))
    assert FlatAgent.from_pretrained(str(flat)).describe()["decoding"]["grounded"] is False


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/cache/hub/x.lock"), "/cache/hub/x.lock"),
        (OSError(errno.EROFS, "Read-only file system"), "hub"),
        (OSError(errno.ENOSPC, "No space left on device"), "hub"),
    ],
)
def test_a_cache_that_cannot_be_written_is_not_a_bad_model(cause: OSError, text: str) -> None:
    error = OSError("PermissionError at None when downloading ns/model.")
    error.__cause__ = cause
    explained = explain("ns/model", error)
    assert isinstance(explained, OSError)
    assert explained.errno == cause.errno
    assert str(explained.filename).endswith(text)
