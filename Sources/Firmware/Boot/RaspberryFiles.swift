internal import BootControl

/// The text files that the boot ROM and the firmware of a Raspberry Pi 4 read.
///
/// ```
/// partition 1   autoboot.txt: boot_partition=2; after a restart for a trial, 3
/// partition 2   slot A: config.txt, cmdline.txt, firmware, device tree, kernel, initramfs
/// partition 3   slot B: the same
/// ```
/// The firmware counts nothing: a trial lasts one start, and any further restart is back in the
/// slot of `boot_partition`. The device swaps the two numbers to confirm a trial. Source of the
/// keys: Raspberry Pi documentation, "autoboot.txt" and "config.txt".
struct RaspberryFiles {
    var slots: SystemSlots
    var kernelArguments: String

    /// `autoboot.txt`: one digit each, so that the device can swap them in place.
    var autoboot: String {
        """
        [all]
        tryboot_a_b=1
        boot_partition=\(slots.numberA)
        [tryboot]
        boot_partition=\(slots.numberB)

        """
    }

    /// `config.txt`, the same in both slots.
    var configuration: String {
        """
        arm_64bit=1
        kernel=\(slots.kernelPath)
        initramfs \(slots.initramfsPath) followkernel
        cmdline=cmdline.txt
        enable_uart=1
        upstream_kernel=1

        """
    }

    /// `cmdline.txt`: one line.
    func commandLine(_ slot: Slot) -> String {
        "\(kernelArguments) martlet.slot=\(slot == .a ? "A" : "B")\n"
    }
}
