"""What a test does to a disk image from outside: reads its table, changes files, damages, checks.

Everything is done by the usual programs (sfdisk, mtools, libubootenv, grub-editenv, e2fsprogs,
dosfstools), none of ours.
"""
import json
import os
import shutil
import subprocess
from pathlib import Path

from machine import BootFailure

COPY_SIZE, COPY_OFFSETS = 16384, (0, 65536)


def run(command, accepted=(0,), **options):
    """Standard output of a program that must end with an accepted status."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          errors="replace", **options)
    if done.returncode not in accepted:
        words = " ".join(map(str, command))
        raise BootFailure(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Disk:
    """An image file with a partition table."""

    def __init__(self, path, folder):
        self.path, self.folder = Path(path), Path(folder)
        table = json.loads(run(["sfdisk", "--json", self.path]))["partitiontable"]
        self.partitions = {}
        for part in table["partitions"]:
            name = part.get("name", part["node"][len(str(self.path)):])
            self.partitions[name] = (part["start"] * 512, part["size"] * 512)

    def mtools(self, partition):
        return f"{self.path}@@{self.partitions[partition][0]}"

    def put(self, partition, data, name):
        """Writes a file of a FAT partition."""
        source = self.folder / "put"
        source.write_bytes(data)
        run(["mcopy", "-o", "-i", self.mtools(partition), source, f"::{name}"])

    def get(self, partition, name):
        target = self.folder / "got"
        run(["mcopy", "-n", "-o", "-i", self.mtools(partition), f"::{name}", target])
        return target.read_bytes()

    def delete(self, partition, name):
        run(["mdel", "-i", self.mtools(partition), f"::{name}"], accepted=(0, 1))

    def extract(self, partition):
        """A copy of a partition."""
        start, size = self.partitions[partition]
        target = self.folder / f"{partition}.part"
        run(["dd", f"if={self.path}", f"of={target}", "bs=1M", "iflag=skip_bytes,count_bytes",
             f"skip={start}", f"count={size}", "conv=sparse", "status=none"])
        return target

    def environment(self):
        """The variables of the loader, read by the tools of U-Boot or GRUB."""
        if "environment" in self.partitions:
            start = self.partitions["environment"][0]
            configuration = self.folder / "fw_env.config"
            configuration.write_text("".join(
                f"{self.path} {start + offset:#x} {COPY_SIZE:#x}\n" for offset in COPY_OFFSETS))
            text = run(["fw_printenv", "-c", configuration])
        else:
            self.get(self.efi, "martlet/grubenv")
            text = run(["grub-editenv", self.folder / "got", "list"])
        return dict(line.split("=", 1) for line in text.splitlines())

    @property
    def efi(self):
        return next(iter(self.partitions))

    def tear_newest_copy(self):
        """Damages the copy of U-Boot's environment that counts, as a torn write of its successor
        would have damaged the other one. Its flag before."""
        start = self.partitions["environment"][0]
        with open(self.path, "r+b") as file:
            flags = []
            for offset in COPY_OFFSETS:
                file.seek(start + offset + 4)
                flags.append(file.read(1)[0])
            newest = 1 if (flags[1] > flags[0]) != ({*flags} == {0, 255}) else 0
            file.seek(start + COPY_OFFSETS[newest] + 512)
            file.write(os.urandom(512))
        return flags[newest]

    def check(self):
        """All file systems are clean, ext4 after its journal was replayed. What was remarkable."""
        remarks, kinds = [], {}
        for name in self.partitions:
            part = self.extract(name)
            kind = subprocess.run(["blkid", "-p", "-o", "value", "-s", "TYPE", part],
                                  capture_output=True, text=True).stdout.strip()
            kinds[name] = kind
            if kind == "ext4":
                run(["e2fsck", "-E", "journal_only", "-y", part], accepted=(0, 1))
                run(["e2fsck", "-fn", part])
            elif kind == "vfat":
                text = run(["fsck.fat", "-n", part], accepted=(0, 1))
                lines = [line for line in text.splitlines()[1:] if line.strip()]
                if any("Dirty bit is set" in line for line in lines):
                    remarks.append(f"{name} was being written")
                    run(["fsck.fat", "-a", part], accepted=(0, 1))
                run(["fsck.fat", "-n", part])
            elif kind == "squashfs":
                run(["unsquashfs", "-s", part])
            elif name != "environment":
                raise BootFailure(f"the partition {name} holds no file system that is known")
            part.unlink()
        if "ext4" not in kinds.values() or "vfat" not in kinds.values():
            raise BootFailure(f"the partitions hold {kinds}")
        return remarks

    def agent_state(self):
        """The agent's state, copied out of the data partition after its journal was replayed."""
        part, folder = self.extract("data"), self.folder / "state"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        run(["e2fsck", "-E", "journal_only", "-y", part], accepted=(0, 1))
        run(["debugfs", "-R", f"rdump /agent {folder}", part])
        part.unlink()
        return folder / "agent"
