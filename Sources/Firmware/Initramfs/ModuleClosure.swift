/// The kernel modules that a device loads at its start, with everything that they need.
///
/// Sources of the formats: `modules.dep(5)`, and the kernel's `modules.builtin`, `modules.softdep`
/// and `modules.alias`, all made by depmod and kbuild.
/// Invariants: a module comes after all that it needs; each comes once; its path stays in the
/// folder.
struct ModuleClosure {
    /// One module that is loaded.
    struct Module: Sendable, Hashable {
        /// The name with underscores, as the kernel knows it.
        let name: String
        /// The file, relative to the modules' folder.
        let path: String
    }

    /// In the order of loading.
    private(set) var modules: [Module] = []

    private var paths: [String: String] = [:]
    private var needs: [String: [String]] = [:]
    private var builtin: Set<String> = []
    private var aliases: [String: [String]] = [:]
    private var before: [String: [String]] = [:]
    private var visited: Set<String> = []

    /// modules.alias of a Debian kernel has 1.6 MiB.
    static let textSizeMax: Int64 = 32 << 20
    /// Modules that one image loads.
    static let moduleCountMax = 1_024

    /// Finds what is needed for some modules.
    ///
    /// - Parameters:
    ///   - wanted: names with hyphens or underscores; those built into the kernel are passed over.
    ///   - folder: `/lib/modules/VERSION` of the kernel.
    /// - Throws: `ImageError.moduleUnknown` for a name that the kernel does not have.
    init(of wanted: [String], in folder: String) throws(ImageError) {
        try readDependencies(Self.lines(of: folder + "/modules.dep"))
        for line in try Self.lines(of: folder + "/modules.builtin", isOptional: true) {
            builtin.insert(Self.name(ofPath: line))
        }
        for words in try Self.words(of: folder + "/modules.softdep")
        where words.count > 3 && words[0] == "softdep" {
            let early = words[2...].split(separator: "post:", omittingEmptySubsequences: false)[0]
            guard early.first == "pre:" else { continue }
            before[Self.canonical(words[1]), default: []] += early.dropFirst().map(Self.canonical)
        }
        for words in try Self.words(of: folder + "/modules.alias")
        where words.count == 3 && words[0] == "alias" && !words[1].contains("*") {
            aliases[Self.canonical(words[1]), default: []].append(Self.canonical(words[2]))
        }
        for name in wanted { try add(Self.canonical(name), depth: 0) }
    }

    private mutating func readDependencies(_ lines: [String]) throws(ImageError) {
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else {
                throw .imageRefused(detail: "modules.dep has a line without ':'")
            }
            let path = String(line[..<colon])
            try FileTree.check(path)
            let name = Self.name(ofPath: path)
            paths[name] = path
            // depmod writes the nearest need first; loading starts with the farthest.
            needs[name] = line[line.index(after: colon)...].split(separator: " ").reversed().map {
                Self.name(ofPath: String($0))
            }
        }
    }

    private mutating func add(_ name: String, depth: Int) throws(ImageError) {
        guard !builtin.contains(name), !visited.contains(name) else { return }
        guard let path = paths[name] else {
            throw .moduleUnknown(name: name, nearest: nearest(to: name))
        }
        guard depth < 64, modules.count < Self.moduleCountMax else {
            throw .tooMuch(what: "modules", limit: Int64(Self.moduleCountMax))
        }
        visited.insert(name)
        for soft in before[name] ?? [] {
            for module in softly(soft) { try add(module, depth: depth + 1) }
        }
        for need in needs[name] ?? [] { try add(need, depth: depth + 1) }
        modules.append(Module(name: name, path: path))
    }

    /// What a soft need stands for: a module, or the one behind an alias that runs everywhere.
    ///
    /// A need that the kernel lacks is none: that is what makes it soft.
    private func softly(_ name: String) -> [String] {
        if paths[name] != nil || builtin.contains(name) { return [name] }
        let candidates = (aliases[name] ?? []).filter { paths[$0] != nil }
        if let generic = candidates.first(where: { $0.hasSuffix("_generic") }) { return [generic] }
        return candidates.first.map { [$0] } ?? []
    }

    /// The name that differs in the fewest letters.
    private func nearest(to name: String) -> String? {
        let known = Array(paths.keys) + Array(builtin)
        return known.map { (Self.distance($0, name), $0) }.min { $0 < $1 }
            .flatMap { $0.0 <= max(2, name.utf8.count / 2) ? $0.1 : nil }
    }

    /// Levenshtein's distance of two names.
    private static func distance(_ first: String, _ second: String) -> Int {
        let goal = Array(second.utf8)
        var row = Array(0...goal.count)
        for (line, letter) in first.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for index in goal.indices {
                let changed = diagonal + (letter == goal[index] ? 0 : 1)
                diagonal = row[index + 1]
                row[index + 1] = min(changed, row[index] + 1, diagonal + 1)
            }
        }
        return row[goal.count]
    }

    private static func lines(
        of path: String,
        isOptional: Bool = false
    ) throws(ImageError) -> [String] {
        let file: SparseFile
        do {
            file = try SparseFile(reading: path)
        } catch {
            guard isOptional, case .unreadable = error else { throw error }
            return []
        }
        guard file.sizeBytes <= textSizeMax else {
            throw .tooMuch(what: "bytes in '\(path)'", limit: textSizeMax)
        }
        let text = String(
            decoding: try file.read(at: 0, count: Int(file.sizeBytes)),
            as: UTF8.self
        )
        return text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    private static func words(of path: String) throws(ImageError) -> [[String]] {
        try lines(of: path, isOptional: true).map { $0.split(separator: " ").map(String.init) }
    }

    private static func name(ofPath path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        return canonical(String(file.prefix { $0 != "." }))
    }

    private static func canonical(_ name: String) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
