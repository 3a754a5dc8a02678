import pytest

from space_app.ui import server
from tests.space_app.conftest import make_backend


def test_a_launch_that_fails_closes_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = make_backend()
    closed: list[bool] = []
    monkeypatch.setattr(server, "DemoBackend", lambda settings: backend)
    monkeypatch.setattr(backend, "close", lambda: closed.append(True))

    def fail(*_: object, **__: object) -> None:
        raise OSError("the port is in use")

    monkeypatch.setattr(server, "serve", fail)
    with pytest.raises(OSError, match="the port is in use"):
        server.launch(backend.settings)
    assert closed == [True]
    monkeypatch.undo()
    backend.close()
