import Foundation
import Packager
import Telemetry
import Testing

@testable import AgentProtocol
@testable import martletd

/// A folder with a bundle, its key and a configuration, in which an agent runs.
final class Stand {
    static let binary = URL(filePath: CommandLine.arguments[0])
        .deletingLastPathComponent().appending(path: "martletd").path()
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    /// Made once: planning a model takes a moment.
    private static let bundle = Result { try DigitsBundle.make() }

    // A socket's name must be short.
    let folder = URL(filePath: "/tmp/martlet-\(UUID().uuidString.prefix(13))")
    /// The configuration; a key of `nil` is left out.
    var keys: [String: String?]
    private var count = 0

    /// Makes the folder.
    ///
    /// - Parameters:
    ///   - bundle: the bundle's bytes; the digits model when `nil`.
    ///   - more: keys of the configuration beside the necessary ones.
    /// - Throws: what the file system or the planner throws.
    init(bundle: [UInt8]? = nil, _ more: [String: String?] = [:]) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        keys = [
            "bundle": folder.appending(path: "b.eib").path(),
            "trust": folder.appending(path: "k.pub").path(),
            "state": folder.appending(path: "state").path(),
            "socket": folder.appending(path: "s").path(),
            "spool-bytes": "262144",
        ]
        keys.merge(more) { $1 }
        try write("b.eib", bundle ?? Self.bundle.get())
        try write("k.pub", [UInt8](DigitsBundle.key.publicKey.fileContent(role: "release").utf8))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path() }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: folder.appending(path: name))
    }

    func read(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: folder.appending(path: name)))
    }

    /// Starts a verb of the agent, perhaps under another program.
    func spawn(_ arguments: [String], under wrapper: [String] = []) throws -> ChildProcess {
        count += 1
        let log = folder.appending(path: "log\(count)")
        return try ChildProcess(wrapper + [Self.binary] + arguments, log: log)
    }

    /// Starts `martletd run` with the configuration as it is now.
    func spawnAgent(under wrapper: [String] = []) throws -> ChildProcess {
        var text = ""
        for (key, value) in keys {
            if let value { text += "\(key) \(value)\n" }
        }
        try write("a.conf", [UInt8](text.utf8))
        return try spawn(["run", "--config", path("a.conf")], under: wrapper)
    }

    /// Starts the agent and waits until it serves.
    func start() throws -> ChildProcess {
        let agent = try spawnAgent()
        let serves = eventually {
            agent.endingNow != nil || (try? client().status()) != nil
        }
        try #require(serves && agent.endingNow == nil, "\(agent.errors)")
        return agent
    }

    func client() throws -> AgentClient { try AgentClient(path("s")) }

    func status() throws -> AgentClient.Status { try client().status() }

    /// The files below the state directory, sorted.
    func stateFiles() -> [String] {
        (FileManager.default.subpaths(atPath: path("state")) ?? []).sorted()
    }

    /// Names of files that are being written.
    static func halfWritten(_ names: [String]) -> [String] {
        names.filter {
            $0.hasSuffix(".new") || $0.hasSuffix("incoming") || $0.hasSuffix(".partial")
        }
    }

    /// The reports that wait in a stopped agent's spool.
    func reports() throws -> [Report] {
        let state = try #require(Path([UInt8](path("state").utf8)))
        let directory = try StateDirectory(existing: state)
        let storage = try SpoolFile(examining: directory)
        var spool = try ReportSpool.open(storage, path: directory.spool)
        var reports: [Report] = []
        while let batch = spool.oldestBatch(limitBytes: 1 << 20) {
            for frame in try #require(SpoolFrame.decodeAll(batch.bytes)) {
                reports.append(try Report(decoding: frame.body))
            }
            try spool.free(through: batch.end)
        }
        return reports
    }
}
