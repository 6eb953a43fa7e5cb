/// Places blocks with lifetimes in the smallest arena that it can find.
///
/// First fit and best fit over three orders, then a hill climb over orders; it stops at the
/// lower bound, the most bytes that live at one step. Deterministic.
struct ArenaPlanner {
    /// A block to place: its size, and the first and last step that use it.
    struct Request {
        var sizeBytes: Int
        var firstStep: Int
        var lastStep: Int

        func overlaps(_ other: Request) -> Bool {
            firstStep <= other.lastStep && other.firstStep <= lastStep
        }
    }

    struct Placement {
        var offsets: [Int]
        var sizeBytes: Int
    }

    /// Swaps that the hill climb tries at most.
    static let swapCountMax = 3000
    /// Pairs of blocks that the hill climb looks at, at most: it bounds the time of large graphs.
    static let pairCountMax = 200_000_000

    private let requests: [Request]
    private let conflicts: [[Int]]
    let lowerBoundBytes: Int

    init(_ requests: [Request]) {
        self.requests = requests
        conflicts = requests.indices.map { index in
            requests.indices.filter { $0 != index && requests[index].overlaps(requests[$0]) }
        }
        lowerBoundBytes = Self.lowerBound(requests)
    }

    /// The best placement found.
    func place() -> Placement {
        var best: (order: [Int], fit: Fit, placement: Placement)?
        for order in orders() {
            for fit in [Fit.first, .best] {
                let placement = place(order, fit)
                if placement.sizeBytes < best?.placement.sizeBytes ?? .max {
                    best = (order, fit, placement)
                }
                if placement.sizeBytes == lowerBoundBytes { return placement }
            }
        }
        guard let best else { return Placement(offsets: [], sizeBytes: 0) }
        return climb(from: best.order, best.fit, best.placement)
    }

    private static func lowerBound(_ requests: [Request]) -> Int {
        var change: [Int: Int] = [:]
        for request in requests {
            change[request.firstStep, default: 0] += request.sizeBytes
            change[request.lastStep + 1, default: 0] -= request.sizeBytes
        }
        var live = 0
        var most = 0
        for step in change.keys.sorted() {
            live += change[step, default: 0]
            most = max(most, live)
        }
        return most
    }

    private func orders() -> [[Int]] {
        func sorted(_ key: (Int) -> Int) -> [Int] {
            requests.indices.sorted { a, b in
                (key(a), requests[a].firstStep, a) < (key(b), requests[b].firstStep, b)
            }
        }
        return [
            sorted { -requests[$0].sizeBytes },
            sorted { requests[$0].firstStep },
            sorted { -conflicts[$0].count },
        ]
    }

    private enum Fit { case first, best }

    /// Places the blocks in this order, each in the first or the tightest gap that holds it.
    private func place(_ order: [Int], _ fit: Fit) -> Placement {
        var offsets = Array(repeating: -1, count: requests.count)
        var size = 0
        for index in order {
            let taken = conflicts[index].filter { offsets[$0] >= 0 }
                .map { (start: offsets[$0], end: offsets[$0] + requests[$0].sizeBytes) }
                .sorted { $0.start < $1.start }
            offsets[index] = Self.gap(for: requests[index].sizeBytes, among: taken, fit)
            size = max(size, offsets[index] + requests[index].sizeBytes)
        }
        return Placement(offsets: offsets, sizeBytes: size)
    }

    private static func gap(
        for size: Int,
        among taken: [(start: Int, end: Int)],
        _ fit: Fit
    ) -> Int {
        var cursor = 0
        var best: (offset: Int, slack: Int)?
        for range in taken {
            let slack = range.start - cursor - size
            if slack >= 0 {
                if fit == .first { return cursor }
                if slack < best?.slack ?? .max { best = (cursor, slack) }
            }
            cursor = max(cursor, range.end)
        }
        return best?.offset ?? cursor
    }

    /// Swaps two places of the order and keeps what is not worse.
    private func climb(from start: [Int], _ fit: Fit, _ placement: Placement) -> Placement {
        let pairs = max(conflicts.reduce(0) { $0 + $1.count }, 1)
        let swaps = min(Self.swapCountMax, Self.pairCountMax / pairs)
        var order = start
        var best = placement
        var random = SplitMix64(state: 0x4D61_7274_6C65_7421)
        for _ in 0..<swaps where best.sizeBytes > lowerBoundBytes {
            let a = random.next(below: order.count)
            let b = random.next(below: order.count)
            order.swapAt(a, b)
            let candidate = place(order, fit)
            if candidate.sizeBytes <= best.sizeBytes {
                best = candidate
            } else {
                order.swapAt(a, b)
            }
        }
        return best
    }
}

/// A small reproducible generator (Steele, Lea and Flood 2014).
private struct SplitMix64 {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}
