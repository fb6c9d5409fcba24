"""Settings from the environment (`HUZHU_…`); an unknown name refuses to start."""

from __future__ import annotations

import difflib
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.core.errors import ConfigError

PREFIX = "HUZHU_"
ROOT = Path(__file__).resolve().parents[2]
PLACE = r"^(file:.+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?)?$"      # a folder or a bucket


class Settings(BaseSettings):
    """One machine's settings. `database_url` empty means the embedded PostgreSQL under `data_dir`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    mode: Literal["production", "demo"] = "production"
    data_dir: Path = Path("var")
    database_url: str = ""          # the application role
    owner_url: str = ""             # the role that owns the tables and runs migrations
    root_org: str = "cn"            # first segment of every organisation key; the worker's scope
    web_host: str = "127.0.0.1"
    web_port: int = 8600
    web_seats: int = Field(default=12, ge=1, le=200)    # requests in work at once; beyond a short line they are told to come again
    public_url: str = "http://127.0.0.1:8600"
    # The reverse proxies before us, addresses or networks with commas between; only what they say of who asks is believed
    trusted_proxies: str = Field(default="", pattern=r"^([0-9a-fA-F.:]+(/[0-9]{1,3})?(,[0-9a-fA-F.:]+(/[0-9]{1,3})?)*)?$")
    prefect_port: int = 4200
    prefect_api_url: str = ""       # empty: `huzhu up` starts a server of its own
    insurer_url: str = ""           # no default: without it nothing that hands over will start; https://… or sftp://user@host:port/folder
    insurer_suite: Literal["gm", "intl"] = "gm"     # SM2/SM3/SM4, or RSA-PSS/SHA-256/AES-GCM; as agreed with the insurer
    insurer_keys: Path = Path("var/keys/insurer")
    exchange_period: Literal["month", "quarter", "year"] = "month"      # how often insurer and office tell each other (安康保 art. 16)
    insurer_package_claims: int = Field(default=50, ge=1, le=500)       # dossiers in one package at most
    insurer_package_mb: int = Field(default=24, ge=1, le=64)            # and about so much in papers; a larger claim goes alone
    faces: Path | None = None       # the office's licensed faces of letters; `make setup` takes them in (documents/faces_build.py)
    movable_clock: bool = False     # demo and training only
    upload_limit_mb: int = 50
    otlp_url: str = Field(default="", pattern=r"^(https?://.+)?$")      # an OpenTelemetry collector; empty: traces go to nobody
    worker_metrics_port: int = Field(default=0, ge=0, le=65535)         # where a worker answers Prometheus on this machine; 0: nowhere
    clamav: str = Field(default="", pattern=r"^(unix:/.+|tcp:[^:]+:[0-9]{1,5})?$")     # clamd; once set, nothing passes unscanned
    ocr: Literal["auto", "rapidocr", "none"] = "auto"   # who reads papers: auto when the extra `ocr` is installed; none: hands
    # Where papers lie. Empty: a folder under data_dir; `file:<folder>`; `s3://<bucket>/<prefix>` (services/storage/backend.py)
    store: str = Field(default="", pattern=PLACE)
    store_endpoint: str = Field(default="", pattern=r"^(https?://.+)?$")       # of a store that is not Amazon's own
    store_region: str = ""
    keep_papers_years: int = Field(default=0, ge=0, le=100)     # at least so many, where the law asks for fewer (evidence/retention.py)
    # Below so much room on a disk where files are kept `huzhu stuck` says so; PostgreSQL's log alone may take 1 GB (`max_wal_size`)
    space_low_mb: int = Field(default=2048, ge=1)
    store_keys: Path | None = None  # aws_access_key_id and aws_secret_access_key, one a line
    # Where the record's daily seals are written to, once: a place that whoever keeps the database cannot write over
    audit_place: str = Field(default="", pattern=r"^(file:.+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?)?$")
    audit_place_endpoint: str = Field(default="", pattern=r"^(https?://.+)?$")
    audit_place_region: str = ""
    audit_place_keys: Path | None = None        # of its own: to add and to read, not to delete
    # By what a reader is told that a letter waits; empty: portal and paper only (services/notice/delivery.yaml says in which order)
    channels: str = Field(default="", pattern=r"^((sms|wecom|mail)(,(sms|wecom|mail)){0,2})?$")
    channel_urls: Path | None = None        # their Apprise addresses, one a line; each channel above needs one
    receipt_secret_file: Path | None = None     # what providers sign their receipts with; without it none is taken
    seals: Path | None = None       # offices' certificates, keys and seal pictures (services/notice/signing.py); empty: under data_dir
    settle_processes: int = Field(default=1, ge=1, le=256)      # of a settlement; 1: in the worker's own (flows/settle_city.py)
    settle_scheduler: str = Field(default="", pattern=r"^((tcp|tls)://.+)?$")      # a Dask scheduler over several machines
    # Backups (infra/runbooks/backup-and-restore.md): a folder or a bucket; the keys' sealed copies go to another one, never beside the data
    backup_place: str = Field(default="", pattern=PLACE)
    backup_keys: str = Field(default="", pattern=PLACE)
    backup_passphrase_file: Path | None = None      # seals the keys' copies; a second copy of it lies in the office's safe
    backup_endpoint: str = Field(default="", pattern=r"^(https?://.+)?$")      # of buckets that are not Amazon's own
    backup_region: str = ""
    backup_access: Path | None = None               # aws_access_key_id and aws_secret_access_key of the backup's buckets, one a line
    backup_url: str = ""            # a role with REPLICATION; empty: the embedded server's own
    backup_nightly: str = Field(default="02:30", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")   # China's time; empty: a timer elsewhere
    backup_keep_days: int = Field(default=35, ge=1, le=3650)        # how far back a point in time can be chosen
    oidc_issuer: str = ""           # the organisation's identity provider; empty: passwords only
    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None

    @property
    def papers_dir(self) -> Path:
        """Where papers and issued letters lie by content hash, unless `store` says otherwise."""
        return self.data_dir / "objects"

    @property
    def key_ring(self) -> Path:
        """The file with the field, index and audit keys; never in the database."""
        return self.data_dir / "keys" / "ring.json"

    @property
    def signing_keys(self) -> Path:
        """What signs the record's days; kept with the ring, apart from the database."""
        return self.data_dir / "keys" / "audit-signing.json"

    @property
    def seals_dir(self) -> Path:
        """One folder for each signing office, named by its key: what its letters are sealed with."""
        return self.seals or self.data_dir / "keys" / "seals"

    @property
    def bank_dir(self) -> Path:
        """Where bank files are laid for the bank's own client software to pick up."""
        return self.data_dir / "bank"


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"是否应为 {near[0]}？" if near else f"可用：{', '.join(sorted(known))}"
            raise ConfigError("unknown_setting", f"不认识的设置 {name}", remedy=hint, field=name)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read once a process. A wrong value names its variable."""
    _refuse_unknown_names()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + ".".join(str(part) for part in first["loc"]).upper()
        message = f"设置 {name} 的值不对：{first['msg']}"
        raise ConfigError("wrong_setting", message, remedy="改正后重新启动", field=name) from None
