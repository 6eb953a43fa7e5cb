extension DeviceGraph {
    /// All uses of a disk and of everything that stands on it, system uses first.
    func uses(of disk: String) -> [DiskUse] {
        var lower: [String: String] = [:]
        var order = [disk]
        var index = 0
        while index < order.count {
            let name = order[index]
            index += 1
            for upper in above[name] ?? [] where upper != disk && lower[upper] == nil {
                lower[upper] = name
                order.append(upper)
            }
        }
        var uses: [DiskUse] = []
        for name in order {
            let chain = chain(to: name, through: lower)
            for use in directUses[name] ?? [] {
                uses.append(
                    DiskUse(
                        chain: chain,
                        kind: use.kind,
                        isSystem: use.isSystem || isOnSystemFile(chain)
                    )
                )
            }
        }
        uses += unseenUses(in: order.dropFirst().reversed(), through: lower, after: uses)
        let ordered = Self.ordered(uses)
        // Some of both kinds, since they lead to different verdicts.
        return Array(ordered.filter(\.isSystem).prefix(Self.useCountMax))
            + Array(ordered.filter { !$0.isSystem }.prefix(Self.useCountMax))
    }

    /// A device that stands on the disk holds it, also when nobody uses it in a way that is seen.
    private func unseenUses(
        in names: some Sequence<String>,
        through lower: [String: String],
        after uses: [DiskUse]
    ) -> [DiskUse] {
        var seen = Set(uses.filter(\.kind.isActive).flatMap { $0.chain.map(\.name) })
        var unseen: [DiskUse] = []
        for name in names where !seen.contains(name) {
            let device = devices[name]
            if let device, !device.isStacked, device.backingFile == nil, device.parent != nil {
                continue
            }
            let chain = chain(to: name, through: lower)
            seen.formUnion(chain.map(\.name))
            let isLoop = device?.backingFile != nil
            unseen.append(
                DiskUse(
                    chain: chain.dropLast(),
                    kind: isLoop ? .loopBacking(device: name) : .held(by: name),
                    isSystem: isOnSystemFile(chain)
                )
            )
        }
        return unseen
    }

    private func chain(to name: String, through lower: [String: String]) -> [DiskUse.Link] {
        var chain: [DiskUse.Link] = []
        var current = name
        while let next = lower[current] {
            chain.append(DiskUse.Link(name: current, role: devices[current]?.role))
            current = next
        }
        return chain.reversed()
    }

    /// Whether the way goes through a loop device on a file of the system, such as a snap.
    private func isOnSystemFile(_ chain: [DiskUse.Link]) -> Bool {
        chain.contains { link in
            devices[link.name]?.backingFile.map(SystemPlace.contains) ?? false
        }
    }

    private static func ordered(_ uses: [DiskUse]) -> [DiskUse] {
        var seen: Set<DiskUse> = []
        let unique = uses.filter { seen.insert($0).inserted }
        let rank: (DiskUse) -> Int = { ($0.isSystem ? 0 : 2) + ($0.kind.isActive ? 0 : 1) }
        return unique.enumerated()
            .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
            .map(\.element)
    }

    /// More would not be read; active uses come first and decide.
    static let useCountMax = 256
}
