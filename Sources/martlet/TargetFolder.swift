import Foundation
import Terminal

/// Where target profiles are found.
enum TargetFolder {
    /// The first of: `MARTLET_TARGETS`, `targets` in the working directory, `targets` in a folder
    /// above the program.
    static func locate() throws -> URL {
        let environment = ProcessInfo.processInfo.environment["MARTLET_TARGETS"]
        if let environment { return URL(filePath: environment, directoryHint: .isDirectory) }
        var candidates = [URL(filePath: "targets", directoryHint: .isDirectory)]
        // Not by the first argument, which is a bare name when the shell found the program.
        var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        for _ in 0..<6 {
            folder.deleteLastPathComponent()
            candidates.append(folder.appending(path: "targets", directoryHint: .isDirectory))
        }
        for candidate in candidates {
            let marker = candidate.appending(path: "any.yaml").path()
            if FileManager.default.fileExists(atPath: marker) { return candidate }
        }
        throw Failure(
            .usage,
            "no folder of target profiles was found",
            help: "run from the project's folder, or set MARTLET_TARGETS to its targets folder"
        )
    }

    /// The names of the profiles in the folder, sorted.
    static func names() throws -> [String] {
        let folder = try locate()
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// The path of a profile that is named or given as a path.
    static func path(of nameOrPath: String) throws -> String {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".yaml") { return nameOrPath }
        guard try names().contains(nameOrPath) else {
            throw Failure(
                .wrongTarget,
                "there is no target profile '\(nameOrPath)'",
                help: "choose one of: \(try names().joined(separator: ", "))"
            )
        }
        return try locate().appending(path: nameOrPath + ".yaml").path()
    }
}
