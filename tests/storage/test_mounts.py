"""Which file system a file is on."""

from __future__ import annotations

import pytest

from crmkit.storage.mounts import NETWORKED, file_system

MOUNTS = r"""
/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb /home/minji/local xfs rw 0 0
//office/crm /mnt/our\040files cifs rw 0 0
ann@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/vdc /mnt/twice nfs rw 0 0
/dev/vdd /mnt/twice btrfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/crm.db", "ext4"),
        ("/home/crm.db", "nfs4"),
        ("/homes/crm.db", "ext4"),
        ("/home/minji/crm.db", "nfs4"),
        ("/home/minji/local/crm.db", "xfs"),
        ("/mnt/our files/crm.db", "cifs"),
        ("/mnt/ssh/a/b/crm.db", "fuse.sshfs"),
        ("/mnt/twice/crm.db", "btrfs"),
    ],
)
def test_the_deepest_and_latest_mount_counts(path: str, kind: str) -> None:
    """As the kernel resolves paths; spaces are written in octal."""
    assert file_system(path, MOUNTS) == kind


def test_a_table_that_does_not_say_refuses_nothing() -> None:
    """No mount above the path: no type."""
    assert file_system("/crm.db", "") == ""
    assert "" not in NETWORKED


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
def test_file_systems_of_other_machines_are_known(kind: str) -> None:
    """Those on which locks cannot be relied on."""
    assert file_system("/mnt/crm.db", f"x /mnt {kind} rw 0 0") in NETWORKED


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "apfs", "fuseblk"])
def test_file_systems_of_this_machine_are_taken(kind: str) -> None:
    """Disks, memory, layers of containers."""
    assert kind not in NETWORKED
