"""The city-wide plan written for OpenFisca-Core: vectors over persons, amounts in yuan as its single-precision floats.

Needs the packages of `infra/bench/requirements.lock`; nothing of the product imports this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from openfisca_core.entities import build_entity
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

Person = build_entity(key="person", plural="persons", label="member", is_person=True)
STAYS = ("stay_first", "stay_second", "stay_third")
INPUTS = ("outpatient_own", *STAYS, "over_cap_own", "reimbursed", "favoured", "poor")


def _since(value: float) -> dict[str, object]:
    return {"values": {"2015-01-01": {"value": value}}}


PARAMETERS = {
    "rate": {"normal": _since(0.20), "favoured": _since(0.25)},
    "start": {"outpatient": _since(1800), "first": _since(1300), "later": _since(650),
              "poor_first": _since(650), "poor_later": _since(325)},
    "ladder": {"brackets": [{"threshold": _since(threshold), "rate": _since(rate)}
                            for threshold, rate in ((0, 0.40), (50_000, 0.60), (100_000, 0.80))]},
    "top": {"threshold": _since(150_000), "rate": _since(0.90), "maximum": _since(100_000)},
    "annual_maximum": _since(200_653),
}


def _rate(person: Any, period: Any, p: Any) -> Any:
    return np.where(person("favoured", period), p.rate.favoured, p.rate.normal)


def _outpatient(person: Any, period: Any, parameters: Any) -> Any:
    p = parameters(period)
    return np.maximum(person("outpatient_own", period) - p.start.outpatient, 0) * _rate(person, period, p)


def _inpatient(person: Any, period: Any, parameters: Any) -> Any:
    p, poor = parameters(period), person("poor", period)
    first = np.where(poor, p.start.poor_first, p.start.first)
    later = np.where(poor, p.start.poor_later, p.start.later)
    due = sum(np.maximum(person(stay, period) - (later if number else first), 0) for number, stay in enumerate(STAYS))
    return due * _rate(person, period, p)


def _over_cap(person: Any, period: Any, parameters: Any) -> Any:
    p = parameters(period)
    amount = np.maximum(person("over_cap_own", period) - person("reimbursed", period), 0)
    below = p.ladder.calc(np.minimum(amount, p.top.threshold))
    return below + np.minimum(np.maximum(amount - p.top.threshold, 0) * p.top.rate, p.top.maximum)


def _total(person: Any, period: Any, parameters: Any) -> Any:
    lines = person("outpatient", period) + person("inpatient", period) + person("over_cap", period)
    return np.minimum(lines, parameters(period).annual_maximum)


FORMULAS = {"outpatient": _outpatient, "inpatient": _inpatient, "over_cap": _over_cap, "total": _total}


def system() -> TaxBenefitSystem:
    """Inputs, formulas and dated parameters of the plan."""
    found = TaxBenefitSystem([Person])
    found.parameters = ParameterNode("", data=PARAMETERS)
    for name in (*INPUTS, *FORMULAS):
        body: dict[str, object] = {"value_type": bool if name in ("favoured", "poor") else float, "entity": Person,
                                   "definition_period": DateUnit.YEAR, "label": name}
        if name in FORMULAS:
            body["formula"] = FORMULAS[name]
        found.add_variable(type(name, (Variable,), body))
    return found


class Vectors:
    """The city of the frame as arrays, made once; `total` computes it anew."""

    def __init__(self, frame: pl.DataFrame, year: int) -> None:
        stays, kind = pl.col("event.stays_own_1").list, pl.col("person.category")
        wanted = {"outpatient_own": pl.col("event.outpatient_own_1") / 100, "over_cap_own": pl.col("event.over_cap_own_1") / 100,
                  "reimbursed": pl.col("event.other_reimbursed") / 100, "poor": kind == "specially_poor",
                  "favoured": kind.is_in(["specially_poor", "model_worker"])}
        wanted |= {name: stays.get(number, null_on_oob=True).fill_null(0) / 100 for number, name in enumerate(STAYS)}
        self.year, self.system = str(year), system()
        self.arrays = {name: series.to_numpy() for name, series in frame.select(**wanted).to_dict(as_series=True).items()}
        self.count = len(frame)

    def total(self) -> float:
        """Yuan of the whole city."""
        simulation = SimulationBuilder().build_default_simulation(self.system, count=self.count)
        for name, array in self.arrays.items():
            simulation.set_input(name, self.year, array)
        return float(simulation.calculate("total", self.year).sum(dtype=np.float64))
