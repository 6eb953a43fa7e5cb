import AgentProtocol
import CPlatform

/// What the crash handler of an earlier run wrote (CPlatform.h has the layout).
struct CrashRecord {
    let signal: UInt64
    /// The program counter, relative to where the program was loaded.
    let programCounter: UInt64
    /// The boot epoch of the run that crashed.
    let epoch: UInt64

    /// Reads a record; `nil` when there is none.
    init?(decoding bytes: [UInt8]) {
        guard bytes.count == Int(platform_crash_record_size),
            bytes.starts(with: TextLine("MLTX").bytes)
        else { return nil }
        let reader = RecordBytes(bytes: bytes)
        guard reader.number(4, size: 2) == 1,
            reader.number(60, size: 4) == CrashRecord.checksum(bytes[..<60])
        else { return nil }
        signal = reader.number(8, size: 4)
        programCounter = reader.number(16, size: 8) &- reader.number(48, size: 8)
        epoch = reader.number(40, size: 8)
    }

    /// FNV-1a, 32 bits.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt32 = 2_166_136_261
        for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return UInt64(hash)
    }
}

/// The file into which the handler of this run would write.
struct CrashFile: ~Copyable {
    private let file: OwnedFile
    /// What an earlier run left.
    let previous: CrashRecord?

    init(_ directory: borrowing StateDirectory) throws(AgentError) {
        let size = Int(platform_crash_record_size)
        let file = try PreallocatedFile.open(
            directory.crash,
            sizeBytes: UInt64(size),
            in: directory.path
        )
        previous = CrashRecord(decoding: try file.beginning(count: size))
        self.file = file
    }

    /// Arms the handler.
    func arm(epoch: UInt64) throws(AgentError) {
        let result = platform_crash_install(file.descriptor, epoch)
        guard result >= 0 else { throw .system(.signals, code: -result, path: file.path) }
    }

    /// Forgets the earlier crash, when a report of it is durable.
    func clear() throws(AgentError) {
        let size = Int(platform_crash_record_size)
        try file.write([UInt8](repeating: 0, count: size), at: 0)
        try file.synchronize()
    }
}
