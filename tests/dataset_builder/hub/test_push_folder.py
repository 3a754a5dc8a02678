"""Pushing to a Hub over HTTP, with the unmodified clients, and loading what was pushed."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets import Dataset, load_dataset

from dataset_builder.common.folder_lock import LOCK_FILES
from dataset_builder.dataset.features import CONFIGS
from dataset_builder.hub.push_folder import DATASET_ID
from tests.servers.hub_api import READ_TOKEN, TOKEN
from tests.servers.local_hub import Fault, LocalHub
from tests.warm import WarmProcess

# Prints, per configuration and split, a digest of the rows, in all the ways of loading them.
LOAD = """
import hashlib, json, sys
import datasets

datasets.disable_progress_bars()
repo, branch, commit, *configs = sys.argv[1:]

def digest(rows):
    return hashlib.sha256(json.dumps(list(rows)).encode()).hexdigest()

def digests(config, **options):
    return {split: digest(rows) for split, rows in datasets.load_dataset(repo, config, **options).items()}

print(json.dumps({
    config: [
        digests(config),
        digests(config, streaming=True),
        digests(config, revision=branch),
        digests(config, revision=commit, streaming=True),
    ]
    for config in configs
}))
"""

# A checkpoint and a space, as the other packages push them.
PUSH_OTHERS = """
import sys
from pathlib import Path
from huggingface_hub import snapshot_download
from dataset_builder.hub.push_folder import push_folder

folder = Path(sys.argv[1])
pushed = push_folder(
    folder, "tester/model", repo_type="model", contents={"README.md": b"hello"}, ignore=["checkpoint-*/*"]
)
got = Path(snapshot_download("tester/model", revision=pushed.commit))
print(sorted(path.relative_to(got).as_posix() for path in got.rglob("*") if path.is_file()))
print((got / "README.md").read_text())
print(push_folder(folder, "tester/space", repo_type="space", space_sdk="gradio").url)
"""


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as server:
        yield server


class Client:
    """Runs programs in processes of their own, whose Hub is the local one."""

    def __init__(self, hub: LocalHub, home: Path) -> None:
        self.hub = hub
        self.home = home

    def start(self, *arguments: str, token: str | None = TOKEN, **variables: str) -> WarmProcess:
        return WarmProcess(*arguments, env=os.environ | self.hub.environment(self.home, token) | variables)

    def run(self, *arguments: str, status: int = 0, token: str | None = TOKEN, **variables: str) -> str:
        """What a program printed to stdout, or to stderr if it was to fail. It must not print the token."""
        with self.start(*arguments, token=token, **variables) as process:
            out, err = process.communicate()
        assert process.returncode == status, err
        assert not token or token not in out + err
        return err if status else out

    def push(
        self, folder: Path, *options: str, status: int = 0, token: str | None = TOKEN, **variables: str
    ) -> str:
        command = ("-m", "subgoal", "corpus", "push", str(folder), *options)
        return self.run(*command, status=status, token=token, **variables)


@pytest.fixture
def client(hub: LocalHub, tmp_path: Path) -> Client:
    return Client(hub, tmp_path / "home")


@pytest.fixture
def folder(dataset_folder: Path, tmp_path: Path) -> Path:
    """A dataset to change at will."""
    return Path(shutil.copytree(dataset_folder, tmp_path / "dataset"))


def local(folder: Path, repo_id: str = "tester/data") -> dict[str, bytes]:
    """What a repository should hold after a push of `folder`."""
    paths = [path for path in folder.rglob("*.*") if path.name not in LOCK_FILES]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return files | {"README.md": files["README.md"].replace(DATASET_ID.encode(), repo_id.encode())}


def digest(rows: Dataset) -> str:
    return hashlib.sha256(json.dumps(list(rows)).encode()).hexdigest()


def test_a_pushed_dataset_is_loaded_by_its_id(hub: LocalHub, client: Client, dataset_folder: Path) -> None:
    said = client.push(dataset_folder, "tester/data")
    commit = hub.repo("tester/data").branches["main"]
    assert said == f"Pushed: {hub.url}/datasets/tester/data (commit {commit})\n"
    client.push(dataset_folder, "tester/data", "--revision", "v1", "--message", "First")

    loaded = json.loads(client.run("-c", LOAD, "tester/data", "v1", commit, *CONFIGS))

    for config in CONFIGS:
        usual, streamed, branch, pinned = loaded[config]
        assert usual == streamed == branch == pinned
        tables = load_dataset(str(dataset_folder), config)
        assert usual == {split: digest(table) for split, table in tables.items()}


def test_a_cache_that_cannot_be_made_is_not_a_missing_dataset(client: Client) -> None:
    err = client.run("-m", "subgoal", "corpus", "stats", "tester/data", status=1, HF_HOME="/proc/cache")
    assert err.startswith("error: The cache of the Hugging Face libraries cannot be written: /proc/cache")
    assert err.endswith("set HF_HOME to a folder that can be.\n")


def test_the_card_on_the_hub_names_its_id(hub: LocalHub, client: Client, folder: Path) -> None:
    before, whole = (folder / "README.md").read_bytes(), local(folder)
    (folder / "images" / ".DS_Store").write_bytes(b"not of the dataset")
    client.push(folder, "tester/data")
    assert hub.files("tester/data") == whole
    card = hub.files("tester/data")["README.md"].decode()
    assert 'load_dataset("tester/data", "executor")' in card
    assert "NAMESPACE" not in card
    assert (folder / "README.md").read_bytes() == before


def test_a_second_push_changes_nothing_and_a_third_only_what_changed(
    hub: LocalHub, client: Client, folder: Path
) -> None:
    client.push(folder, "tester/data")
    repo, sent = hub.repo("tester/data"), len(hub.log)

    assert client.push(folder, "tester/data").startswith("Nothing has changed: ")
    assert [commit.title for commit in repo.commits] == ["initial commit", "Upload the dataset"]
    assert not [call for call in hub.log[sent:] if call.method == "PUT"]

    # A file of the user's own stays, one that a new build no longer has goes.
    own = hub.store.keep(b"mine")
    repo.commit("main", "a note", repo.commits[-1].files | {"notes.txt": ("git", own)})
    old = next((folder / "flat").glob("train-*.parquet"))
    old.rename(old.with_name("train-0123456789ab.parquet"))
    card = folder / "README.md"
    card.write_text(card.read_text().replace(old.name, "train-0123456789ab.parquet"))
    client.push(folder, "tester/data", "--message", "A new build")

    assert [commit.title for commit in repo.commits[2:]] == ["a note", "A new build"]
    assert hub.files("tester/data") == local(folder) | {"notes.txt": b"mine"}


def test_a_killed_push_is_repeated_without_sending_twice(hub: LocalHub, client: Client, folder: Path) -> None:
    hang = Fault("PUT", "/lfs/", skip=4)
    hub.faults.append(hang)
    with client.start("-m", "subgoal", "corpus", "push", str(folder), "tester/data") as process:
        try:
            assert hang.struck.wait(60)
        finally:
            process.kill()
    assert len(hub.repo("tester/data").commits) == 1

    client.push(folder, "tester/data")

    sent = Counter(call.path for call in hub.log if call.method == "PUT" and call.status == 200)
    assert set(sent.values()) == {1}
    assert len(hub.repo("tester/data").commits) == 2
    assert hub.files("tester/data") == local(folder)


def test_a_failing_server_is_retried_and_a_refused_upload_is_one_line(
    hub: LocalHub, client: Client, folder: Path
) -> None:
    hub.faults += [Fault("PUT", "/lfs/", status=503), Fault("POST", "/commit/", status=413)]
    said = client.push(folder, "tester/data", status=1)
    assert said.startswith("error: The Hub refused tester/data (status 413, ")
    assert said.count("\n") == 1
    hub.faults.append(Fault("POST", "/commit/", status=412))
    said = client.push(folder, "tester/data", status=1)
    assert said == "error: Somebody else changed tester/data meanwhile: push again.\n"
    client.push(folder, "tester/data")
    assert hub.files("tester/data") == local(folder)


def test_an_upload_that_breaks_off_says_so(hub: LocalHub, client: Client, folder: Path) -> None:
    hub.faults.append(Fault("PUT", "/lfs/", status=403, times=100))
    said = client.push(folder, "tester/data", status=1)
    assert said.startswith("error: This token may not write to tester/data (")
    assert said.count("\n") == 1


def test_private_repositories_are_for_their_owner(hub: LocalHub, client: Client, folder: Path) -> None:
    client.push(folder, "tester/secret", "--private")
    assert hub.repo("tester/secret").private
    client.push(folder, "tester/secret", "--private")
    assert len(hub.repo("tester/secret").commits) == 2
    said = client.run("-m", "subgoal", "corpus", "stats", "tester/secret", token=None, status=2)
    assert "No dataset tester/secret on the Hub or in this folder" in said

    client.push(folder, "tester/open")
    said = client.push(folder, "tester/open", "--private", status=2)
    assert said.startswith("error: tester/open exists and is public: ")
    assert len(hub.repo("tester/open").commits) == 2


def test_a_branch_is_made_and_read_by_its_name(hub: LocalHub, client: Client, folder: Path) -> None:
    client.push(folder, "tester/data", "--revision", "next")
    assert set(hub.repo("tester/data").branches) == {"main", "next"}
    assert hub.files("tester/data") == {}
    said = client.run("-m", "subgoal", "corpus", "stats", "tester/data@next", COLUMNS="200")
    assert "10-2 mendelian-genetics-unknown-plant" in said
    assert "exemplars" in said


@pytest.mark.parametrize(
    ("arguments", "token", "variables", "status", "said"),
    [
        (["tester/data"], None, {}, 1, "No Hugging Face token was found: run `hf auth login`"),
        (["tester/data"], "hf_unknown", {}, 1, "The Hub does not know this token"),
        (["tester/data"], "hf_b\x01d", {}, 1, "holds characters that no token has"),
        (["tester/data"], READ_TOKEN, {}, 1, "This token may not write to tester/data (Forbidden"),
        (["other/data"], TOKEN, {}, 1, "This token may not write to other/data (You don't have the rights"),
        (["data"], TOKEN, {}, 2, "'data' is not the name of a repository: use NAMESPACE/NAME"),
        (["tester/my data"], TOKEN, {}, 2, "'tester/my data' is not the name of a repository"),
        (["tester/data", "--revision", "0" * 40], TOKEN, {}, 2, "is a commit: a push goes to a branch"),
        (["tester/data"], TOKEN, {"HF_HUB_OFFLINE": "1"}, 1, "HF_HUB_OFFLINE is set: unset it to push."),
        (
            ["tester/data"],
            TOKEN,
            {"HF_ENDPOINT": "http://127.0.0.1:9"},
            1,
            "Cannot reach http://127.0.0.1:9",
        ),
    ],
)
def test_refusals_are_one_line(
    hub: LocalHub,
    client: Client,
    dataset_folder: Path,
    arguments: list[str],
    token: str | None,
    variables: dict[str, str],
    status: int,
    said: str,
) -> None:
    error = client.push(dataset_folder, *arguments, status=status, token=token, **variables)
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1
    assert hub.store.repos == {}


def test_models_and_spaces_are_pushed_by_the_same_code(hub: LocalHub, client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "checkpoint-1").mkdir(parents=True)
    (folder / "checkpoint-1" / "optimizer.bin").write_bytes(b"0")
    (folder / "model.safetensors").write_bytes(b"1")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "lock").write_bytes(b"2")
    files, card, url = client.run("-c", PUSH_OTHERS, str(folder)).splitlines()
    assert files == "['.gitattributes', 'README.md', 'model.safetensors']"
    assert card == "hello"
    assert url == f"{hub.url}/spaces/tester/space"
    assert hub.repo("tester/space", "space").sdk == "gradio"
