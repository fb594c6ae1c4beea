"""Built functions as zip archives, made once per build.

`sam deploy` zips every function's folder at each deployment, which takes longer than all else that it does;
a path to a zip archive it uploads as it is.
"""

import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The laptop reads them back at once: size matters less than time.
COMPRESSION_LEVEL = 1
# The first time that an archive can hold: the same files make the same archive, which no deployment changes.
FIRST_TIME = (1980, 1, 1, 0, 0, 0)
_CODE = re.compile(r"^(\s+CodeUri: )(\w+)$", re.MULTILINE)


def pack(build: Path) -> None:
    """Make build/NAME.zip of each function's folder, and let build/template.yaml point to it.

    A function that is packed already stays as it is.
    """
    template = build / "template.yaml"
    text = template.read_text()
    with ThreadPoolExecutor() as pool:
        list(pool.map(_archive, {build / name for _, name in _CODE.findall(text)}))
    template.write_text(_CODE.sub(r"\1\2.zip", text))


def _archive(folder: Path) -> None:
    with zipfile.ZipFile(
        folder.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL
    ) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), FIRST_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                # What Lambda's user may read, and run.
                entry.external_attr = 0o755 << 16
                archive.writestr(entry, path.read_bytes())
