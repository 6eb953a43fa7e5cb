"""What a boot test stands on: keys, a bundle, a collector, and the image of one profile."""
import hashlib
import json
import re
import shutil
import sqlite3
import struct
import subprocess
import threading
import time
from pathlib import Path

from disk import Disk, run
from machine import BootFailure, Machine

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = ROOT / ".build" / "debug"
VECTORS = ROOT / "Tests" / "Vectors" / "digits"
PROBE = "bin/probe"
SAMPLES = "etc/samples"


def elements(name):
    """The bytes of a .npy file after its header."""
    data = (VECTORS / name).read_bytes()
    return data[10 + struct.unpack_from("<H", data, 8)[0]:]


class Collector:
    """Release key, bundle and collector, which all profiles share."""

    def __init__(self, work):
        self.work, self.data = work, work / "collector"
        self.output = work / "collector.out"
        self.lock = threading.Lock()
        self.trust = work / "keys" / "release.pub"
        self.bundle = work / "digits.eib"
        run([PRODUCTS / "martlet", "key", "generate", "--role", "release", "--output",
             work / "keys", "--no-password"])
        run([PRODUCTS / "martlet", "build", VECTORS / "digits_int8.tflite", "--name", "digits",
             "--version", "1.0.0", "--target", "any", "--sign", work / "keys" / "release.key",
             "--validation", VECTORS / "test_int8.npy", "--output", self.bundle], cwd=ROOT)
        self.identity = work / "collector.id"
        self.identity.write_text(
            run([PRODUCTS / "martlet-collector", "identity", "--data", self.data]))

    def __enter__(self):
        with open(self.output, "wb") as out, open(self.work / "collector.log", "wb") as log:
            self.process = subprocess.Popen(
                [PRODUCTS / "martlet-collector", "serve", "--data", self.data, "--port", "0"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        deadline = time.monotonic() + 60
        while not (found := re.search(r"http://\S+:(\d+)", self.output.read_text())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BootFailure((self.work / "collector.log").read_text())
            time.sleep(0.05)
        self.port = int(found[1])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)

    def token(self):
        """A token that enrols one device."""
        with self.lock:
            return run([PRODUCTS / "martlet-collector", "token", "create", "--data", self.data])

    def query(self, text, *values):
        database = self.data / "telemetry.sqlite"
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30) as connection:
            return connection.execute(text, values).fetchall()

    def device(self, name):
        """The one device that enrolled under a name."""
        found = self.query("SELECT device, forked_at, dropped_count, lost_count, number_max "
                           "FROM devices WHERE name = ?", name)
        if len(found) != 1:
            raise BootFailure(f"{len(found)} devices are enrolled as {name}")
        if any(found[0][1:4]):
            raise BootFailure(f"forked, dropped or lost: {found[0][1:4]}")
        return found[0][0]

    def newest_sequence(self, device):
        """The last stored report of a device's newest boot."""
        return self.query("SELECT sequence FROM reports WHERE device = ? "
                          "ORDER BY epoch DESC, sequence DESC LIMIT 1", device)[0][0]

    def wait_for_report(self, name, machine, seconds):
        """Waits until a report of a device is stored."""
        machine.wait_until(
            lambda: self.query("SELECT 1 FROM devices WHERE name = ? AND report_count > 0", name),
            seconds, f"no report of {name} is stored")

    def check_reports(self, name):
        """Every report exactly once, none missing. The numbers of reports and of boots."""
        device = self.device(name)
        rows = self.query("SELECT epoch, sequence, number FROM reports WHERE device = ?", device)
        boots = {}
        for epoch, sequence, _ in rows:
            boots.setdefault(epoch, []).append(sequence)
        for epoch, sequences in boots.items():
            if sorted(sequences) != list(range(1, len(sequences) + 1)):
                raise BootFailure(f"boot {epoch} of {name} has the reports {sorted(sequences)}")
        if sorted(row[2] for row in rows) != list(range(1, len(rows) + 1)):
            raise BootFailure(f"the reports of {name} are not numbered without a gap")
        return len(rows), len(boots)


class Stand:
    """The image of a profile, and how it is booted."""

    def __init__(self, name, collector, folder, generator):
        self.name, self.collector, self.generator = name, collector, generator
        self.folder, self.rows = Path(folder), []
        self.folder.mkdir()
        self.image = self.folder / "disk.img"
        self.text = (ROOT / "firmware-profiles" / f"{name}.yaml").read_text()
        target = re.search(r"^target: (\S+)", self.text, re.M)[1]
        text = (ROOT / "targets" / f"{target}.yaml").read_text()
        self.architecture = re.search(r"aarch64|armv7hf|x86_64", text)[0]
        self.inputs = ROOT / ".build" / "firmware" / name

    def step(self, what, action):
        """Does one thing of the scenario and notes how long it took, and what it returns."""
        started = time.monotonic()
        result = action()
        self.rows.append((what, time.monotonic() - started, result or ""))
        print(f"{self.name}: {what}: {result or 'done'}", flush=True)
        return result

    # ---- The image

    def prepare(self):
        """Fetches the inputs and builds the agent and the probe when they are missing."""
        with self.collector.lock:
            run([ROOT / "tools" / "firmware" / "fetch", self.name])
            if not (ROOT / ".build" / "device" / self.architecture / "martletd").exists():
                run([ROOT / "tools" / "build-device", self.architecture])
        self.build_probe()
        (self.folder / "samples").write_bytes(elements("test_int8.npy"))

    def build_probe(self):
        """The probe, static, with the flags of the architecture's toolset."""
        kit = ROOT / "targets" / "martlet.artifactbundle" / self.architecture
        tools = json.loads((kit / "toolset.json").read_text())
        swiftc = Path(shutil.which("swiftc")).resolve().parent
        part, sysroot = self.folder / "probe.o", kit / "sysroot"
        run([swiftc / "clang", *tools["cCompiler"]["extraCLIOptions"], "-std=gnu11", "-Os",
             "-Wall", "-Wextra", "-Werror", "-nostdlibinc", "-isystem", sysroot / "include", "-I",
             ROOT / "tools" / "clients", "-c", ROOT / "tools" / "firmware" / "probe.c",
             "-o", part])
        run([swiftc / "ld.lld", "-static", "-s", "-L", sysroot / "lib", "-o",
             self.folder / "probe", part, *tools["linker"]["extraCLIOptions"]])

    def profile(self, changes, has_probe):
        """The project's profile with changes, and with the probe, which the test alone needs."""
        text = self.text
        probe = [("\ninputs:\n", "\ninputs:\n  probe: test program\n  samples: its inputs\n"),
                ("- {source: busybox, path: bin/busybox}\n",
                 "- {source: busybox, path: bin/busybox}\n"
                 f"    - {{source: probe, path: {PROBE}}}\n"
                 f"    - {{source: samples, path: {SAMPLES}}}\n")]
        for old, new in [*(probe if has_probe else []), *changes]:
            if old not in text:
                raise BootFailure(f"the profile has no '{old.strip()}'")
            text = text.replace(old, new)
        path = self.folder / f"{self.name}.yaml"
        path.write_text(text)
        return path

    def build(self, profile, services, has_probe):
        """Two builds in two folders; the second must equal the first."""
        token = self.folder / "token"
        token.write_text(self.collector.token())
        images = []
        for folder in ("first", "second"):
            (self.folder / folder).mkdir()
            images.append(self.folder / folder / "disk.img")
            command = [
                PRODUCTS / "martlet", "image", "build", "--profile", profile, "--bundle",
                self.collector.bundle, "--trust", self.collector.trust, "--inputs", self.inputs,
                "--hostname", self.device_name,
                "--collector", f"http://10.0.2.2:{self.collector.port}", "--collector-identity",
                self.collector.identity, "--enrolment-token-file", token,
                "--report-interval-ms", "1000", "--output", images[-1]]
            if has_probe:
                for name in ("probe", "samples"):
                    command += ["--input", f"{name}={self.folder / name}"]
            for service in services:
                command += ["--service", service]
            run(command, cwd=ROOT)
        hashes = [hashlib.file_digest(open(path, "rb"), "sha256").hexdigest() for path in images]
        if hashes[0] != hashes[1]:
            raise BootFailure(f"two builds differ: {images[0]} {images[1]}")
        images[1].unlink()
        return images[0], hashes[0]

    def flash(self, image, digest):
        """Writes the image to a file as to a device; the file is what boots."""
        run([PRODUCTS / "martlet", "flash", "--image", image, "--device", self.image], cwd=ROOT)
        with open(self.image, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise BootFailure("the flashed file differs from the image")
        image.unlink()
        self.disk = Disk(self.image, self.folder)

    # ---- The device

    def boot(self, memory=256):
        return Machine(self.architecture, self.image, self.folder, memory)

    @property
    def device_name(self):
        return self.name.replace("_", "-")

    def command(self, words):
        """What the probe tells the agent's `slot` at the next boot."""
        self.disk.delete("config", "slot-command")
        if words:
            self.disk.put("config", words.encode() + b"\n", "slot-command")
