"""On which kind of file system a file is, as the table of mounts says."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Final

#: Over a network neither locks nor the shared memory of a write-ahead log can be relied on.
NETWORKED: Final = frozenset(
    """
    9p afs ceph cifs coda fuse.ceph fuse.gcsfuse fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs gfs2 glusterfs lustre
    ncpfs nfs nfs4 ocfs2 smb smb3 smbfs
    """.split()
)

_TABLE: Final = Path("/proc/mounts")
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def file_system(path: str, mounts: str) -> str:
    """The type of the file system that `path`, absolute and without links, is on; "" if `mounts` does not say.

    `mounts` is what stands in /proc/mounts: device, mount point, type and more, one mount a line; later ones cover
    earlier ones (proc(5), fstab(5)).
    """
    deepest, found = -1, ""
    for line in mounts.splitlines():
        cells = line.split(" ")
        if len(cells) < 3:
            continue
        point = PurePosixPath(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), cells[1]))
        if PurePosixPath(path).is_relative_to(point) and len(point.parts) >= deepest:
            deepest, found = len(point.parts), cells[2]
    return found


def network_of(file: str) -> str:
    """The type of the network file system that a file is on; "" if it is on none, or the machine does not tell."""
    try:
        found = file_system(os.path.realpath(file), _TABLE.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return ""
    return found if found in NETWORKED else ""
