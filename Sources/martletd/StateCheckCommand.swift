import AgentProtocol
import BundleFormat
import CPlatform
import Telemetry

/// `martletd state check`: whether a stopped agent's state is whole, changing nothing.
struct StateCheckCommand {
    private let path: Path

    init(_ arguments: inout ArgumentReader) throws(AgentError) {
        if arguments.take("--config") {
            let configuration = try ConfigurationFile.read(try arguments.path(of: "--config"))
            path = configuration.state
        } else if arguments.take("--state") {
            path = try arguments.path(of: "--state")
        } else {
            throw .usage("--config or --state is missing", argument: arguments.word() ?? [])
        }
        try arguments.finish()
    }

    func run() throws(AgentError) -> ExitStatus {
        let directory = try StateDirectory(existing: path)
        let identity = try DeviceKeyFile.read(directory)
        let record = try StateRecordFile(examining: directory)
        let storage = try SpoolFile(examining: directory)
        let spool = try ReportSpool.open(storage, path: directory.spool)
        let images = try checkImages(directory)
        var status = AgentStatus(isJSON: false)
        status.field("device-id", id: CollectorPeer.deviceID(of: identity))
        status.field("boot-epoch", record.record.epoch)
        status.field("record-copies-damaged", UInt64(record.damagedCount))
        status.field("ended-in-order", !record.record.isRunning)
        status.field("content-id", id: record.record.contentID)
        status.field("images-whole", UInt64(images.whole))
        status.field("images-damaged", UInt64(images.damaged))
        status.field("spool-reports", spool.liveCount)
        status.field("spool-dropped", spool.droppedCount)
        status.field("spool-lost", spool.lostCount)
        let text = status.finish()
        // Safe: the pointer and the count are the array's.
        guard unsafe platform_print(text, text.count) >= 0 else { return .inputOutput }
        guard record.record.revision > 0 else { throw .stateDamaged(directory.record) }
        return images.damaged == 0 ? .success : .authentication
    }

    /// Hashes every image and compares it with its name.
    private func checkImages(
        _ directory: borrowing StateDirectory
    ) throws(AgentError) -> (whole: Int, damaged: Int) {
        var count = (whole: 0, damaged: 0)
        let incoming = TextLine("incoming").bytes
        for name in try Names.inDirectory(directory.images) where name != incoming {
            let file = try OwnedFile(
                directory.images.appending("/").appending(name),
                how: platform_open_read
            )
            let expected = ImageDirectory.name(of: try hash(file), in: directory.images)
            if expected.bytes == file.path.bytes {
                count.whole += 1
            } else {
                count.damaged += 1
            }
        }
        return count
    }

    private func hash(_ file: borrowing OwnedFile) throws(AgentError) -> [UInt8] {
        var hash = StreamingHash()
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            // Safe: the array has the count that is passed.
            let count = unsafe platform_read(file.descriptor, &part, part.count)
            guard count >= 0 else { throw .system(.read, code: Int32(-count), path: file.path) }
            hash.update([UInt8](part.prefix(Int(count))))
            if count < Int64(part.count) { return hash.finish() }
        }
    }
}
