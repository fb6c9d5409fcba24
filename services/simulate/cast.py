"""The demonstration's people and places: two offices with their trees, their staff, forty members. All synthetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from services.simulate.ongoing import Ongoing, ongoing
from services.simulate.scenarios import Scenario, scenarios
from services.simulate.synthetic import REGIONS, Sex, Synthetic, synthetic_person


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation under the root. `path` is its codes below the root ("nx.yc.xq")."""

    path: str
    name: str
    kind: str
    office: str | None = None
    series: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A person at work: login, the path of the organisation, role, and the person behind it."""

    login: str
    path: str
    role: str
    person: Synthetic


@dataclass(frozen=True, slots=True)
class Member:
    """A member with the unit they belong to; `scenario` is the row of her story, of the sixteen or of what is still on the way."""

    person: Synthetic
    unit: str
    plan: str
    scenario: str

    @property
    def login(self) -> str:
        """Login of a claimant."""
        return f"{self.scenario}.member"


@dataclass(frozen=True, slots=True)
class Roster:
    """One upload: who joins which plan, from which unit, effective when; sent in on `day`."""

    day: date
    plan: str
    unit: str
    effective: date
    members: tuple[Member, ...]


NINGXIA = "宁夏回族自治区总工会女职工委员会"
XINJIANG = "中国职工保险互助会新疆办事处"
PLACES = (
    Place("nx", NINGXIA, "office", "ningxia", "宁工女互", "0951-0000000"),
    Place("nx.yc", "银川市总工会", "city"),
    Place("nx.yc.xq", "兴庆区总工会", "district"),
    Place("nx.yc.xq.u001", "银川示例纺织厂工会委员会", "unit"),
    Place("nx.yc.xq.u002", "兴庆示例百货公司工会委员会", "unit"),
    Place("xj", XINJIANG, "office", "xinjiang", "新互助", "0991-0000000"),
    Place("xj.wlmq", "乌鲁木齐市总工会", "city"),
    Place("xj.wlmq.tsd", "天山区总工会", "district"),
    Place("xj.wlmq.tsd.u101", "天山示例中学工会委员会", "unit"),
    Place("xj.wlmq.tsd.u102", "天山示例医院工会委员会", "unit"),
    Place("xj.wlmq.sybk", "沙依巴克区总工会", "district"),
    Place("xj.wlmq.sybk.u201", "沙区示例机械厂工会委员会", "unit"),
)
HUSBAND = "xj.wlmq.sybk.reviewer"      # the only reviewer of his district, and S13's husband
BROTHER, SISTER = "xj.senior", "T16"   # the senior reviewer and his sister: her claim goes up to the head
_STAFF: tuple[tuple[str, str, str, Sex], ...] = (
    ("nx.yc.xq.u001.clerk", "nx.yc.xq.u001", "unit_clerk", "F"),
    ("nx.yc.xq.u002.clerk", "nx.yc.xq.u002", "unit_clerk", "M"),
    ("nx.yc.xq.reviewer", "nx.yc.xq", "district_reviewer", "F"),
    ("nx.yc.reviewer", "nx.yc", "district_reviewer", "M"),
    ("nx.reviewer", "nx", "office_reviewer", "F"),
    ("nx.head", "nx", "head", "M"),
    ("xj.wlmq.tsd.u101.clerk", "xj.wlmq.tsd.u101", "unit_clerk", "F"),
    ("xj.wlmq.tsd.u102.clerk", "xj.wlmq.tsd.u102", "unit_clerk", "M"),
    ("xj.wlmq.sybk.u201.clerk", "xj.wlmq.sybk.u201", "unit_clerk", "F"),
    ("xj.wlmq.tsd.reviewer", "xj.wlmq.tsd", "district_reviewer", "M"),
    (HUSBAND, "xj.wlmq.sybk", "district_reviewer", "M"),
    ("xj.wlmq.reviewer", "xj.wlmq", "district_reviewer", "F"),
    ("xj.reviewer", "xj", "office_reviewer", "F"),
    ("xj.senior", "xj", "senior_reviewer", "M"),
    ("xj.head", "xj", "head", "F"),
    ("xj.maker", "xj", "finance_maker", "F"),
    ("xj.checker", "xj", "finance_checker", "M"),
    ("xj.reviewer2", "xj", "office_reviewer", "M"),
)
_UNITS: Mapping[str, str] = {
    "S01": "nx.yc.xq.u001", "S02": "nx.yc.xq.u002", "S03": "nx.yc.xq.u001", "S04": "nx.yc.xq.u001",
    "S05": "nx.yc.xq.u002", "S06": "nx.yc.xq.u001", "S07": "nx.yc.xq.u002", "S08": "nx.yc.xq.u001",
    "S09": "xj.wlmq.tsd.u101", "S10": "xj.wlmq.tsd.u102", "S11": "xj.wlmq.tsd.u101", "S12": "xj.wlmq.tsd.u102",
    "S13": "xj.wlmq.sybk.u201", "S14": "xj.wlmq.tsd.u101", "S15": "xj.wlmq.tsd.u102", "S16": "xj.wlmq.tsd.u101",
}
_CCB = ("S02", "S07")                  # the insurer pays into both banks that the plan allows
_OTHERS_FROM, _STAFF_FROM, _HEIRS_FROM = 17, 41, 61
EARLIER = ("S14", date(2025, 5, 26), date(2025, 6, 1))   # her cover of the year before, which makes the next a renewal
_SENT_ON = {date(2025, 7, 1): date(2025, 6, 23), date(2026, 1, 1): date(2025, 12, 22),
            date(2026, 3, 1): date(2026, 2, 24), date(2026, 6, 1): date(2026, 5, 25)}


def _region(path: str) -> str:
    return REGIONS["ningxia" if path.startswith("nx") else "xinjiang"]


def staff() -> tuple[Post, ...]:
    """Everybody who works on claims, serial numbers after the forty members."""
    return tuple(Post(login, path, role, synthetic_person(serial, sex=sex, born=date(1978, 5, 12), region=_region(path)))
                 for serial, (login, path, role, sex) in enumerate(_STAFF, start=_STAFF_FROM))


def claimants() -> Mapping[str, Member]:
    """The sixteen by scenario."""
    found = {}
    for serial, row in enumerate(scenarios().values(), start=1):
        unit = _UNITS[row.id]
        person = synthetic_person(serial, born=date(1984, 2, 3), region=_region(unit), shares=row.shares,
                                  bank="CCB" if row.id in _CCB else "ICBC")
        found[row.id] = Member(person, unit, row.plan, row.id)
    return found


def others() -> tuple[Member, ...]:
    """The twenty-four who stay well while the scenarios run; afterwards each has a claim that is still on the way."""
    return tuple(Member(synthetic_person(serial, born=date(1990, 9, 1), region=_region(row.unit), shares=row.shares),
                        row.unit, row.plan, row.id) for serial, row in enumerate(ongoing().values(), start=_OTHERS_FROM))


@lru_cache(maxsize=1)
def members() -> Mapping[str, Member]:
    """All forty by the row of their story."""
    return {**claimants(), **{member.scenario: member for member in others()}}


def heirs() -> tuple[tuple[Synthetic, str], ...]:
    """S15's husband and daughter, each with the relation."""
    region = REGIONS["xinjiang"]
    husband = synthetic_person(_HEIRS_FROM, sex="M", born=date(1982, 8, 8), region=region)
    daughter = synthetic_person(_HEIRS_FROM + 1, sex="F", born=date(2006, 6, 1), region=region)
    return (husband, "spouse"), (daughter, "child")


def rosters() -> tuple[Roster, ...]:
    """Every upload in order of days: one per plan, unit and effective day."""
    joining: dict[tuple[date, str, str, date], list[Member]] = {}
    row: dict[str, Scenario | Ongoing] = {**scenarios(), **ongoing()}
    scenario, sent, effective = EARLIER
    renewed = members()[scenario]
    joining[(sent, renewed.plan, renewed.unit, effective)] = [renewed]
    for member in members().values():
        begins = row[member.scenario].cover_effective
        joining.setdefault((_SENT_ON[begins], member.plan, member.unit, begins), []).append(member)
    return tuple(Roster(*key, tuple(group)) for key, group in sorted(joining.items(), key=lambda item: item[0]))
