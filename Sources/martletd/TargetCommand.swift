import AgentProtocol
import CPlatform

/// `martletd target`: what the machine says of itself, and the profiles that fit it.
struct TargetCommand {
    /// What comes before `/proc` and `/sys`; empty for the machine that this runs on.
    private var root: [UInt8] = []
    private var isJSON = false

    init(_ arguments: inout ArgumentReader) throws(AgentError) {
        while true {
            if arguments.take("--system-root") {
                root = try arguments.path(of: "--system-root").text
            } else if arguments.take("--json") {
                isJSON = true
            } else {
                break
            }
        }
        try arguments.finish()
        if root == [0x2F] { root = [] }
    }

    func run() throws(AgentError) -> ExitStatus {
        let facts = facts()
        let profiles = ProfileChoice.builtIn()
        var names: [[UInt8]] = []
        for index in ProfileChoice.fitting(profiles, facts) { names.append(profiles[index].name) }
        var status = AgentStatus(isJSON: isJSON)
        Self.add("architecture", facts.architecture?.word ?? [], to: &status)
        Self.add("features", facts.features.words, to: &status)
        Self.add("page-size", facts.pageSizeBytes, to: &status)
        Self.add("memory", facts.memoryBytes, to: &status)
        Self.add("model", facts.model, to: &status)
        Self.add("marks", Self.joined(facts.marks), to: &status)
        Self.add("profiles", Self.joined(names), to: &status)
        let text = status.finish()
        // Safe: the pointer and the count are the array's.
        guard unsafe platform_print(text, text.count) >= 0 else { return .inputOutput }
        return names.isEmpty ? .wrongTarget : .success
    }

    // Not inlined: seven copies of these would cost the agent 2 KB.
    @inline(never)
    private static func add(_ key: StaticString, _ text: [UInt8], to status: inout AgentStatus) {
        status.field(key, text: text)
    }

    @inline(never)
    private static func add(_ key: StaticString, _ number: UInt64, to status: inout AgentStatus) {
        status.field(key, number)
    }

    private static func joined(_ words: [[UInt8]]) -> [UInt8] {
        var text: [UInt8] = []
        for word in words {
            if !text.isEmpty { text.append(0x20) }
            text += word
        }
        return text
    }

    private func facts() -> MachineFacts {
        var facts = MachineFacts()
        for kind in 0..<UInt8(MachineFile.allCases.count) {
            guard let file = MachineFile(rawValue: kind), let bytes = contents(file) else {
                continue
            }
            facts.take(file, bytes)
        }
        let size = platform_page_size()
        if root.isEmpty, size > 0 { facts.pageSizeBytes = UInt64(size) }
        return facts
    }

    /// The first bytes of an ordinary file; `nil` when there is none that can be read.
    private func contents(_ file: MachineFile) -> [UInt8]? {
        guard let path = Path(root + TextLine(file.path).bytes) else { return nil }
        do throws(AgentError) {
            // Not waiting: what lies in a foreign tree may be a pipe that nobody writes to.
            let how = platform_open_read | platform_open_no_wait | platform_open_no_follow
            let opened = try OwnedFile(path, how: how)
            guard try opened.status().kind == platform_kind_file else { return nil }
            return try opened.beginning(count: file.sizeMax)
        } catch {
            return nil
        }
    }
}
