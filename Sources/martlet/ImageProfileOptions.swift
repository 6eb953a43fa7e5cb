import ArgumentParser
import Firmware
import Foundation
import Terminal

/// A firmware profile and the files that it wants.
struct ImageProfileOptions: ParsableArguments {
    @Option(help: "A firmware profile, by name or path, such as qemu-aarch64.")
    var profile: String

    @Option(
        name: .customLong("input"),
        help: ArgumentHelp(
            "A file or folder that the profile wants; may be repeated.",
            valueName: "name=path"
        )
    )
    var inputList: [String] = []

    @Option(
        help: ArgumentHelp(
            "A folder that holds the profile's inputs under their names.",
            discussion: "'tools/firmware/fetch PROFILE' makes one from Debian packages.",
            valueName: "folder"
        )
    )
    var inputs: String?

    /// Reads the profile.
    ///
    /// - Throws: `Failure` when there is none or it is not one.
    func readProfile() throws -> FirmwareProfile {
        let path = try ProfileFolder.path(of: profile)
        let bytes = try InputFile.read(path, limitBytes: FirmwareProfile.textSizeMax + 1)
        do {
            return try FirmwareProfile(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Failure(.usage, "this is not a firmware profile: \(error)", place: path)
        }
    }

    /// The paths of inputs by their names.
    ///
    /// - Throws: `Failure` for an option that is none.
    func readInputs(_ profile: FirmwareProfile) throws -> [String: String] {
        var paths: [String: String] = [:]
        if let inputs {
            for name in profile.inputs.keys {
                let path = URL(filePath: inputs).appending(path: name).path()
                if FileManager.default.fileExists(atPath: path) { paths[name] = path }
            }
        }
        var named: Set<String> = []
        for text in inputList {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw Failure(.usage, "'\(text)' is not NAME=PATH", place: "--input")
            }
            guard named.insert(parts[0]).inserted else {
                throw Failure(.usage, "the input '\(parts[0])' is given twice", place: "--input")
            }
            paths[parts[0]] = parts[1]
        }
        return paths
    }
}

/// Where firmware profiles are found.
enum ProfileFolder {
    /// The path of a profile that is named or given as a path.
    static func path(of nameOrPath: String) throws -> String {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".yaml") { return nameOrPath }
        let folder = try locate()
        let path = folder.appending(path: nameOrPath + ".yaml").path()
        guard FileManager.default.fileExists(atPath: path) else {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
            let names = files.filter { $0.hasSuffix(".yaml") }.map { $0.dropLast(5) }.sorted()
            throw Failure(
                .usage,
                "there is no firmware profile '\(nameOrPath)'",
                help: "choose one of: \(names.joined(separator: ", "))"
            )
        }
        return path
    }

    /// The first of: `MARTLET_PROFILES`, `firmware-profiles` in the working folder, the one beside
    /// the folder of target profiles.
    private static func locate() throws -> URL {
        let environment = ProcessInfo.processInfo.environment["MARTLET_PROFILES"]
        if let environment { return URL(filePath: environment, directoryHint: .isDirectory) }
        let here = URL(filePath: "firmware-profiles", directoryHint: .isDirectory)
        if FileManager.default.fileExists(atPath: here.path()) { return here }
        return try TargetFolder.locate().deletingLastPathComponent()
            .appending(path: "firmware-profiles", directoryHint: .isDirectory)
    }
}
