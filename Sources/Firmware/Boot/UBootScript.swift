/// The script that U-Boot runs from `boot.scr`: chooses a slot by the environment, counts the
/// attempt, and starts the slot's kernel.
///
/// ```
/// read copies ─▶ newest valid one ─▶ first slot of BOOT_ORDER with attempts left ─▶ count, save ─▶
///   load kernel, initramfs ─▶ start           (a file is missing or no kernel: the next slot)
/// no slot left ─▶ every slot gets `tries` again, save, reset
/// ```
/// 1. An attempt is on the disk before the slot's kernel runs, so that a crash counts.
/// 2. A save writes the copy that is not the newest: a torn write leaves the older one valid.
/// 3. With two valid copies the higher flag is newer; 0 comes after 255.
/// 4. Every content of the copies has the meaning that `BootVariables` gives it, and the step is
///    that of `SlotChoice.nextBoot`: no order is A before B, no count is `tries`, a count that is
///    not one digit is 0, a slot is tried once a start.
/// 5. Of a copy only the three variables of the slots are taken and kept; nothing in it is run.
///
/// The environment of the board's own U-Boot is not touched: the copies are read and written as
/// blocks of the disk that the script came from. Written for the "old" hush of U-Boot 2023.01,
/// which has no functions: what is used twice is a variable that `run` runs. Needs the commands
/// `part`, `setexpr`, `itest`, `crc32`, `cp`, `mw`, `env export`, `env import`, `load`, and `booti`
/// or `bootz`, and the addresses of U-Boot's distribution defaults.
struct UBootScript {
    /// Numbers from 1 of the partitions that the script reads.
    struct Partitions {
        /// The one with the two copies of the environment.
        var environment: Int
        /// Kernel and initial file system of slot A.
        var systemA: Int
        /// Kernel and initial file system of slot B.
        var systemB: Int
    }

    var partitions: Partitions
    var tries: Int
    var kernelArguments: String
    var kernelPath: String
    var initramfsPath: String

    /// The text; every line ends with a newline.
    var text: String {
        [
            header, Self.checksum, readCopies, chooseCopy, Self.save, Self.count, chooseSlot,
            startOver,
        ].joined(separator: "\n")
    }
}

extension UBootScript {
    /// Hexadecimal, as the commands of U-Boot take numbers.
    private static func hex(_ value: Int) -> String { String(value, radix: 16) }

    private static let dataSize = hex(
        EnvironmentPlace.copySizeBytes - EnvironmentPlace.headerSizeBytes
    )
    private static let blockCount = hex(EnvironmentPlace.copySizeBytes / 512)

    private var header: String {
        """
        # Martlet: starts slot A or B of the system by counted attempts.
        part start ${devtype} ${devnum} \(Self.hex(partitions.environment)) martlet_start
        setexpr martlet_block0 ${martlet_start} + \(Self.hex(EnvironmentPlace.offsets.0 / 512))
        setexpr martlet_block1 ${martlet_start} + \(Self.hex(EnvironmentPlace.offsets.1 / 512))

        """
    }

    /// `run martlet_sum` leaves the checksum of the copy at `martlet_copy` at `martlet_little`.
    ///
    /// The command writes the number with its highest byte first, the environment's format wants
    /// the lowest first.
    private static let checksum = """
        # The kernel's place is free until it is loaded: two copies, then two checksums.
        setenv martlet_copy0 ${kernel_addr_r}
        setexpr martlet_copy1 ${kernel_addr_r} + 10000
        setexpr martlet_big ${kernel_addr_r} + 20000
        setexpr martlet_big1 ${martlet_big} + 1
        setexpr martlet_big2 ${martlet_big} + 2
        setexpr martlet_big3 ${martlet_big} + 3
        setexpr martlet_little ${martlet_big} + 10
        setexpr martlet_little1 ${martlet_little} + 1
        setexpr martlet_little2 ${martlet_little} + 2
        setexpr martlet_little3 ${martlet_little} + 3
        setenv martlet_sum 'setexpr martlet_data ${martlet_copy} + 5; \
        crc32 ${martlet_data} \(dataSize) ${martlet_big}; \
        cp.b ${martlet_big3} ${martlet_little} 1; cp.b ${martlet_big2} ${martlet_little1} 1; \
        cp.b ${martlet_big1} ${martlet_little2} 1; cp.b ${martlet_big} ${martlet_little3} 1'

        """

    private var readCopies: String {
        (0...1).map { copy in
            """
            setenv martlet_valid\(copy) no
            setenv martlet_copy ${martlet_copy\(copy)}
            if ${devtype} read ${martlet_copy} ${martlet_block\(copy)} \(Self.blockCount); then
              run martlet_sum
              if itest.l *${martlet_copy} == *${martlet_little}; then
                setenv martlet_valid\(copy) yes
                setexpr martlet_flag ${martlet_copy} + 4
                setexpr.b martlet_flag\(copy) *${martlet_flag}
              fi
            fi

            """
        }.joined() + """
            setenv BOOT_ORDER "A B"
            setenv BOOT_A_LEFT \(tries)
            setenv BOOT_B_LEFT \(tries)

            """
    }

    /// Sets `martlet_newest` and the variables of the slots; `martlet_next` is the copy to write.
    private var chooseCopy: String {
        """
        setenv martlet_newest none
        if test ${martlet_valid0} = yes; then setenv martlet_newest 0; fi
        if test ${martlet_valid1} = yes; then
          if test ${martlet_valid0} = no; then
            setenv martlet_newest 1
          elif itest ${martlet_flag0} == ff && itest ${martlet_flag1} == 0; then
            setenv martlet_newest 1
          elif itest ${martlet_flag0} == 0 && itest ${martlet_flag1} == ff; then
            setenv martlet_newest 0
          elif itest ${martlet_flag1} -gt ${martlet_flag0}; then
            setenv martlet_newest 1
          fi
        fi
        setenv martlet_next 0
        setenv martlet_flag 0
        if test ${martlet_newest} = 0; then
          setenv martlet_copy ${martlet_copy0}
          setenv martlet_flag ${martlet_flag0}
          setenv martlet_next 1
        elif test ${martlet_newest} = 1; then
          setenv martlet_copy ${martlet_copy1}
          setenv martlet_flag ${martlet_flag1}
        fi
        if test ${martlet_newest} = none; then
          echo "martlet: no valid environment, both slots are tried"
        else
          setexpr martlet_data ${martlet_copy} + 5
          env import -b ${martlet_data} \(Self.dataSize) BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
          test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
          test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT \(tries)
          test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT \(tries)
        fi

        """
    }

    /// `run martlet_save` writes the variables of the slots to the copy that is not the newest.
    private static let save = """
        setenv martlet_save 'setenv martlet_copy ${martlet_copy0}; \
        setenv martlet_block ${martlet_block0}; \
        if test ${martlet_next} = 1; then setenv martlet_block ${martlet_block1}; fi; \
        setexpr martlet_flag ${martlet_flag} + 1; setexpr martlet_flag ${martlet_flag} "&" ff; \
        setexpr martlet_data ${martlet_copy} + 5; \
        env export -b -s \(dataSize) ${martlet_data} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT; \
        run martlet_sum; cp.b ${martlet_little} ${martlet_copy} 4; \
        setexpr martlet_data ${martlet_copy} + 4; mw.b ${martlet_data} ${martlet_flag}; \
        ${devtype} write ${martlet_copy} ${martlet_block} \(blockCount); \
        if test ${martlet_next} = 1; then setenv martlet_next 0; else setenv martlet_next 1; fi'

        """

    /// What `run martlet_count` does: `martlet_less` is one less than the digit `martlet_left`.
    ///
    /// Without an attempt left it is empty. Comparing text refuses what is not one digit.
    private static let count = """
        setenv martlet_count 'setenv martlet_less; setenv martlet_below 0; \
        for martlet_digit in 1 2 3 4 5 6 7 8 9; do \
        if test "${martlet_left}" = ${martlet_digit}; then \
        setenv martlet_less ${martlet_below}; fi; \
        setenv martlet_below ${martlet_digit}; done'

        """

    private func choice(_ slot: String, _ partition: Int) -> String {
        """
        test "${martlet_slot}${martlet_tried_\(slot)}" = \(slot); then
            setenv martlet_tried_\(slot) yes
            setenv martlet_left ${BOOT_\(slot)_LEFT}
            run martlet_count
            if test -n "${martlet_less}"; then
              setenv BOOT_\(slot)_LEFT ${martlet_less}
              setenv martlet_part \(Self.hex(partition))
            fi
        """
    }

    private var chooseSlot: String {
        """
        for martlet_slot in ${BOOT_ORDER}; do
          setenv martlet_part
          if \(choice("A", partitions.systemA))
          elif \(choice("B", partitions.systemB))
          fi
          if test -n "${martlet_part}"; then
            run martlet_save
            echo "martlet: slot ${martlet_slot}, left A ${BOOT_A_LEFT}, B ${BOOT_B_LEFT}"
            setenv bootargs "\(kernelArguments) martlet.slot=${martlet_slot}"
            setenv martlet_from "${devtype} ${devnum}:${martlet_part}"
            if load ${martlet_from} ${kernel_addr_r} \(kernelPath); then
              if load ${martlet_from} ${ramdisk_addr_r} \(initramfsPath); then
                setenv martlet_ramdisk ${ramdisk_addr_r}:${filesize}
                booti ${kernel_addr_r} ${martlet_ramdisk} ${fdtcontroladdr}
                bootz ${kernel_addr_r} ${martlet_ramdisk} ${fdtcontroladdr}
              fi
            fi
            echo "martlet: slot ${martlet_slot} does not start"
          fi
        done

        """
    }

    private var startOver: String {
        """
        echo "martlet: no slot is left, starting over"
        setenv BOOT_ORDER "A B"
        setenv BOOT_A_LEFT \(tries)
        setenv BOOT_B_LEFT \(tries)
        run martlet_save
        reset

        """
    }
}

/// Where the two copies of the environment are in their partition, and how a copy begins: CRC-32 of
/// the data, least significant byte first, and the flag.
enum EnvironmentPlace {
    /// The size of a copy in bytes.
    static let copySizeBytes = 16_384
    /// Checksum and flag.
    static let headerSizeBytes = 5
    /// The copies' offsets in the partition in bytes.
    static let offsets = (0, 65_536)
}
