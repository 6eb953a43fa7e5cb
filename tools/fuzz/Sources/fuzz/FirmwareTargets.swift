import BootControl
import Firmware

extension Fuzz {
    /// A profile that is read can be judged, and one that is sound can be placed on its disk.
    static func firmwareProfile(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let profile = try? FirmwareProfile(yaml: text) else { return }
        let problems = profile.problems(contentSizes: ["kernel": 1 << 24])
        guard problems.isEmpty, profile.disk != nil else { return }
        guard let layout = try? DiskLayout(profile) else {
            fatalError("a sound profile has no layout")
        }
        for segment in layout.tableSegments()
        where segment.offsetBytes < 0
            || segment.offsetBytes + Int64(segment.bytes.count) > layout.sizeBytes
        {
            fatalError("a table beyond its disk")
        }
    }

    /// A disk whose first and last 32 KiB are given, zeros between, of a size that is given too.
    private struct Disk: ReadableDisk {
        var sizeBytes: Int64
        var head: [UInt8]
        var tail: [UInt8]

        func read(at offset: Int64, count: Int) throws -> [UInt8] {
            guard count <= 1 << 20, offset >= 0, offset <= sizeBytes - Int64(count) else {
                fatalError("a read beyond the disk, or a large one")
            }
            return (0..<Int64(count)).map { index in
                let position = offset + index
                if position < Int64(head.count) { return head[Int(position)] }
                let behind = position - (sizeBytes - Int64(tail.count))
                return behind >= 0 ? tail[Int(behind)] : 0
            }
        }
    }

    /// A table that is read and written again means the same; what it names lies on the disk.
    static func partitionTable(_ bytes: [UInt8]) {
        guard bytes.count >= 8 else { return }
        let size = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let rest = bytes.dropFirst(8)
        let head = [UInt8](rest.prefix(1 << 15))
        let tail = [UInt8](rest.dropFirst(1 << 15).prefix(1 << 15))
        var disk = Disk(sizeBytes: Int64(size % (1 << 61)), head: head, tail: tail)
        guard disk.sizeBytes >= Int64(head.count + tail.count),
            let layout = try? DiskLayout(reading: disk)
        else { return }
        for partition in layout.partitions
        where partition.startBytes < 0 || partition.sizeBytes <= 0
            || partition.endBytes > layout.sizeBytes
        {
            fatalError("a partition beyond its disk")
        }
        let size512 = layout.sizeBytes
        for segment in layout.tableSegments() {
            guard segment.offsetBytes >= 0,
                segment.offsetBytes + Int64(segment.bytes.count) <= size512
            else { fatalError("a table beyond its disk") }
            if segment.offsetBytes == 0 {
                disk.head = segment.bytes
            } else {
                disk.sizeBytes = size512
                disk.tail = segment.bytes
            }
        }
        guard let again = try? DiskLayout(reading: disk),
            again.partitions.map(\.startBytes) == layout.partitions.map(\.startBytes),
            again.partitions.map(\.endBytes) == layout.partitions.map(\.endBytes)
        else { fatalError("one table, two meanings") }
    }

    /// A block map that is read is written and read again as the same.
    static func blockMap(_ bytes: [UInt8]) {
        guard let map = try? BlockMap(text: bytes) else { return }
        guard let again = try? BlockMap(text: map.text()), again == map else {
            fatalError("one block map, two meanings")
        }
    }

    /// Environments of the loaders: what is read can be changed, written and read again.
    static func bootEnvironment(_ bytes: [UInt8]) {
        if let grub = try? GrubEnvironment(decoding: bytes) {
            guard (try? grub.encoded()) == bytes else { fatalError("another GRUB block") }
            live(grub.variables)
        }
        if let autoboot = try? Autoboot(decoding: bytes) {
            guard let once = try? Autoboot(decoding: autoboot.swapped()),
                once.confirmed != autoboot.confirmed, once.swapped() == bytes
            else { fatalError("a swap that cannot be taken back") }
        }
        // The sum is made right, or nothing behind it would be reached.
        let size = max(128, min(bytes.count, 16_384))
        var copy = bytes.prefix(size) + [UInt8](repeating: 0, count: max(0, size - bytes.count))
        let sum = CRC32.sum(copy.dropFirst(5))
        for index in 0..<4 { copy[index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index))) }
        let damaged = [UInt8](repeating: 0x55, count: size)
        guard
            let environment = try? UBootEnvironment(
                first: damaged,
                second: [UInt8](copy),
                sizeBytes: size
            ), environment.current == 1, let variables = environment.variables
        else { fatalError("a whole copy was not found") }
        live(variables)
        guard let next = try? environment.successor(variables) else { return }
        let after = try? UBootEnvironment(
            first: next.bytes,
            second: [UInt8](copy),
            sizeBytes: size
        )
        guard next.copy == 0, after?.current == 0, after?.variables == variables else {
            fatalError("the successor does not count")
        }
    }

    /// Whatever the variables are, a slot that starts can be confirmed, and slots that never are
    /// end in a fresh start.
    private static func live(_ start: BootVariables) {
        var variables = start
        for _ in 0..<40 {
            let (step, next) = SlotChoice.nextBoot(variables, tries: 3) { _ in true }
            variables = next
            if case .boot(let slot) = step {
                let confirmed = SlotChoice.confirming(slot, next, tries: 3)
                guard next.order.contains(slot),
                    SlotChoice.isConfirmed(slot, confirmed, tries: 3)
                else { fatalError("a slot that cannot be confirmed") }
                continue
            }
            let fresh = SlotChoice.nextBoot(variables, tries: 3) { _ in true }
            guard fresh.step == .boot(.a) else { fatalError("no slot after a fresh start") }
            return
        }
        fatalError("slots that never confirm are tried without end")
    }
}
