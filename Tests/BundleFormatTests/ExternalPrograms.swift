import Foundation

/// A program of the system, run to its end.
enum Tool {
    // The input comes from a file: it may be larger than a pipe holds.
    static func run(_ arguments: [String], input: String = "") throws -> (
        status: Int32, output: String
    ) {
        let scratch = try Scratch()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let file = try scratch.write("input", [UInt8](input.utf8))
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: file))
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}

/// A folder that is removed with the test.
final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { url.appending(path: name).path() }
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: url.appending(path: name))
        return path(name)
    }
}
