/// A sound profile as text, whose parts a test may replace.
struct ProfileSample {
    var table = "gpt"
    var sizeBytes: Int64 = 256 << 20
    var minimumMediaBytes: Int64? = nil
    var alignment = ""
    var target = "generic-aarch64"
    var partitions = """
          - name: boot
            kind: boot
            size-bytes: 16777216
            filesystem: fat16
            files: [{source: boot-script, path: boot.scr}]
          - {name: environment, kind: environment, size-bytes: 4194304}
          - name: system-a
            kind: system
            slot: a
            size-bytes: 50331648
            filesystem: fat32
            files: [{source: kernel, path: vmlinuz}, {source: initramfs, path: initramfs.img}]
          - name: system-b
            kind: system
            slot: b
            size-bytes: 50331648
            filesystem: fat32
            files: [{source: kernel, path: vmlinuz}, {source: initramfs, path: initramfs.img}]
          - {name: config, kind: config, size-bytes: 4194304, filesystem: fat16}
          - {name: data, kind: data, size-bytes: grow, filesystem: ext4}
        """
    var inputs = """
          kernel: Linux kernel image
          modules: folder of its modules
          busybox: static busybox
        """
    var boot = "{control: uboot-environment, tries: 3, confirm: serving}"
    var initramfs = "{modules: [virtio_blk], files: [{source: busybox, path: bin/busybox}]}"
    var data = """
          path: /var/lib/martlet
          bundle-quota-bytes: 16777216
          spool-quota-bytes: 16777216
          state-quota-bytes: 1048576
        """
    var configuration = "{hostname: martlet, network: {interface: eth0, method: dhcp}}"
    /// More lines at the top level.
    var more = ""

    var yaml: String {
        """
        name: sample
        description: a sample
        target: \(target)
        disk:
          table: \(table)
          seed: martlet/sample
          size-bytes: \(sizeBytes)
          minimum-media-bytes: \(minimumMediaBytes ?? sizeBytes)
          media-classes: [virtio, file]
        \(alignment)
        partitions:
        \(partitions)
        inputs:
        \(inputs)
        boot: \(boot)
        initramfs: \(initramfs)
        data:
        \(data)
        configuration: \(configuration)
        \(more)
        """
    }
}
