import Foundation
import Glibc
import Telemetry
import Testing

@testable import martlet_collector

/// The built `martlet-collector`, run as a person would.
struct CollectorProgram {
    static let binary = URL(filePath: CommandLine.arguments[0])
        .deletingLastPathComponent().appending(path: "martlet-collector")

    let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        process.executableURL = Self.binary
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    /// Waits for the end and gives status, output and errors.
    func finish() -> (status: Int32, output: String, errors: String) {
        // What a command prints fits the pipes' buffers, so one can be read after the other.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let notes = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self),
            String(decoding: notes, as: UTF8.self)
        )
    }

    /// The first line of the output, which a server prints when it is ready.
    func firstLine() -> String { Self.line(of: output) }

    /// The first line of the log that has a text; empty when the program ends before.
    func log(until text: String) -> String {
        while true {
            let line = Self.line(of: errors)
            if line.isEmpty || line.contains(text) { return line }
        }
    }

    private static func line(of pipe: Pipe) -> String {
        var line: [UInt8] = []
        while let byte = try? pipe.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    static func run(
        _ arguments: String...
    ) throws -> (status: Int32, output: String, errors: String) {
        try CollectorProgram(arguments).finish()
    }
}

@Suite("Commands")
struct CommandTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "collector-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test("serve says where it listens, answers, and ends in order on SIGTERM")
    func serve() async throws {
        try await withFolder { folder in
            let server = try CollectorProgram(["serve", "--data", folder, "--port", "0"])
            let line = server.firstLine()
            #expect(line.hasPrefix("listening on http://127.0.0.1:"))
            let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
            #expect(try await HTTPClient(port: port).get("/healthz").text == "{\"status\":\"ok\"}")
            let second = try CollectorProgram.run("serve", "--data", folder, "--port", "0")
            #expect(second.status == 3)
            #expect(second.errors.contains("error: another server uses this data directory"))
            #expect(second.errors.contains("\nhelp: "))
            // Other commands work beside the server.
            #expect(try CollectorProgram.run("token", "create", "--data", folder).status == 0)
            server.process.terminate()
            let (status, output, _) = server.finish()
            #expect(status == 0)
            #expect(output.isEmpty)
        }
    }

    @Test("a second listener serves devices and nothing else")
    func deviceListener() async throws {
        try await withFolder { folder in
            let server = try CollectorProgram([
                "serve", "--data", folder, "--port", "0", "--device-port", "0",
            ])
            let port = try #require(
                server.firstLine().split(separator: ":").last.flatMap { Int($0) }
            )
            let log = server.log(until: "devices are served at ")
            let devicePort = try #require(log.split(separator: ":").last.flatMap { Int($0) })
            let people = HTTPClient(port: port)
            let devices = HTTPClient(port: devicePort)
            #expect(try await people.get("/").status == 200)
            #expect(try await people.get("/d/1/batch").status == 404)
            #expect(try await devices.get("/d/1/batch").status == 405)
            for path in ["/", "/healthz", "/metrics", "/api/v1/devices"] {
                #expect(try await devices.get(path).status == 404)
            }
            server.process.terminate()
            #expect(server.finish().status == 0)
        }
    }

    @Test("processes that make the keys at the same time agree on one identity")
    func identityRace() async throws {
        try await withFolder { folder in
            let programs = try (0..<8).map { _ in
                try CollectorProgram(["identity", "--data", folder])
            }
            let lines = Set(programs.map { $0.finish().output })
            #expect(lines.count == 1)
            let line = try #require(lines.first)
            #expect(CollectorIdentity(line: [UInt8](line.utf8)) != nil)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names == ["identity.key"])
            #expect(try mode(folder + "/identity.key") == 0o600)
            #expect(try mode(folder) == 0o700)
        }
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).intValue
    }

    @Test("keys that others may read, or that are damaged, are refused")
    func badKeys() async throws {
        try await withFolder { folder in
            _ = try CollectorProgram.run("identity", "--data", folder)
            let path = folder + "/identity.key"
            chmod(path, 0o640)
            #expect(try CollectorProgram.run("identity", "--data", folder).status == 3)
            chmod(path, 0o600)
            try Data("martlet-collector-secret-1 00".utf8).write(to: URL(filePath: path))
            chmod(path, 0o600)
            #expect(try CollectorProgram.run("identity", "--data", folder).status == 4)
        }
    }

    @Test("a token is printed once, stored as its hash, listed and revoked")
    func tokens() async throws {
        try await withFolder { folder in
            let created = try CollectorProgram.run(
                "token",
                "create",
                "--data",
                folder,
                "--note",
                "hall",
                "--uses",
                "3"
            )
            let token = created.output.trimmingCharacters(in: .newlines)
            #expect(Hexadecimal.decode([UInt8](token.utf8)[...])?.count == 32)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            for file in files where file.hasPrefix("telemetry.sqlite") {
                let content = try Data(contentsOf: URL(filePath: folder + "/" + file))
                let secret = Hexadecimal.decode([UInt8](token.utf8)[...]) ?? []
                #expect(content.range(of: Data(secret)) == nil)
            }
            let listed = try CollectorProgram.run("token", "list", "--data", folder, "--json")
            let records = try JSONDecoder().decode(
                [TokenRecord].self,
                from: Data(listed.output.utf8)
            )
            let record = try #require(records.first)
            #expect(record.note == "hall" && record.usesMax == 3 && record.state == "open")
            #expect(
                try CollectorProgram.run("token", "revoke", record.id, "--data", folder).status == 0
            )
            let after = try CollectorProgram.run("token", "list", "--data", folder)
            #expect(after.output.contains("revoked"))
            for id in [String(record.id.prefix(3)), "none", ""] {
                #expect(
                    try CollectorProgram.run("token", "revoke", id, "--data", folder).status == 2
                )
            }
        }
    }

    @Test("mistakes on the command line give status 2 and a hint")
    func usage() async throws {
        try await withFolder { folder in
            let mistakes = [
                ["serve"], ["serve", "--data", folder, "--port", "70000"],
                ["serve", "--data", folder, "--log-level", "loud"],
                ["serve", "--data", folder, "--config", folder + "/none.json"],
                ["device", "revoke", "00", "--data", folder],
                ["token", "create", "--data", folder, "--uses", "0"], ["token", "revoke"],
            ]
            for arguments in mistakes {
                let (status, output, errors) = try CollectorProgram(arguments).finish()
                #expect(status == 2, "\(arguments)")
                #expect(output.isEmpty && !errors.isEmpty, "\(arguments)")
            }
        }
    }

    @Test("an address that cannot be used gives status 7")
    func unusableAddress() async throws {
        try await withFolder { folder in
            let result = try CollectorProgram.run(
                "serve",
                "--data",
                folder,
                "--host",
                "203.0.113.1",
                "--port",
                "0"
            )
            #expect(result.status == 7)
            #expect(result.errors.contains("error: cannot listen"))
        }
    }
}
