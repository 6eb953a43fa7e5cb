// /etc/system.conf of the initial file system: which partitions are what.
//
//   disk gpt 0f3c...             32 hexadecimal digits, the bytes at 56 of the GPT's header
//   disk mbr 1a2b3c4d            8 digits, the bytes at 440 of the first sector
//   config 5 vfat                mounted at /etc/martlet
//   data 6 ext4 /var/lib/martlet
//   root-a 7 squashfs            the root of slot A, to which init hands over; with root-b
//   root-b 8 squashfs
//   boot-control uboot-environment 2 16384 0 65536 | grub-environment 1 martlet/grubenv |
//                raspberry-tryboot 1 autoboot.txt | none
//   tries 3
//   confirm serving              or reported

/// What the initial file system says of the device's disk.
public struct SystemSettings: Sendable, Equatable {
    /// How the disk is told from others, as bytes on it.
    public enum DiskIdentity: Sendable, Equatable {
        /// The 16 bytes at 56 of the GPT's header.
        case gpt([UInt8])
        /// The 4 bytes at 440 of the first sector.
        case mbr([UInt8])
    }

    /// A partition and the file system on it.
    public struct Volume: Sendable, Equatable {
        /// The partition's number, from 1.
        public var number: UInt64
        /// Its file system's name, as the kernel knows it.
        public var type: [UInt8]
    }

    /// Where the boot loader keeps its choice.
    public enum BootControlPlace: Sendable, Equatable {
        /// Nowhere: there is one slot.
        case none
        /// Two copies on a partition without a file system, at two offsets in bytes.
        case uboot(partition: UInt64, sizeBytes: Int, first: Int64, second: Int64)
        /// A file on a vfat partition.
        case grub(partition: UInt64, path: [UInt8])
        /// `autoboot.txt` on a vfat partition.
        case tryboot(partition: UInt64, path: [UInt8])

        /// The partition; `nil` where there is one slot.
        public var partition: UInt64? {
            switch self {
            case .none: nil
            case .uboot(let number, _, _, _), .grub(let number, _), .tryboot(let number, _): number
            }
        }

        /// The file's path below the partition's root; `nil` where there is no file system.
        public var filePath: [UInt8]? {
            switch self {
            case .none, .uboot: nil
            case .grub(_, let path), .tryboot(_, let path): path
            }
        }
    }

    /// When a slot that was started counts as good.
    public enum ConfirmRule: Sendable, Equatable {
        /// The agent answers on its socket.
        case serving
        /// The collector has a report of this start.
        case reported
    }

    /// Bytes of the file.
    public static let sizeMax = 4_096
    /// The most partitions of a table.
    public static let partitionMax: UInt64 = 128

    /// The disk.
    public var disk: DiskIdentity
    /// What is mounted at `/etc/martlet`.
    public var config: Volume
    /// What is mounted at `dataPath`.
    public var data: Volume
    /// An absolute path.
    public var dataPath: Path
    /// The roots of the slots; `nil` where the initial file system stays.
    public var roots: (a: Volume, b: Volume)?
    /// Where the slot is chosen.
    public var bootControl: BootControlPlace
    /// Starts of a slot before the loader takes the other one, 1 to 9.
    public var tries: UInt8
    /// When a slot is confirmed.
    public var confirm: ConfirmRule

    /// Whether both say the same.
    public static func == (left: SystemSettings, right: SystemSettings) -> Bool {
        left.disk == right.disk && left.config == right.config && left.data == right.data
            && left.dataPath == right.dataPath && left.roots?.a == right.roots?.a
            && left.roots?.b == right.roots?.b && left.bootControl == right.bootControl
            && left.tries == right.tries && left.confirm == right.confirm
    }
}

extension SystemSettings {
    /// Reads the text of the file.
    ///
    /// - Throws: `ConfigurationFault` for the first line that breaks a rule.
    public static func parse(_ text: [UInt8]) throws(ConfigurationFault) -> SystemSettings {
        var reader = SystemSettingsReader(lines: try ConfigurationLines(text, sizeMax: sizeMax))
        return try reader.read()
    }
}

private struct SystemSettingsReader {
    var lines: ConfigurationLines
    private var disk: SystemSettings.DiskIdentity?
    private var config: SystemSettings.Volume?
    private var data: SystemSettings.Volume?
    private var dataPath: Path?
    private var rootA: SystemSettings.Volume?
    private var rootB: SystemSettings.Volume?
    private var bootControl: SystemSettings.BootControlPlace?
    private var tries: UInt64?
    private var confirm: SystemSettings.ConfirmRule?

    init(lines: ConfigurationLines) { self.lines = lines }

    mutating func read() throws(ConfigurationFault) -> SystemSettings {
        while let (key, value) = try lines.next() {
            try lines.takeOnce(key)
            try take(key, value)
        }
        guard let disk, let config, let data, let dataPath, let bootControl, let tries, let confirm
        else {
            throw lines.refused(
                "disk, config, data, boot-control, tries and confirm are all needed"
            )
        }
        var roots: (a: SystemSettings.Volume, b: SystemSettings.Volume)?
        if let rootA, let rootB { roots = (rootA, rootB) }
        guard (rootA == nil) == (rootB == nil) else {
            throw lines.refused("root-a and root-b need each other")
        }
        return SystemSettings(
            disk: disk,
            config: config,
            data: data,
            dataPath: dataPath,
            roots: roots,
            bootControl: bootControl,
            tries: UInt8(tries),
            confirm: confirm
        )
    }

    private mutating func take(_ key: [UInt8], _ value: [UInt8]) throws(ConfigurationFault) {
        typealias Lines = ConfigurationLines
        if Lines.is(key, "disk") {
            disk = try identity(value)
        } else if Lines.is(key, "config") {
            config = try volume(lines.words(value, 2...2))
        } else if Lines.is(key, "data") {
            let words = try lines.words(value, 3...3)
            data = try volume(words)
            dataPath = try folder(words[2])
        } else if Lines.is(key, "root-a") {
            rootA = try volume(lines.words(value, 2...2))
        } else if Lines.is(key, "root-b") {
            rootB = try volume(lines.words(value, 2...2))
        } else if Lines.is(key, "boot-control") {
            bootControl = try place(value)
        } else if Lines.is(key, "tries") {
            tries = try lines.number(value, 1...9)
        } else if Lines.is(key, "confirm") {
            guard Lines.is(value, "serving") || Lines.is(value, "reported") else {
                throw lines.refused("confirm is serving or reported")
            }
            confirm = Lines.is(value, "serving") ? .serving : .reported
        } else {
            throw lines.refused("unknown key")
        }
    }

    private func identity(
        _ value: [UInt8]
    ) throws(ConfigurationFault) -> SystemSettings.DiskIdentity {
        let words = try lines.words(value, 2...2)
        let isGPT = ConfigurationLines.is(words[0], "gpt")
        guard isGPT || ConfigurationLines.is(words[0], "mbr") else {
            throw lines.refused("a disk is told by gpt or mbr")
        }
        guard let bytes = hexadecimal(words[1]), bytes.count == (isGPT ? 16 : 4) else {
            throw lines.refused("a disk's identity is 32 digits with gpt, 8 with mbr")
        }
        return isGPT ? .gpt(bytes) : .mbr(bytes)
    }

    private func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for (index, digit) in text.enumerated() {
            let nibble: UInt8
            switch digit {
            case 0x30...0x39: nibble = digit - 0x30
            case 0x61...0x66: nibble = digit - 0x57
            default: return nil
            }
            if index % 2 == 0 { bytes.append(nibble << 4) } else { bytes[index / 2] |= nibble }
        }
        return text.count % 2 == 0 ? bytes : nil
    }

    private func volume(
        _ words: [[UInt8]]
    ) throws(ConfigurationFault) -> SystemSettings.Volume {
        let types: [StaticString] = ["vfat", "ext4", "squashfs"]
        guard types.contains(where: { ConfigurationLines.is(words[1], $0) }) else {
            throw lines.refused("a file system is vfat, ext4 or squashfs")
        }
        return SystemSettings.Volume(number: try partition(words[0]), type: words[1])
    }

    private func partition(_ word: [UInt8]) throws(ConfigurationFault) -> UInt64 {
        try lines.number(word, 1...SystemSettings.partitionMax)
    }

    private func place(
        _ value: [UInt8]
    ) throws(ConfigurationFault) -> SystemSettings.BootControlPlace {
        if ConfigurationLines.is(value, "none") { return .none }
        let words = try lines.words(value, 3...5)
        let partition = try partition(words[1])
        if ConfigurationLines.is(words[0], "uboot-environment"), words.count == 5 {
            let limit: UInt64 = 1 << 40
            let size = try lines.number(words[2], 128...65_536)
            let first = try lines.number(words[3], 0...limit)
            let second = try lines.number(words[4], 0...limit)
            guard max(first, second) - min(first, second) >= size else {
                throw lines.refused("the two copies overlap")
            }
            return .uboot(
                partition: partition,
                sizeBytes: Int(size),
                first: Int64(first),
                second: Int64(second)
            )
        }
        guard words.count == 3 else { throw lines.refused("unknown form of boot-control") }
        guard isBelow(words[2]) else {
            throw lines.refused("this is not a path below the partition's root")
        }
        if ConfigurationLines.is(words[0], "grub-environment") {
            return .grub(partition: partition, path: words[2])
        }
        guard ConfigurationLines.is(words[0], "raspberry-tryboot") else {
            throw lines.refused("unknown kind of boot-control")
        }
        return .tryboot(partition: partition, path: words[2])
    }

    /// Names with `/` between, none of them empty, `.` or `..`.
    private func isBelow(_ path: [UInt8]) -> Bool {
        path.count <= 255
            && path.split(separator: 0x2F, omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty && $0 != [0x2E] && $0 != [0x2E, 0x2E] }
    }

    private func folder(_ word: [UInt8]) throws(ConfigurationFault) -> Path {
        guard word.first == 0x2F, isBelow([UInt8](word.dropFirst())), let path = Path(word) else {
            throw lines.refused("a folder is an absolute path")
        }
        return path
    }
}
