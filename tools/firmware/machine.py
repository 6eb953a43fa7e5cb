"""A virtual machine that boots a disk image, and whose power can be cut at any instant."""
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

FIRMWARE = {
    "x86_64": Path("/usr/share/OVMF/OVMF_CODE_4M.fd"),
    "aarch64": Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin"),
    "armv7hf": Path("/usr/lib/u-boot/qemu_arm/u-boot.bin"),
}
UEFI_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")


class BootFailure(Exception):
    """Something that the test waited for did not happen, or was wrong."""


class Machine:
    """Starts QEMU on an image; its console is a list of lines and a file.

    Nothing is accelerated by the host's processor: the same everywhere, and KVM may be missing.
    """

    def __init__(self, architecture, image, folder, memory=256):
        self.folder, self.lines, self.next = Path(folder), [], 0
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [*self.command(architecture), "-accel", "tcg", "-m", str(memory), "-nodefaults",
             "-nographic", "-serial", "stdio", "-drive",
             f"file={image},format=raw,if=none,id=disk,discard=unmap", "-netdev", "user,id=net",
             *self.devices(architecture)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.started = time.monotonic()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def command(self, architecture):
        """The machine and its firmware."""
        firmware = FIRMWARE[architecture]
        if architecture != "x86_64":
            program, cpu = {"aarch64": ("aarch64", "cortex-a53"),
                            "armv7hf": ("arm", "cortex-a7")}[architecture]
            return [f"qemu-system-{program}", "-M", "virt", "-cpu", cpu, "-bios", str(firmware)]
        variables = self.folder / "uefi-variables"
        if not variables.exists():
            shutil.copy(UEFI_VARIABLES, variables)
        return ["qemu-system-x86_64", "-M", "q35", "-cpu", "max",
                "-drive", f"if=pflash,format=raw,readonly=on,file={firmware}",
                "-drive", f"if=pflash,format=raw,file={variables}"]

    @staticmethod
    def devices(architecture):
        """Disk and network card."""
        bus = "pci" if architecture == "x86_64" else "device"
        return ["-device", f"virtio-blk-{bus},drive=disk",
                "-device", f"virtio-net-{bus},netdev=net"]

    def read(self):
        with open(self.folder / "console.log", "ab") as log:
            log.write(b"---- power on\n")
            for raw in self.process.stdout:
                log.write(raw)
                log.flush()
                text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", raw.decode("latin-1")).strip()
                with self.changed:
                    self.lines.append(text)
                    self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait(self, pattern, seconds, never=None):
        """The match of the first new line with a pattern; lines before it are passed."""
        deadline, looked = time.monotonic() + seconds, re.compile(pattern)
        refused = re.compile(never) if never else None
        with self.changed:
            while True:
                while self.next < len(self.lines):
                    line = self.lines[self.next]
                    self.next += 1
                    if found := looked.search(line):
                        return found
                    if refused and refused.search(line):
                        raise BootFailure(f"'{line}' instead of '{pattern}'")
                rest = deadline - time.monotonic()
                if rest <= 0 or (not self.reader.is_alive() and self.process.poll() is not None):
                    tail = "\n    ".join(self.lines[-12:])
                    raise BootFailure(f"no '{pattern}' in {seconds} s; the console's end:\n    {tail}")
                self.changed.wait(min(rest, 1))

    def seen(self, pattern):
        """All matches on the console so far."""
        with self.changed:
            return [found for line in self.lines if (found := re.search(pattern, line))]

    def process_wait(self, seconds):
        """Lets the machine run for a time."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return
        raise BootFailure("the machine ended by itself")

    def wait_until(self, condition, seconds, what):
        """Waits for something that the console does not say."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                tail = "\n    ".join(self.lines[-12:])
                raise BootFailure(f"{what}; the console's end:\n    {tail}")
            time.sleep(0.2)

    def cut(self):
        """Takes the power away. How many seconds it was on."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        return time.monotonic() - self.started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()
