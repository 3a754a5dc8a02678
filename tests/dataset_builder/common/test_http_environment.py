"""What the environment says of proxies and certificates is checked in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dataset_builder.common import http_environment
from dataset_builder.common.errors import UsageError
from dataset_builder.common.http_environment import check_http_environment


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("ALL", "HTTP", "HTTPS"):
        monkeypatch.delenv(f"{scheme}_PROXY", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".lower(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setattr(http_environment, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("ALL_PROXY", "socks5://me:secret@127.0.0.1:1", r"^ALL_PROXY names a SOCKS proxy \(socks5://…\)"),
        ("all_proxy", "socks5h://127.0.0.1:1", r"^all_proxy names a SOCKS proxy.*pip install socksio"),
        ("HTTPS_PROXY", "ftp://me:secret@host", "^HTTPS_PROXY is not the address of a proxy"),
        ("http_proxy", "http://[::1", "^http_proxy is not the address of a proxy"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", r"^SSL_CERT_FILE=/nowhere/ca.pem .*No such file.*unset it"),
        ("SSL_CERT_FILE", __file__, r"^SSL_CERT_FILE=.*holds no certificate"),
    ],
)
def test_what_cannot_be_used_is_named(
    name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=line) as caught:
        check_http_environment()
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    if "proxy" in name.lower():
        check_http_environment(proxies=False)


def test_valid_values_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    import certifi

    check_http_environment()
    monkeypatch.setenv("HTTP_PROXY", "127.0.0.1:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(certifi.where())))
    check_http_environment()


def test_socks_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_environment, "find_spec", lambda name: object())
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    check_http_environment()


@pytest.mark.parametrize(
    ("name", "value"), [("ALL_PROXY", "socks5://127.0.0.1:1"), ("SSL_CERT_FILE", "/nowhere/ca.pem")]
)
def test_every_use_of_the_hub_names_a_setting_that_cannot_be_used(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataset_builder.dataset.load import load_config
    from dataset_builder.hub import errors
    from dataset_builder.hub.push_folder import push_folder
    from modeling.checkpoints.load import load_checkpoint

    monkeypatch.setattr(errors.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_none")
    monkeypatch.setenv(name, value)
    uses: list[Callable[[], object]] = [
        lambda: load_config("somebody/dataset", "trajectories"),
        lambda: load_checkpoint("somebody/model"),
        lambda: push_folder(tmp_path, "somebody/model", repo_type="model"),
    ]
    for use in uses:
        with pytest.raises(UsageError, match=f"^{name}"):
            use()
