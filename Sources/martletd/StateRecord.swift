// The state record: two copies in one file of 8 KiB, each written whole and in place.
//
//   0  "MLTDREC1" | 8 u32 version 1 | 12 u32 number of boots 0...128 | 16 u64 revision
//   24 u64 boot epoch | 32 content id of the image that runs 32 | 64 collector key id 8
//   72 u8 enrolled | 73 u8 running | zero to 96
//   96 for each of the last boots u64 epoch, u64 nonce | zero to 4064
//   4064 BLAKE2b-256 of all before
//
// Invariants: 1. a revision is written to copy `revision mod 2`, so the newest whole copy is never
// overwritten. 2. The whole copy with the highest revision counts. 3. The epoch never decreases.

import AgentProtocol
import BundleFormat
import CPlatform

/// The random number of one boot: two boots with one epoch betray a copied device.
struct BootNonce: Equatable {
    var epoch: UInt64
    var nonce: UInt64
}

/// What the agent must know after a loss of power.
struct StateRecord: Equatable {
    static let copySizeBytes = 4_096
    static let bootCountMax = 128
    private static let hashOffset = copySizeBytes - 32
    private static let bootsOffset = 96

    var revision: UInt64 = 0
    /// Starts of the agent, counted from 1; 0 before the first.
    var epoch: UInt64 = 0
    /// The image that ran last; zeros before the first.
    var contentID = [UInt8](repeating: 0, count: 32)
    /// The collector that knows the device.
    var collectorKeyID = [UInt8](repeating: 0, count: 8)
    var isEnrolled = false
    /// Whether a run has begun and not ended in order.
    var isRunning = false
    /// The last boots, ascending, this one at the end.
    var boots: [BootNonce] = []

    init() {}

    /// Reads one copy; `nil` when it is not whole.
    init?(decoding bytes: [UInt8]) {
        guard bytes.count == StateRecord.copySizeBytes,
            bytes.starts(with: TextLine("MLTDREC1").bytes),
            Sodium.blake2b([UInt8](bytes[..<StateRecord.hashOffset]))
                == [UInt8](bytes[StateRecord.hashOffset...])
        else { return nil }
        let reader = RecordBytes(bytes: bytes)
        guard reader.number(8, size: 4) == 1,
            reader.number(12, size: 4) <= UInt64(StateRecord.bootCountMax)
        else { return nil }
        revision = reader.number(16, size: 8)
        epoch = reader.number(24, size: 8)
        contentID = [UInt8](bytes[32..<64])
        collectorKeyID = [UInt8](bytes[64..<72])
        isEnrolled = bytes[72] == 1
        isRunning = bytes[73] == 1
        for index in 0..<Int(reader.number(12, size: 4)) {
            let offset = StateRecord.bootsOffset + index * 16
            boots.append(
                BootNonce(
                    epoch: reader.number(offset, size: 8),
                    nonce: reader.number(offset + 8, size: 8)
                )
            )
        }
    }

    /// The bytes of one copy.
    func encoded() -> [UInt8] {
        var writer = RecordBytes(bytes: TextLine("MLTDREC1").bytes)
        writer.append(1, size: 4)
        writer.append(UInt64(boots.count), size: 4)
        writer.append(revision, size: 8)
        writer.append(epoch, size: 8)
        writer.bytes += contentID + collectorKeyID + [isEnrolled ? 1 : 0, isRunning ? 1 : 0]
        writer.zeros(until: StateRecord.bootsOffset)
        for boot in boots {
            writer.append(boot.epoch, size: 8)
            writer.append(boot.nonce, size: 8)
        }
        writer.zeros(until: StateRecord.hashOffset)
        return writer.bytes + Sodium.blake2b(writer.bytes)
    }

    /// Begins a boot: the next epoch and a new nonce.
    ///
    /// Boots that left no frame are forgotten, so that an agent that fails again and again does not
    /// push out the boots whose frames wait.
    ///
    /// - Parameters:
    ///   - newest: the epoch of the spool's newest frame.
    ///   - nonce: any number.
    mutating func beginBoot(after newest: UInt64, nonce: UInt64) {
        boots.removeAll { $0.epoch > newest }
        // A spool that claims the last epoch must not stop the agent.
        epoch = min(max(epoch, newest), .max - 1) + 1
        isRunning = true
        if boots.count == StateRecord.bootCountMax { boots.removeFirst() }
        boots.append(BootNonce(epoch: epoch, nonce: nonce))
    }

    /// The nonce of a boot; 0 when it was too long ago.
    func nonce(of epoch: UInt64) -> UInt64 {
        for boot in boots where boot.epoch == epoch { return boot.nonce }
        return 0
    }
}

/// The file of the state record.
struct StateRecordFile: ~Copyable {
    private let file: OwnedFile
    private(set) var record: StateRecord
    /// Copies that were neither whole nor blank.
    let damagedCount: Int

    /// Opens the record; makes it if it is missing.
    init(_ directory: borrowing StateDirectory) throws(AgentError) {
        let file = try PreallocatedFile.open(
            directory.record,
            sizeBytes: UInt64(2 * StateRecord.copySizeBytes),
            in: directory.path
        )
        try self.init(file)
    }

    /// Opens a record that must be there, to look at it.
    init(examining directory: borrowing StateDirectory) throws(AgentError) {
        try self.init(OwnedFile(directory.record, how: platform_open_read))
    }

    private init(_ file: consuming OwnedFile) throws(AgentError) {
        let bytes = try file.beginning(count: 2 * StateRecord.copySizeBytes)
        var best = StateRecord()
        var damaged = 0
        for start in [0, StateRecord.copySizeBytes] {
            let copy = [UInt8](bytes.dropFirst(start).prefix(StateRecord.copySizeBytes))
            if let found = StateRecord(decoding: copy) {
                if found.revision > best.revision { best = found }
            } else if copy.contains(where: { $0 != 0 }) || copy.isEmpty {
                damaged += 1
            }
        }
        self.file = file
        record = best
        damagedCount = damaged
    }

    /// Makes a changed record durable.
    mutating func write(_ next: StateRecord) throws(AgentError) {
        var next = next
        next.revision = record.revision + 1
        let copy = Int64(next.revision % 2) * Int64(StateRecord.copySizeBytes)
        try file.write(next.encoded(), at: copy)
        let result = platform_sync_data(file.descriptor)
        guard result >= 0 else { throw .system(.synchronize, code: -result, path: file.path) }
        record = next
    }
}
