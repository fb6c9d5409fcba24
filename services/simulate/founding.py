"""Before the first day: organisations, people, accounts with tokens, kin and the fund, all through the API."""

from __future__ import annotations

from collections.abc import Iterable

from services.simulate.cast import BROTHER, HUSBAND, PLACES, Member, Post, claimants, staff
from services.simulate.door import Door
from services.simulate.synthetic import Synthetic

ADMIN, WORKER, AUDITOR = "admin", "worker", "auditor"
VALID_UNTIL = "2027-12-31T18:00:00+08:00"
_FUND = {"plan": "xj-women", "opening": "500000.00"}


class Founding:
    """Builds the world; `orgs` and `people` are ids by path and login."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.orgs: dict[str, str] = {}
        self.people: dict[str, str] = {}

    def build(self, token: str) -> None:
        """Everything, by the first administrator, whose token `huzhu setup` printed."""
        door = self._door
        door.tokens[ADMIN] = token
        me = door.get(ADMIN, "/me")
        door.tokens[ADMIN] = self._token(str(me["account_id"]))
        self._organisations()
        self._program(WORKER, "系统", "system")
        self._program(AUDITOR, "审计", "auditor")
        for post in staff():
            self._post(post)
        for member in claimants().values():
            self._member(member)
        door.post(ADMIN, f"/people/{self.people[claimants()['S13'].login]}/kin",
                  {"relative_id": self.people[HUSBAND], "relation": "husband"})
        door.post(ADMIN, "/funds", _FUND)

    def welcome(self, members: Iterable[Member], *, sister: Member) -> None:
        """Accounts of more members, and whose sister is the senior reviewer's; people registered already are found again."""
        for member in members:
            self._member(member)
        self._person(sister.login, sister.person)
        self._door.post(ADMIN, f"/people/{self.people[sister.login]}/kin", {"relative_id": self.people[BROTHER], "relation": "sibling"})

    def _organisations(self) -> None:
        [root] = self._door.listed(ADMIN, "/organisations")
        self.orgs[""] = str(root["id"])
        for place in PLACES:
            parent, _, code = place.path.rpartition(".")
            body = {"parent_id": self.orgs[parent], "code": code, "name": place.name, "kind": place.kind}
            if place.office:
                body |= {"office": place.office, "letter_organ": place.name, "letter_series": str(place.series),
                         "contact": str(place.contact)}
            self.orgs[place.path] = str(self._door.post(ADMIN, "/organisations", body)["id"])

    def _person(self, login: str, person: Synthetic) -> None:
        body = {"name": person.name, "id_number": person.id_number, "phone": person.phone}
        self.people[login] = str(self._door.post(ADMIN, "/people", body)["id"])

    def _account(self, login: str, name: str, path: str, role: str, person_id: str | None) -> None:
        body = {"login": login, "name": name, "org_id": self.orgs[path], "roles": [role], "person_id": person_id}
        self._door.tokens[login] = self._token(str(self._door.post(ADMIN, "/accounts", body)["id"]))

    def _token(self, account_id: str) -> str:
        answer = self._door.post(ADMIN, f"/accounts/{account_id}/tokens", {"expires_at": VALID_UNTIL, "roles": []})
        return str(answer["token"])

    def _post(self, post: Post) -> None:
        self._person(post.login, post.person)
        self._account(post.login, post.person.name, post.path, post.role, self.people[post.login])

    def _member(self, member: Member) -> None:
        self._person(member.login, member.person)
        self._account(member.login, member.person.name, member.unit, "member", self.people[member.login])

    def _program(self, login: str, name: str, role: str) -> None:
        self._account(login, name, "", role, None)


