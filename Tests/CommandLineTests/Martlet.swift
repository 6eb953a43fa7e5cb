import Foundation

/// The built `martlet`, run as a person would.
struct Martlet {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    static let binary = URL(filePath: CommandLine.arguments[0])
        .deletingLastPathComponent().appending(path: "martlet")
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func digits(_ name: String) -> String {
        root.appending(path: "Tests/Vectors/digits/\(name)").path()
    }

    /// Runs a command to its end with nothing to read and no terminal.
    static func run(_ arguments: [String], under wrapper: [String] = []) throws -> Result {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = wrapper + [binary.path()] + arguments
        process.currentDirectoryURL = root
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // What a command prints fits the pipes' buffers, so one can be read after the other.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let notes = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: notes, as: UTF8.self)
        )
    }
}

/// A folder with a release key and a bundle of the digits model, removed with the test.
final class Workshop {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let key: String
    let trust: String
    let bundle: String

    init() throws {
        key = folder.appending(path: "keys/release.key").path()
        trust = folder.appending(path: "keys/release.pub").path()
        bundle = folder.appending(path: "digits.eib").path()
        let keys = folder.appending(path: "keys").path()
        _ = try Martlet.run(
            ["key", "generate", "--role", "release", "--output", keys, "--no-password"]
        )
        _ = try build(to: bundle)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path() }

    func build(
        to output: String,
        with more: [String] = [],
        under wrapper: [String] = []
    ) throws -> Martlet.Result {
        let arguments = [
            "build", Martlet.digits("digits_int8.tflite"), "--name", "digits", "--version", "1.0.0",
            "--target", "any", "--sign", key, "--output", output, "--validation",
            Martlet.digits("test_int8.npy"), "--labels", Martlet.digits("test_labels.npy"),
        ]
        return try Martlet.run(arguments + more, under: wrapper)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: folder.appending(path: name))
        return path(name)
    }

    func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path)))
    }
}
