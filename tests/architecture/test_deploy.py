"""What an office deploys by, checked where no engine runs: schemas, settings, secrets, hardening; PostgreSQL and systemd are asked."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.docker.lock import entries, lock
from services.cli.main import LATER
from services.core.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKER, SYSTEMD = ROOT / "infra" / "docker", ROOT / "infra" / "systemd"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
OURS = {name for name, service in SERVICES.items() if "huzhu:" in service["image"]}
UNITS = sorted(SYSTEMD.glob("*.service"))
TEXTS = {unit.name: unit.read_text() for unit in UNITS}


def test_the_compose_file_is_one() -> None:
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_bounded_and_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert "latest" not in service["image"]
    assert re.search(r":[^:}]+}?$", service["image"])
    assert service.get("privileged") is None
    once = service.get("restart") == "no"
    assert once == bool(service["healthcheck"].get("disable"))
    if service.get("user", "").startswith("0:"):        # hands a volume over and ends, without a network
        assert once
        assert service["network_mode"] == "none"
        assert service["cap_add"] == ["CHOWN"]
    else:
        assert service.get("cap_add") is None
        assert service["user"]


def test_prometheus_asks_each_process_on_a_port_of_its_own() -> None:
    """On one machine, as the target starts them: two web processes at their instances' ports, workers at 960 and theirs."""
    jobs = yaml.safe_load((ROOT / "infra" / "monitoring" / "prometheus.yml").read_text())["scrape_configs"]
    asked = {job["job_name"]: [target.split(":")[1] for target in job["static_configs"][0]["targets"]] for job in jobs}
    started = (SYSTEMD / "huzhu.target").read_text()
    assert "--port %i" in TEXTS["huzhu-web@.service"] and "HUZHU_WORKER_METRICS_PORT=960%i\n" in TEXTS["huzhu-worker@.service"]
    assert asked == {"huzhu-web": re.findall(r"huzhu-web@(\d+)", started),
                     "huzhu-worker": [f"960{number}" for number in re.findall(r"huzhu-worker@(\d+)", started)]}
    assert not set(asked["huzhu-web"]) & set(asked["huzhu-worker"])


def test_only_the_proxy_is_reached_from_outside_and_data_have_no_way_out() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert COMPOSE["networks"]["front"]["internal"] is True
    for name in ("db", "s3", "prefect", "backup"):
        assert list(SERVICES[name]["networks"]) == ["inside"]
    front = {name for name, service in SERVICES.items() if "front" in (service.get("networks") or ())}
    assert front == {"proxy", "web-a", "web-b"}         # whose word on an address is believed
    subnet = COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert SERVICES["web-a"]["environment"]["HUZHU_TRUSTED_PROXIES"] == subnet


def test_secrets_are_files_and_nowhere_else() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    told = (DOCKER / "compose.yaml").read_text() + (DOCKER / "office.env.example").read_text() + "".join(
        unit.read_text() for unit in SYSTEMD.iterdir())
    assert not re.search(r"://[^/@\s]+:[^/@\s]+@", told)
    assert not re.search(r"(?i)(password|secret|token)\s*[=:]\s*[A-Za-z0-9+/]{8,}", told)
    for name, service in SERVICES.items():
        mentioned = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
        assert mentioned <= set(service.get("secrets", ())), name
    # Only who moves the tables may be their owner, and only who copies may copy.
    assert {name for name in SERVICES if "owner_pgpass" in SERVICES[name].get("secrets", ())} == {"setup"}
    assert {name for name in SERVICES if "backup_passphrase" in SERVICES[name].get("secrets", ())} == {"backup"}


def set_by(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(HUZHU_\w+)=(.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_is_set_are_settings(name: str) -> None:
    common = set_by((DOCKER / "office.env.example").read_text())
    given = {key: str(value) for key, value in (SERVICES[name].get("environment") or {}).items() if key.startswith(PREFIX)}
    accepted(common | given)


def accepted(given: dict[str, str]) -> None:
    """Every name is a setting's, and together they are accepted."""
    names = {key.removeprefix(PREFIX).lower(): value for key, value in given.items()}
    assert set(names) <= set(Settings.model_fields)
    assert "mode" not in names          # production is what nobody has to ask for
    assert Settings.model_fields["mode"].default == "production"
    Settings(**names)


def test_the_images_tag_is_the_release() -> None:
    release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"${{HUZHU_IMAGE:-huzhu:{release}}}"}


def test_commands_are_ours() -> None:
    lines = [service["command"] for name, service in SERVICES.items() if name in OURS and service["command"][0] != "chown"]
    for line in (line for text in TEXTS.values() for line in re.findall(r"^Exec\w+=(.*)$", text, re.MULTILINE)):
        ours = re.findall(r"/opt/huzhu/\.venv/bin/([^;|']+)", line)       # a shell's line has several
        assert ours, line
        lines += [words.split() for words in ours]
    for program, first, *more in lines:
        if program == "huzhu":
            assert first in {*LATER, "setup"}
        elif program == "python":
            assert first == "-m"
            assert find_spec(more[0]) is not None
        else:
            assert (program, first) == ("prefect", "server")


def test_the_image_is_built_of_what_there_is_and_does_not_run_as_root() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / source).exists() for source in sources.split())
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):", last, re.MULTILINE)
    assert "USER 0" not in last
    assert all(SERVICES[name]["user"].startswith(("10001:", "0:")) for name in OURS)
    assert "--require-hashes" in text


def test_the_images_lock_is_the_whole_ones_without_tools() -> None:
    made = lock()
    assert made == (DOCKER / "requirements.lock").read_text()
    names = set(entries(made))
    assert {"fastapi", "psycopg", "prefect", "weasyprint", "rapidocr"} <= names
    assert names.isdisjoint({"pytest", "mypy", "ruff", "playwright", "schemathesis", "hypothesis", "pip-audit"})


def test_secrets_are_made_once_and_fit_together(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run([DOCKER / "secrets.sh", folder], check=True, capture_output=True)
        made = {path.name: path.read_text() for path in folder.iterdir()}
    again = {path.name: path.read_text() for path in folder.iterdir()}
    assert made == again
    assert set(made) == set(COMPOSE["secrets"]) - {"tls_certificate", "tls_key"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    roles = dict(line.split() for line in made["db_roles"].splitlines())
    for role, password in roles.items():
        assert made[f"{role.removeprefix('huzhu_')}_pgpass"].strip().split(":") == ["*", "5432", "*", role, password]
        assert len(password) >= 32
    keys = json.loads(made["s3_identities"])["identities"][0]["credentials"][0]
    assert made["store_keys"].split() == ["aws_access_key_id", "=", keys["accessKey"], "aws_secret_access_key", "=", keys["secretKey"]]


def test_postgresql_takes_its_configuration(tmp_path: Path) -> None:
    """By the server's own reading: every name is known and every value fits."""
    from services.core import embedded

    (tmp_path / "postgresql.conf").write_text((DOCKER / "db" / "postgresql.conf").read_text())
    (tmp_path / "PG_VERSION").write_text("18\n")
    user = embedded.give(tmp_path)
    tmp_path.chmod(0o700)
    for name, value in (("wal_level", "replica"), ("max_slot_wal_keep_size", "16384"), ("log_parameter_max_length_on_error", "0")):
        done = subprocess.run([embedded.binaries() / "postgres", "-D", tmp_path, "-C", name], capture_output=True, text=True, check=False,
                              user=user, cwd="/")
        assert (done.returncode, done.stdout.strip()) == (0, value), done.stderr


def test_the_proxy_limits_guessers_and_believes_nobody() -> None:
    text = (DOCKER / "proxy" / "nginx.conf").read_text()
    assert "rate=10r/m" in text
    for path in ("/progress", "/api/v1/progress"):
        assert re.search(rf"location {path} {{ limit_req zone=codes burst=10 nodelay;", text)
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "$request_body" not in text
    assert "$request " not in text
    assert "$args" not in text
    size = re.search(r"client_max_body_size (\d+)m;", text)
    assert size is not None
    assert int(size[1]) > Settings().upload_limit_mb
    for name in ("web-a", "web-b"):
        assert f"server {SERVICES[name]['networks']['front']['ipv4_address']}:8600" in text


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not on this machine")
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "tls_key", "-out",
                    tmp_path / "tls_certificate", "-subj", "/CN=huzhu"], check=True, capture_output=True)
    text = (DOCKER / "proxy" / "nginx.conf").read_text().replace("/run/secrets", str(tmp_path)).replace("http2 on;", "")
    (tmp_path / "nginx.conf").write_text(text.replace("/etc/nginx/mime.types", str(tmp_path / "mime.types")))
    (tmp_path / "mime.types").write_text("types { text/html html; }")
    done = subprocess.run(["nginx", "-t", "-e", "/dev/stderr", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as they lie on a machine, with this checkout's programs in place of the installed ones."""
    folder = tmp_path_factory.mktemp("units")
    for unit in SYSTEMD.iterdir():
        if unit.suffix in (".service", ".timer", ".target"):
            text = re.sub(r"/opt/huzhu/\.venv/bin/\w+", sys.executable, unit.read_text()).replace("=/opt/huzhu\n", "=/\n")
            for name in {unit.name, *(unit.name.replace("@", f"@{n}") for n in ("8600", "1"))}:
                (folder / name).write_text(text)
    return folder


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")


@needs_systemd
def test_systemd_takes_the_units(laid: Path) -> None:
    names = sorted(path.name for path in laid.iterdir() if "@." not in path.name)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *names], cwd=laid, env={"SYSTEMD_UNIT_PATH": f"{laid}:"},
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_a_service_is_exposed_little(unit: Path, laid: Path) -> None:
    """systemd's own measure, 0 (safe) to 10; 2 is what its own most careful services reach."""
    name = unit.name.replace("@.", "@1.")
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", laid / name],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


def test_units_set_settings_and_the_target_wants_them_all() -> None:
    common = set_by((SYSTEMD / "huzhu.env.example").read_text())
    for unit in UNITS:
        own = dict(re.findall(r"^Environment=(HUZHU_\w+)=(.*)$", unit.read_text().replace("%i", "1"), re.MULTILINE))
        accepted(common | own)
        loaded = set(re.findall(r"^LoadCredential=(\w+):", unit.read_text(), re.MULTILINE))
        assert set(re.findall(r"%d/(\w+)", unit.read_text())) == loaded
    wants = re.search(r"^Wants=(.*)$", (SYSTEMD / "huzhu.target").read_text(), re.MULTILINE)
    assert wants is not None
    wanted = {re.sub(r"@\w+", "@", name) for name in wants[1].split()}
    timed = {timer.stem + ".service" for timer in SYSTEMD.glob("*.timer")}
    assert wanted == {path.name for path in SYSTEMD.iterdir() if path.suffix in (".service", ".timer")} - timed


def test_setup_that_runs_again_stops_nobody() -> None:
    """`Requires=` would stop all that runs whenever the set-up is restarted, and keep it down where that fails (systemd.unit(5))."""
    needs = {name: set(re.findall(r"huzhu-[\w@]+", " ".join(re.findall(r"^(?:Requires|BindsTo|Requisite)=(.*)$", text, re.MULTILINE))))
             for name, text in TEXTS.items()}
    assert {name: found for name, found in needs.items() if found} == {"huzhu-timetables.service": {"huzhu-prefect"}}
    waits = {name for name, text in TEXTS.items() if re.search(r"^Wants=.*huzhu-setup\.service", text, re.MULTILINE)}
    assert waits == set(TEXTS) - {"huzhu-setup.service", "huzhu-prefect.service"}
    assert all(len(re.findall(r"^ExecStart=", text, re.MULTILINE)) == 1 for text in TEXTS.values())


def test_only_start_commands_are_there_as_no_other_is_given_secrets() -> None:
    """systemd gives a service's credentials to what starts it, not to ExecStop and ExecStopPost (systemd.exec(5))."""
    assert not [name for name, text in TEXTS.items() if re.search(r"^Exec(?!Start=)\w+=", text, re.MULTILINE)]


@pytest.mark.parametrize(("take", "prune", "said"), [(0, 0, 0), (3, 0, 3), (0, 4, 4), (3, 4, 4)])
def test_a_backup_that_fails_leaves_no_full_place_and_says_so(take: int, prune: int, said: int, tmp_path: Path) -> None:
    line = re.search(r"^ExecStart=/bin/sh -c '(.*)'$", TEXTS["huzhu-backup.service"], re.MULTILINE)
    assert line is not None
    told = tmp_path / "huzhu"
    told.write_text(f'#!/bin/sh\necho "$*"\ncase "$*" in "backup take") exit {take} ;; "backup prune") exit {prune} ;; esac\nexit 99\n')
    told.chmod(0o755)
    script = line[1].replace("$$", "$").replace("/opt/huzhu/.venv/bin/huzhu", str(told))       # systemd makes one of two
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.returncode) == (["backup take", "backup prune"], said), done.stderr
