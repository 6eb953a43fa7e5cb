/// Who made a disk, and what kind of disk it is.
struct DiskIdentity: Sendable, Hashable {
    let mediaClass: MediaClass
    let vendor: String?
    let model: String?
    let serial: String?
    /// A name that no other disk has, by the standards' word (`naa.`, `eui.`, `uuid.`).
    let worldWideName: String?
    let sequence: UInt64?
    let logicalBlockSizeBytes: Int
}

extension BlockDevice {
    /// Reads the parts of a disk's identity; anything unreadable is absent.
    func identity(in tree: SystemTree) throws(DiskError) -> DiskIdentity {
        let device = try tree.resolve("device", from: folder)
        let type = tree.attribute(device + "/type")
        let vendor = tree.attribute(device + "/vendor")
        let name =
            tree.attribute(device + "/model") ?? tree.attribute(device + "/name")
            ?? properties["ID_MODEL"]
        let names = [tree.attribute(folder + "/wwid"), tree.attribute(device + "/wwid")]
        let size = tree.attribute("queue/logical_block_size", below: folder).flatMap { Int($0) }
        return DiskIdentity(
            mediaClass: mediaClass(type: type),
            // virtio gives the number of its vendor, which is the same for all.
            vendor: vendor.flatMap { $0.hasPrefix("0x") ? nil : Self.printable($0) },
            model: name.flatMap(Self.printable),
            serial: serial(device: device, tree: tree),
            worldWideName: names.compactMap(\.self).first { name in
                ["naa.", "eui.", "uuid."].contains { name.hasPrefix($0) }
            },
            sequence: tree.attribute(folder + "/diskseq").flatMap { UInt64($0) },
            logicalBlockSizeBytes: size.flatMap { (1...1 << 20).contains($0) ? $0 : nil } ?? 512
        )
    }

    private func mediaClass(type: String?) -> MediaClass {
        if mapperName != nil { return .deviceMapper }
        if raidLevel != nil { return .md }
        if name.hasNumber(after: "loop") { return .loop }
        if name.hasNumber(after: "mmcblk") {
            switch type {
            case "SD", "SDcombo": return .sd
            case "MMC": return .emmc
            default: return .unknown
            }
        }
        if name.hasPrefix("nvme") { return .nvme }
        if name.hasPrefix("vd") { return .virtio }
        guard name.hasPrefix("sd"), type == "0" || type == "14" else { return .unknown }
        let bus = folder.split(separator: "/")
        if bus.contains(where: { $0.hasNumber(after: "usb") }) { return .usb }
        if bus.contains(where: { $0.hasNumber(after: "virtio") }) { return .virtio }
        return .sata
    }

    private func serial(device: String, tree: SystemTree) -> String? {
        let candidates = [
            tree.attribute(folder + "/serial"),
            tree.attribute(device + "/serial"),
            usbSerial(tree: tree),
            vitalProductSerial(device: device, tree: tree),
            properties["ID_SERIAL_SHORT"],
        ]
        return candidates.lazy.compactMap { $0.flatMap(Self.printable) }.first { text in
            let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
            return !digits.allSatisfy { $0 == "0" }
        }
    }

    /// The serial of the USB device above the disk: the nearest folder with `idVendor`.
    private func usbSerial(tree: SystemTree) -> String? {
        var path = folder.split(separator: "/").map(String.init)
        while path.count > 2 {
            path.removeLast()
            let folder = "/" + path.joined(separator: "/")
            if tree.status(folder + "/idVendor") != nil {
                return tree.attribute(folder + "/serial")
            }
        }
        return nil
    }

    /// The unit serial number of SCSI, page 0x80: `type 0x80 length(16, big-endian) text`
    /// (SPC-4, 7.8.14).
    private func vitalProductSerial(device: String, tree: SystemTree) -> String? {
        let page = try? tree.bytes(
            device + "/vpd_pg80",
            limitBytes: SystemTree.attributeSizeMax
        )
        guard let page, page.count > 4, page[1] == 0x80 else { return nil }
        let count = Int(page[2]) << 8 | Int(page[3])
        guard count <= page.count - 4 else { return nil }
        return String(decoding: page[4..<4 + count], as: UTF8.self)
    }

    /// The text as it may be shown on a terminal.
    ///
    /// All but printable ASCII becomes `?`; blanks around it go; at most 128 characters stay.
    static func printable(_ text: String) -> String? {
        let bytes = text.utf8.prefix(128).map { (0x20...0x7e).contains($0) ? $0 : 0x3f }
        guard let first = bytes.firstIndex(where: { $0 != 0x20 }),
            let last = bytes.lastIndex(where: { $0 != 0x20 })
        else { return nil }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}

extension StringProtocol {
    /// Whether the text is the prefix and a decimal number.
    func hasNumber(after prefix: String) -> Bool {
        let rest = dropFirst(prefix.count)
        return hasPrefix(prefix) && !rest.isEmpty && rest.allSatisfy { ("0"..."9").contains($0) }
    }
}
