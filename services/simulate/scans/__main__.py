"""`python -m services.simulate.scans OUT [--kind diagnosis] [--n 4] [--quality phone]` writes pictures and their truth (JSON).

Never the layouts that are held out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from services.simulate.scans.sheets import LAYOUTS, sheet
from services.simulate.scans.wear import QUALITIES


def main() -> None:
    """Write a gallery."""
    parser = argparse.ArgumentParser(description="A gallery of generated scans")
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", choices=sorted(LAYOUTS), action="append", help="all kinds when none is named")
    parser.add_argument("--n", type=int, default=4, help="sheets of each kind")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--quality", choices=sorted(QUALITIES), default="clean")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for kind in given.kind or LAYOUTS:
        for seed in range(given.seed, given.seed + given.n):
            scan = sheet(kind, seed, layout=list(LAYOUTS[kind])[seed % len(LAYOUTS[kind])], quality=given.quality)
            path = given.out / f"{kind}-{scan.layout}-{given.quality}-{seed}.jpg"
            path.write_bytes(scan.data)
            said = {"sheet": kind, "layout": scan.layout, "quality": scan.quality, "seed": seed, "size": scan.size, "width": scan.width,
                    "truth": dict(scan.truth), "boxes": {name: dataclasses.asdict(box) for name, box in scan.boxes.items()}}
            path.with_suffix(".json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
