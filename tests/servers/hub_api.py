"""The Hub's HTTP calls over a `HubStore`: the ones that its Python clients make."""

import base64
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.servers.hub_store import Commit, HubStore, Repo, directory_row

USER = "tester"
TOKEN = "hf_token-that-may-write"
READ_TOKEN = "hf_token-that-may-only-read"


def refusal(status: int, message: str, code: str = "") -> JSONResponse:
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return JSONResponse({"error": message}, status, headers)


def _may_not_write(request: Request, namespace: str) -> Response | None:
    """The refusal of a write, if its token does not allow it."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token not in (TOKEN, READ_TOKEN):
        return refusal(401, "Invalid username or password.")
    if token == READ_TOKEN:
        return refusal(403, "Forbidden: you must use a write token to upload to a repository.")
    if namespace != USER:
        return refusal(403, f'You don\'t have the rights to create under the namespace "{namespace}"')
    return None


_RepoHandler = Callable[[Request, Repo, Commit], Awaitable[Response]]


class HubApi:
    """The handlers of the requests.

    Args:
        store (`HubStore`): what they read and write.
        url (`str`): of the server, for the addresses in its answers.
    """

    def __init__(self, store: HubStore, url: str) -> None:
        self.store = store
        self.url = url

    def routes(self) -> list[Route]:
        api = "/api/{type}/{ns}/{name}"
        batch = "/{ns}/{name}.git/info/lfs/objects/batch"
        file = "/{ns}/{name}/resolve/{rev}/{path:path}"
        post, write, read = ["POST"], self._writing, self._reading
        return [
            Route("/api/whoami-v2", self.whoami),
            Route("/api/validate-yaml", self.validate_yaml, methods=post),
            Route("/api/repos/create", self.create, methods=post),
            Route(f"{api}/preupload/{{rev}}", write(self.preupload), methods=post),
            Route(f"{api}/commit/{{rev}}", write(self.commit), methods=post),
            Route(f"{api}/branch/{{ref}}", write(self.branch), methods=post),
            Route(f"{api}/tag/{{rev}}", write(self.tag), methods=post),
            Route(f"{api}/tree/{{rev}}", read(self.tree)),
            Route(f"{api}/tree/{{rev}}/{{path:path}}", read(self.tree)),
            Route(f"{api}/paths-info/{{rev}}", read(self.paths_info), methods=post),
            Route(f"{api}/refs", read(self.refs)),
            Route(api, read(self.info)),
            Route(f"{api}/revision/{{rev}}", read(self.info)),
            Route("/lfs/{oid}", self.lfs_put, methods=["PUT"]),
            Route("/lfs-verify", self.lfs_verify, methods=post),
            Route(f"/{{type}}{batch}", self.lfs_batch, methods=post),
            Route(batch, self.lfs_batch, methods=post),
            Route(f"/{{type}}{file}", read(self.resolve)),
            Route(file, read(self.resolve)),
        ]

    def _reading(self, handler: _RepoHandler) -> Callable[[Request], Awaitable[Response]]:
        async def found(request: Request) -> Response:
            where = request.path_params
            repo_type = where.get("type", "models").removesuffix("s")
            repo = self.store.repos.get((repo_type, f"{where['ns']}/{where['name']}"))
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if repo is None or (repo.private and token not in (TOKEN, READ_TOKEN)):
                return refusal(404 if token else 401, "Repository not found", "RepoNotFound")
            revision = where.get("rev", "main")
            if (commit := repo.resolve(revision)) is None:
                return refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
            return await handler(request, repo, commit)

        return found

    def _writing(self, handler: _RepoHandler) -> Callable[[Request], Awaitable[Response]]:
        reading = self._reading(handler)

        async def allowed(request: Request) -> Response:
            return _may_not_write(request, request.path_params["ns"]) or await reading(request)

        return allowed

    # --- accounts and repositories

    async def whoami(self, request: Request) -> Response:
        if request.headers.get("authorization") not in (f"Bearer {TOKEN}", f"Bearer {READ_TOKEN}"):
            return refusal(401, "Invalid username or password.")
        return JSONResponse({"type": "user", "id": "0", "name": USER, "fullname": USER, "orgs": []})

    async def validate_yaml(self, request: Request) -> Response:
        return JSONResponse({"errors": [], "warnings": []})

    async def create(self, request: Request) -> Response:
        asked = await request.json()
        namespace = asked.get("organization") or USER
        if refused := _may_not_write(request, namespace):
            return refused
        repo_type, repo_id = asked.get("type") or "model", f"{namespace}/{asked['name']}"
        known = self.store.repos.get((repo_type, repo_id))
        private = asked.get("visibility") == "private"
        repo = known or self.store.create(repo_type, repo_id, private, asked.get("sdk"))
        answer = {"url": f"{self.url}/{repo.path}", "name": repo_id, "id": repo_id}
        return JSONResponse(
            answer | ({"error": "You already created this repo"} if known else {}), 409 if known else 200
        )

    async def branch(self, request: Request, repo: Repo, commit: Commit) -> Response:
        return await self._name(request, repo.branches, request.path_params["ref"], repo, "main")

    async def tag(self, request: Request, repo: Repo, commit: Commit) -> Response:
        return await self._name(request, repo.tags, (await request.json())["tag"], repo, commit.oid)

    async def _name(
        self, request: Request, names: dict[str, str], name: str, repo: Repo, default: str
    ) -> Response:
        asked = json.loads(await request.body() or b"{}")
        target = repo.resolve(asked.get("startingPoint") or default)
        if name in names or target is None:
            return refusal(409, "Reference already exists") if target else refusal(404, "Invalid rev id")
        names[name] = target.oid
        return JSONResponse({})

    async def info(self, request: Request, repo: Repo, commit: Commit) -> Response:
        return JSONResponse(self.store.info(repo, commit))

    async def refs(self, request: Request, repo: Repo, commit: Commit) -> Response:
        branches = [
            {"name": n, "ref": f"refs/heads/{n}", "targetCommit": o} for n, o in repo.branches.items()
        ]
        tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": o} for n, o in repo.tags.items()]
        return JSONResponse({"branches": branches, "tags": tags, "converts": []})

    # --- upload

    async def preupload(self, request: Request, repo: Repo, commit: Commit) -> Response:
        files = []
        for asked in (await request.json())["files"]:
            path = asked["path"]
            mode = self.store.upload_mode(path, asked["size"])
            oid = commit.files[path][1] if path in commit.files else None
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return JSONResponse({"files": files})

    async def lfs_batch(self, request: Request) -> Response:
        if refused := _may_not_write(request, request.path_params["ns"]):
            return refused
        objects: list[dict[str, Any]] = []
        for asked in (await request.json())["objects"]:
            objects.append({"oid": asked["oid"], "size": asked["size"]})
            if asked["oid"] not in self.store.blobs:
                upload, verify = f"{self.url}/lfs/{asked['oid']}", f"{self.url}/lfs-verify"
                objects[-1]["actions"] = {"upload": {"href": upload}, "verify": {"href": verify}}
        return JSONResponse({"transfer": "basic", "objects": objects})

    async def lfs_put(self, request: Request) -> Response:
        data = await request.body()
        if hashlib.sha256(data).hexdigest() != request.path_params["oid"]:
            return refusal(400, "sha mismatch")
        self.store.keep(data, lfs=True)
        return Response()

    async def lfs_verify(self, request: Request) -> Response:
        asked = await request.json()
        return JSONResponse({}, 200 if len(self.store.blobs.get(asked["oid"], b"")) == asked["size"] else 404)

    async def commit(self, request: Request, repo: Repo, commit: Commit) -> Response:
        branch, header, files = request.path_params["rev"], {}, dict(commit.files)
        if branch not in repo.branches:
            return refusal(400, f"{branch} is not a branch")
        for line in (await request.body()).splitlines():
            key, value = json.loads(line)["key"], json.loads(line)["value"]
            if key == "header":
                header = value
            elif key == "file":
                files[value["path"]] = ("git", self.store.keep(base64.b64decode(value["content"])))
            elif key == "lfsFile":
                if value["oid"] not in self.store.blobs:
                    return refusal(400, f"{value['path']} was never uploaded")
                files[value["path"]] = ("lfs", value["oid"])
            elif key == "deletedFile":
                del files[value["path"]]
        if header.get("parentCommit", commit.oid) != commit.oid:
            return refusal(412, "A commit has happened since. Please refresh and try again.")
        made = repo.commit(branch, header["summary"], files)
        url = f"{self.url}/{repo.path}/commit/{made.oid}"
        return JSONResponse({"success": True, "commitOid": made.oid, "commitUrl": url, "hookOutput": ""})

    # --- download

    async def tree(self, request: Request, repo: Repo, commit: Commit) -> Response:
        folder = request.path_params.get("path", "").strip("/")
        recursive = request.query_params.get("recursive", "").lower() in ("1", "true")
        rows = self.store.tree(commit, folder, recursive)
        if folder and not rows:
            return refusal(404, f"{folder} does not exist", "EntryNotFound")
        return JSONResponse(rows)

    async def paths_info(self, request: Request, repo: Repo, commit: Commit) -> Response:
        if "json" in request.headers.get("content-type", ""):
            paths = (await request.json())["paths"]
        else:
            paths = [str(path) for path in (await request.form()).getlist("paths")]
        rows = []
        for path in (path.strip("/") for path in paths):
            if path in commit.files:
                rows.append(self.store.row(commit, path))
            elif any(name.startswith(f"{path}/") for name in commit.files):
                rows.append(directory_row(path))
        return JSONResponse(rows)

    async def resolve(self, request: Request, repo: Repo, commit: Commit) -> Response:
        path = request.path_params["path"]
        headers = {"X-Repo-Commit": commit.oid, "Accept-Ranges": "bytes"}
        if path not in commit.files:
            return JSONResponse({}, 404, headers | {"X-Error-Code": "EntryNotFound"})
        kind, oid = commit.files[path]
        data, status = self.store.blobs[oid], 200
        headers["ETag"] = f'"{oid}"'
        if kind == "lfs":
            headers |= {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(data))}
        if part := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")):
            start, stop = int(part[1]), min(int(part[2] or len(data)) + 1, len(data))
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
            data, status = data[start:stop], 206
        return Response(data, status, headers, "application/octet-stream")
