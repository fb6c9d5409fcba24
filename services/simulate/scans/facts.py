"""What stands on a sheet: synthetic people, invented hospitals and houses, amounts that add up. Seeded.

Values are in the written form of the vocabulary; keys that are no field of a sheet are the words around the fields.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from services.core.words import uppercase
from services.simulate.synthetic import REGIONS, Sex, synthetic_card, synthetic_id

Facts = dict[str, str]
_FAMILY = "示样例拟仿试"
_GIVEN = "兰梅菊莲棠荷桂蓉芝薇松柏杉桦槐榆杨桐樟楠晓静丽华建国海燕雪娟志强玉珍文博雨欣秀英"
_TOWNS = ("银川", "石嘴山", "吴忠", "固原", "中卫", "乌鲁木齐", "昌吉", "兴庆区", "金凤区", "天山区")
_HOSPITALS = ("示例人民医院", "示例第一人民医院", "示例中医医院", "示例妇幼保健院", "样本肿瘤医院",
              "示例医科大学附属医院", "样本医科大学总医院", "示例中西医结合医院", "示例职工医院", "样本心血管病医院")
_WARDS = ("普外科", "乳腺外科", "妇科", "肿瘤内科", "消化内科", "心血管内科", "神经内科", "肝胆外科", "骨科一病区", "肾内科")
_OF_ALL = (("甲状腺乳头状癌", "C73.x00"), ("右肺上叶腺癌", "C34.1"), ("胃体低分化腺癌", "C16.2"), ("直肠中分化腺癌", "C20.x00"),
           ("左肾透明细胞癌", "C64.x00"))
_OF_WOMEN = (("乳腺浸润性导管癌", "C50.9"), ("宫颈鳞状细胞癌", "C53.9"), ("卵巢浆液性囊腺癌", "C56.x00"), ("宫颈原位癌", "D06.9"),
             ("子宫内膜样腺癌", "C54.1"), ("左侧乳腺导管原位癌", "D05.1"), ("子宫平滑肌瘤", "D25.9"))
_NOT_CUT = (("急性前壁心肌梗死", "I21.0"), ("脑出血", "I61.9"), ("慢性肾功能衰竭尿毒症期", "N18.5"), ("肝硬化失代偿期", "K74.6"),
            ("急性脑梗死", "I63.9"))             # nothing that a pathologist sees
BANKS = {"ICBC": ("中国工商银行", "INDUSTRIAL AND COMMERCIAL BANK OF CHINA"), "CCB": ("中国建设银行", "China Construction Bank"),
         "ABC": ("中国农业银行", "AGRICULTURAL BANK OF CHINA"), "BOC": ("中国银行", "BANK OF CHINA"),
         "BOB_UNION_CARD": ("北京银行", "BANK OF BEIJING")}
_STREETS = ("示例东路", "样本北街", "示范西路", "试行南街", "仿真大道")
_CAUSES = ("厨房内电冰箱电源线短路引燃周围可燃物", "客厅插座接触不良发热引燃窗帘",
           "阳台电动自行车蓄电池充电时热失控", "卧室电热毯使用不当引燃被褥", "祭祀时遗留火种引燃堆放的纸箱")
_ITEMS = ("床位费", "护理费", "检查费", "化验费", "治疗费", "手术费", "西药费", "中成药费", "卫生材料费", "诊察费", "麻醉费", "输血费")


def _pick(chance: random.Random, options: tuple[str, ...] | str) -> str:
    return options[chance.randrange(len(options))]


def _name(chance: random.Random) -> str:
    """A family that no family has, one or two given names; now and then one with a middle dot, as many have in Xinjiang."""
    if chance.random() < 0.04:
        return f"{_pick(chance, ('阿样', '古例', '买试'))}{_pick(chance, '丽尔娜')}·{_pick(chance, ('示例提', '样买提', '拟尔江'))}"
    return _pick(chance, _FAMILY) + "".join(chance.sample(_GIVEN, 2 if chance.random() < 0.8 else 1))


def _money(chance: random.Random, low: int, high: int) -> Decimal:
    return Decimal(chance.randrange(low * 100, high * 100)) / 100


def person(chance: random.Random) -> Facts:
    """Name, sex, birth, identity number, age and dwelling of somebody who does not exist."""
    born = date(1958, 1, 1) + timedelta(days=chance.randrange(365 * 45))
    sex: Sex = "F" if chance.random() < 0.7 else "M"
    town = _pick(chance, _TOWNS)
    return {"name": _name(chance), "sex": "女" if sex == "F" else "男", "born": born.isoformat(), "age": str(2026 - born.year),
            "id_number": synthetic_id(_pick(chance, tuple(REGIONS.values())), born, chance.randrange(500), sex),
            "folk": _pick(chance, ("汉", "回", "维吾尔", "满")), "unit_name": f"{town}示例纺织厂",
            "address": f"{town}{_pick(chance, _STREETS)}{chance.randrange(1, 400)}号样本花园{chance.randrange(1, 30)}号楼"
                       f"{chance.randrange(1, 5)}单元{chance.randrange(101, 2000)}室"}


def _care(chance: random.Random, *, sex: str, cut: bool) -> Facts:
    """A stay in a hospital; `cut`: for something of which tissue was taken."""
    known = [*_OF_ALL, *(_OF_WOMEN if sex == "女" else ()), *(() if cut else _NOT_CUT)]
    disease, icd = known[chance.randrange(len(known))]
    admitted = date(2025, 3, 1) + timedelta(days=chance.randrange(560))
    days = chance.randrange(2, 32)
    left = admitted + timedelta(days=days)
    return {"hospital": _pick(chance, _TOWNS[:7]) + _pick(chance, _HOSPITALS), "disease": disease, "icd": icd,
            "admitted_on": admitted.isoformat(), "discharged_on": left.isoformat(), "days": str(days),
            "diagnosed_on": (admitted + timedelta(days=chance.randrange(days))).isoformat(),
            "ward": _pick(chance, _WARDS), "bed": f"{chance.randrange(1, 60)}", "case_no": f"{chance.randrange(10**6, 10**7)}",
            "visit_no": f"{chance.randrange(10**8, 10**9)}", "doctor": _name(chance), "doctor2": _name(chance)}


def _id_card(chance: random.Random, facts: Facts) -> None:
    facts["number"] = facts["id_number"]
    begins = date(2010, 1, 1) + timedelta(days=chance.randrange(5000))
    facts["valid_from"] = begins.isoformat()
    long_lived = int(facts["age"]) > 55 and chance.random() < 0.7
    facts["valid_until"] = "长期" if long_lived else begins.replace(year=begins.year + 20, day=min(begins.day, 28)).isoformat()
    facts["police"] = f"{_pick(chance, _TOWNS[:7])}市公安局示例分局"


def _bank_card(chance: random.Random, facts: Facts) -> None:
    code = _pick(chance, tuple(BANKS))
    facts["bank"], facts["bank_english"] = BANKS[code]
    facts["account"] = synthetic_card(code, chance.randrange(10**9, 10**12))
    facts["valid"] = f"{chance.randrange(1, 13):02d}/{chance.randrange(28, 36)}"
    facts["branch"] = f"{_pick(chance, _TOWNS[:7])}{_pick(chance, ('示例', '样本'))}支行"
    facts["opened_on"] = (date(2019, 1, 1) + timedelta(days=chance.randrange(2000))).isoformat()


def _pathology(chance: random.Random, facts: Facts) -> None:
    taken = date.fromisoformat(facts["admitted_on"]) + timedelta(days=1)
    received = taken + timedelta(days=chance.randrange(0, 3))
    facts |= {"specimen_on": taken.isoformat(), "received_on": received.isoformat(),
              "reported_on": (received + timedelta(days=chance.randrange(3, 9))).isoformat(),
              "number": f"{received.year}{chance.randrange(10**4, 10**5)}"}


def _settlement(chance: random.Random, facts: Facts) -> None:
    pool, large = _money(chance, 3000, 60000), _money(chance, 500, 20000)
    own_1, own_2, own_expense = _money(chance, 400, 9000), _money(chance, 50, 3000), _money(chance, 20, 2500)
    own = own_1 + own_2 + own_expense
    account = min(own, _money(chance, 100, 900))
    left = date.fromisoformat(facts["discharged_on"])
    facts |= {"number": f"{left.year}{chance.randrange(10**8, 10**9)}", "settled_on": (left + timedelta(chance.randrange(3))).isoformat(),
              "total": f"{pool + large + own:.2f}", "pool_fund_paid": f"{pool:.2f}", "large_fund_paid": f"{large:.2f}",
              "own_1": f"{own_1:.2f}", "own_2": f"{own_2:.2f}", "own_expense": f"{own_expense:.2f}", "own_payment": f"{own:.2f}",
              "fund_paid": f"{pool + large:.2f}", "account_paid": f"{account:.2f}", "cash_paid": f"{own - account:.2f}",
              "advance": f"{(own // 1000 + 1) * 1000:.2f}", "own_words": uppercase(own), "total_words": uppercase(pool + large + own)}
    _lines(chance, facts, pool + large + own)


def _lines(chance: random.Random, facts: Facts, total: Decimal) -> None:
    """Ten lines of costs that add up to the total."""
    cuts = sorted(chance.sample(range(1, 10_000), 9))
    shares = [(right - left) for left, right in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    amounts = [(total * share / 10_000).quantize(Decimal("0.01")) for share in shares]
    amounts[-1] += total - sum(amounts)
    for place, (item, amount) in enumerate(zip(chance.sample(_ITEMS, 10), amounts, strict=True)):
        facts[f"item_{place}"], facts[f"cost_{place}"] = item, f"{amount:.2f}"


def _invoice(chance: random.Random, facts: Facts) -> None:
    amount = _money(chance, 30, 900) if chance.random() < 0.4 else _money(chance, 2000, 70000)
    facts |= {"code": f"{chance.choice((64, 65))}0601{chance.randrange(23, 27)}", "number": f"{chance.randrange(1, 10**10):010d}",
              "check": "".join(chance.choice("0123456789abcdef") for _ in range(6)),
              "issued_on": facts["discharged_on"], "amount": f"{amount:.2f}", "amount_in_words": uppercase(amount).removeprefix("人民币"),
              "clock": f"{chance.randrange(8, 18):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}"}
    _lines(chance, facts, amount)


def _fire(chance: random.Random, facts: Facts) -> None:
    burnt = date(2025, 2, 1) + timedelta(days=chance.randrange(600))
    town = _pick(chance, ("兴庆", "金凤", "天山", "沙依巴克", "利通"))
    facts |= {"number": f"{town[0]}消火认字〔{burnt.year}〕第{chance.randrange(1, 200):04d}号", "place": facts["address"],
              "on": burnt.isoformat(), "cause": _pick(chance, _CAUSES), "hour": f"{chance.randrange(24)}时{chance.randrange(60):02d}分",
              "issued_on": (burnt + timedelta(days=chance.randrange(8, 40))).isoformat(), "brigade": f"{town}区消防救援大队"}


_MORE: Mapping[str, Callable[[random.Random, Facts], None]] = {
    "id_card": _id_card, "bank_card": _bank_card, "pathology": _pathology, "settlement": _settlement, "invoice": _invoice, "fire": _fire}


def facts_for(sheet: str, chance: random.Random) -> Facts:
    """Everything that may stand on a sheet of this kind."""
    found = person(chance)
    found |= _care(chance, sex=found["sex"], cut=sheet == "pathology")
    if more := _MORE.get(sheet):
        more(chance, found)
    return found
