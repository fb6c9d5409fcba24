"""Letters a second: the press on one core against WeasyPrint alone on the same HTML, two processes against one, and a whole batch.

`python -m infra.bench.letters [--letters 60] [--batch 200]` sets the samples of four letters in turn, unsigned, with their data
inside. The bare side gets the HTML with every line already set, the same style sheet and the same whole faces, both loaded once (a
user who loads them for each letter waits far longer), and writes a plain PDF, or the PDF/A-3a that a letter must be. All sides run
in one process, turn by turn, and are counted in the seconds of the core. `--batch` (infra/bench/letters_batch.py) sends that many
letters through the flow; 0 leaves it out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from weasyprint import HTML

from documents.proof import VARIANT
from documents.render import HERE, Rendered, render, type_case
from infra.bench import letters_batch

CODES = ("payment", "decision", "receipt", "withdrawal")
ROUNDS = 5


def sample(code: str) -> dict[str, object]:
    """A letter's sample values."""
    values: dict[str, object] = json.loads((HERE / "notices" / code / "sample.json").read_text("utf-8"))
    return values


def press(code: str) -> Rendered:
    """One letter with its data, as it is before it is signed."""
    values = sample(code)
    return render(code, values, data=values)


def bare(html: str, variant: str | None = None) -> None:
    """The same page by WeasyPrint alone, as a plain PDF or as the variant that is asked for."""
    fonts, css = type_case()
    HTML(string=html).write_pdf(stylesheets=[css], font_config=fonts, pdf_variant=variant)


def one_core(count: int) -> list[tuple[float, float, float]]:
    """Seconds of the press, of the bare side and of the bare side writing PDF/A-3a, for each round of `count` letters in all."""
    pages = {code: press(code).html for code in CODES}
    rounds = []
    for _ in range(ROUNDS):
        took = [0.0, 0.0, 0.0]
        for code in itertools.islice(itertools.cycle(CODES), count // ROUNDS):
            times = [time.process_time()]     # of the core, whatever else the machine does
            for work in (partial(press, code), partial(bare, pages[code]), partial(bare, pages[code], VARIANT)):
                work()
                times.append(time.process_time())
            took = [before + after - start for before, (start, after) in zip(took, itertools.pairwise(times), strict=True)]
        rounds.append((took[0], took[1], took[2]))
    return rounds


def processes(workers: int, count: int) -> float:
    """Seconds for `count` letters in a pool that is already warm."""
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_digest, [code for code in CODES for _ in range(workers)]))
        begun = time.perf_counter()
        list(pool.map(_digest, itertools.islice(itertools.cycle(CODES), count), chunksize=2))
        return time.perf_counter() - begun


def _digest(code: str) -> str:
    return press(code).sha256


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=60)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = one_core(options.letters)
    ratio, alike = (round(statistics.median(one[place] / one[0] for one in rounds), 2) for place in (1, 2))
    each = options.letters // ROUNDS
    rate, bare_rate, alike_rate = (each / statistics.median(times) for times in zip(*rounds, strict=True))
    single, double = processes(1, options.letters), processes(2, options.letters)
    found = {"letters_a_second": round(rate, 1), "bare_a_second": round(bare_rate, 1), "ratio": ratio, "ratio_pdf_a": alike,
             "two_processes_a_second": round(options.letters / double, 1), "two_against_one": round(single / double, 2)}
    if options.json:
        batch = letters_batch.run(options.batch, lambda words: None).shown() if options.batch else {}
        print(json.dumps(found | {f"batch_{name}": value for name, value in batch.items()}, ensure_ascii=False))
        return
    print(f"{'letters of 2 to 3 pages':28}{'a second':>14}{'range':>18}{'ratio':>14}")
    print(f"{'WeasyPrint alone':28}{bare_rate:14.1f}{_range([each / one[1] for one in rounds]):>18}")
    print(f"{'WeasyPrint alone, PDF/A-3a':28}{alike_rate:14.1f}{_range([each / one[2] for one in rounds]):>18}")
    print(f"{'the press, unsigned':28}{rate:14.1f}{_range([each / one[0] for one in rounds]):>18}{ratio:14.2f}, {alike:.2f}")
    print(f"{'one process':28}{options.letters / single:14.1f}")
    print(f"{'two processes':28}{options.letters / double:14.1f}{'':18}{found['two_against_one']:14.2f}")
    if options.batch:
        told(letters_batch.run(options.batch, partial(print, flush=True)))


def told(batch: letters_batch.Run) -> None:
    """What the batch took."""
    print(f"{batch.letters} letters numbered, sealed, stored and sent in one run: {batch.seconds:.0f} s,"
          f" {batch.letters / batch.seconds:.1f} a second; each once, no gap, no double")
    print("memory at most: " + ", ".join(f"{name} {value:.0f} MB" for name, value in batch.peak_mb.items()))


def _range(values: list[float]) -> str:
    return f"{min(values):.1f}–{max(values):.1f}"


if __name__ == "__main__":
    main()
