"""Ends with 1 if the pure modules' branches are covered less than asked: _pure_coverage.py PERCENT LIST_FILE.

Reads .coverage in the present folder, as pytest-cov leaves it. A listed module that was never imported counts as
a mistake in the list.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main(least: float, listing: Path) -> int:
    modules = [line.strip() for line in listing.read_text(encoding="utf-8").splitlines()]
    modules = [line for line in modules if line and not line.startswith("#")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", str(report)], check=True)
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    unknown = [module for module in modules if module not in files]
    if unknown:
        print(f"{listing.name} names modules that no test imports: {', '.join(unknown)}", file=sys.stderr)
        return 1
    covered = total = 0
    print("Branches covered in the modules without I/O:")
    for module in modules:
        summary = files[module]["summary"]
        covered += summary["covered_branches"]
        total += summary["num_branches"]
        print(f"  {module:40} {summary['covered_branches']:4} of {summary['num_branches']:4}")
    percent = 100 * covered / total if total else 100.0
    print(f"  {percent:.1f} % together; at least {least:g} % wanted")
    return 0 if percent >= least else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), Path(sys.argv[2])))
