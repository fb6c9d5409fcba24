"""`huzhu …` by hand where systemd runs the house: what systemd is asked for, and what the program is then given."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.core.settings import PREFIX
from tests.architecture.test_deploy import COMPOSE, SYSTEMD, accepted, needs_systemd, set_by

OFFICE = SYSTEMD / "huzhu-office"
ONLY_FOR = {"keys": "owner", "setup": "owner", "backup": "backup", "papers": "backup", "restore": "backup"}


def asked_of_systemd(folder: Path, *words: str) -> list[str]:
    """What systemd-run is given: by a program of that name, as nobody boots systemd here."""
    (folder / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    (folder / "systemd-run").chmod(0o755)
    done = subprocess.run([OFFICE, *words], env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize("command", ["stuck", *ONLY_FOR])
def test_a_command_by_hand_is_the_houses_own(command: str, tmp_path: Path) -> None:
    """As its user, with its settings and secrets, the owner's and the copier's only where they are needed; words arrive as written."""
    given = asked_of_systemd(tmp_path, command, "付 $5 “一 次”", "")
    at = given.index("/opt/huzhu/infra/systemd/huzhu-office")
    assert given[at + 1:] == ["--inside", command, "付 $$5 “一 次”", ""]        # systemd makes one of two
    properties = dict.fromkeys(word.removeprefix("--property=") for word in given[:at] if word.startswith("--property="))
    assert {"User=huzhu", "Group=huzhu", "WorkingDirectory=/opt/huzhu", "EnvironmentFile=/etc/huzhu/huzhu.env"} <= set(properties)
    loaded = dict(re.findall(r"LoadCredential=(\w+):(\S+)", "\n".join(properties)))
    roles = {"owner": {"owner_pgpass"}, "backup": {"backup_pgpass", "backup_passphrase"}}
    assert set(loaded) == {"app_pgpass", "store_keys"} | roles.get(ONLY_FOR.get(command, ""), set()) <= set(COMPOSE["secrets"])
    assert all(path == f"/etc/huzhu/secrets/{name}" for name, path in loaded.items())

    told = tmp_path / "huzhu"
    told.write_text(f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([dict(os.environ), sys.argv[1:]]))\n")
    told.chmod(0o755)
    inside = OFFICE.read_text().replace("$house/.venv/bin/huzhu", str(told))
    common = set_by((SYSTEMD / "huzhu.env.example").read_text()) | {"HUZHU_STORE": "s3://papers"}
    done = subprocess.run(["sh", "-c", inside, "huzhu-office", "--inside", command, "a b"], capture_output=True, text=True, check=True,
                          env=common | {"CREDENTIALS_DIRECTORY": "/run/c", "PATH": "/usr/bin:/bin"})
    variables, words = json.loads(done.stdout)
    ours = {name: value for name, value in variables.items() if name.startswith(PREFIX)}
    assert words == [command, "a b"]
    accepted(ours)
    assert set(re.findall(r"/run/c/(\w+)", " ".join(ours.values()))) == set(loaded)


def test_a_copy_that_the_caller_names_is_not_silently_the_living_house(tmp_path: Path) -> None:
    """A root shell with a restored copy's settings exported: the house's own would win unseen."""
    (tmp_path / "systemd-run").write_text("#!/bin/sh\necho reached\n")
    (tmp_path / "systemd-run").chmod(0o755)
    bare = {"PATH": f"{tmp_path}:/usr/bin:/bin", "OLD_HUZHU_HOME": "a=HUZHU_b"}
    for named in ({"HUZHU_DATA_DIR": "/srv/huzhu-restored"}, {"HUZHU_DATA_DIR": "", "HUZHU_WEB_PORT": "8700"}):
        done = subprocess.run([OFFICE, "check"], env=bare | named, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert all(name in done.stderr for name in named)
        assert "sudo -u huzhu env HUZHU_DATA_DIR=" in done.stderr
        assert "8700" not in done.stderr            # names only: a value may be a secret
    assert subprocess.run([OFFICE, "check"], env=bare, capture_output=True, text=True, check=True).stdout == "reached\n"


@needs_systemd
def test_systemd_knows_what_a_command_by_hand_asks_for(tmp_path: Path) -> None:
    asked = "\n".join(word.removeprefix("--property=") for word in asked_of_systemd(tmp_path, "keys") if word.startswith("--property="))
    (tmp_path / "by-hand.service").write_text(f"[Service]\n{asked}\nExecStart=/bin/true\n".replace("=/opt/huzhu\n", "=/\n"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "by-hand.service"], cwd=tmp_path,
                          env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
