import AgentProtocol
import ArgumentParser
import Foundation
import Terminal

/// `martlet target detect`: the profile that fits a machine best, and why.
struct TargetDetectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract: "Find the target profile that fits this machine best.",
        discussion: """
            Facts come from /proc and /sys. For another machine give its recorded files with \
            --system-root, or with --facts what 'martletd target' printed there. Exits with 9 \
            when no profile fits.
            """
    )

    @Option(help: "A folder that holds the machine's proc and sys.")
    var systemRoot: String?

    @Option(help: "A file with what 'martletd target' printed.")
    var facts: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    mutating func validate() throws {
        guard systemRoot == nil || facts == nil else {
            throw ValidationError("--system-root and --facts exclude each other")
        }
    }

    mutating func run() throws {
        let detection = try TargetDetection(of: machine())
        guard json else { return try detection.show() }
        try Console.printJSON(detection)
        try detection.checkFound()
    }

    private func machine() throws -> MachineFacts {
        if let facts { return try MachineReading.recorded(facts) }
        guard let systemRoot else { return MachineReading.facts(root: "/") }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: systemRoot, isDirectory: &isFolder),
            isFolder.boolValue
        else { throw Failure(.io, "there is no such folder", place: systemRoot) }
        return MachineReading.facts(root: systemRoot)
    }
}

/// The profiles of the folder, sorted into those that fit a machine and those that do not.
struct TargetDetection: Encodable {
    struct Machine: Encodable {
        let architecture: String?
        let features: [String]
        /// Unknown when `nil`, as the memory.
        let pageSizeBytes: UInt64?
        let memoryBytes: UInt64?
        let model: String
        let marks: [String]
    }

    struct Unfit: Encodable {
        let profile: String
        let reason: String
    }

    /// The profile that fits best.
    let profile: String?
    let description: String?
    /// What decided for it.
    let reason: String
    let machine: Machine
    /// The others that fit, the best first.
    let candidates: [String]
    /// Those of the machine's architecture, and of its board, that do not fit.
    let unfit: [Unfit]

    /// Compares a machine with the profiles of the folder.
    ///
    /// - Throws: `Failure` when the folder or a profile cannot be used.
    init(of facts: MachineFacts) throws {
        let files = try TargetFolder.names().map(TargetProfileFile.read)
        let profiles = files.compactMap(\.machineProfile)
        let fitting = ProfileChoice.fitting(profiles, facts)
        machine = Machine(facts)
        profile = fitting.first.map { files[$0].name }
        description = fitting.first.map { files[$0].description }
        candidates = fitting.dropFirst().map { files[$0].name }
        unfit = profiles.indices.compactMap { index in
            guard let misfit = profiles[index].misfit(facts), misfit != .architecture,
                misfit != .board
            else { return nil }
            let reason = misfit.text(of: profiles[index], facts)
            return Unfit(profile: files[index].name, reason: reason)
        }
        reason = fitting.first.map { profiles[$0].reason(facts) } ?? "no profile fits"
    }

    /// Prints the result for people.
    ///
    /// - Throws: `Failure` when no profile fits.
    func show() throws {
        let unknown = "unknown"
        var rows = [
            ["profile", profile ?? "-"],
            ["description", description ?? "-"],
            ["why", reason],
            ["architecture", machine.architecture ?? unknown],
            ["features", machine.features.isEmpty ? "-" : machine.features.joined(separator: " ")],
            ["page size", machine.pageSizeBytes.map { "\($0) bytes" } ?? unknown],
            ["memory", machine.memoryBytes.map { "\($0) bytes" } ?? unknown],
            ["model", machine.model.isEmpty ? unknown : machine.model],
            ["marks", machine.marks.isEmpty ? "-" : machine.marks.joined(separator: " ")],
            ["fits too", candidates.isEmpty ? "-" : candidates.joined(separator: ", ")],
        ]
        rows += unfit.map { ["does not fit", "\($0.profile): \($0.reason)"] }
        Console.printTable(rows)
        try checkFound()
    }

    /// Refuses a result without a profile.
    ///
    /// - Throws: `Failure` when no profile fits.
    func checkFound() throws {
        guard profile == nil else { return }
        throw Failure(
            .wrongTarget,
            machine.architecture == nil
                ? "the machine's architecture is unknown: there is no usable /proc/cpuinfo"
                : "no target profile fits this machine",
            help: "'martlet target list' shows all profiles; a new one is a file in targets"
        )
    }
}

extension TargetDetection.Machine {
    fileprivate init(_ facts: MachineFacts) {
        architecture = facts.architecture.map { String(decoding: $0.word, as: UTF8.self) }
        features = facts.features.text.split(separator: " ").map(String.init)
        pageSizeBytes = facts.pageSizeBytes == 0 ? nil : facts.pageSizeBytes
        memoryBytes = facts.memoryBytes == 0 ? nil : facts.memoryBytes
        model = String(decoding: facts.model, as: UTF8.self)
        marks = facts.marks.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension MachineProfile {
    /// Why the profile was chosen among those that fit.
    fileprivate func reason(_ facts: MachineFacts) -> String {
        if let mark = facts.marks.first(where: { marks.contains($0) }) {
            return "the board is \(String(decoding: mark, as: UTF8.self))"
        }
        return features.bits == 0
            ? "the architecture; no profile that asks for more fits"
            : "every processor has \(features.text)"
    }
}

extension Misfit {
    /// The reason with its evidence.
    fileprivate func text(of profile: MachineProfile, _ facts: MachineFacts) -> String {
        switch self {
        case .architecture: "it is for another architecture"
        case .board: "it is for another board"
        case .features:
            "the processor lacks "
                + ProcessorFeatures(bits: profile.features.bits & ~facts.features.bits).text
        case .pageSize:
            "pages of \(facts.pageSizeBytes) bytes are larger than \(profile.pageSizeBytes)"
        case .memory: "memory of \(facts.memoryBytes) bytes is less than \(profile.memoryBytes)"
        }
    }
}
