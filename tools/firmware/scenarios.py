"""What a boot test does with the image of a profile, step by step."""
import re

from disk import run
from machine import BootFailure
from stand import PRODUCTS, elements

# Ten times what an idle machine needs.
BOOT_SECONDS = 180
LOADER_LINE = r"martlet: slot ([AB]), left A (\d), B (\d)"
# A shorter wait before the restart after a panic, which the test sees three times.
QUICK_PANIC = (" panic=5", " panic=1")


def require(condition, what):
    if not condition:
        raise BootFailure(what)


def whole(stand, cuts):
    """Everything, in a machine whose process 1 is the agent."""
    stand.step("inputs", stand.prepare)
    built = []
    stand.step("two builds, the same bytes", lambda: build(stand, built))
    stand.step("flashed", lambda: stand.flash(*built))
    stand.step("first boot", lambda: first_boot(stand))
    stand.step(f"{cuts} power cuts", lambda: cut_power(stand, cuts))
    stand.step("boots again, nothing is lost", lambda: come_back(stand))
    for what, action in SLOT_STEPS:
        stand.step(what, lambda action=action: action(stand))
    stand.step("at the end", lambda: check(stand))


def gateway(stand, _):
    """One boot beside systemd."""
    stand.step("inputs", stand.prepare)
    built = []
    console = (" panic=5", " panic=5 systemd.journald.forward_to_console=1")
    stand.step("two builds, the same bytes", lambda: build(stand, built, probe=False,
                                                           changes=[console]))
    stand.step("flashed", lambda: stand.flash(*built))
    stand.step("boots beside systemd", lambda: systemd_boot(stand))
    stand.step("at the end", lambda: check(stand))


def unbooted(stand, _):
    """An image that no virtual machine here boots."""
    stand.step("inputs", stand.prepare)
    built = []
    stand.step("two builds, the same bytes", lambda: build(stand, built, probe=False))
    stand.step("flashed", lambda: stand.flash(*built))
    stand.step("checked, not booted", lambda: raspberry_files(stand))


def build(stand, built, probe=True, changes=()):
    changes = [QUICK_PANIC, *changes] if probe else changes
    services = ["/bin/probe /run/martlet.sock /etc/samples /init"] if probe else []
    image, digest = stand.build(stand.profile(changes, probe), services, probe)
    built += [image, digest]
    return f"sha256 {digest[:16]}, {image.stat().st_blocks * 512 // 1024} KiB of data"


def alive(machine):
    """Waits until the device serves and its collector has reports of this boot."""
    machine.wait(r"probe: acknowledged [1-9]", BOOT_SECONDS, never="probe: failed")


def first_boot(stand):
    """Enrolled, the golden vectors and the whole test set bit for bit, a report stored."""
    with stand.boot() as machine:
        machine.wait("enrolled as|golden vectors computed", BOOT_SECONDS)
        alive(machine)
        require(machine.seen("enrolled as"), "the device did not enrol")
        count = machine.seen(r"golden vectors computed bit for bit: (\d+)")
        require(count and int(count[0][1]) > 0, "the golden vectors were not computed")
        outputs = [bytes.fromhex(found[2]) for found in machine.seen(r"output (\d+) ([0-9a-f]+)$")]
        golden = elements("golden_int8.npy")
        require(b"".join(outputs) == golden, f"{len(outputs)} outputs are not the reference's bits")
        stand.seconds = machine.cut()
    stand.identity = stand.collector.device(stand.device_name)
    reports, _ = stand.collector.check_reports(stand.device_name)
    require(reports > 0, "no report is stored")
    return (f"enrolled, {count[0][1]} golden vectors and {len(outputs)} outputs bit for bit, "
            f"{reports} reports stored")


def cut_power(stand, cuts):
    """Cuts the power at random instants, spread from power-on to some reports."""
    served, last = 0, stand.seconds + 4
    for index in range(cuts):
        seconds = last * (index + stand.generator.random()) / cuts
        with stand.boot() as machine:
            machine.process_wait(seconds)
            machine.cut()
            served += bool(machine.seen("golden vectors"))
    return f"{served} while the agent served"


def come_back(stand):
    """The same device, whole state, every report once. Leaves slot A to be tried next."""
    remarks = stand.disk.check()
    state = check_state(stand)
    stand.command("try A")
    with stand.boot() as machine:
        machine.wait(LOADER_LINE, BOOT_SECONDS)
        alive(machine)
        machine.wait("probe: waiting [01]$", BOOT_SECONDS)
        require(machine.seen("probe: slot 0"), "'slot try A' failed")
        machine.cut()
        acknowledged = max(int(found[1]) for found in machine.seen(r"probe: acknowledged (\d+)"))
    stand.command(None)
    identity = stand.collector.device(stand.device_name)
    require(identity == stand.identity, "the device is another one")
    require(state["device-id"] == identity.hex(), "the state is another device's")
    reports, boots = stand.collector.check_reports(stand.device_name)
    newest = stand.collector.newest_sequence(identity)
    require(newest >= acknowledged, f"{acknowledged} acknowledged, {newest} stored")
    return ", ".join([f"{reports} reports of {boots} boots exactly once", *remarks])


def check_state(stand):
    """What the agent's own check says of the stopped device's state."""
    folder = stand.disk.agent_state()
    text = run([PRODUCTS / "martletd", "state", "check", "--state", folder])
    return dict(line.split(" ", 1) for line in text.splitlines())


def torn_environment(stand):
    """A boot with a damaged newest copy; it asks for slot B, whose kernel is then damaged."""
    before = stand.disk.environment()
    if "environment" in stand.disk.partitions:
        stand.disk.tear_newest_copy()
    else:
        block = stand.disk.get(stand.disk.efi, "martlet/grubenv")
        stand.disk.put(stand.disk.efi, block[:30] + bytes(482) + block[512:], "martlet/grubenv")
    stand.command("try B")
    with stand.boot() as machine:
        slot = machine.wait(LOADER_LINE, BOOT_SECONDS)[1]
        alive(machine)
        require(machine.seen("probe: slot 0"), "'slot try B' failed")
    after = stand.disk.environment()
    require(after.get("BOOT_ORDER") == "B A", f"the environment is {after}, before {before}")
    return f"boots slot {slot}"


def without_kernel(stand):
    """Slot B's kernel is no kernel: slot A, at once. Asks for slot B again."""
    stand.kernel = stand.disk.get("system-b", "vmlinuz")
    stand.disk.put("system-b", b"this is no kernel", "vmlinuz")
    with stand.boot() as machine:
        require(machine.wait(LOADER_LINE, BOOT_SECONDS)[1] == "B", "slot B was not tried")
        machine.wait("slot B does not start", BOOT_SECONDS)
        require(machine.wait(LOADER_LINE, BOOT_SECONDS)[1] == "A", "not slot A")
        alive(machine)
        require(machine.seen("probe: slot 0"), "'slot try B' failed")
    stand.disk.put("system-b", stand.kernel, "vmlinuz")
    return "back in slot A at once"


def panicking(stand):
    """Slot B's kernel finds no init and panics: slot A after all tries. Asks for B again."""
    initramfs = stand.disk.get("system-b", "initramfs.img")
    stand.disk.put("system-b", b"this is no archive", "initramfs.img")
    with stand.boot() as machine:
        slots = []
        while not slots or slots[-1] == "B":
            slots.append(machine.wait(LOADER_LINE, BOOT_SECONDS)[1])
        panics = len(machine.seen("Kernel panic"))
        alive(machine)
        require(machine.seen("probe: slot 0"), "'slot try B' failed")
    require("".join(slots) == "BBBA" and panics == 3, f"slots {slots}, {panics} panics")
    stand.disk.put("system-b", initramfs, "initramfs.img")
    return "back in slot A after 3 tries"


def interrupted(stand):
    """The power goes while slot B starts for the first time: it is tried again, and confirmed."""
    stand.command(None)
    with stand.boot() as machine:
        found = machine.wait(LOADER_LINE, BOOT_SECONDS)
        require(found[1] == "B" and found[3] == "2", f"'{found[0]}' instead of slot B")
        machine.process_wait(stand.generator.uniform(0, 1))
    with stand.boot() as machine:
        found = machine.wait(LOADER_LINE, BOOT_SECONDS)
        require(found[1] == "B" and found[3] == "1", f"'{found[0]}' instead of slot B")
        alive(machine)
    environment = stand.disk.environment()
    wanted = {"BOOT_ORDER": "B A", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
    require(environment.items() >= wanted.items(), f"the environment is {environment}")
    return "slot B, tried twice, confirmed"


SLOT_STEPS = [
    ("torn environment", torn_environment),
    ("slot B without a kernel", without_kernel),
    ("slot B that panics", panicking),
    ("slot B, power cut, confirmed", interrupted),
]


def check(stand):
    """All file systems, the state and the reports once more."""
    remarks = stand.disk.check()
    check_state(stand)
    reports, boots = stand.collector.check_reports(stand.device_name)
    return ", ".join([f"{reports} reports of {boots} boots exactly once", *remarks])


def systemd_boot(stand):
    with stand.boot(memory=512) as machine:
        machine.wait(LOADER_LINE, BOOT_SECONDS)
        machine.wait("systemd .* running in system mode", BOOT_SECONDS)
        stand.collector.wait_for_report(stand.device_name, machine, BOOT_SECONDS)
        machine.wait_until(lambda: stand.disk.environment().get("BOOT_A_LEFT") == "3", 60,
                           "the slot was not confirmed")
        seconds = machine.cut()
    return f"enrolled, report stored, slot A confirmed in {seconds:.0f} s"


def raspberry_files(stand):
    """The files that the boot ROM and the firmware look for are there."""
    stand.disk.check()
    first = next(iter(stand.disk.partitions))
    text = stand.disk.get(first, "autoboot.txt").decode()
    require("boot_partition=2\n[tryboot]\nboot_partition=3\n" in text, f"autoboot.txt: {text}")
    partitions = list(stand.disk.partitions)
    for partition, slot in zip(partitions[1:3], "AB"):
        for name in ["start4.elf", "fixup4.dat", "bcm2711-rpi-4-b.dtb", "vmlinuz",
                     "initramfs.img"]:
            require(len(stand.disk.get(partition, name)) > 4096, f"{partition} lacks {name}")
        line = stand.disk.get(partition, "cmdline.txt").decode()
        require(line.endswith(f" martlet.slot={slot}\n"), f"cmdline.txt: {line}")
        text = stand.disk.get(partition, "config.txt").decode()
        require("\nkernel=vmlinuz\n" in text, f"config.txt: {text}")
    return "file systems clean, both slots complete"
