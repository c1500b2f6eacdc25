#!/usr/bin/env python3
"""Lists the places that report an error to the user and that no test has reached.

The generators' command line (apps/driver) is left out: tests/package builds and tests it as a user does, without
coverage.

Usage: unreached_errors.py SOURCE_FOLDER BUILD_FOLDER, where the build records coverage (-DLATHE_COVERAGE=ON) and
the tests have run in it. Exits with 1 if there is such a place.
"""
import json
import pathlib
import re
import subprocess
import sys

FOLDERS = ["ir", "dsl", "schedule", "codegen", "hls"]
REPORT = re.compile(r"(?<![\w:])(?:lathe::)?(?:\w+\.)?(?:fail|refuse)\(|\bthrow Error\(")
DEFINITION = re.compile(r"\[\[noreturn\]\]|^\s*(?:void|static void|inline void)\b")


def coverage(build):
    """{file: {line: reached}}: a line is reached if in some copy of its code all of it has run."""
    lines = {}
    for folder in FOLDERS:
        for data in (build / folder).rglob("*.gcda"):
            out = subprocess.run(["gcov", "--json-format", "--stdout", str(data)], cwd=data.parent,
                                 capture_output=True, check=True).stdout
            for document in out.splitlines():
                for file in json.loads(document)["files"]:
                    known = lines.setdefault(str(pathlib.Path(file["file"]).resolve()), {})
                    for line in file["lines"]:
                        reached = line["count"] > 0 and not line["unexecuted_block"]
                        known[line["line_number"]] = known.get(line["line_number"], False) or reached
    return lines


def reports(text):
    """The numbers of the lines of each statement that reports an error."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not REPORT.search(line) or DEFINITION.search(line) or line.lstrip().startswith("//"):
            continue
        end = number
        while ";" not in lines[end] and end + 1 < len(lines):
            end += 1
        yield range(number + 1, end + 2)


def main():
    source, build = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    lines = coverage(build)
    count, unreached = 0, []
    for folder in FOLDERS:
        for path in sorted([*(source / folder).rglob("*.cpp"), *(source / folder).rglob("*.h")]):
            known = lines.get(str(path), {})
            for statement in reports(path.read_text()):
                hits = [known[n] for n in statement if n in known]
                if not hits:  # no code: a declaration, or a file that no program links
                    continue
                count += 1
                if not any(hits):
                    unreached.append(f"{path.relative_to(source)}:{statement[0]}: "
                                     + path.read_text().splitlines()[statement[0] - 1].strip())
    print("\n".join(unreached))
    print(f"{count} places report errors, {len(unreached)} of them were not reached")
    return 1 if unreached else 0


if __name__ == "__main__":
    sys.exit(main())
