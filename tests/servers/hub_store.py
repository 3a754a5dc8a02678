"""What a Hub keeps: repositories as chains of commits over a heap of blobs. The HTTP is in `local_hub`."""

import hashlib
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import yaml

_LFS = (".safetensors", ".bin", ".parquet", ".arrow", ".pt", ".model", ".zip", ".gz", ".png")
_ATTRIBUTES = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in _LFS).encode()
_PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}
_DATE = "2026-01-01T00:00:00.000Z"
_number = count()

Files = dict[str, tuple[str, str]]
"""Path → (`git` or `lfs`, oid of the blob)."""


def git_oid(data: bytes) -> str:
    """The name that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Commit:
    oid: str
    title: str
    files: Files


@dataclass
class Repo:
    """A repository: its commits, oldest first, and the names that point at them."""

    type: str
    id: str
    private: bool = False
    sdk: str | None = None
    commits: list[Commit] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def resolve(self, revision: str) -> Commit | None:
        """The commit of a branch, a tag or a sha."""
        oid = self.branches.get(revision) or self.tags.get(revision) or revision
        return next((commit for commit in self.commits if commit.oid == oid), None)

    def commit(self, branch: str, title: str, files: Files) -> Commit:
        oid = hashlib.sha1(f"{self.type}/{self.id}/{next(_number)}".encode()).hexdigest()
        self.commits.append(Commit(oid, title, files))
        self.branches[branch] = oid
        return self.commits[-1]

    @property
    def path(self) -> str:
        """Path of its page, as in `https://huggingface.co/datasets/ns/name`."""
        return f"{_PREFIX[self.type]}{self.id}"


class HubStore:
    """All repositories, by type and id, and all blobs, by git or LFS oid."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.blobs: dict[str, bytes] = {}

    def create(self, repo_type: str, repo_id: str, private: bool, sdk: str | None) -> Repo:
        repo = self.repos[repo_type, repo_id] = Repo(repo_type, repo_id, private, sdk)
        repo.commit("main", "initial commit", {".gitattributes": ("git", self.keep(_ATTRIBUTES))})
        return repo

    def keep(self, data: bytes, lfs: bool = False) -> str:
        oid = hashlib.sha256(data).hexdigest() if lfs else git_oid(data)
        self.blobs[oid] = data
        return oid

    def read(self, commit: Commit, path: str) -> bytes:
        return self.blobs[commit.files[path][1]]

    def upload_mode(self, path: str, size: int) -> str:
        return "lfs" if path.endswith(_LFS) or size > 10 * 2**20 else "regular"

    def row(self, commit: Commit, path: str) -> dict[str, Any]:
        """A file as the tree and paths-info calls list it."""
        kind, oid = commit.files[path]
        data = self.blobs[oid]
        row: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": git_oid(data)}
        if kind == "lfs":
            row["lfs"] = {"oid": oid, "size": len(data), "pointerSize": 134}
        row["lastCommit"] = {"id": commit.oid, "title": commit.title, "date": _DATE}
        return row

    def tree(self, commit: Commit, folder: str, recursive: bool) -> list[dict[str, Any]]:
        """Files and folders below a folder."""
        prefix = f"{folder}/" if folder else ""
        rows: dict[str, dict[str, Any]] = {}
        for path in sorted(commit.files):
            if not path.startswith(prefix):
                continue
            parts = path.removeprefix(prefix).split("/")
            for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
                rows.setdefault(name := prefix + "/".join(parts[:depth]), directory_row(name))
            if recursive or len(parts) == 1:
                rows[path] = self.row(commit, path)
        return list(rows.values())

    def info(self, repo: Repo, commit: Commit) -> dict[str, Any]:
        """A repository as its info call describes it."""
        card = self._card(commit)
        return {
            "_id": git_oid(repo.id.encode())[:24],
            "id": repo.id,
            "modelId": repo.id,
            "author": repo.id.partition("/")[0],
            "sha": commit.oid,
            "lastModified": _DATE,
            "createdAt": _DATE,
            "private": repo.private,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": card.get("tags") or [],
            "cardData": card,
            "pipeline_tag": card.get("pipeline_tag"),
            "library_name": card.get("library_name"),
            "sdk": repo.sdk,
            "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        }

    def _card(self, commit: Commit) -> dict[str, Any]:
        if "README.md" not in commit.files:
            return {}
        front = re.match(r"---\n(.*?)\n---", self.read(commit, "README.md").decode(), re.DOTALL)
        return (yaml.safe_load(front[1]) or {}) if front else {}


def directory_row(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": git_oid(path.encode())}
