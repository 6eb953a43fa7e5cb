/// The configuration that GRUB reads from the EFI system partition: chooses a slot by the
/// environment block, counts the attempt, and starts the slot's kernel.
///
/// The rules are those of ``UBootScript``, and so are invariants 1 and 4. There is one block,
/// which GRUB writes in place: the three variables are in its first 512 bytes, which disks write
/// as a whole. A block without GRUB's signature counts as empty; it cannot be saved to, so the
/// first slot that loads is started each time until the device writes the block anew.
///
/// GRUB's scripts have no arithmetic: `martlet_less` knows the digits, and leaves nothing of
/// others. Needs the modules that `tools/firmware/fetch` builds in: `loadenv`, `test`, `regexp`,
/// `linux`, `reboot`.
struct GRUBConfiguration {
    /// Numbers from 1 of the partitions of slots A and B.
    var systemA: Int
    var systemB: Int
    /// The table's name in GRUB's partition names, `gpt` or `msdos`.
    var table: String
    var tries: Int
    var kernelArguments: String
    var kernelPath: String
    var initramfsPath: String
    /// The environment block's path on the partition that GRUB came from.
    var environmentPath: String

    /// The text; every line ends with a newline.
    var text: String {
        [head, less, chooseSlot, startOver].joined(separator: "\n")
    }

    private var variables: String { "BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT" }

    private var head: String {
        """
        # Martlet: starts slot A or B of the system by counted attempts.
        regexp --set=1:martlet_disk '^([^,]*),' "$root"
        set martlet_environment="($root)/\(environmentPath)"
        load_env --file "$martlet_environment" \(variables)
        if [ -z "$BOOT_ORDER" ]; then set BOOT_ORDER="A B"; fi
        if [ -z "$BOOT_A_LEFT" ]; then set BOOT_A_LEFT=\(tries); fi
        if [ -z "$BOOT_B_LEFT" ]; then set BOOT_B_LEFT=\(tries); fi

        """
    }

    private var less: String {
        let cases = (1...9).map { digit in
            """
              \(digit == 1 ? "if" : "elif") [ "$1" = \(digit) ]; then set martlet_less=\(digit - 1)
            """
        }
        return """
            function martlet_less {
            \(cases.joined(separator: "\n"))
              else set martlet_less=; fi
            }

            """
    }

    private func choice(_ slot: String, _ partition: Int) -> String {
        """
        [ "$martlet_slot$martlet_tried_\(slot)" = \(slot) ]; then
            set martlet_tried_\(slot)=yes
            martlet_less "$BOOT_\(slot)_LEFT"
            if [ -n "$martlet_less" ]; then
              set BOOT_\(slot)_LEFT="$martlet_less"
              set martlet_part="($martlet_disk,\(table)\(partition))"
            fi
        """
    }

    private var chooseSlot: String {
        """
        for martlet_slot in $BOOT_ORDER; do
          set martlet_part=
          if \(choice("A", systemA))
          elif \(choice("B", systemB))
          fi
          if [ -n "$martlet_part" ]; then
            save_env --file "$martlet_environment" \(variables)
            echo "martlet: slot $martlet_slot, left A $BOOT_A_LEFT, B $BOOT_B_LEFT"
            set martlet_kernel="$martlet_part/\(kernelPath)"
            if linux "$martlet_kernel" \(kernelArguments) martlet.slot=$martlet_slot; then
              if initrd "$martlet_part/\(initramfsPath)"; then
                boot
              fi
            fi
            echo "martlet: slot $martlet_slot does not start"
          fi
        done

        """
    }

    private var startOver: String {
        """
        echo "martlet: no slot is left, starting over"
        set BOOT_ORDER="A B"
        set BOOT_A_LEFT=\(tries)
        set BOOT_B_LEFT=\(tries)
        save_env --file "$martlet_environment" \(variables)
        reboot

        """
    }
}
