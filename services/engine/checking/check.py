"""`plans check`: everything that can be wrong with a rule-book file before anybody relies on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.core.errors import HuzhuError, InputError
from services.engine.checking.contradictions import contradictions
from services.engine.checking.examples import Examples, read_examples
from services.engine.checking.soundness import Key, findings, malformed, of_the_whole, soundness
from services.rulebook import registry
from services.rulebook.bundle import combine
from services.rulebook.loader import Document, RuleBookError, read_document, validate
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding


@dataclass(frozen=True, slots=True)
class Checked:
    """One file as checked: `cases` worked examples, `findings` empty when it is sound. `file` is `plan/from.yaml`.

    `loaded`: the file is a rule-book at all, so that its numbers can be shifted.
    """

    file: str
    plan: str
    version: str
    cases: int
    findings: tuple[Finding, ...]
    loaded: bool = True


def files_at(path: Path) -> list[Path]:
    """The rule-book files a path means: one file, or all below a folder. InputError says what is wrong with the path."""
    if path.is_dir():
        found = sorted(file for file in path.rglob("*.yaml") if not file.name.endswith(".examples.yaml"))
        if not found:
            raise InputError("no_rulebooks", f"{path} 之下没有规则文件", remedy="规则文件放在 <办事处>/<计划>/<起日>.yaml", field="target")
        return found
    if path.name.endswith(".examples.yaml"):
        book = path.with_name(path.name.replace(".examples.yaml", ".yaml"))
        raise InputError("wrong_value", f"{path} 是算例文件", remedy=f"检查规则文件 {book}，算例随它一起算", field="target")
    if not path.is_file():
        raise InputError("file_missing", f"读不到文件 {path}", remedy="核对路径", field="target")
    if path.suffix != ".yaml":
        raise InputError("wrong_value", f"{path} 不是规则文件", remedy="规则文件以 .yaml 结尾", field="target")
    return [path]


def check(path: Path) -> list[Finding]:
    """Findings of one file, empty when it is sound: language, soundness, versions, examples."""
    return list(checked(path).findings)


def checked(path: Path) -> Checked:
    """Check one file and count its examples."""
    path = Path(path)
    said = (f"{path.parent.name}/{path.name}", path.parent.name, path.stem)
    try:
        document = read_document(path)
        misshapen = malformed(document)
        if misshapen:
            return Checked(*said, 0, tuple(misshapen), loaded=False)
        book = validate(document)
    except RuleBookError as error:
        return Checked(*said, 0, tuple(error.findings), loaded=False)
    examples = read_examples(path, book.plan)
    unsound = [*soundness(document, book), *contradictions(document, book), *_versions(document, book)]
    return Checked(said[0], book.plan, book.version, len(examples.questions),
                   (*unsound, *_with_parts(document, book, examples)))


def proposal(document: Document) -> tuple[RuleBook | None, list[Finding]]:
    """A file that lies in no folder yet: the whole book, and what is wrong with it; no book where it cannot be read at all.

    Everything is asked of it but its examples, and that no other wording of the plan starts on its day.
    """
    misshapen = malformed(document)
    if misshapen:
        return None, misshapen
    try:
        book = validate(document)
    except RuleBookError as error:
        return None, error.findings
    found = [*soundness(document, book), *contradictions(document, book)]
    try:
        whole = joined(book)
    except RuleBookError as error:
        return None, [*found, *error.findings]
    except HuzhuError as error:
        return None, [*found, *findings(document, [(("bundle",), error.message)])]
    return whole, [*found, *of_the_whole(document, book, whole)]


def joined(book: RuleBook) -> RuleBook:
    """The book with its bundle's parts, each in the wording of the book's first day."""
    return combine(book, lambda plan: registry.resolve(plan, book.from_))


def _with_parts(document: Document, book: RuleBook, examples: Examples) -> list[Finding]:
    """What can be asked only of the whole: the papers' facts and the examples."""
    try:
        whole = joined(book)
    except RuleBookError as error:
        return error.findings
    except HuzhuError as error:
        return findings(document, [(("bundle",), error.message)])
    return [*of_the_whole(document, book, whole), *examples.findings(whole)]


def _versions(document: Document, book: RuleBook) -> list[Finding]:
    """Two files of one plan may not start on the same day; the file is named after its first day."""
    found: list[tuple[Key, str]] = []
    if document.path.stem != book.version:
        found.append((("from",), f"文件名是 {document.path.stem}，内容自 {book.version} 起"))
    for other in sorted(document.path.parent.glob("*.yaml")):
        if other.name.endswith(".examples.yaml") or other == document.path:
            continue
        plan, version = _first_day(other) or ("", "")
        if (plan, version) == (book.plan, book.version):
            found.append((("from",), f"与 {other.name} 同日起施行，版本重叠"))
        elif plan == book.plan and book.until and book.version < version <= book.until.isoformat():
            found.append((("until",), f"{other.name} 在 {book.until} 之前已起施行，停办日期写在计划的最后一个版本里"))
    return findings(document, found)


def _first_day(path: Path) -> tuple[str, str] | None:
    """Plan and first day another file says; None when it is no rule-book, which its own check tells."""
    try:
        tree = read_document(path).tree
    except RuleBookError:
        return None
    return str(tree.get("plan")), str(tree.get("from"))
