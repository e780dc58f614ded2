"""environment.py PACKAGE HOME WHEELS SUBSTVARS: lays out our code and the Python packages that it needs below
PACKAGE/HOME, and a launcher for each of our commands in PACKAGE/usr/bin. Runs in the source tree.

A wheel is an archive that is laid out to be unpacked, so nothing but Python itself is needed. With the build profile
pkg.mkv2castd.distribution, what the distribution has in a version that will do becomes a dependency (python3-NAME)
and is left out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

OURS = "mkv2castd"
PROFILE = "pkg.mkv2castd.distribution"
LAUNCHER = """\
#!/usr/bin/python3 -I
import sys

sys.path.insert(0, "/{home}")
from {module} import {function}

sys.exit({function}())
"""
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?$")


# (name, least version or None) of what something is of no use without
Needs = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Wheel:
    file: Path
    name: str
    needs: Needs


def normal(name: str) -> str:
    """As PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(file: Path) -> Wheel:
    with zipfile.ZipFile(file) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(metadata).decode())
    return Wheel(file, normal(headers["Name"]), needs_of(headers.get_all("Requires-Dist") or ()))


def needs_of(lines: Iterable[str]) -> Needs:
    """Requirements as PEP 508 writes them, without those of extras."""
    needs = []
    for line in lines:
        found = _REQUIREMENT.match(line)
        assert found is not None, line
        if "extra" not in (found[3] or ""):
            least = re.search(r">=\s*([0-9][0-9a-z.]*)", found[2])
            needs.append((normal(found[1]), least[1] if least else None))
    return tuple(needs)


def distribution_has(name: str, least: Iterable[str]) -> bool:
    """Has the distribution python3-NAME, in all these versions or newer?"""
    policy = subprocess.run(
        ["apt-cache", "policy", f"python3-{name}"], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    ).stdout
    candidate = re.search(r"Candidate: (\S+)", policy)
    return (
        candidate is not None
        and candidate[1] != "(none)"
        and all(
            subprocess.run(["dpkg", "--compare-versions", candidate[1], "ge", version], check=False).returncode == 0
            for version in least
        )
    )


def divide(wheels: list[Wheel], ours: Needs) -> tuple[list[Wheel], dict[str, str | None]]:
    """What is bundled, and the dependencies for the rest with their least versions."""
    least: dict[str, list[str]] = {}
    for name, version in (*ours, *(need for wheel in wheels for need in wheel.needs)):
        least.setdefault(name, []).extend([version] if version is not None else [])
    there = {wheel.name for wheel in wheels if distribution_has(wheel.name, least[wheel.name])}
    wanted, direct = dict(ours), dict[str, str | None]()
    bundled: list[Wheel] = []
    while wanted:
        name, version = wanted.popitem()
        if name in there:
            # what it needs in its turn is the distribution's to depend on
            direct[name] = version
        elif (wheel := next((one for one in wheels if one.name == name and one not in bundled), None)) is not None:
            bundled.append(wheel)
            wanted.update(wheel.needs)
    return sorted(bundled, key=lambda wheel: wheel.name), direct


def unpack(wheel: Wheel, home: Path) -> None:
    with zipfile.ZipFile(wheel.file) as archive:
        for info in archive.infolist():
            parts = Path(info.filename).parts
            if parts[0].endswith(".data"):
                if parts[1] not in ("purelib", "platlib"):
                    continue
                parts = parts[2:]
            if info.is_dir() or ".." in parts:
                continue
            target = home.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(info))
            target.chmod(0o644)


def launch(package: Path, home: str, scripts: Mapping[str, str]) -> None:
    (package / "usr/bin").mkdir(parents=True, exist_ok=True)
    for command, reference in scripts.items():
        module, function = reference.split(":")
        launcher = package / "usr/bin" / command
        launcher.write_text(LAUNCHER.format(home=home, module=module.strip(), function=function.strip()))
        launcher.chmod(0o755)


def main(package: Path, home: str, wheels: Path, substvars: Path) -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    every = [read(file) for file in sorted(wheels.glob("*.whl"))]
    system: dict[str, str | None] = {}
    if PROFILE in os.environ.get("DEB_BUILD_PROFILES", "").split():
        every, system = divide(every, needs_of(project["dependencies"]))
    for wheel in every:
        unpack(wheel, package / home)
    shutil.copytree(OURS, package / home / OURS, ignore=shutil.ignore_patterns("__pycache__"))
    launch(package, home, project["scripts"])
    depends = ["python3 (>= 3.11)"]
    if any((package / home).rglob("*.so")):
        major, minor = sys.version_info[:2]
        # what is compiled is so for this version only
        depends = [f"python3 (>= {major}.{minor})", f"python3 (<< {major}.{minor + 1})"]
    depends += [f"python3-{name}" + (f" (>= {least})" if least else "") for name, least in sorted(system.items())]
    with substvars.open("a") as file:
        file.write(f"python:Depends={', '.join(depends)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
