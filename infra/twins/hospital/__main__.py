"""Starts the hospital: `python -m infra.twins.hospital --help`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from infra.twins.hospital.desk import Desk, scripted
from infra.twins.hospital.faults import NAMES, parsed
from infra.twins.hospital.journal import Journal
from infra.twins.hospital.wire import Wire

TOKEN = "HOSPITAL_TOKEN"


def main() -> int:
    """Tell the script, then hand in lists; 1 when something was refused for good or a day differs in the end."""
    parser = argparse.ArgumentParser(prog="python -m infra.twins.hospital", description="A stand-in of a hospital's settlement program",
                                     epilog=f"The token comes in the environment as {TOKEN}.")
    parser.add_argument("--url", required=True, help="the office's address")
    parser.add_argument("--script", type=Path, required=True, help="JSON lines, see PROTOCOL.md")
    parser.add_argument("--data", type=Path, required=True, help="folder of the hospital's own books")
    parser.add_argument("--seed", type=int, default=0, help="which events the faults befall")
    parser.add_argument("--faults", default="", help=f"NAME=SHARE,…; names: {', '.join(NAMES)}")
    parser.add_argument("--outage", default="", help="FROM:COUNT events of the script that are told after the outage, in any order")
    parser.add_argument("--attempts", type=int, default=0, help="stop after so many; the next start goes on")
    parser.add_argument("--wait", type=float, default=10.0, help="seconds for an answer")
    parser.add_argument("--lists", action="store_true", help="hand in the list of each day")
    given = parser.parse_args()
    faults, journal = parsed(given.faults, given.seed), Journal(given.data)
    first, _, count = given.outage.partition(":")
    outage = (int(first), int(count)) if given.outage else None
    journal.add(scripted(given.script.read_text(encoding="utf-8").splitlines(), faults, outage))
    desk = Desk(journal, Wire(given.url, os.environ.get(TOKEN, ""), given.wait), faults)
    desk.work(given.attempts)
    days = [_reconciled(desk, day) for day in journal.days()] if given.lists else []
    for line in desk.complaints:
        print(f"refused: {line}", flush=True)
    return 0 if all(days) and not desk.complaints else 1


def _reconciled(desk: Desk, day: str) -> bool:
    answer = desk.hand_in(day)
    if answer.status == 200 and answer.body["state"] == "differs":
        for one in answer.body["differences"]:
            print(f"{day} {one['kind']} {one['setl_id']}: {one['theirs']} / {one['ours']}", flush=True)
        desk.mend(answer.body["differences"])
        answer = desk.hand_in(day)
    state = answer.body.get("state") or answer.body.get("code")
    print(f"{day} {state} {answer.body.get('our_sum', '')}", flush=True)
    return answer.status == 200 and state != "differs"


if __name__ == "__main__":
    sys.exit(main())
