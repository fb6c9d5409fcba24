"""What was asked for, checked, and cut into districts: each district is built and written by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from services.core.clock import business_day
from services.core.errors import InputError
from services.simulate.years.keys import Chance
from services.workdays.calendar import calendar

YEARS = 2
_CLAIMS_A_DISTRICT = 4000
_MOST_DISTRICTS = 900           # a run's number carries its district in three places
_LEAD = timedelta(days=40)      # from an event to its report, at most
CLAIMS_A_MEMBER = 2
_SHORTEST = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Office:
    """One of the three offices. `share` of all districts; `plans` are released rule-books that its members join."""

    code: str
    name: str
    office: str
    series: str
    region: str
    contact: str
    share: float
    plans: tuple[str, ...]


OFFICES = (
    Office("bj", "北京示例办事处", "beijing", "京互", "110099", "010-00000000", 0.5, ("bj-women-1y", "bj-critical-1y")),
    Office("xj", "新疆示例办事处", "xinjiang", "新互", "650099", "0991-0000000", 0.3, ("xj-women", "xj-inpatient-accident")),
    Office("nx", "宁夏示例总工会女职工委员会", "ningxia", "宁互", "640099", "0951-0000000", 0.2, ("nx-ankangbao",)),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A district (or an industry) with its units. `first_*`: how many all earlier districts have."""

    index: int
    office: int
    units: int
    members: int
    claims: int
    first_unit: int
    first_member: int
    first_claim: int


@dataclass(frozen=True)
class Size:
    """One simulation: the same size, seed and `now` give the same rows.

    InputError names the option that does not fit the others.
    """

    members: int
    claims: int
    orgs: int
    seed: int
    now: datetime

    def __post_init__(self) -> None:
        for name in ("members", "claims"):
            if getattr(self, name) < 0:
                raise InputError("size", f"{name} 不能小于零", remedy="写零或更大的整数", field=name)
        if self.orgs < len(OFFICES):
            raise InputError("size", f"至少要有{len(OFFICES)}个基层单位", remedy="三个办事处各须有单位", field="orgs")
        if self.today - self.since < _SHORTEST:
            raise InputError("size", f"截至 {self.today} 没有足够长的期间", remedy=f"截止日至少为 {self.since + _SHORTEST}",
                             field="until")
        if self.claims > self.members * CLAIMS_A_MEMBER:
            raise InputError("size", f"{self.claims} 件案件须有至少 {-(-self.claims // CLAIMS_A_MEMBER)} 名会员",
                             remedy="增加会员，或减少案件", field="members")

    @cached_property
    def today(self) -> date:
        """The business day up to which everything happened."""
        return business_day(self.now)

    @cached_property
    def since(self) -> date:
        """The first day of a report: two years back, or as far as the released working calendars go."""
        first = date(min(calendar().years), 1, 1) + _LEAD
        return max(self.today.replace(year=self.today.year - YEARS, day=min(self.today.day, 28)), first)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The districts in order of their offices."""
        count = max(len(OFFICES), min(_MOST_DISTRICTS, self.orgs, -(-self.claims // _CLAIMS_A_DISTRICT)))
        owners = _owners(count)
        units, members, claims = (_spread(total, count) for total in (self.orgs, self.members, self.claims))
        found = []
        seen = [0, 0, 0]
        for index, office in enumerate(owners):
            found.append(Place(index, office, units[index], members[index], claims[index], *seen))
            seen = [seen[0] + units[index], seen[1] + members[index], seen[2] + claims[index]]
        return tuple(found)

    def chance(self, what: str, index: int = 0) -> Chance:
        """A generator of its own for each thing, so that no part hangs on the order of the others."""
        made = Chance(f"{self.seed}/{what}/{index}")
        made.place = index
        return made


def _owners(count: int) -> list[int]:
    """Office of each district, by share, at least one each."""
    counts = [max(1, int(office.share * count)) for office in OFFICES]
    counts[0] += count - sum(counts)
    return [index for index, number in enumerate(counts) for _ in range(number)]


def _spread(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]
