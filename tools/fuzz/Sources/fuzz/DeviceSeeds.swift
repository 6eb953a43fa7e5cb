/// Seeds of what the first process and the boot loaders read.
extension Seeds {
    static let systems = [
        """
        disk gpt 0f3c0000111182228333444455556666
        config 5 vfat
        data 6 ext4 /var/lib/martlet
        root-a 7 squashfs
        root-b 8 squashfs
        boot-control uboot-environment 2 16384 0 65536
        tries 3
        confirm serving

        """,
        "disk mbr 1a2b3c4d\nconfig 1 vfat\ndata 2 ext4 /d\nboot-control none\ntries 1\n"
            + "confirm reported\n",
        "boot-control grub-environment 1 martlet/grubenv\n",
        "boot-control raspberry-tryboot 1 autoboot.txt\n",
    ]

    static let devices = [
        """
        hostname pump-7
        interface eth0
        network static 10.0.2.15/24
        gateway 10.0.2.2
        dns 10.0.2.3
        service /bin/probe --once 1

        """,
        "hostname a\ninterface eth0\nnetwork dhcp\n", "hostname a\nnetwork none\n",
    ]
}
