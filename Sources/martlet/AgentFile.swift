import Foundation
import Terminal

/// The static agent that is put on a device, and the architecture that it is for.
enum AgentFile {
    /// `e_machine` of the architectures (System V ABI, ELF header, offset 18).
    private static let machines: [UInt16: String] = [
        62: "x86_64", 183: "aarch64", 40: "armv7hf", 243: "riscv64",
    ]

    /// The agent that is given, or the one that `tools/build-device` made.
    ///
    /// - Parameters:
    ///   - given: the path that a person named.
    ///   - target: the target profile of the image.
    /// - Returns: The agent's path and its architecture, one of the target's.
    /// - Throws: `Failure` with status `wrongTarget` when the agent is for other devices.
    static func choose(
        _ given: String?,
        for target: TargetProfileFile
    ) throws -> (path: String, architecture: String) {
        let path = try given ?? built(for: target)
        let head = try InputFile.head(path, count: 20)
        guard head.starts(with: [0x7F, 0x45, 0x4C, 0x46]), head.count == 20,
            let architecture = machines[UInt16(head[18]) | UInt16(head[19]) << 8]
        else { throw Failure(.wrongTarget, "this is not an agent for a device", place: path) }
        guard target.architectures.contains(architecture) else {
            throw Failure(
                .wrongTarget,
                "the agent is for \(architecture), but the target '\(target.name)' is "
                    + target.architectures.joined(separator: ", "),
                place: path
            )
        }
        return (path, architecture)
    }

    private static func built(for target: TargetProfileFile) throws -> String {
        guard target.architectures.count == 1 else {
            throw Failure(
                .usage,
                "the target '\(target.name)' has several architectures",
                help: "name the agent of the one that is meant with --agent"
            )
        }
        let architecture = target.architectures[0]
        let folder = try TargetFolder.locate().deletingLastPathComponent()
        let path = folder.appending(path: ".build/device/\(architecture)/martletd").path()
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure(
                .unsafe,
                "there is no agent for \(architecture)",
                place: path,
                help: "run 'tools/build-device \(architecture)', or pass --agent"
            )
        }
        return path
    }
}

extension InputFile {
    /// The first bytes of a file; fewer when it is shorter.
    static func head(_ path: String, count: Int) throws -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: count)
        else { throw Failure(.io, "cannot read the file", place: path) }
        return [UInt8](data)
    }
}
