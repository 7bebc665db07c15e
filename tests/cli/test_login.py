from __future__ import annotations

import pytest

from ecgkt.cli import main
from ecgkt.cli.login import NEEDED, check_login
from ecgkt.errors import EcgktError

GOOD = {key: f"https://ecg.hospital.invalid/{key}" for key in NEEDED} | {
    "redirect_uri": "https://ecg.hospital.invalid/oauth2callback",
    "cookie_secret": "f" * 64,
}


def written(folder, settings):
    path = folder / "secrets.toml"
    path.write_text("[auth]\n" + "".join(f'{key} = "{value}"\n' for key, value in settings.items()))
    return path


def test_a_whole_file_of_secrets_passes(tmp_path):
    check_login(written(tmp_path, GOOD))


@pytest.mark.parametrize("missing", NEEDED)
def test_what_is_missing_is_named_and_no_secret_is_told(tmp_path, missing):
    for settings in ({**GOOD, missing: " "}, {key: value for key, value in GOOD.items() if key != missing}):
        with pytest.raises(EcgktError, match=f"got no {missing}") as caught:
            check_login(written(tmp_path, settings))
        assert "ffff" not in str(caught.value)


def test_a_short_secret_and_another_path_are_refused(tmp_path):
    with pytest.raises(EcgktError, match="at least 32 characters, got 8"):
        check_login(written(tmp_path, {**GOOD, "cookie_secret": "x" * 8}))
    with pytest.raises(EcgktError, match="/oauth2callback"):
        check_login(written(tmp_path, {**GOOD, "redirect_uri": "https://ecg.hospital.invalid/"}))


def test_the_server_does_not_start_without_the_file(tmp_path, capsys):
    assert main(["open", "--login", str(tmp_path / "none.toml")]) == 1
    assert capsys.readouterr().err.startswith("Wanted a file of secrets for --login")
    (tmp_path / "none.toml").write_bytes(b"\xff\xfe[auth")
    assert main(["open", "--login", str(tmp_path / "none.toml")]) == 1
    assert "in TOML" in capsys.readouterr().err
